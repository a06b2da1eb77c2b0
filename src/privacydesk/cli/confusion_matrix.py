"""The confusion matrix of intents as an SVG image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_CELL: Final = 34
_MARGIN: Final = 150


def confusion_matrix_svg(results: Iterable[tuple[str, str]], names: Sequence[str]) -> str:
    """Return an SVG image with a row for each true intent and a column for each predicted one.

    Args:
        results: the true and the predicted intent of each sentence.
        names: the intents, in the order of rows and columns.
    """
    counts = Counter(results)
    row_totals = {name: sum(counts[name, other] for other in names) for name in names}
    side = _MARGIN + _CELL * len(names) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img">',
        "<style>text { font: 11px system-ui, sans-serif }</style>",
        "<title>Which intent is taken for which</title>",
        f'<rect width="{side}" height="{side}" fill="#fff"/>',
    ]
    for row, name in enumerate(names):
        middle = _MARGIN + row * _CELL + _CELL / 2
        parts.append(
            f'<text x="{_MARGIN - 6}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>'
            f'<text transform="translate({middle + 4} {_MARGIN - 6}) rotate(-90)">'
            f"{escape(name)}</text>"
        )
        for column, other in enumerate(names):
            count = counts[name, other]
            parts.append(_cell(row, column, count, count / max(row_totals[name], 1)))
    return "".join([*parts, "</svg>\n"])


def _cell(row: int, column: int, count: int, share: float) -> str:
    x, y = _MARGIN + column * _CELL, _MARGIN + row * _CELL
    # Correct predictions are blue, wrong ones red; the position shows the same without colour.
    colour = "30, 94, 180" if row == column else "190, 40, 30"
    opacity = share if row == column else min(share * 8, 1.0)
    is_dark = opacity > 0.55  # noqa: PLR2004 - from here on white text is easier to read
    number = (
        f'<text x="{x + _CELL / 2}" y="{y + _CELL / 2 + 4}" text-anchor="middle" '
        f'fill="{"#fff" if is_dark else "#222"}">{count}</text>'
        if count
        else ""
    )
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" '
        f'fill="rgba({colour}, {opacity:.2f})" stroke="#ddd"/>{number}'
    )
