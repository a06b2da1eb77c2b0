"""Agents, and what their roles permit."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.audit import MACHINES
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import Store
from privacydesk.services.staff.reviewers import Reviewers

_NAME: Final = re.compile(r"(?=.{2,32}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
_LONGEST_SHOWN: Final = 64


class Roster:
    """The desk's agents.

    Args:
        store: holds them, and who changed whose access.
        clock: source of the current time.
        separation: see ``Reviewers``.

    Attributes:
        reviewers: decides who may review what another agent did.
    """

    def __init__(self, store: Store, clock: Clock, separation: timedelta) -> None:
        self._store = store
        self._clock = clock
        self.reviewers = Reviewers(store, clock, separation)

    async def agent(self, name: str) -> Agent:
        """Return an active agent, whatever their role.

        Raises:
            DeskError: ``FORBIDDEN`` when there is none of that name.
        """
        for agent in await self._store.reader.agents():
            if agent.name == name and agent.active:
                return agent
        raise DeskError(f"there is no agent named {name!r}", code=ErrorCode.FORBIDDEN)

    async def known(self, name: str) -> Agent:
        """Return an agent, also one who may no longer act.

        Raises:
            NotFoundError: there never was one of that name.
        """
        for agent in await self._store.reader.agents():
            if agent.name == name:
                return agent
        raise NotFoundError(f"there is no agent named {name!r}")

    async def person(self, name: str) -> Agent:
        """Return an agent who is a person; programs act with tokens, within the tokens' scopes.

        Raises:
            DeskError: ``FORBIDDEN`` for a program, or when there is none of that name.
        """
        agent = await self.agent(name)
        if agent.is_program:
            raise DeskError("a program acts with its tokens alone", code=ErrorCode.FORBIDDEN)
        return agent

    async def administrator(self, name: str) -> Agent:
        """Return an administrator.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
        """
        agent = await self.agent(name)
        if agent.role is not Role.ADMINISTRATOR:
            raise DeskError("this takes an administrator", code=ErrorCode.FORBIDDEN)
        return agent

    async def worker(self, name: str) -> Agent:
        """Return an agent who works on tickets.

        Raises:
            DeskError: ``FORBIDDEN`` for an auditor, or when there is none of that name.
        """
        agent = await self.agent(name)
        if not agent.works:
            raise DeskError("an auditor only looks", code=ErrorCode.FORBIDDEN)
        return agent

    async def supervisor(self, name: str) -> Agent:
        """Return a supervisor or administrator.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
        """
        agent = await self.agent(name)
        check_supervisor(agent)
        return agent

    async def program(self, name: str) -> Agent:
        """Return an identity that programs act under.

        Raises:
            DeskError: ``FORBIDDEN`` for a person, or when there is none of that name.
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
        await self._store.agent_book.add(agent)
        return agent


def new_agent(name: str, display_name: str, role: Role, now: datetime) -> Agent:
    """Return an agent whose name can't be confused with that of anybody else who acts.

    Raises:
        InvalidRequestError: the name has letters outside the closed alphabet, which avoids
            look-alikes from other scripts, or is one the desk itself uses.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidRequestError(
            "an agent's name has 2 to 32 small letters and digits, with single points, hyphens or"
            " underscores between them",
            reason="agent_name",
        )
    if name in MACHINES:
        raise InvalidRequestError(f"{name} is a name the desk itself uses", reason="agent_name")
    spaced = (" " if one.isspace() else one for one in display_name)
    shown = " ".join("".join(one for one in spaced if one.isprintable()).split())
    return Agent(name, shown[:_LONGEST_SHOWN] or name, role, now)


def check_supervisor(agent: Agent) -> None:
    """Refuse an agent who is neither supervisor nor administrator.

    Raises:
        DeskError: ``FORBIDDEN``.
    """
    if not agent.supervises:
        raise DeskError(
            "this takes a supervisor", code=ErrorCode.FORBIDDEN, reason="lack_supervisor"
        )
