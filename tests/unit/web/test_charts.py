from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.web.console.charts import WIDTH, Chart, Shown, Told, columns, rows

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
    legend = [word.text for word in rows(told((3, 0))).words][:2]
    assert legend == ["on time", "late"]


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
