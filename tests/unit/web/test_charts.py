from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from privacydesk.web.console.charts import (
    LATE,
    WIDTH,
    Chart,
    Shown,
    Told,
    columns,
    headline_size,
    rows,
)

COUNTS = st.integers(0, 10**9)


def told(*lines: tuple[int, ...], names: tuple[str, ...] = ("on time", "late")) -> Told:
    shown = tuple(Shown(f"label {n}", f"{n}", one, f"{sum(one)}") for n, one in enumerate(lines))
    return Told("figure", "A figure", "on time: 1", names, shown)


def outside(chart: Chart) -> list[object]:
    return [
        one
        for one in chart.bars
        if one.x < 0
        or one.x + one.width > chart.width
        or one.y < 0
        or one.height < 0
        or one.y + one.height > chart.height
    ]


def test_parts_of_a_bar_lie_one_behind_the_other_in_proportion() -> None:
    chart = rows(told((30, 10), (0, 0), (0, 20)))
    first, second, third = chart.bars[2:]
    assert first.x + first.width == second.x
    assert first.width == pytest.approx(3 * second.width)
    assert third.width == pytest.approx(2 * second.width)
    assert (first.series, second.series, third.series) == (0, 1, 1)
    assert first.y == second.y < third.y


def test_a_count_is_seen_however_small_it_is() -> None:
    chart = rows(told((1_000_000, 1)))
    assert min(one.width for one in chart.bars) >= 2
    assert min(one.height for one in columns(told((1_000_000,), (1,), names=("n",))).bars) >= 2


def test_one_part_needs_no_legend() -> None:
    assert len(rows(told((3,), names=("refusals",))).bars) == 1
    legend = [word.text for word in rows(told((3, 1))).words][:2]
    assert legend == ["on time", "late"]


def test_a_part_that_no_bar_has_is_not_in_the_legend() -> None:
    words = [word.text for word in rows(told((3, 0))).words]
    assert "late" not in words
    assert words[0] == "on time"


def test_a_long_headline_is_set_smaller() -> None:
    assert headline_size("81% on time") == headline_size("") > headline_size("word " * 20) > 5


def test_a_limit_stands_after_its_column_and_is_named() -> None:
    figure = structs.replace(told((3,), (2,), (1,), names=("answers",)), limit=(0, "promised"))
    chart = columns(figure)
    ((x, _, same, _),) = chart.limits
    assert x == same
    assert chart.bars[0].x + chart.bars[0].width < x < chart.bars[1].x
    assert "promised" in [word.text for word in chart.words]


def test_a_line_that_is_late_looks_unlike_the_others() -> None:
    late = Shown("ten days", "10", (4,), "4", look=LATE)
    figure = structs.replace(told((3,), names=("answers",)), lines=(late,))
    assert [bar.series for bar in columns(figure).bars] == [LATE]
    assert [bar.series for bar in rows(figure).bars] == [LATE]


def test_nothing_at_all_has_no_bars_and_all_its_labels() -> None:
    chart = columns(told((0,), (0,), names=("answers",)))
    assert chart.bars == ()
    assert [word.text for word in chart.words] == ["0", "0", "0", "1"]


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=12))
def test_lying_bars_stay_within_the_picture(lines: list[tuple[int, int]]) -> None:
    chart = rows(told(*lines))
    assert chart.width == WIDTH
    assert outside(chart) == []


@given(st.lists(st.tuples(COUNTS), min_size=1, max_size=12))
def test_standing_bars_stay_within_the_picture(lines: list[tuple[int]]) -> None:
    assert outside(columns(told(*lines, names=("answers",)))) == []
