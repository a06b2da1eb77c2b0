"""Layout of bar charts for the reports; the template ``console/chart.svg`` draws them.

A chart only illustrates the table below it: it has bars, their values, and a legend. Segments of a
bar differ by texture as well as by colour. Lengths are in units of the SVG view box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import east_asian_width

from msgspec import Struct

WIDTH: Final = 480
_MARGIN: Final = 8
_FONT_SIZE: Final = 13
_HEADLINE_SIZE: Final = 17

_MAX_LABEL_WIDTH: Final = 190
"""The maximum width of row labels; the column is narrower if all labels are shorter."""
_VALUE_WIDTH: Final = 96
"""The width reserved at the end of a row for its value."""
_ROW_HEIGHT: Final = 28
_DENSE_ROW_HEIGHT: Final = 20
_DENSE_FROM: Final = 13
"""The number of rows from which they stand closer together."""
_BAR_SHARE: Final = 4 / 7
"""The height of a bar, as a share of its row."""

_HEIGHT: Final = 216
"""The height of a chart with vertical bars."""
_FOOT: Final = 46
"""The height below vertical bars, for labels and the axis title."""
_HEAD: Final = 46
"""The height above vertical bars, for values and the name of the limit."""
_GAP: Final = 0.24
"""The gap between vertical bars, as a fraction of the distance between their centres."""
_LEGEND: Final = 32
_SWATCH: Final = 12
_RATE_HEIGHT: Final = 20
"""The height of the line that names the rates."""
_MIN_BAR: Final = 2.0
"""The minimum length of a nonzero bar, so that it is visible beside much longer ones."""

LATE: Final = 1
"""The style of overdue counts: the same as that of the second segment of a bar."""
SEPARATE: Final = 3
"""The style of counts that are of another kind than the other lines of the chart."""
OVERDUE: Final = 4
"""The style of what is overdue and still to be done, beside what was late."""


class Bar(Struct, frozen=True):
    """A bar, or one segment of a stacked bar.

    Attributes:
        series: the index of the column that it shows; determines colour and texture.
    """

    x: float
    y: float
    width: float
    height: float
    series: int


class Label(Struct, frozen=True):
    """A piece of text in a chart.

    Attributes:
        y: the position of its baseline.
        anchor: the part of the text at ``x``: ``start``, ``middle`` or ``end``.
        style: ``quiet`` for less emphasis, ``strong`` for more, or empty.
    """

    x: float
    y: float
    text: str
    anchor: str = "start"
    style: str = ""


class Chart(Struct, frozen=True):
    """The layout of a chart.

    Attributes:
        name: an identifier, unique on the page.
        title: the title of the figure.
        description: the content in a sentence, for screen readers.
        lines: axis lines, as x1, y1, x2, y2.
        limits: lines that mark a limit, as x1, y1, x2, y2.
    """

    name: str
    title: str
    description: str
    height: float
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    lines: tuple[tuple[float, float, float, float], ...] = ()
    limits: tuple[tuple[float, float, float, float], ...] = ()
    width: float = WIDTH


class ChartRow(Struct, frozen=True):
    """A line of a figure, with its texts.

    Attributes:
        label: the full label of the line, for the table.
        short_label: the label in the chart, where there is less room.
        values: the counts of the line by column.
        value_text: the text at the end of its bar, such as a rate.
        note: less prominent text after it, such as the total that the rate refers to.
        style: the style of the bar's first segment: 0, ``LATE`` or ``SEPARATE``.
    """

    label: str
    short_label: str
    values: tuple[int, ...]
    value_text: str
    note: str = ""
    style: int = 0


class ChartData(Struct, frozen=True):
    """The content of a chart: a figure, with its texts.

    Attributes:
        name: an identifier, unique on the page.
        title: the title of the figure.
        description: the content in a sentence, for screen readers.
        columns: the names of the columns, for the legend.
        lines: the lines of the figure.
        axis_title: what the lines stand for.
        limit: index of the last line within the limit, and name of the limit; None without one.
        rate: what the values at the end of the bars are; empty for the sums of the lines.
        compared: indices of the columns that the rate is made of, always in the legend.
        styles: the style of each column's segments, if not its index.
    """

    name: str
    title: str
    description: str
    columns: tuple[str, ...]
    lines: tuple[ChartRow, ...]
    axis_title: str = ""
    limit: tuple[int, str] | None = None
    rate: str = ""
    compared: frozenset[int] = frozenset()
    styles: tuple[int, ...] = ()

    def style_of(self, column: int) -> int:
        """Return the style of a column's segments."""
        return self.styles[column] if self.styles else column


def horizontal_chart(data: ChartData) -> Chart:
    """Return a chart with a horizontal bar for each line, with a segment for each column."""
    maximum = max((sum(line.values) for line in data.lines), default=0)
    label_width = max((_text_width(line.short_label) for line in data.lines), default=0.0)
    start = min(float(_MAX_LABEL_WIDTH), label_width + _MARGIN)
    legend = list(_legend(data, start))
    top = float(_LEGEND if legend else _MARGIN)
    bars = [swatch for swatch, _ in legend]
    labels = [label for _, label in legend]
    if data.rate:
        labels.append(Label(WIDTH, top + _FONT_SIZE, data.rate, "end", "quiet"))
        top += _RATE_HEIGHT
    row_height = _ROW_HEIGHT if len(data.lines) < _DENSE_FROM else _DENSE_ROW_HEIGHT
    for index, line in enumerate(data.lines):
        middle = top + (index + 0.5) * row_height
        row = _Row(start, middle, row_height * _BAR_SHARE, maximum)
        segments = list(_segments(data, line, row))
        bars.extend(segments)
        end = segments[-1].x + segments[-1].width if segments else start
        labels.extend(_row_labels(line, row, end))
    height = top + len(data.lines) * row_height + _MARGIN
    axis = (start, top, start, height - _MARGIN)
    return _chart(data, height, bars, labels, axis)


