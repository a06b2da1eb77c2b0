"""Taking over conversations: the bot never talks over a human, two agents never answer at once.

A command carries the offset at which its agent saw ownership; if that has changed, it is refused in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.turn import Decided, DecisionKind
from privacydesk.errors import NotFoundError, StaleError
from privacydesk.ports import Committed, Minter, Store, WorkingSet
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.staff import Staff
from privacydesk.services.turns import Prepared, Turns

_Check = Callable[[OwnerKind, str], None]
"""Refuses a command by raising, given who owns the conversation."""


class Takeover:
    """Staff's work in conversations."""

    def __init__(
        self, turns: Turns, store: Store, staff: Staff, minter: Minter, clock: Clock
    ) -> None:
        self._turns = turns
        self._store = store
        self._staff = staff
        self._minter = minter
        self._clock = clock

    async def waiting(self) -> tuple[Conversation, ...]:
        """Return the conversations that wait for a person, longest first."""
        return await self._store.reader.queue()

    async def mine(self, by: str) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns."""
        return await self._store.reader.conversations_with(by)

    async def find(self, name: str) -> Conversation:
        """Return a conversation by its id in hex, or the one of a ticket number.

        Raises:
            NotFoundError: there is none.
        """
        try:
            conversation = ConversationId(bytes.fromhex(name))
        except ValueError:
            conversation = (await self._staff.cases.ticket(name)).conversation_id
        found = await self._store.reader.conversation(conversation)
        if found is None:
            raise NotFoundError("there is no such conversation")
        return found

    async def take(
        self, name: str, by: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Take a conversation over from the assistant or the queue.

        Raises:
            StaleError: another agent has it, or ownership changed since ``seen``.
        """
        agent, conversation = await self._who(name, by)

        def check(owner_kind: OwnerKind, owner: str) -> None:
            if owner_kind is OwnerKind.AGENT and owner != agent.name:
                raise StaleError("another agent has this conversation", reason="other_agent")
            if owner_kind is OwnerKind.AGENT:
                raise StaleError("you have this conversation already", reason="yours_already")

        return await self._run(
            conversation, agent, DecisionKind.TAKEN, check, seen=seen, job_id=job_id
        )

    async def reply(
        self, name: str, by: str, text: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Write to the user; only the agent who owns the conversation may."""
        words = reply_words(text)
        agent, conversation = await self._who(name, by)
        return await self._run(
            conversation,
            agent,
            DecisionKind.REPLIED,
            _owns(agent),
            text=words,
            seen=seen,
            job_id=job_id,
        )

    async def hand_back(
        self, name: str, by: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Give the conversation back to the assistant, which repeats the open question."""
        agent, conversation = await self._who(name, by)
        return await self._run(
            conversation, agent, DecisionKind.HANDED_BACK, _owns(agent), seen=seen, job_id=job_id
        )

    async def lost(self, conversation: ConversationId, by: str) -> Committed:
        """Return the conversation of an agent whose connection is gone to the queue."""
        agent = await self._staff.roster.agent(by)
        return await self._run(conversation, agent, DecisionKind.LOST, _owns(agent))

    async def _who(self, name: str, by: str) -> tuple[Agent, ConversationId]:
        agent = await self._staff.roster.agent(by)
        return agent, (await self.find(name)).id

    async def _run(
        self,
        conversation: ConversationId,
        agent: Agent,
        kind: DecisionKind,
        check: _Check,
        *,
        text: str = "",
        seen: int | None = None,
        job_id: str | None = None,
    ) -> Committed:
        job = job_id or f"{kind.value}:{self._minter.id(self._clock.now()).hex()}"
        message = Decided(job, kind, agent.name, agent.display_name, text)

        def prepare(rows: WorkingSet) -> Prepared:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if seen is not None and owner.offset != seen:
                raise StaleError(
                    "who owns this conversation has changed meanwhile", reason="owner_changed"
                )
            check(owner.kind, owner.agent)
            told = AuditEntry(
                self._clock.now(),
                agent.name,
                f"conversation_{kind.value}",
                conversation_id=conversation,
            )
            return Prepared(message, audit=(told,))

        return await self._turns.run(conversation, job, prepare)


def _owns(agent: Agent) -> _Check:
    def check(kind: OwnerKind, owner: str) -> None:
        if kind is not OwnerKind.AGENT or owner != agent.name:
            raise StaleError("you do not have this conversation (any more)", reason="not_yours")

    return check
