"""Reads annotated messages, and compares."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from privacydesk.nlu.evaluation.scores import Score, score
from privacydesk.nlu.pipeline import Pipeline, Read
from privacydesk.nlu.training.corpus import WRITTEN_ON, Example, Voice


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
