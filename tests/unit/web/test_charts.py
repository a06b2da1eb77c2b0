from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from privacydesk.web.console.charts import (
    LATE,
    WIDTH,
    Chart,
    ChartData,
    ChartRow,
    fitting_label,
    headline_size,
    horizontal_chart,
    vertical_chart,
)

COUNTS = st.integers(0, 10**9)


def chart_data(*lines: tuple[int, ...], names: tuple[str, ...] = ("on time", "late")) -> ChartData:
    rows = tuple(ChartRow(f"label {n}", f"{n}", one, f"{sum(one)}") for n, one in enumerate(lines))
    return ChartData("figure", "A figure", "on time: 1", names, rows)


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
    chart = horizontal_chart(chart_data((30, 10), (0, 0), (0, 20)))
    first, second, third = chart.bars[2:]
    assert first.x + first.width == second.x
    assert first.width == pytest.approx(3 * second.width)
    assert third.width == pytest.approx(2 * second.width)
    assert (first.series, second.series, third.series) == (0, 1, 1)
    assert first.y == second.y < third.y


def test_a_count_is_seen_however_small_it_is() -> None:
    chart = horizontal_chart(chart_data((1_000_000, 1)))
    assert min(one.width for one in chart.bars) >= 2
    assert (
        min(one.height for one in vertical_chart(chart_data((1_000_000,), (1,), names=("n",))).bars)
        >= 2
    )


def test_one_part_needs_no_legend() -> None:
    assert len(horizontal_chart(chart_data((3,), names=("refusals",))).bars) == 1
    legend = [word.text for word in horizontal_chart(chart_data((3, 1))).labels][:2]
    assert legend == ["on time", "late"]


def test_a_part_that_no_bar_has_is_not_in_the_legend() -> None:
    labels = [word.text for word in horizontal_chart(chart_data((3, 0))).labels]
    assert "late" not in labels
    assert labels[0] == "on time"


def test_a_long_headline_is_set_smaller() -> None:
    assert headline_size("81% on time") == headline_size("") > headline_size("word " * 20) > 5


def test_a_limit_stands_after_its_column_and_is_named() -> None:
    figure = structs.replace(
        chart_data((3,), (2,), (1,), names=("answers",)), limit=(0, "promised")
    )
    chart = vertical_chart(figure)
    ((x, _, same, _),) = chart.limits
    assert x == same
    assert chart.bars[0].x + chart.bars[0].width < x < chart.bars[1].x
    assert "promised" in [word.text for word in chart.labels]


def test_a_line_that_is_late_looks_unlike_the_others() -> None:
    late = ChartRow("ten days", "10", (4,), "4", style=LATE)
    figure = structs.replace(chart_data((3,), names=("answers",)), lines=(late,))
    assert [bar.series for bar in vertical_chart(figure).bars] == [LATE]
    assert [bar.series for bar in horizontal_chart(figure).bars] == [LATE]


def test_nothing_at_all_has_no_bars_and_all_its_labels() -> None:
    chart = vertical_chart(chart_data((0,), (0,), names=("answers",)))
    assert chart.bars == ()
    assert [word.text for word in chart.labels] == ["0", "0", "0", "1"]


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=12))
def test_lying_bars_stay_within_the_picture(lines: list[tuple[int, int]]) -> None:
    chart = horizontal_chart(chart_data(*lines))
    assert chart.width == WIDTH
    assert outside(chart) == []


@given(st.lists(st.tuples(COUNTS), min_size=1, max_size=12))
def test_standing_bars_stay_within_the_picture(lines: list[tuple[int]]) -> None:
    assert outside(vertical_chart(chart_data(*lines, names=("answers",)))) == []


@given(st.text(st.characters(categories=("L", "N", "Zs")), max_size=80))
def test_a_long_name_is_cut_so_that_its_beginning_is_seen(name: str) -> None:
    label = fitting_label(name)
    assert fitting_label(label) == label
    assert label == name or (label.endswith("…") and name.startswith(label[:-1]))
    assert fitting_label("Payments") == "Payments"
    assert fitting_label("短信服务商误发名单" * 3) == "短信服务商误发名单短信服务…"
