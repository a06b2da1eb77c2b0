from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.common.described import check_event
from tests.integration.storage.desk import conversation_id, ticket, ticket_id

from privacydesk.domain.clocks import Clock
from privacydesk.domain.conversation import Conversation, Owner, OwnerKind
from privacydesk.domain.deadlines import Unit
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import IncidentId
from privacydesk.domain.incidents import Audience, Incident, IncidentState, NoticePart
from privacydesk.domain.tasks import Task, TaskState
from privacydesk.domain.ticket import ScheduledEventKind, ScopeItem, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.webhook_events import (
    WebhookEventKind,
    webhook_event_of_incident,
    webhook_event_of_owner,
    webhook_events_of_messages,
    webhook_events_of_ticket,
)
from privacydesk.domain.work import ProposedDecision, Work

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCK = Clock(
    regime="operator_7wd",
    started_at=NOW,
    unit=Unit.WORKING_DAYS,
    amount=7,
    calendar="cn",
    zone=SHANGHAI.key,
    due_date=date(2026, 5, 13),
    due_at=datetime(2026, 5, 14, tzinfo=SHANGHAI),
    provisional=False,
)


def kinds(before: Ticket | None, after: Ticket, *entries: str) -> list[str]:
    told = webhook_events_of_ticket(before, after, entries)
    for one in told:
        check_event(json.loads(one.body(b"e" * 16, NOW)))
    return [one.kind.value for one in told]


@pytest.mark.parametrize("trigger", Move)
def test_no_move_of_a_ticket_goes_untold(trigger: Move) -> None:
    for state in TicketState:
        before = ticket(state=state, version=3)
        if not may(before, trigger):
            continue
        if trigger is Move.RETURN_TO_REVIEW:
            before = replace(before, answered_at=NOW)
        after = move(before, trigger, NOW)
        if trigger is Move.VERIFY:
            after = replace(after, verified_at=NOW)
        assert kinds(before, after, trigger.value), (state, trigger)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (ScheduledEventKind.REMIND_TWO, "ticket.due_soon"),
        (ScheduledEventKind.REMIND_ONE, "ticket.due_soon"),
        (ScheduledEventKind.OVERDUE, "ticket.overdue"),
        (ScheduledEventKind.EVIDENCE_WAITING, "ticket.examination_late"),
    ],
)
def test_what_comes_due_is_told(due: ScheduledEventKind, told: str) -> None:
    before = ticket(version=3)
    assert kinds(before, replace(before, version=4), due.value) == [told]


def test_a_refusal_is_a_decision_and_a_closing_in_this_order() -> None:
    before = ticket(version=3)
    assert kinds(before, move(before, Move.REFUSE, NOW), "refuse") == [
        "ticket.decided",
        "ticket.closed",
    ]


def test_a_ticket_filed_verified_tells_both_and_an_objection_says_against_what() -> None:
    filed = ticket(version=1, verified_at=NOW, flags=frozenset({"objection"}), linked=ticket_id(9))
    told = webhook_events_of_ticket(None, filed, ["filed"])
    assert [one.kind for one in told] == [
        WebhookEventKind.TICKET_FILED,
        WebhookEventKind.TICKET_OBJECTED,
        WebhookEventKind.TICKET_VERIFIED,
    ]
    message = json.loads(told[0].body(b"e" * 16, NOW))
    assert message["data"]["linked"] == ticket_id(9).hex()


def test_notes_and_replies_are_nobody_elses_news() -> None:
    before = ticket(version=3)
    for what in ("note", "reply", "evidence_opened", "files_allowed", "notice:sent"):
        assert kinds(before, replace(before, version=4), what) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"flags": frozenset({"minor"})},
        {"purged_at": NOW},
        {"locale": "en"},
        {"items": (ScopeItem("posts", result="done"),)},
    ],
)
def test_what_else_the_api_shows_is_told_as_a_change(changed: dict[str, Any]) -> None:
    before = ticket(version=3)
    assert kinds(before, replace(before, version=4, **changed)) == ["ticket.changed"]


