"""Who may review what another agent decided: an objection gets another reviewer."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.separation import are_separate
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.ports import Store


class Reviewers:
    """Refuses agents who may not review a decision.

    Args:
        store: holds the agents, and who changed whose access.
        clock: source of the current time.
        separation: for how long a change of access keeps two agents from counting as two people;
            zero for never.
    """

    def __init__(self, store: Store, clock: Clock, separation: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._separation = separation

    async def check(self, ticket: Ticket, agent: Agent) -> None:
        """Refuse an agent who may not decide an objection.

        That is anybody who took part in the first decision or made a token of a program that did,
        and any program: nobody knows who is behind it, and it may be the one who decided first.

        Raises:
            DeskError: ``FORBIDDEN``; see also ``check_separate``.
        """
        first = ticket.reviewer_not
        if not first:
            return
        makers = [await self._store.reader.makers_of(name) for name in first]
        if agent.is_program or agent.name in first or any(agent.name in made for made in makers):
            raise DeskError(
                "an objection is decided by a person, and by someone else than before",
                code=ErrorCode.FORBIDDEN,
                reason="lack_other_reviewer",
            )
        await self.check_separate(agent, *first)

    async def check_separate(self, agent: Agent, *others: str) -> None:
        """Refuse an agent who may be the same person as one of the others.

        Raises:
            DeskError: ``FORBIDDEN``, with reason ``not_separate``.
        """
        if not self._separation:
            return
        changes = await self._store.reader.access_changes(self._clock.now() - self._separation)
        if not all(are_separate(agent.name, other, changes) for other in others):
            raise DeskError(
                "somebody was given access to both agents lately: a third one does this",
                code=ErrorCode.FORBIDDEN,
                reason="not_separate",
                days={"$span": ceil(self._separation.total_seconds())},
            )
