"""What stands out in a figure is said in every language; where nothing does, nothing is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.common.web_catalogs import LOCALES

from privacydesk.data import locale_files
from privacydesk.domain.figures import COLUMNS, Figure, FigureName, Line
from privacydesk.i18n.catalog import Catalogs
from privacydesk.web.console.headlines import Headlines

CATALOGS = Catalogs.load(locale_files(LOCALES))


def headline(name: FigureName, *lines: tuple[str, tuple[int, ...]], locale: str = "en") -> str:
    def say(key: str, **args: Any) -> str:
        return CATALOGS.text(locale, f"web.report.{key}", args)

    figure = Figure(name, tuple(Line(label, values) for label, values in lines))
    return Headlines(say, lambda _, label: label).headline(figure)


def test_a_rate_is_told_with_the_line_that_is_furthest_below_it() -> None:
    told = headline(FigureName.ON_TIME, ("access", (9, 1, 0, 0)), ("deletion", (5, 5, 0, 0)))
    assert told == "70% answered on time; lowest: deletion, 5 of 10"


def test_a_line_of_a_few_says_nothing_about_a_rate() -> None:
    told = headline(FigureName.ON_TIME, ("access", (9, 1, 0, 0)), ("deletion", (0, 2, 0, 0)))
    assert told == "9 of 12 answered on time"


def test_answers_after_the_promised_days_are_counted_as_late() -> None:
    lines = [(str(day), (1,)) for day in range(11)]
    told = headline(FigureName.REPLY_DAYS, *lines, ("more", (2,)))
    assert told == "5 of 13 answers took more than 7 working days"
    assert (
        headline(FigureName.REPLY_DAYS, ("7", (3,))) == "All 3 answers came within 7 working days"
    )


def test_what_is_overdue_is_told_and_so_is_that_nothing_is() -> None:
    assert headline(FigureName.BACKLOG, ("overdue", (2,)), ("1", (3,))).endswith(
        "2 of them overdue"
    )
    assert headline(FigureName.BACKLOG, ("overdue", (0,)), ("1", (3,))).endswith("none overdue")


def test_where_nobody_gave_up_nothing_is_said() -> None:
    assert headline(FigureName.GIVEN_UP, ("code", (9, 0)), ("evidence", (7, 0))) == ""
    assert "code" in headline(FigureName.GIVEN_UP, ("code", (5, 5)), ("evidence", (7, 1)))


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant", "en"])
@pytest.mark.parametrize("name", FigureName)
def test_each_figure_has_its_sentence_in_each_language(name: FigureName, locale: str) -> None:
    label = {FigureName.REPLY_DAYS: "9", FigureName.REFUSALS: "law"}.get(name, "x")
    told = headline(name, (label, (5,) * len(COLUMNS[name])), locale=locale)
    assert told
    assert "{" not in told