def test_a_decision_that_waits_for_a_second_person_is_told_and_so_is_its_end() -> None:
    before = ticket(version=3)
    proposed = replace(before, version=4, work=Work(proposal=ProposedDecision("mei", {})))
    assert kinds(before, proposed, "propose") == ["ticket.proposed"]
    assert kinds(proposed, replace(proposed, version=5), "note") == []
    assert kinds(proposed, replace(before, version=5), "send_back") == ["ticket.changed"]


def test_who_holds_it_and_a_hold_are_told() -> None:
    before = ticket(version=3)
    assert kinds(before, replace(before, version=4, holder="mei"), "claim") == ["ticket.assigned"]
    held = replace(before, version=4, flags=frozenset({"hold"}))
    assert kinds(before, held, "hold") == ["ticket.hold_changed"]


def test_a_message_holds_ids_kind_state_and_dates_and_nothing_a_person_said() -> None:
    filed = ticket(
        version=5,
        account="u-1001",
        contact="+8613800000000",
        holder="mei",
        answers={"complaint": "they lost my photos"},
        clocks=(CLOCK,),
        items=(
            ScopeItem("posts", {"only": [{"to": "2025-12-31"}], "but": [{"qualifier": "beach"}]}),
            ScopeItem("voice", {"only": [{"qualifier": "singing"}]}),
            ScopeItem("profile"),
        ),
        tasks=(
            Task(
                number=1,
                team="payments",
                by="mei",
                created_at=NOW,
                due_date=date(2026, 5, 6),
                due_at=NOW,
                items=(0,),
                asked="the orders of the singing person",
                state=TaskState.TAKEN,
                holder="meizi",
            ),
        ),
    )
    (told,) = webhook_events_of_ticket(None, filed, ["filed"])
    raw = told.body(b"\x01" * 16, NOW)
    message = json.loads(raw)
    check_event(message)
    assert message == {
        "schema": "privacydesk.ticket",
        "version": 1,
        "id": "evt_" + "01" * 16,
        "type": "ticket.filed",
        "timestamp": "2026-05-04T08:30:00Z",
        "data": {
            "id": filed.id.hex(),
            "number": "PD-1",
            "version": 5,
            "conversation": filed.conversation_id.hex(),
            "kind": "access",
            "state": "in_review",
            "outcome": None,
            "filed_through": "chat",
            "received_at": "2026-05-04T08:30:00Z",
            "verified_at": None,
            "answered_at": None,
            "closed_at": None,
            "due": {
                "date": "2026-05-13",
                "at": "2026-05-13T16:00:00Z",
                "zone": "Asia/Shanghai",
                "calendar": "cn",
                "amount": 7,
                "unit": "working_days",
                "started_at": "2026-05-04T08:30:00Z",
                "provisional": False,
                "first_date": "2026-05-13",
            },
            "completion": None,
            "on_hold": False,
            "linked": None,
            "items": [
                {
                    "name": name,
                    "only": only,
                    "narrowed": narrowed,
                    "decision": "",
                    "in_part": False,
                    "result": "",
                }
                for name, only, narrowed in (
                    ("posts", [{"from": None, "to": "2025-12-31"}], True),
                    ("voice", [], True),
                    ("profile", [], False),
                )
            ],
            "tasks": [
                {
                    "number": 1,
                    "team": "payments",
                    "items": ["posts"],
                    "state": "taken",
                    "result": None,
                    "created_at": "2026-05-04T08:30:00Z",
                    "due_date": "2026-05-06",
                    "due_at": "2026-05-04T08:30:00Z",
                    "ended_at": None,
                }
            ],
        },
    }
    for secret in (b"u-1001", b"138", b"mei", b"photos", b"beach", b"singing"):
        assert secret not in raw


def test_later_changes_of_a_ticket_have_later_places() -> None:
    first = ticket(version=3)
    second = move(first, Move.REFUSE, NOW)
    places = [one.position for one in webhook_events_of_ticket(None, first, ["filed"])]
    places += [one.position for one in webhook_events_of_ticket(first, second, ["refuse"])]
    assert places == sorted(set(places))


