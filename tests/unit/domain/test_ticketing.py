from __future__ import annotations

from datetime import UTC, datetime, timedelta

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.domain.ticketing import (
    Fact,
    RemoteChange,
    StaffText,
    TicketingMap,
    key_marker,
    key_of,
    marker_key,
    strip_markers,
)
from privacydesk.domain.ticketing_links import FAILING_AFTER, JoinedSystem

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
STATES = {"in_review": "open", "closed": "resolved", "closed.duplicate": "merged"}


def ticket(state: TicketState, outcome: Outcome | None = None) -> Ticket:
    return Ticket(
        TicketId(b"t" * 16),
        "PD-7KQ4-M29X-3HC",
        ConversationId(b"c" * 16),
        RequestKind.DELETION,
        state,
        NOW,
        "en",
        outcome=outcome,
    )


def test_a_key_is_found_again_in_what_was_written_with_it() -> None:
    key = key_of(TicketId(b"t" * 16), "job", "reply")
    text = f"They wrote: {key_marker('0' * 16)}\n{key_marker(key)}\n"
    assert marker_key(text) == key
    assert strip_markers(text) == "They wrote:"


def test_each_thing_told_has_a_key_of_its_own_that_does_not_change() -> None:
    one, other = TicketId(b"a" * 16), TicketId(b"b" * 16)
    keys = {key_of(one), key_of(other), key_of(one, "a", "b"), key_of(one, "ab")}
    assert len(keys) == 4
    assert key_of(one, "a", "b") in keys


def test_a_text_without_a_whole_mark_has_no_key() -> None:
    assert marker_key("[privacydesk 12345]") == ""
    assert strip_markers("[privacydesk 12345]") == "[privacydesk 12345]"


def test_how_a_ticket_ended_names_a_state_before_that_it_ended() -> None:
    said = TicketingMap(states=STATES)
    closed = TicketState.CLOSED
    assert said.state_of(ticket(closed, Outcome.DUPLICATE)) == "merged"
    assert said.state_of(ticket(closed, Outcome.REFUSED)) == "resolved"
    assert said.state_of(ticket(TicketState.FULFILLING)) == ""


def test_nothing_of_a_person_leaves_the_house_unless_it_is_named() -> None:
    plain = {"cf_number": Fact.NUMBER, "cf_due": Fact.DUE_DATE}
    assert not TicketingMap(fields=plain).shares_personal
    assert TicketingMap(fields={"cf_who": Fact.ACCOUNT}).shares_personal
    assert TicketingMap(texts=frozenset({StaffText.NOTES})).shares_personal


def test_a_change_that_changes_nothing_is_none() -> None:
    assert not RemoteChange()
    assert RemoteChange(assignee="")
    assert RemoteChange(fields={"cf": ""})


def test_a_system_that_is_out_is_called_out_though_a_clock_that_was_ahead_did_so() -> None:
    ahead = NOW + timedelta(days=2)
    system = JoinedSystem("rt", NOW, failing_since=NOW, alarmed_at=ahead)
    assert not system.needs_alert(ahead)
    assert system.needs_alert(NOW + FAILING_AFTER)
    assert JoinedSystem("rt", NOW, failing_since=ahead).needs_alert(NOW)
