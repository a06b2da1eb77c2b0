from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.services.test_plans import ticket

from privacydesk.calendars import Calendars
from privacydesk.data import locale_files
from privacydesk.dialog.rules import Rules
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, ScopeItem, Ticket, TicketState
from privacydesk.domain.work import Work
from privacydesk.i18n.catalog import Catalogs
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.rendering import Renderer

NOW = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)
"""The Monday before a holiday week."""

DEADLINES = Deadlines(Calendars(), DeadlineRules())
RENDERER = Renderer(Catalogs(locale_files()), DEADLINES, Rules())


def asked(kind: RequestKind, *items: ScopeItem, at: datetime = NOW) -> Ticket:
    """Return a request that was just verified."""
    filed = replace(
        ticket(kind, *items),
        state=TicketState.IN_REVIEW,
        received_at=at,
        required_assurance=Assurance.ONE_TIME_CODE,
    )
    return DEADLINES.start_deadlines(filed, at, at)


def card(of: Ticket, locale: str = "zh_Hans", now: datetime = NOW) -> dict[str, Any]:
    return RENDERER.ticket_card(of, locale, now)


def steps(of: Ticket) -> list[tuple[str, str]]:
    return [(step["id"], step["state"]) for step in card(of)["steps"]]


def actions(of: Ticket, now: datetime = NOW) -> list[str]:
    return [action["choice"].split(":")[2] for action in card(of, now=now)["actions"]]


def closed(of: Ticket, outcome: Outcome, **changes: Any) -> Ticket:
    return replace(of, state=TicketState.CLOSED, outcome=outcome, closed_at=NOW, **changes)


POSTS = ScopeItem("posts", {"only": [{"from": "2025-01-01", "to": "2025-12-31"}]})


def test_a_request_goes_from_filing_to_an_answer_by_the_steps_it_has() -> None:
    of = asked(RequestKind.DELETION, POSTS)

    waiting = replace(of, state=TicketState.AWAITING_VERIFICATION, verified_at=None, clocks=())
    assert steps(waiting) == [
        ("filed", "done"),
        ("verified", "now"),
        ("review", "todo"),
        ("done", "todo"),
    ]
    assert steps(of)[1:3] == [("verified", "done"), ("review", "now")]
    carried_out = replace(of, state=TicketState.FULFILLING, answered_at=NOW)
    assert steps(carried_out)[2:] == [("review", "done"), ("done", "now")]


def test_a_request_that_needs_no_verification_has_no_step_for_it() -> None:
    complaint = replace(asked(RequestKind.COMPLAINT), required_assurance=Assurance.NONE)

    assert steps(complaint) == [("filed", "done"), ("review", "now"), ("done", "todo")]


@pytest.mark.parametrize(
    ("outcome", "last"),
    [(Outcome.FULFILLED, "done"), (Outcome.REFUSED, "ended"), (Outcome.WITHDRAWN, "ended")],
)
def test_the_last_step_tells_how_a_request_ended(outcome: Outcome, last: str) -> None:
    of = closed(asked(RequestKind.ACCESS), outcome)

    assert steps(of)[-1] == ("done", last)
    assert card(of)["steps"][-1]["label"] == card(of)["outcome_label"]
    assert card(of)["closed_text"] == "2026年9月28日 星期一结束"


def test_what_goes_and_what_stays_are_listed_with_the_limits() -> None:
    shown = card(asked(RequestKind.DELETION, POSTS), "en")

    assert len(shown["items"]) == 1
    assert "2025" in shown["items"][0]
    assert shown["stays"][-1] == "Your other data and the account"
    assert len(shown["stays"]) == 2
    whole = card(asked(RequestKind.DELETION, ScopeItem("all")), "en")
    assert whole["stays"] == ["The account"]
    assert card(asked(RequestKind.ACCESS, ScopeItem("all")))["stays"] == []


