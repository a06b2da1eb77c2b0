from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.unit.storage import values

from privacydesk.domain.agents import Agent
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.verification_codes import Challenge
from privacydesk.storage.codec import from_micros
from privacydesk.storage.rows.agent import agent_row, read_agent
from privacydesk.storage.rows.challenge import challenge_row, read_challenge
from privacydesk.storage.rows.conversation import conversation_row, read_conversation
from privacydesk.storage.rows.delivery import delivery_row, read_delivery
from privacydesk.storage.rows.event import event_row, purged_event_row, read_event
from privacydesk.storage.rows.evidence import evidence_row, read_evidence
from privacydesk.storage.rows.ticket import person_hashes, read_ticket, ticket_row
from privacydesk.storage.rows.ticket_log import log_row, read_log_entry
from privacydesk.storage.sealing import Seal, SealError

SEAL = Seal(b"k" * 32)
KEY = Seal(b"m" * 32)
HOME = ConversationId(b"c" * 16)


def as_row(columns: dict[str, Any], **changed: Any) -> Any:
    return SimpleNamespace(**{**columns, **changed})


@given(values.conversations)
def test_a_conversation_comes_back_as_it_was(conversation: Conversation) -> None:
    row = as_row(conversation_row(conversation, SEAL))
    assert read_conversation(row, SEAL) == conversation


@given(values.conversation_ids, values.events)
def test_an_event_comes_back_as_it_was(home: ConversationId, event: Event) -> None:
    assert read_event(as_row(event_row(home, event, SEAL)), SEAL, KEY) == event


@given(values.tickets)
def test_a_ticket_comes_back_as_it_was(ticket: Ticket) -> None:
    assert read_ticket(as_row(ticket_row(ticket, SEAL)), SEAL) == ticket


@given(values.log_entries, values.counts)
def test_a_log_entry_comes_back_as_it_was(entry: LogEntry, seq: int) -> None:
    row = log_row(entry, SEAL, conversation=HOME, seq=seq, once_id=None, offset=0, ticket_version=3)
    assert read_log_entry(as_row(row), SEAL) == entry


@given(values.challenges)
def test_a_challenge_comes_back_as_it_was(challenge: Challenge) -> None:
    assert read_challenge(as_row(challenge_row(challenge, SEAL)), SEAL) == challenge


@given(values.deliveries)
def test_a_delivery_comes_back_as_it_was(delivery: Delivery) -> None:
    assert read_delivery(as_row(delivery_row(delivery, SEAL)), SEAL) == delivery


@given(values.evidence)
def test_evidence_comes_back_as_it_was(evidence: Evidence) -> None:
    row = as_row(evidence_row(evidence, SEAL))
    assert read_evidence(row, SEAL, body=row.body) == evidence
    assert read_evidence(row, SEAL) == replace(evidence, body=b"")


@given(values.agents)
def test_an_agent_comes_back_as_it_was(agent: Agent) -> None:
    assert read_agent(as_row(agent_row(agent, SEAL)), SEAL) == agent


@given(values.tickets)
def test_the_leading_clock_stands_in_the_columns(ticket: Ticket) -> None:
    row = ticket_row(ticket, SEAL)
    if ticket.clocks:
        assert from_micros(row["due_at"]) == min(c.due_at for c in ticket.clocks)
    else:
        assert row["due_at"] is row["due_date"] is None
    assert row["provisional"] == any(c.provisional for c in ticket.clocks)
    assert person_hashes(ticket) <= {ticket.account_hash, ticket.contact_hash}


@given(values.conversations)
def test_a_state_of_another_version_is_refused(conversation: Conversation) -> None:
    row = conversation_row(conversation, SEAL)
    with pytest.raises(SealError):
        read_conversation(as_row(row, version=conversation.version + 1), SEAL)
    with pytest.raises(SealError):
        read_conversation(as_row(row, id=bytes(a ^ 1 for a in conversation.id)), SEAL)


@given(values.events)
def test_an_event_moved_to_another_place_is_refused(event: Event) -> None:
    row = event_row(HOME, event, SEAL)
    for moved in ({"offset": event.offset + 1}, {"conversation_id": b"d" * 16}):
        with pytest.raises(SealError):
            read_event(as_row(row, **moved), SEAL, KEY)


@given(values.tickets, values.deliveries)
def test_rolled_back_bodies_are_refused(ticket: Ticket, delivery: Delivery) -> None:
    with pytest.raises(SealError):
        read_ticket(as_row(ticket_row(ticket, SEAL), version=ticket.version + 1), SEAL)
    with pytest.raises(SealError):
        read_delivery(as_row(delivery_row(delivery, SEAL), version=delivery.version + 1), SEAL)


def test_a_body_of_another_column_is_refused() -> None:
    event = Event(1, from_micros(0), Sender.USER, EventKind.TEXT, text="hello")
    stolen = event_row(HOME, event, SEAL)["body"]
    row = evidence_row(desk.evidence(), SEAL)
    with pytest.raises(SealError, match=r"evidence\.name"):
        read_evidence(as_row(row, name=stolen), SEAL)


@given(values.events)
def test_an_event_that_was_purged_is_a_blank_without_a_word(event: Event) -> None:
    left = purged_event_row(as_row(event_row(HOME, event, SEAL)), KEY)
    blank = read_event(as_row(left), Seal(b"n" * 32), KEY)
    assert blank.kind is EventKind.BLANK
    assert (blank.offset, blank.text, blank.data) == (event.offset, "", {})
    for refused in (as_row(left, offset=event.offset + 1), as_row(left, body=b"0" * 32)):
        with pytest.raises(SealError):
            read_event(refused, SEAL, KEY)
    with pytest.raises(SealError):
        read_event(as_row(left), SEAL, Seal(b"n" * 32))


@given(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=4))
def test_lone_surrogates_are_replaced(broken: str) -> None:
    event = Event(1, from_micros(0), Sender.USER, EventKind.TEXT, text=f"a{broken}b")
    text = read_event(as_row(event_row(HOME, event, SEAL)), SEAL, KEY).text
    assert text[0] + text[-1] == "ab"
    assert set(text[1:-1]) == {"\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize("strange", [from_micros(0), b"bytes", {1, 2}, object(), SEAL])
def test_what_is_not_json_is_refused_instead_of_changed(strange: object) -> None:
    event = Event(1, from_micros(0), Sender.USER, EventKind.TEXT, data={"x": strange})
    with pytest.raises(TypeError):
        event_row(HOME, event, SEAL)
