"""Scores how well passages of a policy answer a question, with a cross-encoder.

The lower layers of multilingual-e5-small encode question and passage separately, so that each
passage is encoded once. The upper layers were trained on questions about invented policies
(``corpus/policies``); they read both together, and score the passage and each of its sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from privacydesk.encoder import runtime
from privacydesk.policy.chunks import Chunk, split_sentences
from privacydesk.policy.folding import fold

GRAPH: Final = "reranker.onnx"
"""The file of the trained network."""
INPUTS: Final = ("states", "there", "asked", "sentences")
OUTPUTS: Final = ("passages", "sentences_answer")

_BATCH_SIZE: Final = 4
"""Passages per batch. They are sorted by length, so that batches have little padding."""

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
TokenSpan = tuple[int, int]
"""The index of a sentence's first token, and the one after its last."""


class EncodedPassage(NamedTuple):
    """A passage, encoded separately.

    Attributes:
        states: the vectors of its tokens, of shape (tokens, width), in half precision.
        sentences: the token span of each sentence; beyond the last token if it was truncated.
    """

    states: NDArray[np.float16]
    sentences: list[TokenSpan]


class PassageScores(NamedTuple):
    """The scores of a passage for a question.

    Attributes:
        answers: the logit that it answers.
        sentences: the logit of each sentence.
    """

    answers: float
    sentences: tuple[float, ...]


class Batch(NamedTuple):
    """Pairs of question and passage, as input of the network.

    Attributes:
        states: (batch, tokens, width): vectors of the question, then of the passage.
        is_token: (batch, tokens): whether there is a token, not padding.
        is_question: (batch, tokens): whether the token belongs to the question.
        sentences: (batch, sentences, tokens): whether the token belongs to the sentence.
    """

    states: Floats
    is_token: Flags
    is_question: Flags
    sentences: Flags


class PassageEncoder(Protocol):
    """Encodes passages; implemented by ``encoder.embedding``."""

    def read_passage(self, parts: Sequence[str]) -> tuple[Floats, list[TokenSpan]]:
        """Return the vectors of a passage's tokens, and the token span of each of its parts."""
        ...


def encode_passage(chunk: Chunk, encoder: PassageEncoder) -> EncodedPassage:
    """Encode a passage of a policy."""
    heading = fold(f"{chunk.title} {chunk.headings}")
    states, spans = encoder.read_passage([heading, *map(fold, split_sentences(chunk))])
    return EncodedPassage(states.astype(np.float16), spans[1:])


def make_batch(pairs: Sequence[tuple[NDArray[np.floating], EncodedPassage]]) -> Batch:
    """Combine pairs of question and passage into a batch."""
    count = max(len(question) + len(passage.states) for question, passage in pairs)
    sentences = max(1, *(len(passage.sentences) for _, passage in pairs))
    shape = len(pairs), count
    batch = Batch(
        np.zeros((*shape, pairs[0][0].shape[1]), np.float32),
        np.zeros(shape, np.bool_),
        np.zeros(shape, np.bool_),
        np.zeros((len(pairs), sentences, count), np.bool_),
    )
    for row, (question, passage) in enumerate(pairs):
        first, end = len(question), len(question) + len(passage.states)
        batch.states[row, :first], batch.states[row, first:end] = question, passage.states
        batch.is_token[row, :end], batch.is_question[row, :first] = True, True
        for number, (start, stop) in enumerate(passage.sentences):
            batch.sentences[row, number, first + start : first + stop] = True
    return batch


class Reranker:
    """Scores how well passages answer a question. It is thread-safe.

    Args:
        folder: the folder of the trained network.
    """

    def __init__(self, folder: Path) -> None:
        self._session = runtime.session(folder / GRAPH)

    def score(self, question: Floats, passages: Sequence[EncodedPassage]) -> list[PassageScores]:
        """Return the scores of each passage.

        Args:
            question: the vectors of the question's tokens, of shape (tokens, width).
            passages: the passages that may answer it.
        """
        order = sorted(range(len(passages)), key=lambda index: len(passages[index].states))
        scores_by_index: dict[int, PassageScores] = {}
        for start in range(0, len(order), _BATCH_SIZE):
            group = order[start : start + _BATCH_SIZE]
            scores = self._score_batch(question, [passages[index] for index in group])
            scores_by_index.update(zip(group, scores, strict=True))
        return [scores_by_index[index] for index in range(len(passages))]

    def _score_batch(
        self, question: Floats, passages: Sequence[EncodedPassage]
    ) -> list[PassageScores]:
        batch = make_batch([(question, passage) for passage in passages])
        answers, sentences = self._session.run(list(OUTPUTS), dict(zip(INPUTS, batch, strict=True)))
        return [
            PassageScores(
                float(passage_score), tuple(map(float, sentence_scores[: len(passage.sentences)]))
            )
            for passage, passage_score, sentence_scores in zip(
                passages, answers, sentences, strict=True
            )
        ]
