"""Staff sign-in: a password, then a code of the second factor, then an open session.

    enter_password ─┬─► CODE ─► enter_code ─► OPEN
                    ├─► PASSWORD ─► choose_password ─► APP
                    └─► APP ─► add_authenticator ─► OPEN

Each step replaces the session with a new one under a new cookie. An attempt is counted as failed
before it is checked, so sending several in parallel gains nothing. Passwords are counted per
account and client address, so that a stranger's wrong passwords delay only the stranger. Codes are
counted per account, since entering one takes the account's password first. Agents who are already
signed in are not affected.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import LookupHash, StaffSessionId
from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within
from privacydesk.domain.sign_on import SignOnSettings
from privacydesk.domain.signin import (
    REAUTHENTICATION_TIME,
    SIGN_IN_TIME,
    AccessEntry,
    AccessKind,
    AuthenticatedSession,
    Credential,
    StaffSession,
    Stage,
)
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import (
    AccessChanges,
    Hashing,
    IdGenerator,
    Reader,
    SessionChange,
    StaffAccess,
)
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.passwords import Passwords, Weakness

_LAST_USE_PRECISION: Final = timedelta(minutes=1)
"""How often a session's last use is updated; each update is a commit."""

_MAX_BROWSER_LENGTH: Final = 200
_MAX_NAME_LENGTH: Final = 256


class SignInSettings(Struct, frozen=True):
    """The operator's settings for staff sign-in.

    Attributes:
        idle_timeout: how long a session lasts without being used.
        session_lifetime: how long a session lasts at most.
        temporary_password_lifetime: how long a temporary password can be used.
        issuer: the desk's name in authenticator apps.
        log_retention: how long entries of the access log are kept.
        forbidden_words: names of the app and the desk, on which no password may be based.
        sign_on: the settings for sign-in by the identity provider; None without one.
        origin: origin of the desk, which passkeys are for; empty if it is not known.
        refusal_time: how long the refusal of a password takes at least: longer than what is read
            and recorded until then, which takes longer for a name that exists.
    """

    idle_timeout: timedelta = timedelta(minutes=30)
    session_lifetime: timedelta = timedelta(hours=12)
    temporary_password_lifetime: timedelta = timedelta(hours=72)
    issuer: str = "privacydesk"
    log_retention: timedelta = timedelta(days=180)
    forbidden_words: tuple[str, ...] = ()
    sign_on: SignOnSettings | None = None
    origin: str = ""
    refusal_time: timedelta = timedelta(milliseconds=500)


class ClientInfo(Struct, frozen=True):
    """The client that sent a request.

    Attributes:
        origin: its IPv4 address or IPv6 network; empty if unknown.
        browser: its ``User-Agent`` header.
    """

    origin: str = ""
    browser: str = ""


class SignInStep(Struct, frozen=True):
    """The result of a step.

    Attributes:
        token: the new value of the session cookie.
        stage: what the session still needs.
        recovery_codes: new recovery codes, which are shown once; empty unless some were made.
    """

    token: str
    stage: Stage
    recovery_codes: tuple[str, ...] = ()


