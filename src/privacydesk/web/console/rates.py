"""Rates of report figures in words: whole per cent, or counts where few were counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from privacydesk.domain.figures import Figure

_FEW: Final = 20
"""Below this number, a percentage would look more exact than it is."""


def rate_text(figure: Figure, values: Sequence[int], say: Callable[..., str]) -> str:
    """Return a rate as per cent or as "3 of 4"; a dash if the figure has none.

    Args:
        figure: the figure.
        values: the values of a line, or its totals.
        say: returns a text of the reports by its key.
    """
    return counts_text(figure.share_counts(values) or (0, 0), say)


def counts_text(counts: tuple[int, int], say: Callable[..., str]) -> str:
    """Return a numerator and a denominator as a rate; a dash if nothing was counted."""
    count, total = counts
    if not total:
        return "–"
    return say("count_of", count=count, total=total) if total < _FEW else percentage(count, total)


def bar_value(figure: Figure, values: Sequence[int]) -> str:
    """Return the number at the end of a bar: a rate without its total, or the sum of the line."""
    if figure.share_counts(figure.totals) is None:
        return str(sum(values))
    counts = figure.share_counts(values)
    if counts is None:
        return "–"
    count, total = counts
    return str(count) if total < _FEW else percentage(count, total)


def percentage(count: int, total: int) -> str:
    """Return a share as whole per cent; 0 and 100 only if it is exactly that."""
    rounded = round(100 * count / total)
    if 0 < count < total:
        rounded = min(99, max(1, rounded))
    return f"{rounded}%"
