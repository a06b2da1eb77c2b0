"""Incoming over conversations: the bot never talks over a human, two agents never answer at once.

A command carries the offset at which its agent saw ownership; if that has changed, it is refused in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.turn import Decided, DecisionKind
from privacydesk.errors import NotFoundError, StaleError
from privacydesk.ports import Changes, Committed, Deserted, Minter, Store, WorkingSet
from privacydesk.services.attachments import Attachments, Offered
from privacydesk.services.attendance import Attendance
from privacydesk.services.decision import Prepared
from privacydesk.services.presence import Presence
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.staff import Staff
from privacydesk.services.turns import Turns

_Check = Callable[[OwnerKind, str], None]
"""Refuses a command by raising, given who owns the conversation."""

_Told = Callable[[ConversationId, datetime], AuditEntry]
"""Makes the audit entry of an act."""


class Takeover:
    """Staff's work in conversations."""

    def __init__(
        self,
        *,
        turns: Turns,
        store: Store,
        staff: Staff,
        attendance: Attendance,
        presence: Presence,
        attaching: Attachments,
        minter: Minter,
        clock: Clock,
    ) -> None:
        self._turns = turns
        self._store = store
        self._staff = staff
        self._attendance = attendance
        self._presence = presence
        self._attaching = attaching
        self._minter = minter
        self._clock = clock

    async def waiting(
        self, *, limit: int, after: ConversationId | None = None
    ) -> tuple[Conversation, ...]:
        """Return the conversations that wait for a person, longest first.

        Args:
            limit: how many at most.
            after: the last one of the page before. If it has left the queue meanwhile, the list
                starts over.
        """
        last = None if after is None else await self._store.reader.conversation(after)
        return await self._store.reader.queue(limit=limit, after=last)

    async def mine(self, by: str) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns."""
        return await self._store.reader.conversations_with(by)

    async def taken(self) -> tuple[Conversation, ...]:
        """Return the conversations that agents own, oldest first."""
        return await self._store.reader.conversations_with(None)

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
            DeskError: ``FORBIDDEN`` for an auditor, as for all acts here.
            StaleError: another agent has it, or ownership changed since ``seen``.
        """
        agent, conversation = await self._who(name, by)
        # Before they take it: an absent agent would lose it at once.
        await self._attendance.acts(agent.name)

        def check(owner_kind: OwnerKind, owner: str) -> None:
            if owner_kind is OwnerKind.AGENT and owner != agent.name:
                raise StaleError("another agent has this conversation", reason="other_agent")
            if owner_kind is OwnerKind.AGENT:
                raise StaleError("you have this conversation already", reason="yours_already")

        return await self._run(
            conversation, agent, DecisionKind.TAKEN, check, seen=seen, job_id=job_id
        )

    async def reply(
        self,
        name: str,
        by: str,
        text: str,
        *,
        file: Offered | None = None,
        seen: int | None = None,
        job_id: str | None = None,
    ) -> Committed:
        """Write to the user; only the agent who owns the conversation may.

        Args:
            name: the conversation, as ``find`` takes it.
            by: who writes.
            text: what.
            file: a picture that goes with it.
            seen: the offset at which the agent saw that they own it.
            job_id: a form's token.

        Raises:
            InvalidRequestError: there are no words, or too many.
            StaleError: the agent does not have the conversation, ownership changed, or other words
                were sent with this form before.
            DeskError: ``UNSUPPORTED_MEDIA`` for a file that is no picture.
        """
        words = reply_words(text)
        agent, conversation = await self._who(name, by)
        await self._attendance.acts(agent.name)
        attached = None
        if file is not None:
            attached = await self._attaching.make(file, conversation, agent)
        self._presence.agent_sends(conversation)
        sent = await self._run(
            conversation,
            agent,
            DecisionKind.REPLIED,
            _owns(agent),
            text=words,
            attached=attached,
            seen=seen,
            job_id=job_id,
        )
        if sent.duplicate:
            await self._unless_other(conversation, sent.offset, words)
        return sent

    async def _unless_other(self, conversation: ConversationId, offset: int, words: str) -> None:
        """Refuse words that differ from those sent with this form: after Back, say."""
        reader = self._store.reader
        first = await reader.events(conversation, after=offset - 1, limit=1)
        if first and first[0].kind is not EventKind.BLANK and first[0].text != words:
            raise StaleError("other words were sent with this form", reason="other_words")

    async def hand_back(
        self, name: str, by: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Give the conversation back to the assistant, which repeats the open question."""
        agent, conversation = await self._who(name, by)
        return await self._run(
            conversation, agent, DecisionKind.HANDED_BACK, _owns(agent), seen=seen, job_id=job_id
        )

    # -- automatic ---------------------------------------------------------------------------

    async def give(self, waiting: Conversation, to: str) -> Committed:
        """Assign a waiting conversation to a present agent.

        Raises:
            StaleError: it no longer waits as it did.
        """
        agent = await self._staff.roster.worker(to)

        def check(owner_kind: OwnerKind, _owner: str) -> None:
            if owner_kind is not OwnerKind.QUEUE:
                raise StaleError("this conversation does not wait any more", reason="owner_changed")

        return await self._run(
            waiting.id,
            agent,
            DecisionKind.TAKEN,
            check,
            seen=waiting.owner.offset,
            job_id=f"give:{waiting.id.hex()}:{waiting.owner.offset}",
            audited=_by_machine("assistant", "conversation_given", agent),
        )

    async def lost(self, deserted: Deserted) -> int:
        """Put an absent agent's conversation back in its old place in the queue.

        Returns:
            1, or 0 when it is no longer theirs.
        """
        conversation = await self._store.reader.conversation(deserted.conversation)
        agent = await self._staff.roster.known(deserted.agent)
        if conversation is None or conversation.owner.agent != agent.name:
            return 0
        try:
            await self._run(
                conversation.id,
                agent,
                DecisionKind.LOST,
                _owns(agent),
                seen=conversation.owner.offset,
                job_id=f"lost:{conversation.id.hex()}:{conversation.owner.offset}",
                audited=_by_machine("clock", "conversation_lost", agent),
                data={"left": deserted.left},
            )
        except StaleError:
            return 0
        return 1

    async def tell_opening(self, waiting: Conversation, place: int, opened: datetime) -> int:
        """Tell a user who wrote outside opening hours that these have begun; once.

        Returns:
            1, or 0 when they were told before or no longer wait.
        """
        job = f"opening:{waiting.id.hex()}:{int(opened.timestamp())}"
        message = Decided(job, DecisionKind.HOURS_BEGAN, data={"place": place})

        def prepare(rows: WorkingSet) -> Prepared:
            assert rows.conversation is not None
            waits = rows.conversation.owner.kind is OwnerKind.QUEUE
            return Prepared(message if waits else None)

        committed = await self._turns.run(waiting.id, job, prepare)
        return int(committed.offset > 0 and not committed.duplicate)

    # -- one act -----------------------------------------------------------------------------

    async def _who(self, name: str, by: str) -> tuple[Agent, ConversationId]:
        agent = await self._staff.roster.worker(by)
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
        audited: _Told | None = None,
        data: Mapping[str, Any] | None = None,
        attached: Attachment | None = None,
    ) -> Committed:
        if attached is not None:
            data = {"files": [attached.told()]}
        job = job_id or f"{kind.value}:{self._minter.id(self._clock.now()).hex()}"
        message = Decided(job, kind, agent.name, agent.display_name, text, data=data or {})
        told = audited or _by_agent(f"conversation_{kind.value}", agent)

        def prepare(rows: WorkingSet) -> Prepared:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if seen is not None and owner.offset != seen:
                raise StaleError(
                    "who owns this conversation has changed meanwhile", reason="owner_changed"
                )
            check(owner.kind, owner.agent)
            return Prepared(
                message,
                Changes(
                    audit=(told(conversation, self._clock.now()),),
                    attachments=() if attached is None else (attached,),
                ),
            )

        return await self._turns.run(conversation, job, prepare)


def _by_agent(what: str, agent: Agent) -> _Told:
    return lambda conversation, now: AuditEntry(now, agent.name, what, conversation_id=conversation)


def _by_machine(who: str, what: str, agent: Agent) -> _Told:
    detail = {"agent": agent.name}
    return lambda conversation, now: AuditEntry(
        now, who, what, conversation_id=conversation, detail=detail
    )


def _owns(agent: Agent) -> _Check:
    def check(kind: OwnerKind, owner: str) -> None:
        if kind is not OwnerKind.AGENT or owner != agent.name:
            raise StaleError("you do not have this conversation (any more)", reason="not_yours")

    return check
