"""Takeover of conversations by agents, so that only the owner of a conversation answers the user.

The owner is the assistant, the queue or one agent. A command carries the offset at which its agent
saw who the owner is; if ownership has changed since, the command is refused in its transaction.
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
from privacydesk.domain.turn import DecisionKind, DecisionMessage
from privacydesk.errors import NotAllowedNowError, NotFoundError, StaleError
from privacydesk.ports import (
    AbandonedConversation,
    Changes,
    Committed,
    IdGenerator,
    Store,
    WorkingSet,
)
from privacydesk.services.attachments import Attachments, UncheckedFile
from privacydesk.services.attendance import Attendance
from privacydesk.services.decision import TurnInput
from privacydesk.services.presence import Presence
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.turns import Turns

_OwnerCheck = Callable[[OwnerKind, str], None]
"""Raise to refuse a command, given the kind of the conversation's owner and the owning agent."""

_MakeAuditEntry = Callable[[ConversationId, datetime], AuditEntry]
"""Return the audit entry of a command, given its conversation and the current time."""


class Takeover:
    """The commands with which agents take over, answer and hand back conversations."""

    def __init__(
        self,
        *,
        turns: Turns,
        store: Store,
        staff: StaffServices,
        attendance: Attendance,
        presence: Presence,
        attaching: Attachments,
        minter: IdGenerator,
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
        """Return the conversations that wait for a person: in danger first, then longest.

        Args:
            limit: the maximum number of conversations.
            after: the last conversation of the previous page. If it has left the queue meanwhile,
                the list starts over.
        """
        last = None if after is None else await self._store.reader.conversation(after)
        return await self._store.reader.queue(limit=limit, after=last)

    async def owned_by(self, agent: str) -> tuple[Conversation, ...]:
        """Return the conversations that an agent owns."""
        return await self._store.reader.conversations_with(agent)

    async def all_owned(self) -> tuple[Conversation, ...]:
        """Return the conversations that any agent owns, oldest first."""
        return await self._store.reader.conversations_with(None)

    async def find(self, name: str) -> Conversation:
        """Return the conversation with an id in hex, or the one of a ticket by its number.

        Raises:
            NotFoundError: there is none.
        """
        try:
            conversation_id = ConversationId(bytes.fromhex(name))
        except ValueError:
            conversation_id = (await self._staff.tickets.by_number(name)).conversation_id
        conversation = await self._store.reader.conversation(conversation_id)
        if conversation is None:
            raise NotFoundError("there is no such conversation")
        return conversation

    async def take(
        self, name: str, by: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Take a conversation over from the assistant or the queue.

        Raises:
            DeskError: ``FORBIDDEN`` for an auditor, as for all commands here, and for an agent who
                took part in a decision that an open request of the conversation objects to.
            StaleError: an agent owns it already, or ownership has changed since ``seen``.
        """
        agent, conversation = await self._agent_and_conversation(name, by)
        await self._staff.roster.reviewers.check_may_handle(conversation, agent)
        # First, since the conversation of an absent agent would go back to the queue at once.
        await self._attendance.record_activity(agent.name)

        def check(owner_kind: OwnerKind, owner: str) -> None:
            if owner_kind is OwnerKind.AGENT and owner != agent.name:
                raise StaleError("another agent has this conversation", reason="other_agent")
            if owner_kind is OwnerKind.AGENT:
                raise StaleError("you have this conversation already", reason="yours_already")

        return await self._run(
            conversation.id, agent, DecisionKind.TAKEN, check, seen=seen, job_id=job_id
        )

    async def reply(
        self,
        name: str,
        by: str,
        text: str,
        *,
        file: UncheckedFile | None = None,
        seen: int | None = None,
        job_id: str | None = None,
    ) -> Committed:
        """Write to the user; only the agent who owns the conversation may.

        Args:
            name: the conversation's id or a ticket number, as for ``find``.
            by: the agent who writes.
            text: the message.
            file: a picture to attach.
            seen: the offset at which the agent saw that they own the conversation.
            job_id: the token of the form, so that it is sent once; None for none.

        Raises:
            InvalidRequestError: the text is empty or too long.
            StaleError: the agent does not own the conversation, ownership has changed, or another
                text was sent with this form before.
            DeskError: ``UNSUPPORTED_MEDIA`` if the file is not a picture; ``FORBIDDEN`` as for
                ``take``, if the objection was made while they had the conversation.
        """
        text = require_text(text)
        agent, conversation = await self._agent_and_conversation(name, by)
        await self._staff.roster.reviewers.check_may_handle(conversation, agent)
        await self._attendance.record_activity(agent.name)
        attached = None
        if file is not None:
            attached = await self._attaching.create(file, conversation.id, agent)
        self._presence.clear_agent_typing(conversation.id)
        sent = await self._run(
            conversation.id,
            agent,
            DecisionKind.REPLIED,
            _require_owner(agent),
            text=text,
            attached=attached,
            seen=seen,
            job_id=job_id,
        )
        if sent.duplicate:
            await self._require_same_text(conversation.id, sent.offset, text)
        return sent

    async def _require_same_text(
        self, conversation: ConversationId, offset: int, text: str
    ) -> None:
        """Refuse a text that differs from the one sent with this form before.

        This happens when an agent goes back in the browser and changes the text.
        """
        reader = self._store.reader
        sent = await reader.events(conversation, after=offset - 1, limit=1)
        if sent and sent[0].kind is not EventKind.BLANK and sent[0].text != text:
            raise StaleError("other words were sent with this form", reason="other_words")

    async def hand_back(
        self, name: str, by: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Give the conversation back to the assistant, which repeats the open question."""
        agent, conversation = await self._agent_and_conversation(name, by)
        return await self._run(
            conversation.id,
            agent,
            DecisionKind.HANDED_BACK,
            _require_owner(agent),
            seen=seen,
            job_id=job_id,
        )

    async def hand_over(
        self, name: str, by: str, to: str, *, seen: int | None = None, job_id: str | None = None
    ) -> Committed:
        """Give the conversation to another agent, or put it back at its old place in the queue.

        Args:
            name: the conversation's id or a ticket number, as for ``find``.
            by: the agent who has it.
            to: the agent who gets it; empty for the queue.
            seen: the offset at which the agent saw that they own the conversation.
            job_id: the token of the form, so that it is done once; None for none.

        Raises:
            InvalidRequestError: the other agent does not work on requests.
            DeskError: ``FORBIDDEN`` if they may not handle the conversation; see ``take``.
            NotAllowedNowError: the other agent is not present.
            StaleError: the agent does not own the conversation, or ownership has changed.
        """
        agent, conversation = await self._agent_and_conversation(name, by)
        check, entry = _require_owner(agent), _entry_by_agent("conversation_handed_over", agent)
        if not to:
            return await self._run(
                conversation.id, agent, DecisionKind.LOST, check, seen=seen, job_id=job_id,
                make_audit_entry=entry, data={"left": True},
            )  # fmt: skip
        other = await self._staff.roster.recipient(to)
        await self._staff.roster.reviewers.check_may_handle(conversation, other)
        if not (await self._attendance.board()).is_present(other.name, self._clock.now()):
            raise NotAllowedNowError("this agent is not present", reason="agent_absent")
        return await self._run(
            conversation.id, other, DecisionKind.TAKEN, check, seen=seen, job_id=job_id,
            make_audit_entry=entry,
        )  # fmt: skip

    async def barred_from(self, conversation: Conversation) -> frozenset[str]:
        """Return the agents who may not take a conversation; see ``take``."""
        return await self._staff.roster.reviewers.barred_from(conversation)

    # -- automatic ---------------------------------------------------------------------------

    async def assign(self, waiting: Conversation, to: str) -> Committed:
        """Assign a waiting conversation to an agent who is present.

        Raises:
            StaleError: it does not wait any more, or was queued again meanwhile.
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
            make_audit_entry=_entry_by_system("assistant", "conversation_given", agent),
        )

    async def requeue(self, abandoned: AbandonedConversation) -> int:
        """Put an absent agent's conversation back at its old place in the queue.

        Returns:
            1, or 0 if the agent does not own it any more.
        """
        conversation = await self._store.reader.conversation(abandoned.conversation)
        agent = await self._staff.roster.current_or_former(abandoned.agent)
        if conversation is None or conversation.owner.agent != agent.name:
            return 0
        try:
            await self._run(
                conversation.id,
                agent,
                DecisionKind.LOST,
                _require_owner(agent),
                seen=conversation.owner.offset,
                job_id=f"lost:{conversation.id.hex()}:{conversation.owner.offset}",
                make_audit_entry=_entry_by_system("clock", "conversation_lost", agent),
                data={"left": abandoned.left},
            )
        except StaleError:
            return 0
        return 1

    async def announce_opening(self, waiting: Conversation, place: int, opened: datetime) -> int:
        """Tell a user who wrote outside opening hours that the desk has opened.

        Args:
            waiting: the user's conversation in the queue.
            place: its place in the queue.
            opened: when the desk opened; each opening is announced once.

        Returns:
            1, or 0 if it was announced before or the conversation does not wait any more.
        """
        job_id = f"opening:{waiting.id.hex()}:{int(opened.timestamp())}"
        message = DecisionMessage(job_id, DecisionKind.HOURS_BEGAN, data={"place": place})

        def prepare(rows: WorkingSet) -> TurnInput:
            assert rows.conversation is not None
            is_waiting = rows.conversation.owner.kind is OwnerKind.QUEUE
            return TurnInput(message if is_waiting else None)

        committed = await self._turns.run(waiting.id, job_id, prepare)
        return int(committed.offset > 0 and not committed.duplicate)

    # -- one command -------------------------------------------------------------------------

    async def _agent_and_conversation(self, name: str, by: str) -> tuple[Agent, Conversation]:
        return await self._staff.roster.worker(by), await self.find(name)

    async def _run(
        self,
        conversation: ConversationId,
        agent: Agent,
        kind: DecisionKind,
        check: _OwnerCheck,
        *,
        text: str = "",
        seen: int | None = None,
        job_id: str | None = None,
        make_audit_entry: _MakeAuditEntry | None = None,
        data: Mapping[str, Any] | None = None,
        attached: Attachment | None = None,
    ) -> Committed:
        if attached is not None:
            data = {"files": [attached.event_data()]}
        job_id = job_id or f"{kind.value}:{self._minter.id(self._clock.now()).hex()}"
        message = DecisionMessage(
            job_id, kind, agent.name, agent.public_name, text, data=data or {}
        )
        audit_entry = make_audit_entry or _entry_by_agent(f"conversation_{kind.value}", agent)

        def prepare(rows: WorkingSet) -> TurnInput:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if seen is not None and owner.offset != seen:
                raise StaleError(
                    "who owns this conversation has changed meanwhile", reason="owner_changed"
                )
            check(owner.kind, owner.agent)
            return TurnInput(
                message,
                Changes(
                    audit=(audit_entry(conversation, self._clock.now()),),
                    attachments=() if attached is None else (attached,),
                ),
            )

        return await self._turns.run(conversation, job_id, prepare)


def _entry_by_agent(action: str, agent: Agent) -> _MakeAuditEntry:
    return lambda conversation, now: AuditEntry(
        now, agent.name, action, conversation_id=conversation
    )


def _entry_by_system(author: str, action: str, agent: Agent) -> _MakeAuditEntry:
    detail = {"agent": agent.name}
    return lambda conversation, now: AuditEntry(
        now, author, action, conversation_id=conversation, detail=detail
    )


def _require_owner(agent: Agent) -> _OwnerCheck:
    def check(kind: OwnerKind, owner: str) -> None:
        if kind is not OwnerKind.AGENT or owner != agent.name:
            raise StaleError("you do not have this conversation (any more)", reason="not_yours")

    return check
