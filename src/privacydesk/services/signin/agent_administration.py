"""Administration of agents: adding and disabling them, changing roles, resetting access.

Integrations, the agents that are programs, don't sign in; see ``integrations.api_tokens``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.signin import BY_COMMAND, AccessKind, Credential
from privacydesk.domain.tasks import Team
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import AccessChanges, Hashing, Reader, StaffAccess
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.passwords import Passwords, temporary_password
from privacydesk.services.signin.sign_in import SignInSettings
from privacydesk.services.signin.sign_on import linked_credential, new_identity
from privacydesk.services.staff.roster import new_agent

_MAX_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, section 2."""


class TemporaryPassword(Struct, frozen=True):
    """A temporary password that is shown once, to be handed to the agent.

    Attributes:
        expires_at: when it can no longer be used.
    """

    agent: Agent
    password: str
    expires_at: datetime


class AgentAdministration:
    """Adds, changes and disables agents. ``by`` is the name of the administrator.

    Attributes:
        teams: the operator's teams, by name.
    """

    def __init__(
        self,
        *,
        store: StaffAccess,
        reader: Reader,
        passwords: Passwords,
        log: AccessLog,
        hashing: Hashing,
        clock: Clock,
        settings: SignInSettings,
        teams: Mapping[str, Team],
    ) -> None:
        self._store = store
        self._reader = reader
        self._passwords = passwords
        self._log = log
        self._hashing = hashing
        self._clock = clock
        self._settings = settings
        self.teams = teams

    async def all(self) -> tuple[Agent, ...]:
        """Return all agents who sign in, disabled ones last."""
        staff = (agent for agent in await self._reader.agents() if agent.role in STAFF)
        return tuple(sorted(staff, key=lambda agent: not agent.active))

    async def add(
        self, name: str, display_name: str, role: Role, *, by: str = BY_COMMAND
    ) -> TemporaryPassword:
        """Add an agent with a temporary password.

        Raises:
            InvalidRequestError: the name is invalid, see ``new_agent``, or the role is not one of
                staff.
            DeskError: ``CONFLICT`` when the name is taken.
        """
        _check_role(role)
        agent = new_agent(name, display_name, role, self._clock.now())
        if any(other.is_called_like(name) for other in await self._reader.agents()):
            raise DeskError(
                "an agent of this name exists", code=ErrorCode.CONFLICT, reason="agent_taken"
            )
        credential, temporary = await self._create_temporary_password(agent, None)
        entry = self._log.new_entry(AccessKind.AGENT_ADDED, agent=name, by=by, about=role.value)
        await self._store.commit(
            AccessChanges(new_agent=agent, credential=credential, log_entries=(entry,))
        )
        return temporary

    async def change_role(self, name: str, role: Role, *, by: str = BY_COMMAND) -> Agent:
        """Change an agent's role; it applies from their next request on.

        Raises:
            NotFoundError: there is no such agent.
            DeskError: ``NOT_ALLOWED_NOW`` for one's own role, or if no administrator would be
                left.
        """
        _check_role(role)
        agent = await self._find_other_agent(name, by)
        if agent.role is role:
            return agent
        changed = replace(agent, role=role)
        about = f"{agent.role} -> {role}"
        entry = self._log.new_entry(AccessKind.AGENT_CHANGED, agent=name, by=by, about=about)
        await self._store.commit(
            AccessChanges(changed_agent=changed, previous_agent=agent, log_entries=(entry,))
        )
        return changed

    async def set_teams(self, name: str, teams: Collection[str], *, by: str = BY_COMMAND) -> Agent:
        """Set the teams whose tasks an agent works on.

        Raises:
            NotFoundError: there is no such agent.
            InvalidRequestError: there is no such team.
        """
        agent = await self._find_agent(name)
        if not self.teams.keys() >= set(teams):
            raise InvalidRequestError("there is no such team", reason="no_such_team")
        changed = replace(agent, teams=tuple(sorted(set(teams))))
        if changed == agent:
            return agent
        about = f"{', '.join(agent.teams) or 'no team'} -> {', '.join(changed.teams) or 'no team'}"
        entry = self._log.new_entry(AccessKind.AGENT_CHANGED, agent=name, by=by, about=about)
        await self._store.commit(
            AccessChanges(changed_agent=changed, previous_agent=agent, log_entries=(entry,))
        )
        return changed

    async def disable(self, name: str, *, by: str = BY_COMMAND) -> Agent:
        """Disable an agent and end their sessions; logs keep their name.

        Raises:
            NotFoundError, DeskError: as ``change_role``.
        """
        agent = await self._find_other_agent(name, by)
        changed = replace(agent, active=False)
        entry = self._log.new_entry(AccessKind.AGENT_DISABLED, agent=name, by=by)
        await self._store.commit(
            AccessChanges(
                changed_agent=changed, previous_agent=agent, end_all_of=name, log_entries=(entry,)
            )
        )
        return changed

    async def reset_access(self, name: str, *, by: str = BY_COMMAND) -> TemporaryPassword:
        """Give an agent a temporary password, remove their authenticator and end their sessions.

        A disabled agent is enabled again.

        Raises:
            NotFoundError: there is no such agent.
            StaleError: another administrator changed their access at the same time.
        """
        agent = await self._find_agent(name)
        enabled = replace(agent, active=True)
        old_credential = await self._store.credential(name)
        credential, temporary = await self._create_temporary_password(enabled, old_credential)
        kind = AccessKind.ACCESS_RESET if agent.active else AccessKind.AGENT_ENABLED
        entry = self._log.new_entry(kind, agent=name, by=by)
        await self._store.commit(
            AccessChanges(
                changed_agent=None if agent.active else enabled,
                previous_agent=agent,
                credential=credential,
                end_all_of=name,
                log_entries=(entry,),
            )
        )
        return temporary

    async def link_identity(self, name: str, subject: str, *, by: str = BY_COMMAND) -> Agent:
        """Link an agent with an account at the identity provider; replace an earlier link.

        Args:
            name: the agent's name.
            subject: the account's identifier at the provider (``sub``); empty to end the link.
            by: the administrator.

        Raises:
            NotFoundError: there is no such agent.
            InvalidRequestError: no provider is set up, or the identifier is too long.
            DeskError: ``CONFLICT`` if the account is linked with another agent;
                ``NOT_ALLOWED_NOW`` for one's own link.
        """
        agent, sign_on = await self._find_other_agent(name, by), self._settings.sign_on
        subject = subject.strip()
        if sign_on is None:
            raise InvalidRequestError("no identity provider is set up", reason="sign_on_off")
        if len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise InvalidRequestError("this is no identifier", reason="sign_on_subject")
        identity = new_identity(sign_on.issuer, subject, self._hashing) if subject else None
        before = await self._store.credential(name)
        if (None if before is None else before.identity) == identity:
            return agent
        kind = AccessKind.IDENTITY_LINKED if subject else AccessKind.IDENTITY_UNLINKED
        sessions = await self._store.sessions(name)
        await self._store.commit(
            AccessChanges(
                credential=linked_credential(name, before, identity, self._clock.now()),
                ended_sessions=tuple(one.id for one in sessions if one.provider is not None),
                log_entries=(self._log.new_entry(kind, agent=name, by=by),),
            )
        )
        return agent

    async def identities(self) -> Mapping[str, str]:
        """Return the linked accounts at the identity provider (``sub``), by the agent's name."""
        credentials = [await self._store.credential(agent.name) for agent in await self.all()]
        return {
            credential.agent: credential.identity.subject
            for credential in credentials
            if credential is not None and credential.identity is not None
        }

    async def _create_temporary_password(
        self, agent: Agent, old_credential: Credential | None
    ) -> tuple[Credential, TemporaryPassword]:
        now, password = self._clock.now(), temporary_password()
        expires_at = now + self._settings.temporary_password_lifetime
        credential = Credential(
            agent=agent.name,
            password=await self._passwords.hash(password),
            changed_at=now,
            temporary_until=expires_at,
            identity=None if old_credential is None else old_credential.identity,
            version=1 if old_credential is None else old_credential.version + 1,
        )
        return credential, TemporaryPassword(agent, password, expires_at)

    async def _find_other_agent(self, name: str, by: str) -> Agent:
        """Return an agent; raise if it is the administrator who makes the change."""
        if name == by:
            raise DeskError(
                "one's own role is changed by somebody else",
                code=ErrorCode.NOT_ALLOWED_NOW,
                reason="own_access",
            )
        return await self._find_agent(name)

    async def _find_agent(self, name: str) -> Agent:
        for agent in await self.all():
            if agent.name == name:
                return agent
        raise NotFoundError("there is no agent of this name")


def _check_role(role: Role) -> None:
    if role not in STAFF:
        raise InvalidRequestError("programs act with tokens: see `tokens add`")
