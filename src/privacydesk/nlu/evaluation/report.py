"""Shows how well messages are read: a table of figures, and the confusions as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from msgspec import Struct

from privacydesk.domain.reading import Read
from privacydesk.nlu.evaluation.scores import FIGURES, Score, score, total
from privacydesk.nlu.labels import INTENTS
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.nlu.training.corpus import WRITTEN_ON, Example, Voice

_CELL: Final = 34
_MARGIN: Final = 150


class Judged(Struct, frozen=True):
    """A message, how it was read, and how right that is."""

    language: str
    example: Example
    read: Read
    score: Score


def judged(pipeline: Pipeline, voices: Iterable[Voice]) -> list[Judged]:
    """Return all messages of voices, read."""
    found = []
    for voice in voices:
        for example in voice.examples:
            read = pipeline.parse(example.text, WRITTEN_ON)
            found.append(Judged(voice.language, example, read, score(example, read)))
    return found


def table(found: Sequence[Judged]) -> str:
    """Return the figures of all messages, by language and by slice, as a table in Markdown."""
    lines = [
        f"| | messages | {' | '.join(FIGURES)} |",
        f"| --- | --- | {' | '.join('---' for _ in FIGURES)} |",
    ]
    for name, scores in _parts(found):
        figures = total(scores)
        cells = " | ".join(f"{one:.3f}" for one in figures.values())
        lines.append(f"| {name} | {len(scores)} | {cells} |")
    return "\n".join(lines)


def _parts(found: Sequence[Judged]) -> Iterator[tuple[str, list[Score]]]:
    yield "all", [one.score for one in found]
    for language in sorted({one.language for one in found}):
        yield language, [one.score for one in found if one.language == language]
    for part in sorted({one.example.slice for one in found}):
        yield part, [one.score for one in found if one.example.slice is part]


def confusions(found: Sequence[Judged]) -> str:
    """Return the confusions as SVG: a row for what was meant, a column for what was told."""
    counts = Counter((one.example.intent, one.read.intent) for one in found)
    meant = Counter(one.example.intent for one in found)
    side = _MARGIN + _CELL * len(INTENTS) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img">',
        "<style>text { font: 11px system-ui, sans-serif }</style>",
        "<title>Which intent is taken for which</title>",
        f'<rect width="{side}" height="{side}" fill="#fff"/>',
    ]
    for row, name in enumerate(INTENTS):
        middle = _MARGIN + row * _CELL + _CELL / 2
        parts.append(
            f'<text x="{_MARGIN - 6}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>'
            f'<text transform="translate({middle + 4} {_MARGIN - 6}) rotate(-90)">'
            f"{escape(name)}</text>"
        )
        for column, other in enumerate(INTENTS):
            count = counts[name, other]
            parts.append(_cell(row, column, count, count / max(meant[name], 1)))
    return "".join([*parts, "</svg>\n"])


def _cell(row: int, column: int, count: int, share: float) -> str:
    x, y = _MARGIN + column * _CELL, _MARGIN + row * _CELL
    # Right ones in blue, wrong ones in red; the number says the same without colour.
    tone = "30, 94, 180" if row == column else "190, 40, 30"
    strength = share if row == column else min(share * 8, 1.0)
    dark = strength > 0.55  # noqa: PLR2004 - from here on white reads better
    number = (
        f'<text x="{x + _CELL / 2}" y="{y + _CELL / 2 + 4}" text-anchor="middle" '
        f'fill="{"#fff" if dark else "#222"}">{count}</text>'
        if count
        else ""
    )
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" '
        f'fill="rgba({tone}, {strength:.2f})" stroke="#ddd"/>{number}'
    )