def test_a_correction_shows_the_new_value_and_the_old_one_if_known() -> None:
    new = ScopeItem("nickname", {"new_value": "小雨"})
    assert card(asked(RequestKind.RECTIFICATION, new))["changes"] == [
        {"label": "昵称", "new": "小雨"}
    ]
    known = ScopeItem("nickname", {"new_value": "小雨", "old_value": "小鱼"})
    assert card(asked(RequestKind.RECTIFICATION, known))["changes"][0]["old"] == "小鱼"


def test_a_date_behind_a_holiday_has_its_reason() -> None:
    shown = card(asked(RequestKind.ACCESS))

    assert shown["due_date"] == "2026-10-13"
    assert shown["reason_text"] == ("10月1日至10月7日放假，不计入；10月10日调休上班，计入")
    plain = asked(RequestKind.ACCESS, at=datetime(2026, 6, 1, 2, 0, tzinfo=UTC))
    assert "reason_text" not in card(plain)


def test_an_extended_date_names_the_one_promised_first() -> None:
    of = replace(asked(RequestKind.ACCESS), work=Work(first_due=date(2026, 10, 13)))

    assert card(of, "en")["reason_text"] == "Was Tuesday, 13 October 2026; more time is needed"
    explained = replace(of, work=replace(of.work, extended_why="还在等另一个部门。"))
    shown = card(explained)
    assert shown["reason_text"] == ("原定 2026年10月13日 星期二。延后的原因：还在等另一个部门。")
    assert shown["first_due_date"] == "2026-10-13"


def test_each_item_has_its_outcome_after_a_decision() -> None:
    refused = ScopeItem("posts", decision="refuse", ground=Ground.LAW, reason="还在调查")
    results = ({"scope": "comments", "action": "delete", "outcome": "done", "count": 3},)
    of = closed(
        asked(RequestKind.DELETION, refused, ScopeItem("comments", decision="grant")),
        Outcome.PARTLY_FULFILLED,
        work=Work(results=results),
    )

    outcomes = card(of)["outcomes"]
    assert [row["label"] for row in outcomes] == ["评论", "动态"]
    assert "还在调查" in outcomes[1]["value"]
    assert card(replace(of, purged_at=NOW))["outcomes"] == []


def test_actions_follow_the_state() -> None:
    of = asked(RequestKind.ACCESS)
    assert actions(of) == ["add", "ask", "withdraw"]
    assert actions(replace(of, state=TicketState.FULFILLING)) == ["add", "ask"]
    refused = closed(of, Outcome.REFUSED)
    assert actions(refused) == ["object", "ask"]
    assert actions(refused, NOW + timedelta(days=40)) == ["ask"]
    assert actions(replace(refused, work=Work(objection="00"))) == ["ask"]
    assert actions(closed(of, Outcome.WITHDRAWN)) == []


def test_a_purged_request_says_so_and_offers_nothing() -> None:
    of = replace(closed(asked(RequestKind.ACCESS), Outcome.FULFILLED), purged_at=NOW)

    assert card(of)["purged"]
    assert card(of)["actions"] == []
    assert card(of)["closed_text"] == "2026年9月28日 星期一结束，往来内容已按期删除"


def test_a_confirmed_closing_shows_by_when_it_is_carried_out() -> None:
    closing = replace(asked(RequestKind.DEREGISTRATION), answered_at=NOW)
    waiting = replace(closing, state=TicketState.AWAITING_CONFIRMATION)
    waiting = DEADLINES.start_completion(waiting, NOW)
    assert "completion" not in card(waiting), "it is the requester's turn"
    completion = card(replace(waiting, state=TicketState.FULFILLING))["completion"]
    assert completion["due_date"] == "2026-10-23"
    assert completion["reason_text"].startswith("10月1日至10月7日放假")
    assert (completion["provisional"], completion["late"]) == (False, False)
    assert [day["count"] for day in completion["days"]][-1] == 15
