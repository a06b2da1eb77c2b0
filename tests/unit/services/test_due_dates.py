"""Due dates in words: why they are late in the calendar, and whether they may still change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.services.test_ticket_cards import DEADLINES, NOW, RENDERER, asked

from privacydesk.data import locale_files
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.work import Work
from privacydesk.i18n.catalog import Catalogs
from privacydesk.services.due_dates import due_argument

LATE_DECEMBER = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
PLAIN = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
NOT_YET = "provisional until those of 2027 are announced"
CATALOGS = Catalogs(locale_files())


def shown(ticket: Ticket, locale: str = "zh_Hans") -> str:
    return CATALOGS.value(locale, due_argument(ticket, DEADLINES))


@pytest.mark.parametrize(
    ("at", "locale", "text"),
    [
        (PLAIN, "zh_Hans", "2026年6月10日 星期三"),
        (NOW, "zh_Hans", "2026年10月13日 星期二（10月1日至10月7日放假）"),
        (NOW, "zh_Hant", "2026年10月13日 星期二（10月1日至10月7日放假）"),
        (NOW, "en", "Tuesday, 13 October 2026 (public holidays in between: 1 Oct to 7 Oct)"),
        (
            LATE_DECEMBER,
            "zh_Hans",
            "2027年1月7日 星期四（1月1日至1月3日放假；日期暂定，2027 年的放假安排公布后才能确定）",
        ),
        (
            LATE_DECEMBER,
            "en",
            f"Thursday, 7 January 2027 (public holidays in between: 1 Jan to 3 Jan; {NOT_YET})",
        ),
        (
            datetime(2027, 6, 1, 2, 0, tzinfo=UTC),
            "en",
            f"Friday, 11 June 2027 (public holidays in between: 9 Jun; {NOT_YET})",
        ),
        (
            datetime(2027, 7, 1, 2, 0, tzinfo=UTC),
            "zh_Hant",
            "2027年7月12日 星期一（暫定，2027 年的放假安排公布後才能確定）",
        ),
    ],
)
def test_a_date_names_the_holidays_in_between_and_sounds_provisional(
    at: datetime, locale: str, text: str
) -> None:
    assert shown(asked(RequestKind.ACCESS, at=at), locale) == text


def test_an_extended_date_is_explained_by_its_reason_alone() -> None:
    of = replace(asked(RequestKind.ACCESS), work=Work(first_due=date(2026, 10, 13)))
    assert shown(of) == "2026年10月13日 星期二"


def test_before_a_clock_runs_there_is_no_date() -> None:
    assert shown(replace(asked(RequestKind.ACCESS), clocks=())) == ""


@pytest.mark.parametrize("nested", [False, True])
def test_a_sentence_gets_the_date_of_the_ticket_that_it_names(nested: bool) -> None:
    of = asked(RequestKind.ACCESS, at=LATE_DECEMBER)
    due: Any = {"$due": of.id.hex()}
    event = Event(
        offset=1,
        at=LATE_DECEMBER,
        job_id="j",
        sender=Sender.ASSISTANT,
        kind=EventKind.TEXT,
        key="request_status.mine" if nested else "desk.filed_stands",
        args={"answer_by": {"$term": "request_status.answer_by", "args": {"due": due}}}
        if nested
        else {"what": of.number, "due": due},
        locale="en",
    )
    rendered = RENDERER.render_event(event, lambda name: of if name == of.id.hex() else None, NOW)
    assert "provisional until those of 2027" in rendered.text
