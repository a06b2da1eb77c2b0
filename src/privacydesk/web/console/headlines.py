"""Headlines of report figures: one sentence with the most notable result of a figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from privacydesk.domain.figures import SPREADS, Figure, FigureName, Line, measure_of
from privacydesk.domain.reports import MORE, OVERDUE, PROMISED_DAYS
from privacydesk.services.figure_tables import duration_text
from privacydesk.web.console.rates import rate_text

_MIN_COUNT = 5
"""Lines with a smaller count are ignored when rates are compared."""


_WITHOUT_LOWEST: Final = frozenset(
    {
        FigureName.UNSURE,
        FigureName.INCIDENTS,
        FigureName.RETURNS_BY_HOUR,
        FigureName.RETURNS_BY_LANGUAGE,
    }
)
"""Figures whose rate should be low, so that the lowest line is no news."""


class Headlines:
    """Writes headlines in the reader's language.

    Args:
        say: returns a text of the reports by its key.
        label: returns the label of a figure's line.
    """

    def __init__(self, say: Callable[..., str], label: Callable[[FigureName, str], str]) -> None:
        self._say = say
        self._label = label

    def headline(self, figure: Figure) -> str:
        """Return the headline of a non-empty figure; empty if it has no notable result."""
        if figure.name in SPREADS:
            return self._times(figure)
        match figure.name:
            case FigureName.REPLY_DAYS:
                return self._reply_days(figure)
            case FigureName.BACKLOG:
                return self._backlog(figure)
            case FigureName.REFUSALS:
                return self._refusals(figure)
            case FigureName.GIVEN_UP:
                return self._given_up(figure)
            case _:
                return self._rate(figure)

    def _sentence(self, figure: Figure, result: str, **args: Any) -> str:
        return self._say(f"lead.{measure_of(figure.name)}.{result}", **args)

    def _rate(self, figure: Figure) -> str:
        share = figure.share(figure.totals)
        if share is None:
            return ""
        rate = rate_text(figure, figure.totals, self._say)
        if figure.name in _WITHOUT_LOWEST:
            return self._sentence(figure, "rate", rate=rate)
        lowest, line = min(_significant_rates(figure), key=_rate_of, default=(None, None))
        if lowest is None or line is None or lowest >= share:
            return self._sentence(figure, "rate", rate=rate)
        label = self._label(figure.name, line.label)
        least = rate_text(figure, line.values, self._say)
        return self._sentence(figure, "least", rate=rate, label=label, least=least)

    def _times(self, figure: Figure) -> str:
        _, median, most = figure.totals
        half, nine = (duration_text(figure.name, one) for one in (median, most))
        return self._sentence(figure, "times", half=half, nine=nine)

    def _reply_days(self, figure: Figure) -> str:
        late = sum(
            line.values[0]
            for line in figure.lines
            if line.label == MORE or int(line.label) > PROMISED_DAYS
        )
        result, count = ("late" if late else "none_late"), figure.totals[0]
        return self._sentence(figure, result, late=late, count=count, days=PROMISED_DAYS)

    def _backlog(self, figure: Figure) -> str:
        overdue = sum(line.values[0] for line in figure.lines if line.label == OVERDUE)
        result = "overdue" if overdue else "none_overdue"
        return self._sentence(figure, result, count=figure.totals[0], overdue=overdue)

    def _refusals(self, figure: Figure) -> str:
        most = max(figure.lines, key=lambda line: line.values[0])
        ground = self._say(f"ground.{most.label}")
        number = most.values[0]
        return self._sentence(figure, "most", count=figure.totals[0], ground=ground, number=number)

    def _given_up(self, figure: Figure) -> str:
        highest, line = max(_significant_rates(figure), key=_rate_of, default=(None, None))
        if not highest or line is None:
            return ""
        label = self._label(figure.name, line.label)
        rate = rate_text(figure, line.values, self._say)
        return self._sentence(figure, "most", label=label, rate=rate)


def _significant_rates(figure: Figure) -> list[tuple[float, Line]]:
    """Return the lines whose count is large enough for a comparison, each with its rate."""
    shares = ((figure.share(line.values), line) for line in figure.lines)
    return [
        (share, line)
        for share, line in shares
        if share is not None and sum(line.values) >= _MIN_COUNT
    ]


def _rate_of(rate_and_line: tuple[float, Line]) -> float:
    return rate_and_line[0]
