"""How people ask about policies: topics with sample questions, a glossary, and trained weights.

The files are in `knowledge/`. `benchmarks/policy_answers.py --train` trains the weights
(`learnt.npz`) on the sample questions, and stores the digest of the questions with them.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from privacydesk.domain.intents import Intent
from privacydesk.policy.folding import fold
from privacydesk.policy.language import has_chinese

# libyaml reads the files ten times faster than the loader in Python; both are safe loaders.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FOLDER: Final = "knowledge"
_WEIGHTS_FILE: Final = "learnt.npz"
_SPREAD: Final = 4.0
"""Scales the differences between vectors, which are small, so that the classifier can learn."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that policies write about.

    Attributes:
        name: its name in reports.
        words: the words that policies use for it.
        ask: sample questions about it.
        document: the key of the document that it belongs to; ``others`` for all but the children's
            statement; empty for any.
        offers: the request that the desk offers with an answer, if any.
    """

    name: str
    words: str
    ask: tuple[str, ...]
    document: str = ""
    offers: Intent | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """Phrases of users, and the words of policies to search for instead."""

    phrases: tuple[str, ...]
    policy_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainedWeights:
    """Weights trained on the sample questions.

    Attributes:
        centre: the mean vector of the questions, of shape (384,).
        head: the topic classifier, of shape (385, topics + kinds of outside questions); the last
            row is the bias.
        judge: the weights of `answerability`, of shape (3, features + 1): mean, spread and weight
            of each feature, with the bias in the last column.
        digest: the digest of the questions that the classifier was trained on.
    """

    centre: NDArray[np.float32]
    head: NDArray[np.float32]
    judge: NDArray[np.float64]
    digest: str

    def probabilities(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability of each topic, then of each kind of outside question."""
        scores = np.append((vector - self.centre) * _SPREAD, np.float32(1)) @ self.head
        scores = np.exp((scores - scores.max()).astype(np.float64))
        return np.asarray(scores / scores.sum())

    def dump(self) -> bytes:
        """Serialise the weights."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            centre=self.centre,
            head=self.head.astype(np.float16),
            judge=self.judge,
            digest=np.array(self.digest),
        )
        return buffer.getvalue()


class Glossary:
    """Maps phrases of users to words of policies."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self._terms = tuple((_pattern(term.phrases), tuple(term.policy_words)) for term in terms)

    def expand(self, folded: str) -> list[str]:
        """Return the words to search for in addition to those of a folded question."""
        return [
            word
            for pattern, policy_words in self._terms
            if pattern.search(folded)
            for word in policy_words
        ]


def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    folded = (fold(phrase) for phrase in phrases)
    return re.compile(
        "|".join(
            re.escape(phrase) if has_chinese(phrase) else rf"(?<![a-z]){re.escape(phrase)}(?![a-z])"
            for phrase in folded
        )
    )


@cache
def topics() -> tuple[Topic, ...]:
    """Return all topics."""
    return tuple(
        Topic(
            name=entry["topic"],
            words=entry["words"],
            ask=tuple(entry["ask"]),
            document=entry.get("document", ""),
            offers=Intent(entry["offers"]) if "offers" in entry else None,
        )
        for entry in _read("topics.yaml")
    )


@cache
def terms() -> tuple[Term, ...]:
    """Return the glossary's entries."""
    return tuple(
        Term(tuple(map(str, entry["said"])), tuple(map(str, entry["find"])))
        for entry in _read("glossary.yaml")
    )


@cache
def outside() -> dict[str, tuple[str, ...]]:
    """Return sample questions that policies don't answer, by kind."""
    entries = _read("outside.yaml")
    return {kind: tuple(map(str, questions)) for kind, questions in entries.items()}


@cache
def trained_weights() -> TrainedWeights:
    """Return the trained weights."""
    with np.load(io.BytesIO(_file(_WEIGHTS_FILE).read_bytes()), allow_pickle=False) as arrays:
        return TrainedWeights(
            centre=arrays["centre"],
            head=arrays["head"].astype(np.float32),
            judge=arrays["judge"],
            digest=str(arrays["digest"]),
        )


def questions_digest() -> str:
    """Return the digest of the current sample questions."""
    groups = [(topic.name, *topic.ask) for topic in topics()]
    groups += [(kind, *questions) for kind, questions in outside().items()]
    return hashlib.sha256("\n".join("\t".join(group) for group in groups).encode()).hexdigest()


def _read(name: str) -> Any:
    return yaml.load(_text(name), Loader=_LOADER)  # noqa: S506 - both are safe loaders


def _text(name: str) -> str:
    return _file(name).read_text("utf-8")


def _file(name: str) -> Traversable:
    return files("privacydesk.policy") / _FOLDER / name