def test_who_may_speak_in_a_conversation_is_told_without_a_name() -> None:
    begun = Conversation(conversation_id(), "epoch", NOW, version=4)
    queued = replace(begun, owner=Owner(OwnerKind.QUEUE, offset=5, since=NOW), version=5)
    taken = replace(
        queued, owner=Owner(OwnerKind.AGENT, "mei", 6, NOW + timedelta(minutes=1)), version=6
    )
    back = replace(taken, owner=Owner(OwnerKind.ASSISTANT, offset=7), version=7)
    told = [
        webhook_event_of_owner(*pair) for pair in ((begun, queued), (queued, taken), (taken, back))
    ]
    assert [one.kind.value for one in told if one] == [
        "conversation.queued",
        "conversation.taken",
        "conversation.returned",
    ]
    assert all(one and b"mei" not in one.body(b"e" * 16, NOW) for one in told)
    for one in told:
        assert one is not None
        check_event(json.loads(one.body(b"e" * 16, NOW)))
    assert webhook_event_of_owner(None, begun) is None
    assert webhook_event_of_owner(taken, replace(taken, version=9)) is None


def test_each_change_of_an_incident_is_told_without_its_name_texts_and_staff() -> None:
    notice = Incident(
        IncidentId(b"\x02" * 16),
        "Leak of nicknames",
        Audience.LIST,
        {"en": dict.fromkeys(NoticePart, "somebody saw them")},
        "lao-zhou",
        NOW,
        urgent=True,
    )
    states = (
        IncidentState.COLLECTING,
        IncidentState.DRAFT,
        IncidentState.SENDING,
        IncidentState.PAUSED,
        IncidentState.SENDING,
        IncidentState.SENT,
    )
    life = [replace(notice, state=state, version=1 + n) for n, state in enumerate(states)]
    told = [webhook_event_of_incident(*pair) for pair in zip([None, *life], life, strict=False)]
    assert [one and one.kind.value for one in told] == [
        None,
        "incident.prepared",
        "incident.released",
        "incident.paused",
        "incident.resumed",
        "incident.sent",
    ]
    prepared = told[1]
    assert prepared is not None
    raw = prepared.body(b"\x01" * 16, NOW)
    message = json.loads(raw)
    assert message["schema"] == "privacydesk.incident"
    assert message["data"] == {
        "id": "02" * 16,
        "version": 2,
        "state": "draft",
        "audience": "list",
        "urgent": True,
        "prepared_at": "2026-05-04T08:30:00Z",
        "released_at": None,
        "sent_at": None,
    }
    for secret in (b"nicknames", b"somebody", b"lao-zhou"):
        assert secret not in raw


def test_a_discarded_incident_is_told_if_it_was_prepared() -> None:
    notice = Incident(IncidentId(b"\x02" * 16), "x", Audience.EVERYONE, {}, "lao-zhou", NOW)
    discarded = replace(notice, state=IncidentState.DISCARDED, version=3)
    draft = replace(notice, state=IncidentState.DRAFT, version=2)
    told = webhook_event_of_incident(draft, discarded)
    assert told is not None
    assert told.kind is WebhookEventKind.INCIDENT_DISCARDED
    assert webhook_event_of_incident(notice, discarded) is None


@pytest.mark.parametrize(
    ("owner", "told"), [(OwnerKind.ASSISTANT, 0), (OwnerKind.QUEUE, 1), (OwnerKind.AGENT, 1)]
)
def test_what_a_user_sends_is_told_while_an_agent_has_the_conversation_or_is_waited_for(
    owner: OwnerKind, told: int
) -> None:
    before = Conversation(conversation_id(), "epoch", NOW, version=4, owner=Owner(owner, offset=2))
    appended = [
        Event(5, NOW, Sender.USER, EventKind.UPLOADED, text="hidden"),
        Event(6, NOW, Sender.ASSISTANT, EventKind.TEXT, text="hidden"),
    ]
    events = webhook_events_of_messages(before, appended)
    assert len(events) == told
    for event in events:
        message = json.loads(event.body(b"e" * 16, NOW))
        assert (message["schema"], message["type"]) == (
            "privacydesk.message", "conversation.message",
        )  # fmt: skip
        assert message["data"]["kind"] == "uploaded"
        assert "hidden" not in str(message)
