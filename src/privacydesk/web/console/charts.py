"""Charts: the layout of a figure's bars and labels. ``console/chart.svg`` draws them.

A chart shows what its table says, so it stays small: bars, their numbers, and a legend. Parts of a
bar differ by texture as well as by colour. Lengths are in the units of the view box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import east_asian_width

from msgspec import Struct

WIDTH: Final = 480
_MARGIN: Final = 8
_TYPE: Final = 13
"""The font size."""
_HEADLINE: Final = 17

_LABEL: Final = 190
"""The maximum width of row labels; less if all of them are shorter."""
_TOLD: Final = 96
"""The room at the end of a row for its numbers."""
_ROW: Final = 28
_BAR: Final = 16

_HEIGHT: Final = 216
_FOOT: Final = 46
_HEAD: Final = 46
_GAP: Final = 0.24
_LEGEND: Final = 32
_SWATCH: Final = 12
_LEAST: Final = 2.0
"""The minimum length of a nonzero bar, so that it is visible beside much longer ones."""

LATE: Final = 1
"""The style of overdue counts, as of a bar's second part."""
APART: Final = 3
"""The style of counts of another kind than the rest."""


class Bar(Struct, frozen=True):
    """A part of a bar.

    Attributes:
        series: which column it shows, 0 for the first; decides colour and texture.
    """

    x: float
    y: float
    width: float
    height: float
    series: int


class Word(Struct, frozen=True):
    """A label or number.

    Attributes:
        y: its baseline.
        anchor: which part is at ``x``: ``start``, ``middle`` or ``end``.
        look: ``quiet`` for less emphasis, ``strong`` for more; or empty.
    """

    x: float
    y: float
    text: str
    anchor: str = "start"
    look: str = ""


class Chart(Struct, frozen=True):
    """A chart, laid out.

    Attributes:
        name: unique on its page.
        title: what it shows.
        told: the same in a sentence, for screen readers.
        lines: horizontal or vertical rules, as x1, y1, x2, y2.
        limits: the same, for lines that mark a limit.
    """

    name: str
    title: str
    told: str
    height: float
    bars: tuple[Bar, ...]
    words: tuple[Word, ...]
    lines: tuple[tuple[float, float, float, float], ...] = ()
    limits: tuple[tuple[float, float, float, float], ...] = ()
    width: float = WIDTH


class Shown(Struct, frozen=True):
    """A line of a figure, with its wording.

    Attributes:
        label: what it is about.
        short: the same where there is little room.
        values: its counts, column by column.
        told: the text at its bar's end, such as a rate.
        beside: less prominent text after it, such as the number that the rate is of.
        look: the style of its bar's first part, if it differs from the others'.
    """

    label: str
    short: str
    values: tuple[int, ...]
    told: str
    beside: str = ""
    look: int = 0


class Told(Struct, frozen=True):
    """A figure with its wording: what ``rows`` and ``columns`` draw.

    Attributes:
        by: what the lines are about, for an axis.
        limit: the last line within the limit, and the limit's name; None without one.
    """

    name: str
    title: str
    told: str
    columns: tuple[str, ...]
    lines: tuple[Shown, ...]
    by: str = ""
    limit: tuple[int, str] | None = None


def rows(figure: Told) -> Chart:
    """Return a chart with a horizontal bar for each line, its parts stacked."""
    most = max((sum(line.values) for line in figure.lines), default=0)
    longest = max((_wide(line.short) for line in figure.lines), default=0.0)
    start = min(float(_LABEL), longest + _MARGIN)
    room = WIDTH - start - _TOLD
    legend = list(_legend(figure, start))
    top = _LEGEND if legend else _MARGIN
    bars = [one for one, _ in legend]
    words = [word for _, word in legend]
    for place, line in enumerate(figure.lines):
        y = top + place * _ROW
        middle = y + _ROW / 2 + _TYPE / 3
        words.append(Word(start - _MARGIN, middle, line.short, "end"))
        x = start
        for series, value in enumerate(line.values):
            if value:
                width = max(_LEAST, room * value / most)
                bars.append(Bar(x, y + (_ROW - _BAR) / 2, width, _BAR, series or line.look))
                x += width
        x += _MARGIN
        words.append(Word(x, middle, line.told, look="strong" if any(line.values) else "quiet"))
        if line.beside:
            words.append(Word(x + _wide(line.told) + 6, middle, line.beside, look="quiet"))
    height = top + len(figure.lines) * _ROW + _MARGIN
    axis = (start, top, start, height - _MARGIN)
    return _chart(figure, height, bars, words, axis)


def columns(figure: Told) -> Chart:
    """Return a chart with a vertical bar for each line."""
    most = max((line.values[0] for line in figure.lines), default=0)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(figure.lines))
    floor = _HEIGHT - _FOOT
    bars, words, limits = [], [], []
    for place, line in enumerate(figure.lines):
        x = _MARGIN + place * step
        middle = x + step / 2
        value = line.values[0]
        height = max(_LEAST, (floor - _HEAD) * value / most) if value else 0.0
        if value:
            width = step * (1 - _GAP)
            bars.append(Bar(x + step * _GAP / 2, floor - height, width, height, line.look))
        look = "strong" if value else "quiet"
        words.append(Word(middle, floor - height - 6, line.told, "middle", look))
        words.append(Word(middle, floor + _TYPE + 5, line.short, "middle"))
    if figure.by:
        words.append(Word(WIDTH / 2, _HEIGHT - 6, figure.by, "middle", "quiet"))
    if figure.limit:
        last, name = figure.limit
        x = _MARGIN + (last + 1) * step
        limits.append((x, 4.0, x, float(floor)))
        words.append(Word(x - 6, _TYPE, name, "end", "quiet"))
    axis = (_MARGIN, floor, WIDTH - _MARGIN, floor)
    return _chart(figure, _HEIGHT, bars, words, axis, limits)


def _chart(  # noqa: PLR0917 - the parts of a picture
    figure: Told,
    height: float,
    bars: Sequence[Bar],
    words: Sequence[Word],
    axis: tuple[float, float, float, float],
    limits: Sequence[tuple[float, float, float, float]] = (),
) -> Chart:
    return Chart(
        name=figure.name,
        title=figure.title,
        told=figure.told,
        height=height,
        bars=tuple(bars),
        words=tuple(words),
        lines=(axis,),
        limits=tuple(limits),
    )


def _legend(figure: Told, start: float) -> Iterator[tuple[Bar, Word]]:
    """Lay out the legend: not for a single series, nor for series that no bar has."""
    if len(figure.columns) == 1:
        return
    shown = [
        (series, name)
        for series, name in enumerate(figure.columns)
        if any(line.values[series] for line in figure.lines)
    ]
    wide = sum(_SWATCH + 6 + _wide(name) + 18 for _, name in shown) - 18
    x = max(0.0, min(start, WIDTH - wide))
    for series, name in shown:
        yield (
            Bar(x, _MARGIN, _SWATCH, _SWATCH, series),
            Word(x + _SWATCH + 6, _MARGIN + _SWATCH - 1, name),
        )
        x += _SWATCH + 6 + _wide(name) + 18


def headline_size(text: str) -> float:
    """Return the font size at which a headline fits above a chart in one line."""
    return min(_HEADLINE, _TYPE * (WIDTH - 2 * _MARGIN) / max(1.0, _wide(text)))


def _wide(text: str) -> float:
    """Return the approximate width of a text: enough to place the next one beside it."""
    return sum(_TYPE if east_asian_width(one) in "WF" else _TYPE * 0.58 for one in text)
