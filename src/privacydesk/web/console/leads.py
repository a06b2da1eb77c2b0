"""The headline of a figure: the sentence that a newspaper would print above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from privacydesk.domain.reports import MORE, OVERDUE, PROMISED_DAYS, Figure, FigureName, Line

_FEW = 5
"""A line with a smaller count than this says nothing about a rate."""


class Leads:
    """Finds and words headlines.

    Args:
        say: words a report's sentence by its key, in the reader's language.
        label: names a line of a figure.
    """

    def __init__(self, say: Callable[..., str], label: Callable[[FigureName, str], str]) -> None:
        self._say = say
        self._label = label

    def lead(self, figure: Figure) -> str:
        """Return the headline of a non-empty figure; empty where nothing stands out."""
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

    def _said(self, figure: Figure, what: str, **args: Any) -> str:
        return self._say(f"lead.{figure.name.value}.{what}", **args)

    def _rate(self, figure: Figure) -> str:
        share = figure.share(figure.totals)
        if share is None:
            return ""
        rate = f"{share:.1%}"
        if figure.name is FigureName.UNSURE:
            return self._said(figure, "rate", rate=rate)
        least = min(_telling(figure), key=lambda one: one[0], default=None)
        if least is None or least[0] >= share:
            return self._said(figure, "rate", rate=rate)
        label = self._label(figure.name, least[1].label)
        return self._said(figure, "least", rate=rate, label=label, least=f"{least[0]:.1%}")

    def _reply_days(self, figure: Figure) -> str:
        late = sum(
            line.values[0]
            for line in figure.lines
            if line.label == MORE or int(line.label) > PROMISED_DAYS
        )
        what, count = ("late" if late else "none_late"), figure.totals[0]
        return self._said(figure, what, late=late, count=count, days=PROMISED_DAYS)

    def _backlog(self, figure: Figure) -> str:
        overdue = sum(line.values[0] for line in figure.lines if line.label == OVERDUE)
        what = "overdue" if overdue else "none_overdue"
        return self._said(figure, what, count=figure.totals[0], overdue=overdue)

    def _refusals(self, figure: Figure) -> str:
        most = max(figure.lines, key=lambda line: line.values[0])
        ground = self._say(f"ground.{most.label}")
        number = most.values[0]
        return self._said(figure, "most", count=figure.totals[0], ground=ground, number=number)

    def _given_up(self, figure: Figure) -> str:
        most = max(_telling(figure), key=lambda one: one[0], default=None)
        if most is None or not most[0]:
            return ""
        label = self._label(figure.name, most[1].label)
        return self._said(figure, "most", label=label, rate=f"{most[0]:.1%}")


def _telling(figure: Figure) -> list[tuple[float, Line]]:
    """Return the lines with a meaningful rate, each after its rate."""
    shares = ((figure.share(line.values), line) for line in figure.lines)
    return [
        (share, line) for share, line in shares if share is not None and sum(line.values) >= _FEW
    ]
