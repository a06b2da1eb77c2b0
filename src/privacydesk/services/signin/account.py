"""An agent's own access: password, authenticator, recovery codes, sessions."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import StaffSessionId
from privacydesk.domain.signin import AccessKind, Credential, StaffSession, Stage
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import AccessChanges, Hashing, StaffAccess
from privacydesk.services.signin import factors
from privacydesk.services.signin.gate import Gate, Place
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.signin.passwords import Passwords


class Account:
    """An agent's own access. Changes that can't be undone ask for the password again."""

    def __init__(
        self,
        *,
        store: StaffAccess,
        gate: Gate,
        passwords: Passwords,
        log: AccessLog,
        hashing: Hashing,
        clock: Clock,
    ) -> None:
        self._store = store
        self._gate = gate
        self._passwords = passwords
        self._log = log
        self._hashing = hashing
        self._clock = clock

    async def sessions(self, agent: Agent) -> tuple[StaffSession, ...]:
        """Return the agent's open sessions, the newest first."""
        now, idle = self._clock.now(), self._gate.terms.idle
        return tuple(
            one
            for one in await self._store.sessions(agent.name)
            if one.stage is Stage.OPEN and one.alive(now, idle)
        )

    async def recovery_left(self, agent: Agent) -> int:
        """Return how many recovery codes are left."""
        credential = await self._store.credential(agent.name)
        return 0 if credential is None else len(credential.recovery)

    async def leave(self, agent: Agent, session: StaffSessionId, place: Place) -> None:
        """End the session of an agent who signs out."""
        entry = self._log.entry(AccessKind.SIGNED_OUT, agent=agent.name, origin=place.origin)
        await self._store.commit(AccessChanges(ends=(session,), entries=(entry,)))

    async def end(self, agent: Agent, session: StaffSessionId, place: Place) -> None:
        """End one of the agent's own sessions; does nothing if it has ended already."""
        own = {one.id for one in await self._store.sessions(agent.name)}
        if session not in own:
            return
        entry = self._log.entry(AccessKind.SESSION_ENDED, agent=agent.name, origin=place.origin)
        await self._store.commit(AccessChanges(ends=(session,), entries=(entry,)))

    async def end_others(self, agent: Agent, keep: StaffSessionId, place: Place) -> None:
        """End all of the agent's sessions but one."""
        entry = self._log.entry(
            AccessKind.SESSION_ENDED, agent=agent.name, origin=place.origin, about="all others"
        )
        await self._store.commit(AccessChanges(ends_of=agent.name, keeps=keep, entries=(entry,)))

    async def asks_code(self, agent: Agent) -> bool:
        """Return whether the agent has a second factor."""
        credential = await self._store.credential(agent.name)
        return credential is not None and credential.secret != ""

    async def reauthenticate(
        self, agent: Agent, session: StaffSessionId, *, password: str, code: str, place: Place
    ) -> None:
        """Check password and second factor again before a change of access.

        Raises:
            DeskError: as ``_proven``; ``UNAUTHENTICATED`` with reason ``wrong_code``, or with
                ``signed_out`` where the session has ended meanwhile.
            StaleError: the code was used meanwhile.
        """
        credential = await self._proven(agent, password, place)
        if credential.secret:
            credential = await self._with_code(credential, code, place)
        here = await self._session(agent, session)
        entry = self._log.entry(AccessKind.REAUTHENTICATED, agent=agent.name, origin=place.origin)
        await self._store.commit(
            AccessChanges(
                credential=credential if credential.secret else None,
                proven=replace(here, proven_at=self._clock.now()),
                forgets=(self._gate.code_key(agent.name),),
                entries=(entry,),
            )
        )

    async def _session(self, agent: Agent, session: StaffSessionId) -> StaffSession:
        for one in await self._store.sessions(agent.name):
            if one.id == session:
                return one
        raise DeskError("signed out meanwhile", code=ErrorCode.UNAUTHENTICATED, reason="signed_out")

    async def _with_code(self, credential: Credential, code: str, place: Place) -> Credential:
        """Return the credential with the code used up."""
        name = credential.agent
        await self._gate.count(self._gate.code_key(name), name, place)
        right = factors.accepted(credential, code, self._clock.now(), self._hashing)
        if right is None:
            await self._log.note(
                AccessKind.WRONG_CODE, agent=name, origin=place.origin, about="account"
            )
            raise DeskError("no right code", code=ErrorCode.UNAUTHENTICATED, reason="wrong_code")
        return right.credential

    async def change_password(
        self, agent: Agent, session: StaffSessionId, *, old: str, new: str, place: Place
    ) -> None:
        """Set a new password and end all other sessions.

        Raises:
            DeskError: as ``_proven``.
            InvalidRequestError: reason ``password_…``: the new one is rejected.
        """
        credential = await self._proven(agent, old, place)
        await self._gate.check_new(credential, agent, new)
        changed = replace(
            credential,
            password=await self._passwords.hash(new),
            changed_at=self._clock.now(),
            version=credential.version + 1,
        )
        await self._keep(changed, AccessKind.PASSWORD_CHANGED, place, keeps=session)

    async def renew_recovery(
        self, agent: Agent, session: StaffSessionId, *, password: str, place: Place
    ) -> tuple[str, ...]:
        """Make new recovery codes, which are shown once; the old ones are void.

        Raises:
            DeskError: as ``_proven``.
        """
        credential = await self._proven(agent, password, place)
        codes = factors.recovery_codes()
        hashes = tuple(factors.recovery_hash(agent.name, one, self._hashing) for one in codes)
        changed = replace(credential, recovery=hashes, version=credential.version + 1)
        entry = self._log.entry(
            AccessKind.RECOVERY_CODES_MADE, agent=agent.name, origin=place.origin
        )
        await self._store.commit(AccessChanges(credential=changed, keeps=session, entries=(entry,)))
        return codes

    async def change_app(self, agent: Agent, *, password: str, place: Place) -> None:
        """Forget the authenticator and sign out everywhere; the next sign-in adds a new one.

        Raises:
            DeskError: as ``_proven``.
        """
        credential = await self._proven(agent, password, place)
        changed = replace(credential, secret="", recovery=(), version=credential.version + 1)
        await self._keep(changed, AccessKind.APP_REMOVED, place)

    async def speak(self, agent: Agent, locale: str) -> None:
        """Set the language the agent works in."""
        await self._store.commit(AccessChanges(changed=replace(agent, locale=locale), was=agent))

    async def _keep(
        self,
        credential: Credential,
        kind: AccessKind,
        place: Place,
        *,
        keeps: StaffSessionId | None = None,
    ) -> None:
        name = credential.agent
        await self._store.commit(
            AccessChanges(
                credential=credential,
                ends_of=name,
                keeps=keeps,
                entries=(self._log.entry(kind, agent=name, origin=place.origin),),
            )
        )

    async def _proven(self, agent: Agent, password: str, place: Place) -> Credential:
        """Return the agent's credential after checking the password.

        Raises:
            InvalidRequestError: reason ``wrong_own_password``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed; the session stays open.
        """
        key = self._hashing.lookup("staff_own_password", agent.name)
        await self._gate.count(key, agent.name, place)
        credential = await self._store.credential(agent.name)
        if credential is None:
            raise DeskError("there is no credential", code=ErrorCode.UNAUTHENTICATED)
        if not await self._passwords.fits(credential.password, password):
            await self._log.note(
                AccessKind.WRONG_PASSWORD, agent=agent.name, origin=place.origin, about="account"
            )
            raise InvalidRequestError("not the password", reason="wrong_own_password")
        await self._store.commit(AccessChanges(forgets=(key,)))
        return credential
