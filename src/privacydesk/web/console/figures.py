"""Rendering of report figures in the agent's language: headline, chart and table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.figures import (
    COLUMNS,
    SHARES,
    SPREADS,
    Figure,
    FigureName,
    Line,
)
from privacydesk.domain.reports import MORE, NO_CLOCK, OVERDUE, PROMISED_DAYS
from privacydesk.services.figure_tables import (
    FigureTables,
    cells,
    count_cells,
)
from privacydesk.services.spreadsheets import Cell
from privacydesk.web.console import charts
from privacydesk.web.console.charts import (
    Chart,
    ChartData,
    ChartRow,
    fitting_label,
    horizontal_chart,
    vertical_chart,
)
from privacydesk.web.console.headlines import Headlines
from privacydesk.web.console.localizer import Localizer
from privacydesk.web.console.rates import bar_value

_NAMED_BY_STAFF: Final = frozenset({FigureName.TASKS, FigureName.TASK_DAYS, FigureName.INCIDENTS})
"""Figures whose labels are names of any length."""
_VERTICAL: Final = frozenset({FigureName.REPLY_DAYS})
"""Figures whose chart has vertical bars."""


class RenderedFigure(Struct, frozen=True):
    """A figure with all texts that its page shows.

    Attributes:
        headline: the most notable result in a sentence; empty if there is none.
        explanation: what exactly is counted.
        row_heading: the heading of the column with the labels.
        columns: the headings of the other columns; the last is that of the rate, if there is one.
        rows: the cells of each line: label, counts, and rate if there is one.
        totals: the cells of the last row, without its label.
    """

    name: str
    title: str
    headline: str
    explanation: str
    row_heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...]
    chart: Chart
    is_empty: bool

    def file_rows(self) -> Iterator[tuple[Cell, ...]]:
        """Yield the rows of a CSV file with the figure's table, headings first."""
        yield (self.row_heading, *self.columns)
        yield from self.rows


class FigureRenderer:
    """Renders figures in an agent's language.

    Args:
        localizer: the texts in that language.
    """

    def __init__(self, localizer: Localizer) -> None:
        self._localizer = localizer
        self._tables = FigureTables(localizer.sentence, localizer.language, localizer.team)

    def render(self, figure: Figure) -> RenderedFigure:
        """Return a figure with its headline, chart and table."""
        name = figure.name
        data = self._chart_data(figure)
        return RenderedFigure(
            name=name.value,
            title=data.title,
            headline=self._headline(figure),
            explanation=self._tables.explanation(name),
            row_heading=data.axis_title,
            columns=(*self._tables.columns(name), *self._tables.rate_column(figure)),
            rows=self._tables.rows(figure),
            totals=cells(figure, figure.totals),
            chart=(vertical_chart if name in _VERTICAL else horizontal_chart)(data),
            is_empty=figure.is_empty,
        )

    def _chart_data(self, figure: Figure) -> ChartData:
        name, say = figure.name, self._localizer.report
        columns = self._tables.columns(name)
        totals = (
            self._localizer.sentence("web.console.pair", name=column, value=str(total))
            for column, total in zip(columns, count_cells(figure, figure.totals), strict=True)
        )
        data = ChartData(
            name=name.value,
            title=self._tables.title(name),
            description=self._localizer.join(totals),
            columns=columns,
            lines=tuple(self._chart_row(figure, line) for line in figure.lines),
            axis_title=self._tables.row_heading(name),
            rate=self._rate_title(figure),
            compared=_compared_columns(name),
        )
        if name is FigureName.REPLY_DAYS:
            return replace(data, limit=(PROMISED_DAYS, say("promised", count=PROMISED_DAYS)))
        if name is FigureName.TASKS:
            return replace(data, styles=(0, charts.LATE, 2, charts.OVERDUE))
        if name in SPREADS:
            in_days = name is FigureName.TASK_DAYS
            return replace(
                data,
                columns=(say("half_within"), say("all_within" if in_days else "most_within")),
                rate=say("days_unit" if in_days else "times_unit"),
                styles=(0, charts.SEPARATE),
            )
        return data

    def _chart_row(self, figure: Figure, line: Line) -> ChartRow:
        values, (value_text, note) = line.values, self._value_text(figure, line.values)
        if figure.name in SPREADS:
            _, median, most = values
            # The bar reaches to the higher value, and its first segment to the median.
            values = (median, most - median)
            value_text, note = _spread_text(figure, line.values)
        return ChartRow(
            label=self._tables.label(figure.name, line.label),
            short_label=self._short_label(figure.name, line.label),
            values=values,
            value_text=value_text,
            note=note,
            style=_bar_style(figure.name, line.label),
        )

    def _headline(self, figure: Figure) -> str:
        if figure.is_empty:
            return ""
        return Headlines(self._localizer.report, self._tables.label).headline(figure)

    def _value_text(self, figure: Figure, values: tuple[int, ...]) -> tuple[str, str]:
        """Return the text at the end of a bar, and the note after it."""
        counts = figure.share_counts(values)
        note = "" if counts is None else self._localizer.report("out_of", count=counts[1])
        return bar_value(figure, values), note

    def _rate_title(self, figure: Figure) -> str:
        """Return what the numbers at the end of the bars count; empty without a rate."""
        if figure.share_counts(figure.totals) is None:
            return ""
        return self._localizer.report(f"column.{SHARES[figure.name][0]}")

    def _short_label(self, name: FigureName, label: str) -> str:
        if name is FigureName.REFUSALS:
            return self._localizer.report(f"ground.{label}")
        if name is FigureName.REPLY_DAYS:
            return label if label.isdecimal() else self._localizer.report("short.reply_days.more")
        text = self._tables.label(name, label)
        if name is FigureName.INCIDENTS:
            _day, _, text = text.partition(" ")
        return fitting_label(text) if name in _NAMED_BY_STAFF else text


def _spread_text(figure: Figure, values: tuple[int, ...]) -> tuple[str, str]:
    """Return the median and the higher value of a line."""
    count, median, most = count_cells(figure, values)
    return (str(median), f"/ {most}") if count else ("–", "")


def _compared_columns(name: FigureName) -> frozenset[int]:
    """Return the indices of the columns that a figure's rate is made of."""
    compared = SHARES[name][1] if name in SHARES else ()
    return frozenset(COLUMNS[name].index(column) for column in compared)


def _bar_style(name: FigureName, label: str) -> int:
    """Return the style of a line's bar: late counts, and those without a deadline, differ."""
    if name is FigureName.REPLY_DAYS:
        return charts.LATE if label == MORE or int(label) > PROMISED_DAYS else 0
    if name is FigureName.BACKLOG:
        return {OVERDUE: charts.LATE, NO_CLOCK: charts.SEPARATE}.get(label, 0)
    return 0
