"""The tables of report figures in words: headings, labels and cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from privacydesk.domain.figures import (
    COLUMNS,
    HELP_FIGURES,
    SPREADS,
    TIME_FIGURES,
    Figure,
    FigureName,
    measure_of,
)
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.spreadsheets import Cell

_EXACT_MINUTES: Final = 10
_BY_KIND: Final = frozenset({FigureName.ON_TIME, FigureName.CLOSINGS, FigureName.SATISFACTION})
"""Figures with a line for each kind of request."""
_BY_TEAM: Final = frozenset({FigureName.TASKS, FigureName.TASK_DAYS})
_BY_LANGUAGE: Final = frozenset({FigureName.UNSURE})


class FigureTables:
    """Renders the tables of figures in one language.

    Args:
        text: returns a text by its key.
        language: returns the name of a locale's language.
        team: returns what a team is called.
    """

    def __init__(
        self,
        text: Callable[..., str],
        language: Callable[[str], str],
        team: Callable[[str], str],
    ) -> None:
        self._text = text
        self._team = team
        self._language = language

    def title(self, name: FigureName) -> str:
        """Return the title of a figure."""
        return self._text(f"web.report.figure.{name.value}")

    def explanation(self, name: FigureName) -> str:
        """Return what exactly a figure counts."""
        return self._text(f"web.report.what.{measure_of(name)}")

    def row_heading(self, name: FigureName) -> str:
        """Return the heading of the column with the labels."""
        by = name.removeprefix(measure_of(name)).lstrip("_") or name.value
        return self._text(f"web.report.by.{by}")

    def columns(self, name: FigureName) -> tuple[str, ...]:
        """Return the headings of the columns with counts."""
        return tuple(self._text(f"web.report.column.{column}") for column in COLUMNS[name])

    def rate_column(self, figure: Figure) -> tuple[str, ...]:
        """Return the heading of the column with the rate; none if the figure has no rate."""
        if figure.share(figure.totals) is None:
            return ()
        return (self._text(f"web.report.share.{measure_of(figure.name)}"),)

    def rows(self, figure: Figure) -> tuple[tuple[Cell, ...], ...]:
        """Return the rows: label, counts, and the rate if there is one."""
        return tuple(
            (self.label(figure.name, line.label), *cells(figure, line.values))
            for line in figure.lines
        )

    def label(self, name: FigureName, label: str) -> str:
        """Return the label of a line."""
        if name in HELP_FIGURES and label.isdecimal():
            return f"{label:0>2}:00"
        if name in HELP_FIGURES or name in _BY_LANGUAGE:
            return self._language(label)
        if name in _BY_KIND:
            return capitalize_first(self._text(f"kind.{label}"))
        if name is FigureName.REFUSALS:
            return capitalize_first(self._text(f"ground.{label}"))
        if name in _BY_TEAM:
            return self._team(label)
        if name is FigureName.INCIDENTS:
            return label
        if name is FigureName.GIVEN_UP:
            return self._step(label)
        if name is FigureName.BACKLOG and label == "0":
            return self._text("web.report.backlog.today")
        if label.isdecimal():
            return self._text("web.report.days", count=int(label))
        return self._text(f"web.report.{name.value}.{label}")

    def _step(self, label: str) -> str:
        try:
            return self._text(f"web.report.step.{label}")
        except KeyError:
            return label


def cells(figure: Figure, values: tuple[int, ...]) -> tuple[Cell, ...]:
    """Return the cells of a line after its label: its values, and its rate if there is one."""
    counts = count_cells(figure, values)
    if figure.share(figure.totals) is None:
        return counts
    share = figure.share(values)
    return (*counts, "–" if share is None else f"{share:.1%}")


def count_cells(figure: Figure, values: tuple[int, ...]) -> tuple[Cell, ...]:
    """Return the values of a line as cells; durations in seconds are shown as minutes."""
    if figure.name not in SPREADS:
        return values
    count, *durations = values
    return (count, *(duration_text(figure.name, one) if count else "–" for one in durations))


def duration_text(name: FigureName, value: int) -> str:
    """Return a duration of a figure as a number: of minutes, or of working days."""
    return minutes_text(value) if name in TIME_FIGURES else str(value)


def minutes_text(seconds: int) -> str:
    """Return a duration as minutes: with one decimal below ten."""
    minutes = seconds / 60
    return f"{minutes:.1f}" if minutes < _EXACT_MINUTES else f"{minutes:.0f}"
