"""How pages arrange the menu: what most people come for, and what suits who speaks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from tests.unit.dialog import flows

from privacydesk.dialog.engine import Engine
from privacydesk.dialog.menu import show_menu
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.script import Script
from privacydesk.domain.app_tokens import Standing
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.turn import Observation, Snapshot

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
HERE = Conversation(ConversationId(b"c" * 16), "e", NOW, locale="en", account="u-1")
OPEN = Ticket(
    TicketId(b"t" * 16),
    "PD-1",
    ConversationId(b"d" * 16),
    RequestKind.DELETION,
    TicketState.IN_REVIEW,
    NOW,
    "en",
    account="u-1",
    account_hash=LookupHash(b"h" * 32),
)


def suggested(*tickets: Ticket, standing: Standing = Standing.REGULAR) -> list[str]:
    """Return what the greeting suggests to an account with these requests."""
    engine = Engine(read_flows(flows.GOOD), Rules(), lambda _locale, key, _args: key)
    here = replace(HERE, standing=standing)
    turn = engine.greet(Snapshot(here, tickets=tickets), NOW, "j")
    menu = turn.events[-1]
    assert menu.data["menu"]["most_used"] == ["access", "deletion", "deregistration", "unbinding"]
    found = list(menu.data["menu"]["suggested"])
    assert {*found} <= {choice.id for choice in menu.choices}
    return found


def test_an_open_request_is_suggested_at_the_greeting() -> None:
    assert suggested(OPEN) == ["request_status"]
    assert suggested(replace(OPEN, state=TicketState.CLOSED)) == []


@pytest.mark.parametrize("change", [{"account": "u-2"}, {"account_hash": None}])
def test_the_request_of_somebody_else_is_not(change: dict[str, str | None]) -> None:
    assert suggested(replace(OPEN, **change)) == []


def test_a_child_is_shown_the_way_of_their_guardian() -> None:
    closed = replace(OPEN, state=TicketState.CLOSED)
    assert suggested(replace(closed, flags=frozenset({"minor", "under_14"}))) == ["guardian"]
    assert suggested(standing=Standing.MINOR) == ["guardian"]


def test_who_is_suspended_is_shown_how_to_object() -> None:
    assert suggested(OPEN, standing=Standing.SUSPENDED) == ["automated_decision", "request_status"]


def test_a_later_menu_looks_nothing_up() -> None:
    script = Script(Snapshot(HERE, tickets=(OPEN,)), Observation(), Rules(), NOW, "j")
    show_menu(script, "desk.menu_again")
    assert script.events[-1].data["menu"]["suggested"] == []
