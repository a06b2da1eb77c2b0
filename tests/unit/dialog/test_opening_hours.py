"""What is said to whoever asks when people answer."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.dialog import flows

from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.rules import Rules
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import Intent
from privacydesk.domain.shifts import Shift
from privacydesk.domain.turn import Observation, RecognisedIntent, Snapshot, TextMessage

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
ASKS = {"phrase": ("asks_hours",)}


def answer(text: str, *shifts: Shift, **observed: Any) -> Event:
    """Return the first thing that is said to a message."""
    rules = Rules(shifts=shifts, zone="Asia/Singapore")
    engine = Engine(read_flows(flows.GOOD), rules, lambda _locale, key, _args: key)
    here = Conversation(id=ConversationId(b"c" * 16), epoch="e", created_at=NOW, locale="en")
    message = replace(TextMessage("m-1", text), observed=Observation(**observed))
    turn = engine.advance(Snapshot(here), message, NOW)
    return next(event for event in turn.events if event.sender is not Sender.USER)


def test_each_shift_is_named() -> None:
    weekdays, daily = Shift(time(8, 30), time(17)), Shift(time(18), time(22), every_day=True)
    said = answer("when do you open", weekdays, daily, entities=ASKS, asks_question=True)
    assert said.key == "desk.hours"
    assert said.args["hours"] == {
        "$texts": [
            {"$term": "desk.shift_working_days", "args": {"opens": "08:30", "closes": "17:00"}},
            {"$term": "desk.shift_every_day", "args": {"opens": "18:00", "closes": "22:00"}},
        ]
    }
    assert said.args["zone"] == {"$zone": "Asia/Singapore"}


def test_no_time_is_named_where_the_operator_names_none() -> None:
    assert answer("opening hours?", entities=ASKS, asks_question=True).key == "desk.hours_unknown"


def test_around_the_clock_is_said_as_such() -> None:
    always = Shift(time(0), time(23, 59), every_day=True)
    assert answer("几点上班", always, entities=ASKS, asks_question=True).key == "desk.hours_always"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("周末上班吗？周末有人骚扰我", Intent.COMPLAINT),
        ("delete what I wrote about working hours", Intent.DELETION),
        ("他问我几点上班", Intent.OTHER),
        ("he asked me what time I start work and where I live", Intent.OTHER),
        ("几点上班" + "，我的头像不见了" * 9, Intent.HUMAN_AGENT),
    ],
)
def test_words_that_tell_of_something_else_ask_for_no_hours(text: str, intent: Intent) -> None:
    found = RecognisedIntent(intent, 0.99, sure=True)
    assert not answer(text, Shift(), entities=ASKS, recognised=found).key.startswith("desk.hours")
