"""Which change of a ticket is another case to whoever looks at it, and which is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Unit
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, EvidenceId, LookupHash, PackageId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.packages import Package
from privacydesk.domain.tasks import Task, TaskMove, TaskResult, move_task
from privacydesk.domain.ticket import (
    LogEntry,
    Outcome,
    Requester,
    Satisfaction,
    ScheduledEvent,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.work import ProposedDecision, StaffMessage, Work
from privacydesk.errors import StaleError
from privacydesk.services.staff.staleness import (
    CaseDigest,
    CasePart,
    digest_case,
    require_unchanged,
)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TALK = ConversationId(bytes(16))
TICKET = Ticket(
    id=TicketId(bytes(16)),
    number="PD-7KQ4-M29X-3HC",
    conversation_id=TALK,
    kind=RequestKind.DELETION,
    state=TicketState.IN_REVIEW,
    received_at=NOW,
    locale="en",
    answers={"story": "It is about me."},
)
CLOCK = Clock(
    "operator", NOW, Unit.WORKING_DAYS, 7, "CN", "Asia/Shanghai", date(2026, 6, 10), NOW, False
)
PACKAGE = Package(
    id=PackageId(bytes(16)), made_at=NOW, until=NOW, size=1, parts=1, sha256="00" * 32
)

TASK = Task(
    number=1, team="payments", by="mei", created_at=NOW, due_date=date(2026, 6, 10), due_at=NOW
)
OTHERWISE: dict[str, Any] = {
    "id": TicketId(bytes([1]) * 16),
    "number": "PD-3HCM-29XK-7QP",
    "conversation_id": ConversationId(bytes([1]) * 16),
    "kind": RequestKind.ACCESS,
    "state": TicketState.AWAITING_REQUESTER,
    "received_at": NOW + timedelta(microseconds=1),
    "locale": "zh_Hans",
    "requester": Requester.GUARDIAN,
    "items": (ScopeItem("posts"),),
    "account": "u-1001",
    "account_hash": LookupHash(bytes([1]) * 32),
    "verified_at": NOW,
    "required_assurance": Assurance.DOCUMENT_CHECKED,
    "answered_at": NOW,
    "closed_at": NOW,
    "outcome": Outcome.REFUSED,
    "excluded_reviewers": ("mei",),
    "flags": frozenset({"minor"}),
    "contact": "lin@example.com",
    "contact_hash": LookupHash(bytes([1]) * 32),
    "linked": TicketId(bytes([1]) * 16),
    "purged_at": NOW,
    "answers": {"story": "It is about somebody else."},
    "work": Work(decided_by="mei"),
    "clocks": (CLOCK,),
    "completion": CLOCK,
    "holder": "mei",
    "version": 2,
    "scheduled_events": (ScheduledEvent(ScheduledEventKind.OVERDUE, NOW),),
    "packages": (PACKAGE,),
    "tasks": (TASK,),
    "satisfaction": Satisfaction.SATISFIED,
    "phone_hash": LookupHash(b"p" * 32),
    "about_hash": LookupHash(b"h" * 32),
}
PARTS: dict[str, frozenset[CasePart]] = {
    "clocks": frozenset({CasePart.CLOCK}),
    "completion": frozenset({CasePart.CLOCK}),
    "holder": frozenset({CasePart.HOLDER}),
    **dict.fromkeys(
        ("version", "scheduled_events", "packages", "satisfaction", "phone_hash"),
        frozenset[CasePart](),
    ),
}


def differing(one: CaseDigest, other: CaseDigest) -> set[CasePart]:
    return {part for part in CasePart if one.digests[part] != other.digests[part]}


def test_no_field_of_a_ticket_is_forgotten() -> None:
    assert set(OTHERWISE) == set(Ticket.__struct_fields__)


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_change_is_seen_in_its_part_alone(name: str) -> None:
    other = replace(TICKET, **{name: OTHERWISE[name]})
    assert other != TICKET
    assert differing(digest_case(TICKET), digest_case(other)) == PARTS.get(
        name, frozenset({CasePart.REQUEST})
    )


@pytest.mark.parametrize(
    ("work", "parts"),
    [
        (Work(proposal=ProposedDecision("mei", {})), {CasePart.PROPOSAL}),
        (Work(first_due=date(2026, 6, 10)), {CasePart.CLOCK}),
        (Work(files_allowed=("mei",)), set()),
        (Work(told=StaffMessage("asked", "Which one?")), {CasePart.REQUEST}),
        (Work(results=({"scope": "posts"},)), {CasePart.REQUEST}),
    ],
)
def test_work_is_seen_where_acts_are_decided_on_it(work: Work, parts: set[CasePart]) -> None:
    other = replace(TICKET, work=work)
    assert differing(digest_case(TICKET), digest_case(other)) == parts


def test_a_task_counts_when_it_is_answered_and_not_when_somebody_of_the_team_takes_it() -> None:
    asked = replace(TICKET, tasks=(TASK,))
    taken = replace(TICKET, tasks=(move_task(TASK, TaskMove.TAKE, "li", NOW),))
    answered = move_task(TASK, TaskMove.ANSWER, "li", NOW, result=TaskResult.DONE)
    assert not differing(digest_case(asked), digest_case(taken))
    other = replace(TICKET, tasks=(answered,))
    assert differing(digest_case(asked), digest_case(other)) == {CasePart.REQUEST}


def test_files_count_while_they_lie_here_and_in_any_order() -> None:
    one, other = (
        Evidence(
            id=EvidenceId(bytes([n]) * 16),
            conversation_id=TALK,
            name="paper.jpg",
            media_type="image/jpeg",
            size=1,
            sha256="00" * 32,
            created_at=NOW,
        )
        for n in (1, 2)
    )
    gone = replace(other, removed_at=NOW)
    assert differing(digest_case(TICKET, (one, other)), digest_case(TICKET, (other, one))) == set()
    assert differing(digest_case(TICKET, (one, gone)), digest_case(TICKET, (one,))) == set()
    assert differing(digest_case(TICKET, (one, other)), digest_case(TICKET, (one,))) == {
        CasePart.FILES
    }


def test_of_the_log_only_what_the_supervisors_are_asked_counts() -> None:
    first, second, note, answer = (
        LogEntry(TICKET.id, NOW + timedelta(minutes=n), "mei", what, "Why?")
        for n, what in enumerate(("escalate", "escalate", "note", "escalation_answered"))
    )
    same = digest_case(TICKET, (), (first, note, answer))
    assert differing(digest_case(TICKET, (), (first,)), same) == set()
    other = digest_case(TICKET, (), (first, answer, second))
    assert differing(digest_case(TICKET, (), (first,)), other) == {CasePart.ESCALATION}


def test_what_was_shown_comes_back_from_a_form_as_it_was() -> None:
    assert CaseDigest.read(str(digest_case(TICKET))) == digest_case(TICKET)
    for text in ("", "7", str(digest_case(TICKET)) + ".0"):
        assert CaseDigest.read(text).digests == {}


def test_files_that_were_read_before_the_lock_hold_only_while_the_ticket_does() -> None:
    seen, later = digest_case(TICKET), replace(TICKET, version=1)
    require_unchanged(seen, (CasePart.REQUEST,), TICKET, (), ())(later)
    with pytest.raises(StaleError):
        require_unchanged(seen, (CasePart.REQUEST, CasePart.FILES), TICKET, (), ())(later)