class _Row(Struct, frozen=True):
    """The place of a row of a horizontal chart: where its bar starts, its middle and height."""

    start: float
    middle: float
    bar_height: float
    maximum: int


def _segments(data: ChartData, line: ChartRow, row: _Row) -> Iterator[Bar]:
    x, scale = row.start, WIDTH - row.start - _VALUE_WIDTH
    top = row.middle - row.bar_height / 2
    for column, value in enumerate(line.values):
        if value:
            width = max(_MIN_BAR, scale * value / row.maximum)
            style = data.style_of(column) if column else line.style
            yield Bar(x, top, width, row.bar_height, style)
            x += width


def _row_labels(line: ChartRow, row: _Row, end: float) -> Iterator[Label]:
    baseline = row.middle + _FONT_SIZE / 3
    yield Label(row.start - _MARGIN, baseline, line.short_label, "end")
    x = end + _MARGIN
    style = "strong" if any(line.values) else "quiet"
    yield Label(x, baseline, line.value_text, style=style)
    if line.note:
        yield Label(x + _text_width(line.value_text) + 6, baseline, line.note, style="quiet")


def vertical_chart(data: ChartData) -> Chart:
    """Return a chart with a vertical bar for the first column of each line."""
    maximum = max((line.values[0] for line in data.lines), default=0)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(data.lines))
    floor = _HEIGHT - _FOOT
    bars, labels, limits = [], [], []
    for index, line in enumerate(data.lines):
        x = _MARGIN + index * step
        middle = x + step / 2
        value = line.values[0]
        height = max(_MIN_BAR, (floor - _HEAD) * value / maximum) if value else 0.0
        if value:
            width = step * (1 - _GAP)
            bars.append(Bar(x + step * _GAP / 2, floor - height, width, height, line.style))
        style = "strong" if value else "quiet"
        labels.append(Label(middle, floor - height - 6, line.value_text, "middle", style))
        labels.append(Label(middle, floor + _FONT_SIZE + 5, line.short_label, "middle"))
    if data.axis_title:
        labels.append(Label(WIDTH / 2, _HEIGHT - 6, data.axis_title, "middle", "quiet"))
    if data.limit:
        last, name = data.limit
        x = _MARGIN + (last + 1) * step
        limits.append((x, 4.0, x, float(floor)))
        labels.append(Label(x - 6, _FONT_SIZE, name, "end", "quiet"))
    axis = (_MARGIN, floor, WIDTH - _MARGIN, floor)
    return _chart(data, _HEIGHT, bars, labels, axis, limits)


def _chart(  # noqa: PLR0917 - the elements of a chart
    data: ChartData,
    height: float,
    bars: Sequence[Bar],
    labels: Sequence[Label],
    axis: tuple[float, float, float, float],
    limits: Sequence[tuple[float, float, float, float]] = (),
) -> Chart:
    return Chart(
        name=data.name,
        title=data.title,
        description=data.description,
        height=height,
        bars=tuple(bars),
        labels=tuple(labels),
        lines=(axis,),
        limits=tuple(limits),
    )


def _legend(data: ChartData, start: float) -> Iterator[tuple[Bar, Label]]:
    """Yield swatch and label of each column with a count, or that a rate is made of."""
    if len(data.columns) == 1:
        return
    entries = [
        (series, name)
        for series, name in enumerate(data.columns)
        if series in data.compared or any(line.values[series] for line in data.lines)
    ]
    width = sum(_SWATCH + 6 + _text_width(name) + 18 for _, name in entries) - 18
    x = max(0.0, min(start, WIDTH - width))
    for series, name in entries:
        yield (
            Bar(x, _MARGIN, _SWATCH, _SWATCH, data.style_of(series)),
            Label(x + _SWATCH + 6, _MARGIN + _SWATCH - 1, name),
        )
        x += _SWATCH + 6 + _text_width(name) + 18


def fitting_label(text: str) -> str:
    """Return a label as it fits beside horizontal bars, its end cut off if need be."""
    available = _MAX_LABEL_WIDTH - _MARGIN
    if _text_width(text) <= available:
        return text
    shown = text
    while _text_width(shown + "…") > available:
        shown = shown[:-1]
    return shown.rstrip() + "…"


def headline_size(text: str) -> float:
    """Return the font size at which a headline fits above a chart in one line."""
    available = WIDTH - 2 * _MARGIN
    return min(_HEADLINE_SIZE, _FONT_SIZE * available / max(1.0, _text_width(text)))


def _text_width(text: str) -> float:
    """Return the approximate width of a text in the chart's font size."""
    return sum(
        _FONT_SIZE if east_asian_width(character) in "WF" else _FONT_SIZE * 0.58
        for character in text
    )
