"""Sign-in: a password, then a code, and finally an open session.

    enter ──► CODE ──► enter_code ──────────────────────────► OPEN
      ├─────► PASSWORD ──► choose_password ──► APP ─► add_app ─► OPEN
      └─────► APP (an authenticator is still to be added)

Each step replaces the session with one under a new cookie. Attempts are counted before they are
checked, so that parallel ones gain nothing. Passwords are counted per account and address: a
stranger's wrong passwords delay the stranger. Codes are counted per account, since only somebody
with its password gets that far. None of this affects agents who are already signed in.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from math import ceil
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import LookupHash, StaffSessionId
from privacydesk.domain.signin import (
    ENTRY_TIME,
    AccessEntry,
    AccessKind,
    Credential,
    Holder,
    StaffSession,
    Stage,
)
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import AccessChanges, Hashing, Minter, Reader, StaffAccess
from privacydesk.services.signin import factors
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.signin.passwords import Passwords, Weakness

_SEEN_EVERY: Final = timedelta(minutes=1)
"""Precision of a session's last use; each update is a commit."""

_LONGEST_BROWSER: Final = 200
_LONGEST_NAME: Final = 256


class Terms(Struct, frozen=True):
    """The operator's choices.

    Attributes:
        idle: how long a session lasts unused.
        lasting: how long it lasts at most.
        temporary: how long a temporary password can be used.
        issuer: what authenticator apps call the desk.
        keep_log: how long entries of the access log are kept.
        names: of the app and the desk, which no password may be based on.
    """

    idle: timedelta = timedelta(minutes=30)
    lasting: timedelta = timedelta(hours=12)
    temporary: timedelta = timedelta(hours=72)
    issuer: str = "privacydesk"
    keep_log: timedelta = timedelta(days=180)
    names: tuple[str, ...] = ()


class Place(Struct, frozen=True):
    """Where a request comes from.

    Attributes:
        origin: the address, or the part of it that identifies a place; empty if there is none.
        browser: the browser's name for itself.
    """

    origin: str = ""
    browser: str = ""


class Entered(Struct, frozen=True):
    """The result of a step.

    Attributes:
        token: the new value of the cookie.
        stage: what is needed next.
        recovery: fresh recovery codes, shown once; empty unless some were made.
    """

    token: str
    stage: Stage
    recovery: tuple[str, ...] = ()


