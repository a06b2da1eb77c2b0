"""Predicts what a reply does at the question that it answers, and which button it means."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacydesk.domain.reading import Question
from privacydesk.encoder import runtime
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.heads.weights import Floats, sigmoid, softmax

GRAPH: Final = "replies.onnx"
INPUTS: Final = ("states", "parts")
OUTPUTS: Final = ("acts", "lines")
REPLY: Final = 1
FIRST_LINE: Final = 3
"""What a vector belongs to: the reply (1), what was told before (2), or a line of the question, the
first of which is 3; 0 for none."""
MOST_LINES: Final = 16
"""Most lines of a question that are read."""
LONGEST: Final = 64
"""Most word pieces read of a reply, of a line, and of what was told before."""
_KEPT: Final = 1024
"""Texts of the desk's own whose vectors are kept: lines of questions, and terms told before."""


class ReplyChances(NamedTuple):
    """Probabilities of what a reply does.

    Attributes:
        acts: of each of ``REPLY_ACTS``.
        lines: of each line of the question: that the reply means this button. The first line, which
            is no button, stands for none of them.
    """

    acts: Floats
    lines: Floats


class ReplyReader:
    """Predicts what replies do, from the parser's vectors of them and of their questions.

    Args:
        folder: of the network.
        parser: reads the questions.
    """

    def __init__(self, folder: Path, parser: Parser) -> None:
        self._session = runtime.session(folder / GRAPH)
        self._parser = parser
        self._of_own = lru_cache(_KEPT)(self._of)

    def read(self, states: Floats, question: Question) -> ReplyChances:
        """Return what a reply does.

        Args:
            states: the vectors of the reply's word pieces.
            question: the question that it answers.
        """
        told = question.before
        before = self._of_own(told) if question.terms_only else self._of(told)
        vectors, parts = joined(states, before, *map(self._of_own, lines_of(question)))
        inputs = dict(zip(INPUTS, (vectors[np.newaxis], parts[np.newaxis]), strict=True))
        acts, means = (one[0] for one in self._session.run(OUTPUTS, inputs))
        return ReplyChances(sigmoid(acts), softmax(means))

    def _of(self, text: str) -> Floats:
        return self._parser.states(text, LONGEST)


def joined(*parts: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the vectors of a reply, of what was told before, and of each line as one row.

    Returns:
        The vectors, (pieces, width), and what each of them belongs to.
    """
    cut = [one[:LONGEST] for one in parts]
    return np.concatenate(cut), np.repeat(np.arange(REPLY, REPLY + len(cut)), [*map(len, cut)])


def lines_of(question: Question) -> list[str]:
    """Return the lines of a question that are read: its text and its buttons."""
    return question.text.split("\n")[:MOST_LINES]
