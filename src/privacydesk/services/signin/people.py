"""Administration of staff access. Programs have tokens instead."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.signin import BY_COMMAND, AccessKind, Credential
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import AccessChanges, Reader, StaffAccess
from privacydesk.services.signin.gate import Terms
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.signin.passwords import Passwords, temporary_password
from privacydesk.services.staff.roster import new_agent


class Given(Struct, frozen=True):
    """A temporary password, to be shown once and handed over.

    Attributes:
        until: when it can no longer be used.
    """

    agent: Agent
    password: str
    until: datetime


class People:
    """Adds, changes and disables agents. ``by`` names who does it."""

    def __init__(
        self,
        *,
        store: StaffAccess,
        reader: Reader,
        passwords: Passwords,
        log: AccessLog,
        clock: Clock,
        terms: Terms,
    ) -> None:
        self._store = store
        self._reader = reader
        self._passwords = passwords
        self._log = log
        self._clock = clock
        self._terms = terms

    async def all(self) -> tuple[Agent, ...]:
        """Return everybody, the disabled ones last."""
        people = (one for one in await self._reader.agents() if one.role in STAFF)
        return tuple(sorted(people, key=lambda one: not one.active))

    async def add(self, name: str, display_name: str, role: Role, *, by: str = BY_COMMAND) -> Given:
        """Add an agent with a temporary password.

        Raises:
            InvalidRequestError: the name (see ``new_agent``) is invalid, or the role a program's.
            DeskError: ``CONFLICT`` when the name is taken.
        """
        _check_role(role)
        agent = new_agent(name, display_name, role, self._clock.now())
        if any(one.is_called_like(name) for one in await self._reader.agents()):
            raise DeskError(
                "an agent of this name exists", code=ErrorCode.CONFLICT, reason="agent_taken"
            )
        credential, given = await self._temporary(agent, None)
        entry = self._log.entry(AccessKind.AGENT_ADDED, agent=name, by=by, about=role.value)
        await self._store.commit(
            AccessChanges(hired=agent, credential=credential, entries=(entry,))
        )
        return given

    async def change_role(self, name: str, role: Role, *, by: str = BY_COMMAND) -> Agent:
        """Give an agent another role, from their next click on.

        Raises:
            NotFoundError: there is no such agent.
            DeskError: ``NOT_ALLOWED_NOW`` on oneself, or when nobody would be left to administer.
        """
        _check_role(role)
        agent = await self._other(name, by)
        if agent.role is role:
            return agent
        changed = replace(agent, role=role)
        about = f"{agent.role} -> {role}"
        entry = self._log.entry(AccessKind.AGENT_CHANGED, agent=name, by=by, about=about)
        await self._store.commit(AccessChanges(changed=changed, was=agent, entries=(entry,)))
        return changed

    async def disable(self, name: str, *, by: str = BY_COMMAND) -> Agent:
        """Disable an agent and end their sessions; what they did stays under their name.

        Raises:
            NotFoundError, DeskError: as ``change_role``.
        """
        agent = await self._other(name, by)
        changed = replace(agent, active=False)
        entry = self._log.entry(AccessKind.AGENT_DISABLED, agent=name, by=by)
        await self._store.commit(
            AccessChanges(changed=changed, was=agent, ends_of=name, entries=(entry,))
        )
        return changed

    async def reset(self, name: str, *, by: str = BY_COMMAND) -> Given:
        """Give an agent a temporary password and forget their authenticator.

        Ends their sessions. An agent who was disabled is enabled again.

        Raises:
            NotFoundError: there is no such agent.
            StaleError: somebody else did so at the same time.
        """
        agent = await self._agent(name)
        enabled = replace(agent, active=True)
        credential, given = await self._temporary(enabled, await self._store.credential(name))
        kind = AccessKind.ACCESS_RESET if agent.active else AccessKind.AGENT_ENABLED
        entry = self._log.entry(kind, agent=name, by=by)
        await self._store.commit(
            AccessChanges(
                changed=None if agent.active else enabled,
                was=agent,
                credential=credential,
                ends_of=name,
                entries=(entry,),
            )
        )
        return given

    async def _temporary(self, agent: Agent, before: Credential | None) -> tuple[Credential, Given]:
        now, password = self._clock.now(), temporary_password()
        until = now + self._terms.temporary
        credential = Credential(
            agent=agent.name,
            password=await self._passwords.hash(password),
            changed_at=now,
            temporary_until=until,
            version=1 if before is None else before.version + 1,
        )
        return credential, Given(agent, password, until)

    async def _other(self, name: str, by: str) -> Agent:
        if name == by:
            raise DeskError(
                "one's own role is changed by somebody else",
                code=ErrorCode.NOT_ALLOWED_NOW,
                reason="own_access",
            )
        return await self._agent(name)

    async def _agent(self, name: str) -> Agent:
        for agent in await self.all():
            if agent.name == name:
                return agent
        raise NotFoundError("there is no agent of this name")


def _check_role(role: Role) -> None:
    if role not in STAFF:
        raise InvalidRequestError("programs act with tokens: see `tokens add`")