class Gate:
    """Signs staff in.

    Args:
        store: credentials, sessions, counted attempts.
        reader: for the agents.
        passwords: hashes and checks.
        log: records everything that happens here.
        minter: cookies and ids.
        hashing: everything is kept and found by keyed hashes.
        clock: the present.
        terms: the operator's choices.
    """

    def __init__(
        self,
        *,
        store: StaffAccess,
        reader: Reader,
        passwords: Passwords,
        log: AccessLog,
        minter: Minter,
        hashing: Hashing,
        clock: Clock,
        terms: Terms,
    ) -> None:
        self._store = store
        self._reader = reader
        self._passwords = passwords
        self._log = log
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self.terms = terms

    # -- sessions ------------------------------------------------------------------------------

    def fresh_token(self) -> str:
        """Return a value for the cookie of somebody who has not signed in."""
        return self._minter.token()

    def form_token(self, token: str) -> str:
        """Return the token that forms carry along with a cookie of this value."""
        return urlsafe_b64encode(self._hashing.lookup("staff_form", token)).decode().rstrip("=")

    async def holder(self, token: str, *, seen: bool = False) -> Holder | None:
        """Return a cookie's live session, at whatever stage, with its agent.

        Args:
            token: the cookie's value.
            seen: whether this counts as activity of the agent.
        """
        found = await self._store.holder(self._hash(token))
        now = self._clock.now()
        if found is None or not found.agent.active:
            return None
        if not found.session.alive(now, self.terms.idle):
            return None
        if seen and now - found.session.seen_at >= _SEEN_EVERY:
            await self._store.seen(found.session.id, now)
        return found

    def is_proven(self, session: StaffSession) -> bool:
        """Return whether password and code were given in a session recently."""
        return session.is_proven(self._clock.now())

    # -- the steps -----------------------------------------------------------------------------

    async def enter(self, name: str, password: str, place: Place) -> Entered:
        """Check a name and a password.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_password``, whether or not the
                name exists, or ``temporary_expired``; ``RATE_LIMITED`` while attempts from here
                are delayed.
        """
        name = name.strip()[:_LONGEST_NAME]
        key = self._hashing.lookup("staff_password", f"{name}|{place.origin}")
        agent = await self._agent(name)
        known = "" if agent is None else agent.name
        await self.count(key, known, place)
        # Queried in any case, but never with a name that a stranger typed.
        usable = await self._store.credential(known)
        fits = await self._passwords.fits(None if usable is None else usable.password, password)
        now = self._clock.now()
        if usable is None or not fits:
            await self._log.note(AccessKind.WRONG_PASSWORD, agent=known, origin=place.origin)
            raise _refused("wrong_password")
        if not usable.usable(now):
            raise _refused("temporary_expired")
        token, session = self._open(name, usable.stage(), place)
        await self._store.commit(AccessChanges(opened=session, forgets=(key,)))
        return Entered(token, session.stage)

    async def choose_password(self, holder: Holder, password: str, place: Place) -> Entered:
        """Replace the temporary password with one that only the agent knows.

        Raises:
            InvalidRequestError: reason ``password_…``: it is rejected.
            StaleError: the step was already done.
        """
        credential = await self._at(holder, Stage.PASSWORD)
        name = credential.agent
        await self.check_new(credential, holder.agent, password)
        hashed = await self._passwords.hash(password)
        token, session = self._open(name, Stage.APP, place)
        changed = replace(
            credential,
            password=hashed,
            temporary_until=None,
            changed_at=self._clock.now(),
            version=credential.version + 1,
        )
        await self._store.commit(
            AccessChanges(
                credential=changed,
                opened=session,
                replaces=holder.session.id,
                ends_of=name,
                entries=(self._entry(AccessKind.PASSWORD_CHANGED, name, place),),
            )
        )
        return Entered(token, session.stage)

    async def add_app(self, holder: Holder, code: str, place: Place) -> Entered:
        """Check the first code of an authenticator that was given the session's secret.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_code``.
            StaleError: the step was already done.
        """
        credential = await self._at(holder, Stage.APP)
        name, secret, now = credential.agent, holder.session.secret, self._clock.now()
        step = factors.step_of(secret, code, now)
        if step is None:
            raise _refused("wrong_code")
        codes = factors.recovery_codes()
        changed = replace(
            credential,
            secret=secret,
            steps=(step,),
            recovery=tuple(factors.recovery_hash(name, one, self._hashing) for one in codes),
            version=credential.version + 1,
        )
        token, session = self._open(name, Stage.OPEN, place)
        kinds = (AccessKind.APP_ADDED, AccessKind.SIGNED_IN)
        await self._store.commit(
            AccessChanges(
                credential=changed,
                opened=session,
                replaces=holder.session.id,
                entries=tuple(self._entry(kind, name, place) for kind in kinds),
            )
        )
        return Entered(token, session.stage, codes)

    async def enter_code(self, holder: Holder, code: str, place: Place) -> Entered:
        """Check a code of the authenticator, or a recovery code.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_code``; ``RATE_LIMITED`` while
                codes for this account are delayed.
            StaleError: the step was already done.
        """
        credential = await self._at(holder, Stage.CODE)
        name = credential.agent
        key = self.code_key(name)
        await self.count(key, name, place)
        right = factors.accepted(credential, code, self._clock.now(), self._hashing)
        if right is None:
            await self._log.note(AccessKind.WRONG_CODE, agent=name, origin=place.origin)
            raise _refused("wrong_code")
        token, session = self._open(name, Stage.OPEN, place)
        kinds = [AccessKind.SIGNED_IN]
        if right.recovery:
            kinds.append(AccessKind.RECOVERY_CODE_USED)
        await self._store.commit(
            AccessChanges(
                credential=right.credential,
                opened=session,
                replaces=holder.session.id,
                forgets=(key,),
                entries=tuple(self._entry(kind, name, place) for kind in kinds),
            )
        )
        return Entered(token, session.stage)

    # -- shared with ``account`` -----------------------------------------------------------------

    async def count(self, key: LookupHash, name: str, place: Place) -> None:
        """Count an attempt as failed before it is checked.

        Raises:
            DeskError: ``RATE_LIMITED`` while attempts are delayed.
        """
        now = self._clock.now()
        wait = (await self._store.attempt(key, now)).wait(now)
        if wait:
            await self._log.note(AccessKind.DELAYED, agent=name, origin=place.origin)
            raise too_many(wait)

    def code_key(self, name: str) -> LookupHash:
        """Return the key that an agent's codes are counted under, wherever they are asked for."""
        return self._hashing.lookup("staff_code", name)

    async def check_new(self, credential: Credential, agent: Agent, password: str) -> None:
        """Refuse a new password that is easily guessed or is the old one.

        Raises:
            InvalidRequestError: reason ``password_…``.
        """
        names = (agent.name, agent.display_name, *self.terms.names)
        weak = await self._passwords.weakness(password, *names)
        if weak is None and await self._passwords.fits(credential.password, password):
            weak = Weakness.SAME
        if weak is not None:
            raise InvalidRequestError("this password is not taken", reason=f"password_{weak}")

    async def sweep(self) -> None:
        """Remove sessions that have ended and other expired records."""
        terms = self.terms
        await self._store.sweep(
            self._clock.now(),
            idle=terms.idle,
            keep_log=terms.keep_log,
            temporary=terms.temporary,
        )

    # -- inside ----------------------------------------------------------------------------------

    async def _agent(self, name: str) -> Agent | None:
        agents = await self._reader.agents()
        return next((one for one in agents if one.name == name and one.active), None)

    async def _at(self, holder: Holder, stage: Stage) -> Credential:
        credential = await self._store.credential(holder.agent.name)
        if holder.session.stage is not stage or credential is None:
            raise _refused("signed_out")
        return credential

    def _open(self, name: str, stage: Stage, place: Place) -> tuple[str, StaffSession]:
        now, token = self._clock.now(), self._minter.token()
        lasting = self.terms.lasting if stage is Stage.OPEN else ENTRY_TIME
        return token, StaffSession(
            id=StaffSessionId(self._minter.id(now)),
            hash=self._hash(token),
            agent=name,
            stage=stage,
            started_at=now,
            seen_at=now,
            ends_at=now + lasting,
            origin=place.origin,
            browser=place.browser[:_LONGEST_BROWSER],
            secret=factors.new_secret() if stage is Stage.APP else "",
        )

    def _hash(self, token: str) -> LookupHash:
        return self._hashing.lookup("staff_session", token)

    def _entry(self, kind: AccessKind, name: str, place: Place) -> AccessEntry:
        return self._log.entry(kind, agent=name, origin=place.origin)


def too_many(wait: timedelta) -> DeskError:
    """Return the error for an attempt that has to wait."""
    seconds = ceil(wait.total_seconds())
    return DeskError(
        "too many entries in a row",
        code=ErrorCode.RATE_LIMITED,
        reason="entries_wait",
        retry_after=seconds,
        wait={"$span": seconds},
    )


def _refused(reason: str) -> DeskError:
    return DeskError("not let in", code=ErrorCode.UNAUTHENTICATED, reason=reason)
