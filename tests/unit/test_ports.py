"""What a job leaves, put together of what it did by itself and what the turn made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Requester, Ticket, TicketState
from privacydesk.ports import Changes

NOW = datetime(2026, 9, 28, 2, tzinfo=UTC)
TALK = Conversation(id=ConversationId(bytes(16)), epoch="e", created_at=NOW)
ONE_OF_A_KIND = {"conversation", "purge", "answer"}


def ticket(number: int) -> Ticket:
    return Ticket(
        id=TicketId(bytes([number]) * 16),
        number=str(number),
        conversation_id=TALK.id,
        kind=RequestKind.ACCESS,
        state=TicketState.IN_REVIEW,
        received_at=NOW,
        locale="en",
        requester=Requester.SUBJECT,
    )


def filled(mark: str) -> Changes:
    """Return changes with something in every field that many may be left of."""
    values: dict[str, Any] = {
        one.name: (f"{mark} {one.name}",)
        for one in structs.fields(Changes)
        if one.name not in ONE_OF_A_KIND | {"tickets", "evidence_moved"}
    }
    moved = {EvidenceId(mark.encode()): TicketId(bytes(16))}
    return Changes(**values, evidence_moved=moved)


def test_whatever_a_job_leaves_is_kept_in_order() -> None:
    joined = filled("first").merged_with(filled("later"))
    for one in structs.fields(Changes):
        if one.name not in ONE_OF_A_KIND | {"tickets", "evidence_moved"}:
            expected = (f"first {one.name}", f"later {one.name}")
            assert getattr(joined, one.name) == expected
    assert set(joined.evidence_moved) == {b"first", b"later"}


def test_of_what_there_is_but_one_the_later_counts() -> None:
    later = replace(TALK, locale="en")
    assert Changes(conversation=TALK).merged_with(Changes()).conversation is TALK
    assert Changes(conversation=TALK).merged_with(Changes(conversation=later)).conversation is later
    assert Changes(answer=("kept",)).merged_with(Changes()).answer == ("kept",)


def test_a_ticket_that_both_changed_is_as_the_later_left_it() -> None:
    first, second = ticket(1), ticket(2)
    again = replace(first, version=2)
    joined = Changes(tickets=(first, second)).merged_with(Changes(tickets=(again, ticket(3))))
    assert joined.tickets == (again, second, ticket(3))
