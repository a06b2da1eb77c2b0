"""How well passages of a policy answer a question, read together with it.

A cross-encoder: the lower layers of multilingual-e5-small read question and passage each by itself,
so that passages are read once, and its upper ones, trained on questions about invented policies
(``corpus/policies``), read both together. They score whether a passage answers, and whether each
of its sentences does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from privacydesk.encoder import runtime
from privacydesk.policy.folding import fold
from privacydesk.policy.pieces import Piece, sentences_of

GRAPH: Final = "reranker.onnx"
"""The file of the trained network."""
INPUTS: Final = ("states", "there", "asked", "sentences")
OUTPUTS: Final = ("passages", "sentences_answer")

_AT_ONCE: Final = 4
"""Passages per batch: of similar lengths, so that little of it is padding."""

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Place = tuple[int, int]
"""The first token of a sentence, and the one after its last."""


class Passage(NamedTuple):
    """A passage, read by itself.

    Attributes:
        states: vectors of its tokens, (tokens, width), in half precision.
        sentences: the tokens of each; beyond the last token where it was not read.
    """

    states: NDArray[np.float16]
    sentences: list[Place]


class Verdict(NamedTuple):
    """The scores of a passage for a question.

    Attributes:
        answers: the logit that it answers.
        sentences: the logit of each sentence.
    """

    answers: float
    sentences: tuple[float, ...]


class Batch(NamedTuple):
    """A question with several passages, as the network takes it.

    Attributes:
        states: (batch, tokens, width): the question's, then the passage's.
        there: (batch, tokens), whether there is a token.
        asked: (batch, tokens), whether it is of the question.
        sentences: (batch, sentences, tokens), whether it is of the sentence.
    """

    states: Floats
    there: Flags
    asked: Flags
    sentences: Flags


class PassageReader(Protocol):
    """Reads passages by themselves; ``encoder.embedding`` does."""

    def read_passage(self, parts: Sequence[str]) -> tuple[Floats, list[Place]]:
        """Return the vectors of a passage's tokens, and the tokens of each of its parts."""
        ...


def read_alone(piece: Piece, reader: PassageReader) -> Passage:
    """Return a passage of a policy, read by itself."""
    heading = fold(f"{piece.title} {piece.headings}")
    states, places = reader.read_passage([heading, *map(fold, sentences_of(piece))])
    return Passage(states.astype(np.float16), places[1:])


def batched(pairs: Sequence[tuple[NDArray[np.floating], Passage]]) -> Batch:
    """Return questions, each with a passage, as one batch."""
    count = max(len(asked) + len(passage.states) for asked, passage in pairs)
    sentences = max(1, *(len(passage.sentences) for _, passage in pairs))
    shape = len(pairs), count
    batch = Batch(
        np.zeros((*shape, pairs[0][0].shape[1]), np.float32),
        np.zeros(shape, np.bool_),
        np.zeros(shape, np.bool_),
        np.zeros((len(pairs), sentences, count), np.bool_),
    )
    for row, (asked, passage) in enumerate(pairs):
        first, end = len(asked), len(asked) + len(passage.states)
        batch.states[row, :first], batch.states[row, first:end] = asked, passage.states
        batch.there[row, :end], batch.asked[row, :first] = True, True
        for number, (start, stop) in enumerate(passage.sentences):
            batch.sentences[row, number, first + start : first + stop] = True
    return batch


class Reranker:
    """Scores how well passages answer a question. It is thread-safe.

    Args:
        folder: of the trained network.
    """

    def __init__(self, folder: Path) -> None:
        self._session = runtime.session(folder / GRAPH)

    def judge(self, question: Floats, passages: Sequence[Passage]) -> list[Verdict]:
        """Return the scores of each passage.

        Args:
            question: vectors of its tokens, read by itself, (tokens, width).
            passages: those that may answer it.
        """
        order = sorted(range(len(passages)), key=lambda at: len(passages[at].states))
        verdicts: dict[int, Verdict] = {}
        for start in range(0, len(order), _AT_ONCE):
            group = order[start : start + _AT_ONCE]
            told = self._judged(question, [passages[at] for at in group])
            verdicts.update(zip(group, told, strict=True))
        return [verdicts[at] for at in range(len(passages))]

    def _judged(self, question: Floats, passages: Sequence[Passage]) -> list[Verdict]:
        batch = batched([(question, passage) for passage in passages])
        answers, sentences = self._session.run(list(OUTPUTS), dict(zip(INPUTS, batch, strict=True)))
        return [
            Verdict(float(one), tuple(map(float, told[: len(passage.sentences)])))
            for passage, one, told in zip(passages, answers, sentences, strict=True)
        ]
