"""Reports how well messages are read, as a table of figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from privacydesk.domain.reading import ReadingResult
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.training.corpus import WRITTEN_ON, Example, Voice
from privacydesk.training.evaluation.scores import FIGURES, Score, score, total


class Judged(Struct, frozen=True):
    """A message, how it was read, and the score of that."""

    language: str
    example: Example
    read: ReadingResult
    score: Score


def judged(pipeline: Pipeline, voices: Iterable[Voice]) -> list[Judged]:
    """Return all messages of voices, read and scored."""
    examples = [(voice.language, one) for voice in voices for one in voice.examples]
    reads = [(*each, pipeline.parse(each[1].text, WRITTEN_ON)) for each in examples]
    return [Judged(*each, score(*each[1:])) for each in reads]


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
