"""Invented policies, and questions about them, as stored in ``corpus/policies``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from privacydesk.policy.chunks import Chunk, split_into_chunks, split_sentences
from privacydesk.policy.importer import read_policy
from privacydesk.policy.tree import PolicyVersion

Place = tuple[int, int]
"""The numbers of a passage and of a sentence in it."""

_IMPORTED: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Question(Struct, frozen=True, kw_only=True):
    """A question.

    Attributes:
        text: as typed.
        language: its locale, ``yue`` for Cantonese.
        answers: places of the sentences that answer; empty where the policy does not say.
        partly: places of sentences that are part of the answer but do not answer alone.
    """

    text: str
    language: str
    answers: frozenset[Place]
    partly: frozenset[Place] = frozenset()

    @property
    def answering(self) -> frozenset[int]:
        """The passages that answer."""
        return frozenset(passage for passage, _ in self.answers)


class QuestionedPolicy(Struct, frozen=True):
    """A policy, and the questions about it."""

    name: str
    version: PolicyVersion
    chunks: tuple[Chunk, ...]
    questions: tuple[Question, ...]


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    question: str
    language: str
    answers: list[str]
    partly: list[str] = []


def read_questioned(name: str, text: str, lines: str) -> QuestionedPolicy:
    """Return a policy and its questions.

    Args:
        name: of its files.
        text: the policy.
        lines: its questions, a JSON object a line; see ``corpus/README.md``.

    Raises:
        ValueError: a line is damaged, or names a sentence that the policy lacks.
    """
    version = read_policy(text, name=name).version(_IMPORTED)
    chunks = split_into_chunks(version)
    places: dict[str, set[Place]] = {}
    for passage, chunk in enumerate(chunks):
        for at, sentence in enumerate(split_sentences(chunk)):
            places.setdefault(sentence, set()).add((passage, at))
    questions = tuple(
        _question(f"{name}.jsonl, line {number}", line, places)
        for number, line in enumerate(lines.splitlines(), start=1)
    )
    return QuestionedPolicy(name, version, chunks, questions)


def _question(where: str, line: str, places: Mapping[str, set[Place]]) -> Question:
    try:
        told = msgspec.json.decode(line, type=_Line)
    except msgspec.DecodeError as error:
        raise ValueError(f"{where}: {error}") from error

    def found(sentences: Iterable[str]) -> frozenset[Place]:
        if lacking := [one for one in sentences if one not in places]:
            raise ValueError(f"{where}: the policy has no sentence {lacking[0]!r}")
        return frozenset(place for one in sentences for place in places[one])

    return Question(
        text=told.question,
        language=told.language,
        answers=found(told.answers),
        partly=found(told.partly) - found(told.answers),
    )
