"""Knowledge on how people ask about policies: topics, a glossary, and what was learnt from them.

The files are in `knowledge/`. What was learnt from them (`learnt.npz`) is made by
`benchmarks/policy_answers.py --train` and holds the digest of what it was made from.
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
from privacydesk.policy.words import has_chinese

# libyaml reads the files ten times faster than the loader in Python; both are safe loaders.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FOLDER: Final = "knowledge"
_LEARNT: Final = "learnt.npz"
_SPREAD: Final = 4.0
"""Sentence vectors lie close together; this factor spreads them, so that the head can learn."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that policies write about.

    Attributes:
        name: ours, for reports.
        words: the words of policies for it.
        ask: ways in which people ask about it.
        document: the key of the document it belongs to, ``others`` for every one but the children's
            statement; empty for any.
        offers: the request that an answer offers, if any.
    """

    name: str
    words: str
    ask: tuple[str, ...]
    document: str = ""
    offers: Intent | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """People's words, and the words of policies to search for with them."""

    said: tuple[str, ...]
    find: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt from questions.

    Attributes:
        centre: the mean vector of the questions, of shape (384,).
        head: of shape (385, topics + kinds of questions outside), the last row for no input.
        judge: of shape (3, features + 1): mean, spread and weight of each feature of `judging`,
            and the bias in the last column.
        digest: of the questions that the head was trained on.
    """

    centre: NDArray[np.float32]
    head: NDArray[np.float32]
    judge: NDArray[np.float64]
    digest: str

    def chances(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability of each topic, then of each kind of question outside."""
        raised = np.append((vector - self.centre) * _SPREAD, np.float32(1)) @ self.head
        raised = np.exp((raised - raised.max()).astype(np.float64))
        return np.asarray(raised / raised.sum())

    def dump(self) -> bytes:
        """Return it as the content of a file."""
        held = io.BytesIO()
        np.savez_compressed(
            held,
            centre=self.centre,
            head=self.head.astype(np.float16),
            judge=self.judge,
            digest=np.array(self.digest),
        )
        return held.getvalue()


class Glossary:
    """Finds the policy's words for those of a person."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self._terms = tuple((_pattern(term.said), tuple(term.find)) for term in terms)

    def expand(self, folded: str) -> list[str]:
        """Return the words to search for besides those of a folded question."""
        return [word for said, find in self._terms if said.search(folded) for word in find]


def _pattern(said: tuple[str, ...]) -> re.Pattern[str]:
    parts = (fold(one) for one in said)
    return re.compile(
        "|".join(
            re.escape(one) if has_chinese(one) else rf"(?<![a-z]){re.escape(one)}(?![a-z])"
            for one in parts
        )
    )


@cache
def topics() -> tuple[Topic, ...]:
    """Return every topic."""
    return tuple(
        Topic(
            name=one["topic"],
            words=one["words"],
            ask=tuple(one["ask"]),
            document=one.get("document", ""),
            offers=Intent(one["offers"]) if "offers" in one else None,
        )
        for one in _read("topics.yaml")
    )


@cache
def terms() -> tuple[Term, ...]:
    """Return the glossary's entries."""
    return tuple(
        Term(tuple(map(str, one["said"])), tuple(map(str, one["find"])))
        for one in _read("glossary.yaml")
    )


@cache
def outside() -> dict[str, tuple[str, ...]]:
    """Return questions that policies don't answer, by kind."""
    said = _read("outside.yaml")
    return {kind: tuple(map(str, asked)) for kind, asked in said.items()}


@cache
def learnt() -> Learnt:
    """Return what was learnt."""
    with np.load(io.BytesIO(_file(_LEARNT).read_bytes()), allow_pickle=False) as held:
        return Learnt(
            centre=held["centre"],
            head=held["head"].astype(np.float32),
            judge=held["judge"],
            digest=str(held["digest"]),
        )


def learnt_from() -> str:
    """Return the digest of the current questions; other words may change freely."""
    groups = [(topic.name, *topic.ask) for topic in topics()]
    groups += [(kind, *asked) for kind, asked in outside().items()]
    return hashlib.sha256("\n".join("\t".join(group) for group in groups).encode()).hexdigest()


def _read(name: str) -> Any:
    return yaml.load(_text(name), Loader=_LOADER)  # noqa: S506 - both are safe loaders


def _text(name: str) -> str:
    return _file(name).read_text("utf-8")


def _file(name: str) -> Traversable:
    return files("privacydesk.policy") / _FOLDER / name
