from __future__ import annotations

import pytest

from privacydesk.domain.figures import Figure, FigureName, Line
from privacydesk.web.console.rates import bar_value, percentage, rate_text


def told(*values: int, name: FigureName = FigureName.SATISFACTION) -> str:
    figure = Figure(name, (Line("access", values),))
    return rate_text(figure, values, lambda key, count, total: f"{key}: {count}, {total}")


def test_few_are_counted_and_many_are_a_percentage() -> None:
    assert told(1, 0) == "count_of: 1, 1"
    assert told(19, 0) == "count_of: 19, 19"
    assert told(15, 5) == "75%"


def test_a_figure_without_a_rate_or_a_count_has_none() -> None:
    assert told(0, 0) == "–"
    assert told(3, name=FigureName.REFUSALS) == "–"


def test_what_a_rate_leaves_out_is_not_in_its_total() -> None:
    assert told(1, 1, 40, 40, name=FigureName.ON_TIME) == "count_of: 1, 2"


@pytest.mark.parametrize(
    ("count", "total", "shown"),
    [(0, 30, "0%"), (1, 1000, "1%"), (999, 1000, "99%"), (30, 30, "100%"), (1, 3, "33%")],
)
def test_only_all_are_a_hundred_and_only_none_are_nothing(
    count: int, total: int, shown: str
) -> None:
    assert percentage(count, total) == shown


def test_a_bar_ends_with_its_rate_or_its_sum() -> None:
    rated = Figure(FigureName.UNSURE, (Line("en", (3, 1)),))
    assert bar_value(rated, (3, 1)) == "1"
    assert bar_value(rated, (30, 10)) == "25%"
    on_time = Figure(
        FigureName.ON_TIME, (Line("access", (1, 1, 0, 0)), Line("deletion", (0, 0, 1, 0)))
    )
    assert bar_value(on_time, (0, 0, 1, 0)) == "–"
    assert bar_value(Figure(FigureName.REFUSALS, (Line("law", (7,)),)), (7,)) == "7"
