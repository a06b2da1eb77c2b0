"""Self-service of agents: their password, authenticator, recovery codes, sessions and language."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import StaffSessionId
from privacydesk.domain.signin import AccessKind, Credential, StaffSession, Stage
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import AccessChanges, Hashing, StaffAccess
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.passwords import Passwords
from privacydesk.services.signin.sign_in import ClientInfo, SignIn


class AgentAccount:
    """Manages an agent's own access. Changes that can't be undone require the password again."""

    def __init__(
        self,
        *,
        store: StaffAccess,
        sign_in: SignIn,
        passwords: Passwords,
        log: AccessLog,
        hashing: Hashing,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._passwords = passwords
        self._log = log
        self._hashing = hashing
        self._clock = clock

    async def sessions(self, agent: Agent) -> tuple[StaffSession, ...]:
        """Return the agent's open sessions, newest first."""
        now, idle_timeout = self._clock.now(), self._sign_in.settings.idle_timeout
        return tuple(
            session
            for session in await self._store.sessions(agent.name)
            if session.stage is Stage.OPEN and session.is_valid(now, idle_timeout)
        )

    async def recovery_codes_left(self, agent: Agent) -> int:
        """Return how many recovery codes the agent has not used yet."""
        credential = await self._store.credential(agent.name)
        return 0 if credential is None else len(credential.recovery)

    async def sign_out(self, agent: Agent, session_id: StaffSessionId, client: ClientInfo) -> None:
        """End the session in which the agent signs out."""
        entry = self._log.new_entry(AccessKind.SIGNED_OUT, agent=agent.name, origin=client.origin)
        await self._store.commit(AccessChanges(ended_sessions=(session_id,), log_entries=(entry,)))

    async def end_session(
        self, agent: Agent, session_id: StaffSessionId, client: ClientInfo
    ) -> None:
        """End one of the agent's own sessions; do nothing if it has ended already."""
        own_sessions = {own.id for own in await self._store.sessions(agent.name)}
        if session_id not in own_sessions:
            return
        entry = self._log.new_entry(
            AccessKind.SESSION_ENDED, agent=agent.name, origin=client.origin
        )
        await self._store.commit(AccessChanges(ended_sessions=(session_id,), log_entries=(entry,)))

    async def end_other_sessions(
        self, agent: Agent, keep: StaffSessionId, client: ClientInfo
    ) -> None:
        """End all of the agent's sessions except ``keep``."""
        entry = self._log.new_entry(
            AccessKind.SESSION_ENDED, agent=agent.name, origin=client.origin, about="all others"
        )
        await self._store.commit(
            AccessChanges(end_all_of=agent.name, kept_session=keep, log_entries=(entry,))
        )

    async def has_password(self, agent: Agent) -> bool:
        """Return whether the agent has a password that may be used."""
        if not await self._sign_in.permits_password(agent.name):
            return False
        credential = await self._store.credential(agent.name)
        return credential is not None and credential.password != ""

    async def has_identity(self, agent: Agent) -> bool:
        """Return whether the agent is linked with an account at the identity provider."""
        credential = await self._store.credential(agent.name)
        return credential is not None and credential.is_linked

    async def has_second_factor(self, agent: Agent) -> bool:
        """Return whether the agent has set up an authenticator."""
        credential = await self._store.credential(agent.name)
        return credential is not None and credential.secret != ""

    async def reauthenticate(
        self,
        agent: Agent,
        cookie: str,
        *,
        password: str,
        code: str,
        client: ClientInfo,
    ) -> str:
        """Check password and second factor again; return the session's new cookie.

        Args:
            agent: the agent.
            cookie: the session's cookie, which does not work any more afterwards.
            password: the agent's password.
            code: a code of the second factor.
            client: the client of the request.

        Raises:
            InvalidRequestError: the password is wrong; reason ``wrong_own_password``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed; ``UNAUTHENTICATED`` with
                reason ``wrong_code``, or with ``signed_out`` if the session has ended.
            StaleError: the code or the cookie was used by another request.
        """
        credential = await self._verify_password(agent, password, client)
        if credential.secret:
            credential = await self._use_code(credential, code, client)
        token, change = await self._sign_in.replace_cookie(agent, cookie)
        entry = self._log.new_entry(
            AccessKind.REAUTHENTICATED, agent=agent.name, origin=client.origin
        )
        await self._store.commit(
            AccessChanges(
                credential=credential if credential.secret else None,
                changed_session=replace(change, proven_at=self._clock.now()),
                cleared_attempts=(self._sign_in.code_attempts_key(agent.name),),
                log_entries=(entry,),
            )
        )
        return token

    async def _use_code(self, credential: Credential, code: str, client: ClientInfo) -> Credential:
        """Return the credential with a code of the second factor marked as used."""
        name = credential.agent
        await self._sign_in.count_attempt(self._sign_in.code_attempts_key(name), name, client)
        accepted = second_factor.accept_code(credential, code, self._clock.now(), self._hashing)
        if accepted is None:
            await self._log.record(
                AccessKind.WRONG_CODE, agent=name, origin=client.origin, about="account"
            )
            raise DeskError("no right code", code=ErrorCode.UNAUTHENTICATED, reason="wrong_code")
        return accepted.credential

    async def change_password(
        self, agent: Agent, session_id: StaffSessionId, *, old: str, new: str, client: ClientInfo
    ) -> None:
        """Set a new password and end all of the agent's sessions except ``session_id``.

        Raises:
            InvalidRequestError: the old password is wrong, reason ``wrong_own_password``; or the
                new one is rejected, reason ``password_…``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed.
        """
        credential = await self._verify_password(agent, old, client)
        await self._sign_in.check_new_password(credential, agent, new)
        changed = replace(
            credential,
            password=await self._passwords.hash(new),
            changed_at=self._clock.now(),
            version=credential.version + 1,
        )
        await self._save_credential(changed, AccessKind.PASSWORD_CHANGED, client, keep=session_id)

    async def renew_recovery_codes(
        self, agent: Agent, session_id: StaffSessionId, *, password: str, client: ClientInfo
    ) -> tuple[str, ...]:
        """Replace the agent's recovery codes and return the new ones, which are shown once.

        Raises:
            InvalidRequestError: the password is wrong; reason ``wrong_own_password``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed.
        """
        credential = await self._verify_password(agent, password, client)
        codes = second_factor.new_recovery_codes()
        hashes = tuple(
            second_factor.hash_recovery_code(agent.name, code, self._hashing) for code in codes
        )
        changed = replace(credential, recovery=hashes, version=credential.version + 1)
        entry = self._log.new_entry(
            AccessKind.RECOVERY_CODES_MADE, agent=agent.name, origin=client.origin
        )
        await self._store.commit(
            AccessChanges(credential=changed, kept_session=session_id, log_entries=(entry,))
        )
        return codes

    async def remove_authenticator(
        self, agent: Agent, *, password: str, client: ClientInfo
    ) -> None:
        """Remove the agent's authenticator and end all sessions; the next sign-in adds a new one.

        Raises:
            InvalidRequestError: the password is wrong; reason ``wrong_own_password``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed.
        """
        credential = await self._verify_password(agent, password, client)
        changed = replace(credential, secret="", recovery=(), version=credential.version + 1)
        await self._save_credential(changed, AccessKind.APP_REMOVED, client)

    async def set_locale(self, agent: Agent, locale: str) -> None:
        """Set the language in which the agent works."""
        await self._store.commit(
            AccessChanges(changed_agent=replace(agent, locale=locale), previous_agent=agent)
        )

    async def _save_credential(
        self,
        credential: Credential,
        kind: AccessKind,
        client: ClientInfo,
        *,
        keep: StaffSessionId | None = None,
    ) -> None:
        """Save a credential and end all sessions of its agent except ``keep``."""
        name = credential.agent
        await self._store.commit(
            AccessChanges(
                credential=credential,
                end_all_of=name,
                kept_session=keep,
                log_entries=(self._log.new_entry(kind, agent=name, origin=client.origin),),
            )
        )

    async def _verify_password(self, agent: Agent, password: str, client: ClientInfo) -> Credential:
        """Return the agent's credential if the password is right.

        Raises:
            InvalidRequestError: reason ``wrong_own_password``.
            DeskError: ``RATE_LIMITED`` while attempts are delayed; the session stays open.
        """
        key = self._hashing.lookup("staff_own_password", agent.name)
        await self._sign_in.count_attempt(key, agent.name, client)
        credential = await self._store.credential(agent.name)
        if credential is None:
            raise DeskError("there is no credential", code=ErrorCode.UNAUTHENTICATED)
        if not await self._passwords.verify(credential.password, password):
            await self._log.record(
                AccessKind.WRONG_PASSWORD, agent=agent.name, origin=client.origin, about="account"
            )
            raise InvalidRequestError("not the password", reason="wrong_own_password")
        await self._store.commit(AccessChanges(cleared_attempts=(key,)))
        return credential
