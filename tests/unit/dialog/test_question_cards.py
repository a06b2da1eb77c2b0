"""Cards of questions: what is on them, and which answers they take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from privacydesk.data import dialog_files
from privacydesk.dialog import question_cards
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask

FLOWS = read_flows(dialog_files())
TODAY = date(2026, 9, 28)


def frame(**slots: Any) -> Running:
    return Running("guardian", "", datetime(2026, 9, 28, tzinfo=UTC), 1, slots=slots)


def fields(step: str, **slots: Any) -> tuple[question_cards.Field, ...]:
    ask = FLOWS["guardian"].steps[step]
    assert isinstance(ask, Ask)
    return question_cards.open_fields(FLOWS, frame(**slots), ask)


def taken(step: str, values: question_cards.Values, **found: tuple[Any, ...]) -> Any:
    return question_cards.answers(fields(step), values, found, TODAY)


def names(step: str, **slots: Any) -> list[str]:
    return [one.ask.slot for one in fields(step, **slots)]


def test_a_card_has_the_open_question_and_those_after_it_without_an_answer() -> None:
    wish = ["wish", "wish_detail", "contact"]
    assert names("relation") == ["relation", "child_birth_date", "child_account", *wish]
    assert names("relation", child_birth_date="2014") == ["relation", "child_account", *wish]
    assert names("birth") == ["child_birth_date", "child_account", *wish]
    assert names("wish") == wish
    assert names("detail", contact="a@b.example") == [], "one question alone has no card"
    assert names("remark") == []


def test_only_what_its_own_question_lets_be_skipped_is_optional() -> None:
    assert [one.is_optional for one in fields("wish")] == [False, True, False]


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        ("2014-05-01", True),
        ("2014-05", True),
        ("2014", True),
        ("2026-09-28", True),
        ("2026-09-29", False),
        ("2027", False),
        ("2014-02-30", False),
        ("2014-13", False),
        ("1.5.2014", False),
        ("0", False),
        ("x", False),
    ],
)
def test_a_birth_is_a_date_as_far_as_it_is_known_and_not_in_the_future(
    value: str, is_taken: bool
) -> None:
    given = taken("relation", {"child_birth_date": value})
    assert given == {"child_birth_date": value if is_taken else None}


@pytest.mark.parametrize(
    ("value", "found", "contact"),
    [
        ("a@b.example", {"mail": ("a@b.example",)}, "a@b.example"),
        ("6123 4567", {"phone": ("+8613900000000", "+85261234567")}, "+85261234567"),
        ("139 0000 0000", {"phone": ("+8613900000000", "+85261234567")}, "+8613900000000"),
        ("a@b.example", {"mail": ("other@b.example",)}, None),
        ("next door", {}, None),
    ],
)
def test_a_contact_is_what_was_found_in_its_own_field(
    value: str, found: Mapping[str, tuple[Any, ...]], contact: str | None
) -> None:
    assert taken("wish", {"contact": value}, **found) == {"contact": contact}


@pytest.mark.parametrize(
    "values",
    [
        {"relation": "uncle"},
        {"relation": "desk:human"},
        {"relation": ("mother", "father")},
        {"wish": "stay"},
        {"_account": "u-1"},
    ],
)
def test_what_the_card_does_not_offer_is_no_answer_to_it(values: question_cards.Values) -> None:
    assert taken("relation", values) is None


def test_several_choices_become_a_list_and_one_a_value() -> None:
    assert taken("wish", {"wish": ("close", "delete")}) == {"wish": ["close", "delete"]}
    assert taken("wish", {"wish": ("close",)}) == {"wish": "close"}
    assert taken("wish", {"wish": "close", "wish_detail": ""}) == {"wish": "close"}


def test_an_overlong_text_is_asked_for_again() -> None:
    assert taken("relation", {"child_account": "x" * 2001}) == {"child_account": None}