class SignIn:
    """Signs staff in and finds their sessions.

    Args:
        store: stores credentials, sessions and counted attempts.
        reader: reads agents.
        passwords: hashes and verifies passwords.
        log: records sign-ins, refused attempts and changes of access.
        minter: generates cookie values and ids.
        hashing: makes the keyed hashes by which sessions and attempts are stored.
        clock: source of the current time.
        settings: the operator's settings.
    """

    def __init__(
        self,
        *,
        store: StaffAccess,
        reader: Reader,
        passwords: Passwords,
        log: AccessLog,
        minter: IdGenerator,
        hashing: Hashing,
        clock: Clock,
        settings: SignInSettings,
    ) -> None:
        self._store = store
        self._reader = reader
        self._passwords = passwords
        self._log = log
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self.settings = settings

    # -- sessions ------------------------------------------------------------------------------

    def fresh_token(self) -> str:
        """Return a cookie value for a browser that is not signed in."""
        return self._minter.token()

    def form_token(self, bound_to: str) -> bytes:
        """Return the CSRF token of forms for a session, or for a cookie without one."""
        return self._hashing.lookup("staff_form", bound_to)

    async def find_session(
        self, token: str, *, mark_active: bool = False
    ) -> AuthenticatedSession | None:
        """Return the valid session of a cookie with its agent, at any stage of sign-in.

        Args:
            token: the cookie's value.
            mark_active: whether the request counts as activity, which extends the session.
        """
        found = await self._store.session_by_cookie(self._hash(token))
        now = self._clock.now()
        if found is None or not found.agent.active:
            return None
        if not found.session.is_valid(now, self.settings.idle_timeout):
            return None
        if not await self._is_permitted(found, now):
            return None
        if mark_active and now - found.session.seen_at >= _LAST_USE_PRECISION:
            await self._store.touch_session(found.session.id, now)
        return found

    async def replace_cookie(self, agent: Agent, cookie: str) -> tuple[str, SessionChange]:
        """Return a new cookie for an agent's session, and the change that makes it valid.

        A copy of the cookie before does not work any more then.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``signed_out`` if the session has ended.
        """
        found = await self.find_session(cookie)
        if found is None or found.agent.name != agent.name:
            raise _unauthenticated("signed_out")
        return self.new_cookie(found.session)

    def new_cookie(self, session: StaffSession) -> tuple[str, SessionChange]:
        """Return a new cookie for a session as it was read, and the change that makes it valid."""
        token = self._minter.token()
        return token, SessionChange(
            session.id, cookie=self._hash(token), replaced_cookie=session.hash
        )

    async def _is_permitted(self, found: AuthenticatedSession, now: datetime) -> bool:
        """Return whether the operator's settings permit the way in which a session was opened.

        One by the provider lasts only as long as the provider confirms it.
        """
        settings, login = self.settings.sign_on, found.session.provider
        if login is None:
            return await self.permits_password(found.agent.name)
        if settings is None:
            return False
        return not login.refresh_token or happened_within(
            login.checked_at, now, settings.outage_grace, ahead=CLOCK_TOLERANCE
        )

    async def permits_password(self, agent: str) -> bool:
        """Return whether an agent may come in by password or passkey, without the provider."""
        sign_on = self.settings.sign_on
        if sign_on is None:
            return True
        credential = await self._store.credential(agent)
        is_linked = credential is not None and credential.is_linked
        return sign_on.permits_password(agent, is_linked=is_linked)

    async def permits_tokens(self, agent: str) -> bool:
        """Return whether an agent's own API tokens work: the provider has to let them in, too."""
        sign_on = self.settings.sign_on
        if sign_on is None:
            return True
        credential = await self._store.credential(agent)
        return credential is None or sign_on.permits_tokens(
            agent,
            is_linked=credential.is_linked,
            confirmed_at=credential.confirmed_at,
            now=self._clock.now(),
        )

    def is_recently_authenticated(
        self, session: StaffSession, within: timedelta = REAUTHENTICATION_TIME
    ) -> bool:
        """Return whether the agent authenticated recently in a session."""
        return session.is_recently_authenticated(self._clock.now(), within)

    # -- steps ---------------------------------------------------------------------------------

    async def enter_password(self, name: str, password: str, client: ClientInfo) -> SignInStep:
        """Verify an agent's name and password, and open a session at the next stage.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_password``, whether or not the
                name exists, or ``temporary_expired``; ``RATE_LIMITED`` while attempts from this
                address are delayed.
        """
        begun = asyncio.get_running_loop().time()
        name = name.strip()[:_MAX_NAME_LENGTH]
        key = self._hashing.lookup("staff_password", f"{name}|{client.origin}")
        agent = await self.find_agent(name)
        agent_name = "" if agent is None else agent.name
        await self.count_attempt(key, agent_name, client)
        # Queried in any case, but never with a name that a stranger typed.
        credential = await self._store.credential(agent_name)
        password_hash = credential.password if credential is not None else None
        matches = await self._passwords.verify(password_hash, password)
        now = self._clock.now()
        if credential is None or not matches:
            await self._log.record(
                AccessKind.WRONG_PASSWORD, agent=agent_name, origin=client.origin
            )
            rest = begun + self.settings.refusal_time.total_seconds()
            await asyncio.sleep(rest - asyncio.get_running_loop().time())
            raise _unauthenticated("wrong_password")
        if not credential.is_usable(now):
            raise _unauthenticated("temporary_expired")
        token, session = self.new_session(name, credential.stage(), client)
        await self._store.commit(AccessChanges(new_session=session, cleared_attempts=(key,)))
        return SignInStep(token, session.stage)

    async def choose_password(
        self, current: AuthenticatedSession, password: str, client: ClientInfo
    ) -> SignInStep:
        """Replace the temporary password with one that only the agent knows.

        Raises:
            InvalidRequestError: the password is rejected; reason ``password_…``.
            StaleError: the step has been completed by another request.
        """
        credential = await self._require_stage(current, Stage.PASSWORD)
        name = credential.agent
        await self.check_new_password(credential, current.agent, password)
        password_hash = await self._passwords.hash(password)
        token, session = self.new_session(name, Stage.APP, client)
        changed = replace(
            credential,
            password=password_hash,
            temporary_until=None,
            changed_at=self._clock.now(),
            version=credential.version + 1,
        )
        await self._store.commit(
            AccessChanges(
                credential=changed,
                new_session=session,
                replaced_session=current.session.id,
                end_all_of=name,
                log_entries=(self._log_entry(AccessKind.PASSWORD_CHANGED, name, client),),
            )
        )
        return SignInStep(token, session.stage)

    async def add_authenticator(
        self, current: AuthenticatedSession, code: str, client: ClientInfo
    ) -> SignInStep:
        """Check the first code of the authenticator that was set up with the session's secret.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_code``.
            StaleError: the step has been completed by another request.
        """
        credential = await self._require_stage(current, Stage.APP)
        name, secret, now = credential.agent, current.session.secret, self._clock.now()
        step = second_factor.matching_step(secret, code, now)
        if step is None:
            raise _unauthenticated("wrong_code")
        codes = second_factor.new_recovery_codes()
        changed = replace(
            credential,
            secret=secret,
            steps=(step,),
            recovery=tuple(
                second_factor.hash_recovery_code(name, code, self._hashing) for code in codes
            ),
            version=credential.version + 1,
        )
        token, session = self.new_session(name, Stage.OPEN, client)
        kinds = (AccessKind.APP_ADDED, AccessKind.SIGNED_IN)
        await self._store.commit(
            AccessChanges(
                credential=changed,
                new_session=session,
                replaced_session=current.session.id,
                log_entries=tuple(self._log_entry(kind, name, client) for kind in kinds),
            )
        )
        return SignInStep(token, session.stage, codes)

    async def enter_code(
        self, current: AuthenticatedSession, code: str, client: ClientInfo
    ) -> SignInStep:
        """Check a code of the authenticator, or a recovery code.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_code``; ``RATE_LIMITED`` while
                codes for this account are delayed.
            StaleError: the step has been completed by another request.
        """
        credential = await self._require_stage(current, Stage.CODE)
        name = credential.agent
        key = self.code_attempts_key(name)
        await self.count_attempt(key, name, client)
        accepted = second_factor.accept_code(credential, code, self._clock.now(), self._hashing)
        if accepted is None:
            await self._log.record(AccessKind.WRONG_CODE, agent=name, origin=client.origin)
            raise _unauthenticated("wrong_code")
        token, session = self.new_session(name, Stage.OPEN, client)
        kinds = [AccessKind.SIGNED_IN]
        if accepted.is_recovery_code:
            kinds.append(AccessKind.RECOVERY_CODE_USED)
        await self._store.commit(
            AccessChanges(
                credential=accepted.credential,
                new_session=session,
                replaced_session=current.session.id,
                cleared_attempts=(key,),
                log_entries=tuple(self._log_entry(kind, name, client) for kind in kinds),
            )
        )
        return SignInStep(token, session.stage)

    # -- shared with ``agent_account`` -----------------------------------------------------------

    async def count_attempt(self, key: LookupHash, name: str, client: ClientInfo) -> None:
        """Count an attempt as failed before it is checked.

        Args:
            key: the keyed hash under which the attempts are counted.
            name: the agent's name, for the access log; empty if unknown.
            client: the client that made the attempt.

        Raises:
            DeskError: ``RATE_LIMITED`` while attempts are delayed.
        """
        now = self._clock.now()
        wait = (await self._store.count_attempt(key, now)).wait(now)
        if wait:
            await self._log.record(AccessKind.DELAYED, agent=name, origin=client.origin)
            raise too_many_attempts(wait)

    def code_attempts_key(self, name: str) -> LookupHash:
        """Return the key under which an agent's codes are counted, on every page that asks one."""
        return self._hashing.lookup("staff_code", name)

    async def check_new_password(self, credential: Credential, agent: Agent, password: str) -> None:
        """Check that a new password is not easily guessed and differs from the current one.

        Raises:
            InvalidRequestError: the password is rejected; reason ``password_…``.
        """
        names = (agent.name, agent.display_name, *self.settings.forbidden_words)
        weakness = await self._passwords.find_weakness(password, *names)
        if weakness is None and await self._passwords.verify(credential.password, password):
            weakness = Weakness.SAME
        if weakness is not None:
            raise InvalidRequestError("this password is not taken", reason=f"password_{weakness}")

    async def find_agent(self, name: str) -> Agent | None:
        """Return an active agent who may sign in by password or passkey."""
        agents = await self._reader.agents()
        agent = next((agent for agent in agents if agent.name == name and agent.active), None)
        # Who may not use a password is as unknown here as somebody who does not exist.
        is_permitted = await self.permits_password("" if agent is None else agent.name)
        return agent if is_permitted else None

    async def sweep(self) -> None:
        """Delete ended sessions, and expired attempts and log entries."""
        settings = self.settings
        await self._store.sweep(
            self._clock.now(),
            idle=settings.idle_timeout,
            keep_log=settings.log_retention,
            temporary=settings.temporary_password_lifetime,
        )

    # -- internals -------------------------------------------------------------------------------

    async def _require_stage(self, current: AuthenticatedSession, stage: Stage) -> Credential:
        """Return the credential of a session's agent; raise unless the session is at a stage."""
        credential = await self._store.credential(current.agent.name)
        if current.session.stage is not stage or credential is None:
            raise _unauthenticated("signed_out")
        return credential

    def new_session(self, name: str, stage: Stage, client: ClientInfo) -> tuple[str, StaffSession]:
        """Return the cookie value and the row of a new session."""
        now, token = self._clock.now(), self._minter.token()
        lifetime = self.settings.session_lifetime if stage is Stage.OPEN else SIGN_IN_TIME
        return token, StaffSession(
            id=StaffSessionId(self._minter.id(now)),
            hash=self._hash(token),
            agent=name,
            stage=stage,
            started_at=now,
            seen_at=now,
            ends_at=now + lifetime,
            origin=client.origin,
            browser=client.browser[:_MAX_BROWSER_LENGTH],
            secret=second_factor.new_secret() if stage is Stage.APP else "",
        )

    def _hash(self, token: str) -> LookupHash:
        return self._hashing.lookup("staff_session", token)

    def _log_entry(self, kind: AccessKind, name: str, client: ClientInfo) -> AccessEntry:
        return self._log.new_entry(kind, agent=name, origin=client.origin)


def too_many_attempts(wait: timedelta) -> DeskError:
    """Return the error for an attempt that is refused until ``wait`` has passed."""
    seconds = ceil(wait.total_seconds())
    return DeskError(
        "too many entries in a row",
        code=ErrorCode.RATE_LIMITED,
        reason="entries_wait",
        retry_after=seconds,
        wait={"$span": seconds},
    )


def _unauthenticated(reason: str) -> DeskError:
    return DeskError("not let in", code=ErrorCode.UNAUTHENTICATED, reason=reason)
