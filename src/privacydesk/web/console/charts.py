"""Charts: where the bars and words of a figure stand. ``console/chart.svg`` draws them.

A chart shows what its table says, so it stays small: bars, their numbers, and a legend. Parts of a
bar differ by texture as well as by colour. Lengths are in the units of the view box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import east_asian_width

from msgspec import Struct

WIDTH: Final = 640
_MARGIN: Final = 8
_TYPE: Final = 13
"""The size of its type."""

_LABEL: Final = 190
"""Where the bars of rows begin."""
_TOLD: Final = 92
"""What is left at the end of a row for its numbers."""
_ROW: Final = 34
_BAR: Final = 20

_HEIGHT: Final = 200
_FOOT: Final = 30
_HEAD: Final = 26
_GAP: Final = 0.28
_LEGEND: Final = 30
_SWATCH: Final = 12
_LEAST: Final = 2.0
"""A count that is not nought is seen, however small it is beside the others."""


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
        anchor: ``start``, ``middle`` or ``end`` of it stands at ``x``.
        quiet: whether it stands back.
    """

    x: float
    y: float
    text: str
    anchor: str = "start"
    quiet: bool = False


class Chart(Struct, frozen=True):
    """A chart, laid out.

    Attributes:
        name: unique on its page.
        title: what it shows.
        told: the same in a sentence, for whoever hears it.
        lines: horizontal or vertical rules, as x1, y1, x2, y2.
    """

    name: str
    title: str
    told: str
    height: float
    bars: tuple[Bar, ...]
    words: tuple[Word, ...]
    lines: tuple[tuple[float, float, float, float], ...] = ()
    width: float = WIDTH


class Shown(Struct, frozen=True):
    """A line of a figure in words.

    Attributes:
        label: what it is about.
        short: the same where there is little room.
        values: its counts, column by column.
        told: what stands at its bar's end, such as a rate.
    """

    label: str
    short: str
    values: tuple[int, ...]
    told: str


class Told(Struct, frozen=True):
    """A figure in words: what ``rows`` and ``columns`` draw."""

    name: str
    title: str
    told: str
    columns: tuple[str, ...]
    lines: tuple[Shown, ...]


def rows(figure: Told) -> Chart:
    """Return a chart with a lying bar for each line, its parts one behind the other."""
    most = max((sum(line.values) for line in figure.lines), default=0)
    room = WIDTH - _LABEL - _TOLD
    legend = list(_legend(figure.columns))
    top = _LEGEND if legend else _MARGIN
    bars = [one for one, _ in legend]
    words = [word for _, word in legend]
    for place, line in enumerate(figure.lines):
        y = top + place * _ROW
        middle = y + _ROW / 2 + _TYPE / 3
        words.append(Word(_LABEL - _MARGIN, middle, line.short, "end"))
        x = float(_LABEL)
        for series, value in enumerate(line.values):
            if value:
                width = max(_LEAST, room * value / most)
                bars.append(Bar(x, y + (_ROW - _BAR) / 2, width, _BAR, series))
                x += width
        words.append(Word(x + _MARGIN, middle, line.told, quiet=True))
    height = top + len(figure.lines) * _ROW + _MARGIN
    axis = (_LABEL, top, _LABEL, height - _MARGIN)
    return _chart(figure, height, bars, words, axis)


def columns(figure: Told) -> Chart:
    """Return a chart with a standing bar for each line."""
    most = max((line.values[0] for line in figure.lines), default=0)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(figure.lines))
    floor = _HEIGHT - _FOOT
    bars, words = [], []
    for place, line in enumerate(figure.lines):
        x = _MARGIN + place * step
        middle = x + step / 2
        value = line.values[0]
        height = max(_LEAST, (floor - _HEAD) * value / most) if value else 0.0
        if value:
            width = step * (1 - _GAP)
            bars.append(Bar(x + step * _GAP / 2, floor - height, width, height, 0))
        words.append(Word(middle, floor - height - 6, line.told, "middle", quiet=not value))
        words.append(Word(middle, floor + _TYPE + 5, line.short, "middle"))
    return _chart(figure, _HEIGHT, bars, words, (_MARGIN, floor, WIDTH - _MARGIN, floor))


def _chart(
    figure: Told,
    height: float,
    bars: Sequence[Bar],
    words: Sequence[Word],
    axis: tuple[float, float, float, float],
) -> Chart:
    return Chart(
        name=figure.name,
        title=figure.title,
        told=figure.told,
        height=height,
        bars=tuple(bars),
        words=tuple(words),
        lines=(axis,),
    )


def _legend(names: Sequence[str]) -> Iterator[tuple[Bar, Word]]:
    """Say what the parts of a bar are; one part needs no saying."""
    if len(names) == 1:
        return
    x = float(_LABEL)
    for series, name in enumerate(names):
        yield (
            Bar(x, _MARGIN, _SWATCH, _SWATCH, series),
            Word(x + _SWATCH + 6, _MARGIN + _SWATCH - 1, name),
        )
        x += _SWATCH + 6 + _wide(name) + 18


def _wide(text: str) -> float:
    """Return about how wide a text is: enough to set the next one beside it."""
    return sum(_TYPE if east_asian_width(one) in "WF" else _TYPE * 0.56 for one in text)
