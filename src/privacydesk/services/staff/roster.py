"""Lookup of agents by name, with checks of their roles."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.audit import NON_STAFF_ACTORS
from privacydesk.domain.request_faults import RequestFault
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import Store
from privacydesk.services.staff.reviewers import Reviewers

_NAME: Final = re.compile(r"(?=.{2,32}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
_MAX_DISPLAY_NAME_LENGTH: Final = 64


class Roster:
    """Finds the desk's agents.

    Args:
        store: reads and adds agents.
        clock: source of the current time.
        separation: see ``Reviewers``.

    Attributes:
        reviewers: checks whether an agent may review another agent's decision.
    """

    def __init__(self, store: Store, clock: Clock, separation: timedelta) -> None:
        self._store = store
        self._clock = clock
        self.reviewers = Reviewers(store, clock, separation)

    async def agent(self, name: str) -> Agent:
        """Return an active agent of any role.

        Raises:
            DeskError: ``FORBIDDEN`` if there is no active agent of this name.
        """
        for agent in await self._store.reader.agents():
            if agent.name == name and agent.active:
                return agent
        raise DeskError(f"there is no agent named {name!r}", code=ErrorCode.FORBIDDEN)

    async def current_or_former(self, name: str) -> Agent:
        """Return an agent, active or disabled.

        Raises:
            NotFoundError: there is no agent of this name.
        """
        for agent in await self._store.reader.agents():
            if agent.name == name:
                return agent
        raise NotFoundError(f"there is no agent named {name!r}")

    async def person(self, name: str) -> Agent:
        """Return an active agent who is a person, not a program.

        Programs act only with their tokens, within the tokens' scopes.

        Raises:
            DeskError: ``FORBIDDEN`` for a program, or if there is no active agent of this name.
        """
        agent = await self.agent(name)
        if agent.is_program:
            raise DeskError("a program acts with its tokens alone", code=ErrorCode.FORBIDDEN)
        return agent

    async def administrator(self, name: str) -> Agent:
        """Return an active administrator.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
        """
        agent = await self.agent(name)
        if agent.role is not Role.ADMINISTRATOR:
            raise DeskError("this takes an administrator", code=ErrorCode.FORBIDDEN)
        return agent

    async def worker(self, name: str) -> Agent:
        """Return an active agent who may work on tickets.

        Raises:
            DeskError: ``FORBIDDEN`` for an auditor, or if there is no active agent of this name.
        """
        agent = await self.agent(name)
        check_works(agent)
        return agent

    async def recipient(self, name: str) -> Agent:
        """Return an active agent who may be given a ticket or a conversation.

        Raises:
            InvalidRequestError: there is none of this name who works on tickets.
        """
        try:
            return await self.worker(name)
        except DeskError as error:
            raise InvalidRequestError(
                error.message,
                reason="unknown_agent",
                faults=[{"where": "body.to", "what": RequestFault.UNKNOWN}],
            ) from None

    async def supervisor(self, name: str) -> Agent:
        """Return an active supervisor or administrator.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
        """
        agent = await self.agent(name)
        check_supervisor(agent)
        return agent

    async def program(self, name: str) -> Agent:
        """Return an active agent that is a program.

        Raises:
            DeskError: ``FORBIDDEN`` for a person, or if there is no active agent of this name.
        """
        agent = await self.agent(name)
        if not agent.is_program:
            raise DeskError("only a program brings word of others", code=ErrorCode.FORBIDDEN)
        return agent

    async def add(self, name: str, display_name: str, role: Role) -> Agent:
        """Add an agent.

        Raises:
            InvalidRequestError: the name is invalid; see ``new_agent``.
            DeskError: ``CONFLICT`` when the name is taken.
        """
        agent = new_agent(name, display_name, role, self._clock.now())
        await self._store.agent_store.add(agent)
        return agent


def new_agent(name: str, display_name: str, role: Role, now: datetime) -> Agent:
    """Return a new agent.

    Names are limited to ASCII letters and digits, so that letters of other scripts can't be used
    to imitate another agent's name.

    Args:
        name: the name by which logs refer to the agent.
        display_name: the name shown to users; ``name`` if it has no printable character.
        role: the agent's role.
        now: the current time.

    Raises:
        InvalidRequestError: the name has other characters, or is one that the desk itself uses.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidRequestError(
            "an agent's name has 2 to 32 small letters and digits, with single points, hyphens or"
            " underscores between them",
            reason="agent_name",
        )
    if name in NON_STAFF_ACTORS:
        raise InvalidRequestError(f"{name} is a name the desk itself uses", reason="agent_name")
    spaced = (" " if char.isspace() else char for char in display_name)
    printable = " ".join("".join(char for char in spaced if char.isprintable()).split())
    return Agent(name, printable[:_MAX_DISPLAY_NAME_LENGTH] or name, role, now)


def check_works(agent: Agent) -> None:
    """Check that an agent may work on tickets.

    Raises:
        DeskError: ``FORBIDDEN``.
    """
    if not agent.works:
        raise DeskError("this role does not work on requests", code=ErrorCode.FORBIDDEN)


def check_supervisor(agent: Agent) -> None:
    """Check that an agent is a supervisor or administrator.

    Raises:
        DeskError: ``FORBIDDEN``.
    """
    if not agent.supervises:
        raise DeskError(
            "this takes a supervisor", code=ErrorCode.FORBIDDEN, reason="lack_supervisor"
        )
