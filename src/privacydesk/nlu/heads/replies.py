"""Predicts what a reply does at the question that it answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

from privacydesk.domain.reading import Question
from privacydesk.encoder import runtime
from privacydesk.nlu.heads.parsed import GRAPH, PIECES, REPLY, WINDOW
from privacydesk.nlu.heads.weights import Floats, sigmoid
from privacydesk.nlu.tokens import Tokens


class ReplyReader:
    """Reads replies with the network of a folder, which must take a question.

    Args:
        folder: of the network.
    """

    def __init__(self, folder: Path) -> None:
        self._session = InferenceSession(
            folder / GRAPH, runtime.options(), providers=runtime.PROVIDERS
        )
        self._tokens = Tokens.load(folder / PIECES)

    def read(self, text: str, question: Question) -> Floats | None:
        """Return the probability of each of ``REPLY_ACTS``; None for a text without words."""
        cut = self._tokens.of(text, WINDOW)
        if not cut.places:
            return None
        asked = self._tokens.of_question(question)
        whole = {"tokens": cut.tokens, "words": cut.words, "question": asked}
        inputs = {name: one[np.newaxis] for name, one in whole.items()}
        return sigmoid(self._session.run([REPLY], inputs)[0][0])
