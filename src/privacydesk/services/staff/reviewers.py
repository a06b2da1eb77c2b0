"""Who may take part in an objection: another agent, and provably another person, than before."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.same_person import are_separate
from privacydesk.domain.ticket import FILED_FOR, Ticket
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.ports import Store


class Reviewers:
    """Checks whether agents may review a decision.

    Args:
        store: reads the creators of tokens, and changes of access.
        clock: source of the current time.
        separation: for how long after a change of access the agents involved may count as the
            same person; zero to skip this check.
    """

    def __init__(self, store: Store, clock: Clock, separation: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._separation = separation

    async def check_may_decide(self, ticket: Ticket, agent: Agent) -> None:
        """Check that an agent may decide a ticket, which matters if it is an objection.

        An objection can't be decided by agents who took part in the original decision, or created
        a token of a program that did. Programs can't decide it either, since their user may have
        taken part in the original decision.

        Raises:
            DeskError: ``FORBIDDEN``; see also ``check_separate``.
        """
        if not ticket.excluded_reviewers:
            return
        if agent.is_program:
            raise _took_part()
        await self.check_may_take_part(ticket, agent)
        await self.check_separate(agent, *ticket.excluded_reviewers)

    async def check_did_not_file(self, ticket: Ticket, agent: Agent) -> None:
        """Check that a program has not filed the ticket that it would decide.

        By one token, an account could else be named, vouched for and emptied.

        Raises:
            DeskError: ``FORBIDDEN`` with the reason ``filed_it``.
        """
        if not agent.is_program:
            return
        log = await self._store.reader.ticket_log(ticket.id)
        if any(entry.by == agent.name and entry.what == FILED_FOR for entry in log):
            raise DeskError(
                "the program that filed a request doesn't decide it",
                code=ErrorCode.FORBIDDEN,
                reason="filed_it",
            )

    async def check_may_take_part(self, ticket: Ticket, agent: Agent) -> None:
        """Check that an agent took no part in the decision that a ticket objects to.

        Programs pass on what their users write, so they are only kept from deciding.

        Raises:
            DeskError: ``FORBIDDEN`` with the reason ``lack_other_reviewer``.
        """
        if not agent.is_program and agent.name in await self._excluded_from(ticket):
            raise _took_part()

    async def barred_from(self, conversation: Conversation) -> frozenset[str]:
        """Return the agents who may not write in a conversation as the person who handles it.

        They took part in a decision that an open request filed there objects to. None is barred
        while somebody is in danger.
        """
        if conversation.danger_at is not None:
            return frozenset()
        barred: set[str] = set()
        for ticket in await self._store.reader.tickets_in(conversation.id):
            if ticket.is_open:
                barred |= await self._excluded_from(ticket)
        return frozenset(barred)

    async def check_may_handle(self, conversation: Conversation, agent: Agent) -> None:
        """Check that an agent may write in a conversation as the person who handles it.

        Raises:
            DeskError: ``FORBIDDEN`` with the reason ``objection_here``.
        """
        if not agent.is_program and agent.name in await self.barred_from(conversation):
            raise DeskError(
                "an open request of this conversation objects to a decision that they took part in",
                code=ErrorCode.FORBIDDEN,
                reason="objection_here",
            )

    async def _excluded_from(self, ticket: Ticket) -> frozenset[str]:
        """Return the agents who took part in the decision that a ticket objects to, in any way."""
        excluded = ticket.excluded_reviewers
        creators = [await self._store.reader.token_creators(name) for name in excluded]
        return frozenset(excluded).union(*creators)

    async def check_separate(self, agent: Agent, *others: str) -> None:
        """Check that an agent can't be the same person as one of the others.

        They may be if somebody recently had access to both, such as by resetting a password.

        Args:
            agent: the agent.
            *others: the names of the other agents.

        Raises:
            DeskError: ``FORBIDDEN`` with reason ``not_separate``.
        """
        if not self._separation:
            return
        changes = await self._store.reader.access_changes(self._clock.now() - self._separation)
        if not all(are_separate(agent.name, other, changes) for other in others):
            raise DeskError(
                "someone recently had access to both accounts, so another agent has to do this",
                code=ErrorCode.FORBIDDEN,
                reason="not_separate",
                days={"$span": ceil(self._separation.total_seconds())},
            )


def _took_part() -> DeskError:
    return DeskError(
        "an objection is worked on by a person who took no part in the first decision",
        code=ErrorCode.FORBIDDEN,
        reason="lack_other_reviewer",
    )
