"""Figures of reports in an agent's language, laid out as a chart and as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from privacydesk.domain.reports import (
    MORE,
    NO_CLOCK,
    OVERDUE,
    PROMISED_DAYS,
    Figure,
    FigureName,
)
from privacydesk.services.spreadsheets import Cell
from privacydesk.web.console import charts
from privacydesk.web.console.charts import APART, LATE, Chart, Shown, Told
from privacydesk.web.console.leads import Leads
from privacydesk.web.console.words import Words

_DRAW: Final[Mapping[FigureName, Callable[[Told], Chart]]] = {
    FigureName.ON_TIME: charts.rows,
    FigureName.REPLY_DAYS: charts.columns,
    FigureName.BACKLOG: charts.rows,
    FigureName.REFUSALS: charts.rows,
    FigureName.GIVEN_UP: charts.rows,
    FigureName.UNSURE: charts.rows,
    FigureName.SATISFACTION: charts.rows,
}
_OF_KINDS: Final = frozenset({FigureName.ON_TIME, FigureName.SATISFACTION})


class Drawn(Struct, frozen=True):
    """A figure as the page shows it.

    Attributes:
        lead: its headline, in a sentence; empty where nothing stands out.
        what: what exactly is counted.
        by: what its lines are about.
        columns: names of its counts, and of its rate last, if it has one.
        rows: label, and the values of the columns.
        totals: of all lines, if a sum is meaningful.
    """

    name: str
    title: str
    lead: str
    what: str
    by: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...]
    chart: Chart
    is_empty: bool

    def file_rows(self) -> Iterator[tuple[Cell, ...]]:
        """Yield the rows of a file with the same figures."""
        yield (self.by, *self.columns)
        yield from self.rows


class Figures:
    """Words figures in an agent's language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def drawn(self, figure: Figure) -> Drawn:
        """Return a figure, ready for a page."""
        name = figure.name
        columns = tuple(self._words.report(f"column.{one}") for one in figure.columns)
        lines = tuple(
            Shown(
                self._label(name, line.label),
                self._short(name, line.label),
                line.values,
                *self._told(figure, line.values),
                look=_look(name, line.label),
            )
            for line in figure.lines
        )
        title = self._words.report(f"figure.{name.value}")
        counted = (
            self._words.sentence("web.console.pair", name=column, value=str(number))
            for column, number in zip(columns, figure.totals, strict=True)
        )
        by = self._words.report(f"by.{name.value}")
        told = Told(
            name.value,
            title,
            self._words.joined(counted),
            columns,
            lines,
            by,
            (PROMISED_DAYS, self._words.report("promised", count=PROMISED_DAYS))
            if name is FigureName.REPLY_DAYS
            else None,
        )
        rated = figure.share(figure.totals) is not None
        share = (self._words.report(f"share.{name.value}"),) if rated else ()
        return Drawn(
            name=name.value,
            title=title,
            lead="" if figure.is_empty else Leads(self._words.report, self._label).lead(figure),
            what=self._words.report(f"what.{name.value}"),
            by=by,
            columns=(*columns, *share),
            rows=tuple(
                (shown.label, *shown.values, *self._share(figure, shown.values, rated=rated))
                for shown in lines
            ),
            totals=(*figure.totals, *self._share(figure, figure.totals, rated=rated)),
            chart=_DRAW[name](told),
            is_empty=figure.is_empty,
        )

    def _share(self, figure: Figure, values: tuple[int, ...], *, rated: bool) -> tuple[str, ...]:
        if not rated:
            return ()
        share = figure.share(values)
        return ("–" if share is None else f"{share:.1%}",)

    def _told(self, figure: Figure, values: tuple[int, ...]) -> tuple[str, str]:
        """Return the text at a bar's end, and what follows it."""
        share, number = figure.share(values), sum(values)
        if share is None:
            return str(number), ""
        return f"{share:.1%}", self._words.report("out_of", count=number)

    def _label(self, name: FigureName, label: str) -> str:
        if name in _OF_KINDS:
            return self._words.term("kind", label)
        if name is FigureName.REFUSALS:
            return self._words.term("ground", label)
        if name is FigureName.UNSURE:
            return self._words.language(label)
        if name is FigureName.GIVEN_UP:
            return self._words.report(f"step.{label}", label)
        if name is FigureName.BACKLOG and label == "0":
            return self._words.report("backlog.today")
        if label.isdecimal():
            return self._words.report("days", count=int(label))
        return self._words.report(f"{name.value}.{label}")

    def _short(self, name: FigureName, label: str) -> str:
        if name is FigureName.REFUSALS:
            return self._words.report(f"ground.{label}")
        if name is FigureName.REPLY_DAYS:
            return label if label.isdecimal() else self._words.report("short.reply_days.more")
        return self._label(name, label)


def _look(name: FigureName, label: str) -> int:
    """Return the style of a line's bar: late ones stand out, those without a clock stand apart."""
    if name is FigureName.REPLY_DAYS:
        return LATE if label == MORE or int(label) > PROMISED_DAYS else 0
    if name is FigureName.BACKLOG:
        return {OVERDUE: LATE, NO_CLOCK: APART}.get(label, 0)
    return 0
