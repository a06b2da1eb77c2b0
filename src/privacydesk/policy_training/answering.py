"""Answering from a policy with trained models: the passages that answer, or nothing.

Candidates are looked up (``lookup``). Each is then read together with the question
(``reranker``), which scores it and each of its sentences; all scores are then weighed
(``judge``). Where the best passage does not answer, the policy does not say. The desk answers by
``policy.answering`` until this is as good on the policy of its first operator; decision 044.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from privacydesk.policy.folding import fold
from privacydesk.policy.pieces import pieces_of, sentences_of
from privacydesk.policy.tree import PolicyVersion
from privacydesk.policy_training import judge, lookup
from privacydesk.policy_training.judge import Judge, Signs, signs_of
from privacydesk.policy_training.lookup import Lookup, Turns
from privacydesk.policy_training.reranker import (
    Passage,
    PassageReader,
    Reranker,
    Verdict,
    read_alone,
)

MOST_QUOTES: Final = 3
CANDIDATES: Final = 12
"""Passages that are read together with a question."""
_ANSWERS_FROM: Final = 0.5
"""The probability of answering from which a passage is quoted."""

_SOMETHING = re.compile(r"[^\W_]")
_LEADS_IN: Final = ("：", ":")


class Encoder(PassageReader, Protocol):
    """Reads questions and passages by themselves; ``encoder.embedding`` does."""

    def read_query(self, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vector of a question, of length one, and the vectors of its tokens."""
        ...


class Learnt(NamedTuple):
    """The models trained on policies and their questions.

    Attributes:
        turns: adjusts vectors for the lookup.
        reranker: reads passages together with a question.
        judge: estimates how likely a passage answers.
    """

    turns: Turns
    reranker: Reranker
    judge: Judge

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the models of a folder."""
        return cls(
            Turns.load(folder / lookup.FILE), Reranker(folder), Judge.load(folder / judge.FILE)
        )


class Found(NamedTuple):
    """A passage that may answer.

    Attributes:
        at: its number.
        verdict: the scores of it and of its sentences.
        signs: the features for the judge.
        chance: probability that it answers.
    """

    at: int
    verdict: Verdict
    signs: Signs
    chance: float


class Answer(NamedTuple):
    """A passage that answers.

    Attributes:
        text: of the passage, as published.
        answer: the part of it that answers, from its first to its last sentence that does.
        chance: probability that it answers.
    """

    text: str
    answer: str
    chance: float


class LearntAnswers:
    """A version of a policy, ready to answer.

    Args:
        version: the imported policy.
        vectors: of ``policy.answering.embedded_texts``, a row each.
        encoder: reads questions and passages by themselves.
        learnt: the trained models.
    """

    def __init__(
        self,
        version: PolicyVersion,
        vectors: NDArray[np.float32],
        encoder: Encoder,
        learnt: Learnt,
    ) -> None:
        self._pieces = pieces_of(version)
        self._lookup = Lookup(self._pieces, vectors, learnt.turns)
        self._encoder, self._learnt = encoder, learnt
        self._read: dict[int, Passage] = {}

    def answers(self, question: str) -> list[Answer]:
        """Return the passages that answer, best first; none where the policy does not say."""
        found = self.ranked(fold(question))[:MOST_QUOTES]
        return [self._answer(one) for one in found if one.chance >= _ANSWERS_FROM]

    def ranked(self, folded: str) -> list[Found]:
        """Return candidates for a folded question, best first."""
        if not self._pieces or _SOMETHING.search(folded) is None:
            return []
        vector, states = self._encoder.read_query(folded)
        likely = self._lookup.scores(folded, vector)
        candidates = np.argsort(-likely, kind="stable")[:CANDIDATES].tolist()
        passages = [self._passage(at) for at in candidates]
        verdicts = self._learnt.reranker.judge(states, passages)
        found = (
            self._found(at, verdict, float(likely[at]))
            for at, verdict in zip(candidates, verdicts, strict=True)
        )
        return sorted(found, key=lambda one: one.chance, reverse=True)

    def _found(self, at: int, verdict: Verdict, likely: float) -> Found:
        signs = signs_of(verdict, likely)
        return Found(at, verdict, signs, self._learnt.judge.chance(signs))

    def _passage(self, at: int) -> Passage:
        if at not in self._read:
            self._read[at] = read_alone(self._pieces[at], self._encoder)
        return self._read[at]

    def _answer(self, found: Found) -> Answer:
        piece = self._pieces[found.at]
        answer = _answering(piece.text, sentences_of(piece), found.verdict)
        return Answer(piece.text, answer, found.chance)


def _answering(text: str, sentences: Sequence[str], verdict: Verdict) -> str:
    """Return the stretch of a passage from the first to the last sentence that answers.

    An item of a list is preceded by the sentence that introduces the list.
    """
    best = max(verdict.sentences, default=0.0)
    told = [at for at, one in enumerate(verdict.sentences) if one >= min(0.0, best)]
    if not told:
        return text
    first = told[0] - (told[0] > 0 and sentences[told[0] - 1].endswith(_LEADS_IN))
    start, last = text.find(sentences[first]), sentences[told[-1]]
    return text[start : text.find(last, start) + len(last)]
