from __future__ import annotations

import json
from datetime import UTC, datetime

from privacydesk.domain.events import Choice, ChoiceStyle, Event, EventKind, InputKind, Sender
from privacydesk.services.api import View
from privacydesk.web.chat.encoding import MAX_PAGE_BYTES, events_frame, first_page

AT = datetime(2026, 10, 15, 2, 11, 7, tzinfo=UTC)


def test_an_event_shows_what_people_may_see_and_nothing_else() -> None:
    event = Event(
        offset=2,
        at=AT,
        sender=Sender.ASSISTANT,
        kind=EventKind.TEXT,
        key="ask.it",
        args={"account": "internal"},
        text="Which?",
        locale="zh_Hant",
        choices=(Choice("a", key="k", label="A", style=ChoiceStyle.DANGER, value="internal"),),
        input=InputKind.CODE,
        job_id="result:internal",
    )
    frame = json.loads(events_frame([event], View(prompt=2)))
    assert frame["events"] == [
        {
            "offset": 2,
            "at": "2026-10-15T02:11:07Z",
            "from": "assistant",
            "kind": "text",
            "text": "Which?",
            "lang": "zh-Hant",
            "key": "ask.it",
            "choices": [{"id": "a", "label": "A", "style": "danger"}],
            "input": "code",
        }
    ]
    assert frame["acks"] == []
    assert frame["view"]["prompt"] == 2
    assert "internal" not in json.dumps(frame)


def test_a_users_event_acknowledges_the_id_it_was_sent_under() -> None:
    event = Event(1, AT, Sender.USER, EventKind.TEXT, text="hi", job_id="m1")
    frame = json.loads(events_frame([event]))
    assert frame["acks"] == [{"id": "m1", "offset": 1}]
    assert "view" not in frame


def test_a_job_whose_first_event_is_the_desks_is_acknowledged_too() -> None:
    event = Event(7, AT, Sender.ASSISTANT, EventKind.TEXT, key="desk.choice_closed", job_id="m2")
    frame = json.loads(events_frame([event]))
    assert frame["acks"] == [{"id": "m2", "offset": 7}]
    assert "id" not in frame["events"][0]


def test_a_page_of_the_log_ends_before_it_grows_large_and_is_never_empty() -> None:
    long = Event(1, AT, Sender.USER, EventKind.TEXT, text="删" * 10_000)
    page = first_page([long] * 200)
    assert 1 < len(page) < 200
    assert len(events_frame(page)) < MAX_PAGE_BYTES * 1.1
    assert len(first_page([long], max_bytes=1)) == 1
    assert first_page([]) == []
    short = Event(1, AT, Sender.USER, EventKind.TEXT, text="好")
    assert len(first_page([short] * 200)) == 200
