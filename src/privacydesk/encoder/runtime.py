"""Sessions that run networks: by onnxruntime, on few cores, silently."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from onnxruntime import InferenceSession, OrtValue, SessionOptions, set_default_logger_severity

_PROVIDERS: Final = ["CPUExecutionProvider"]
_ERRORS_ONLY: Final = 3
_SLOWER: Final = {"SkipLayerNormFusion"}
"""Fusions that take longer than what they replace: this one a quarter of a message's reading."""


def session(
    model: Path | bytes, *, threads: int = 1, weights: Mapping[str, OrtValue] | None = None
) -> InferenceSession:
    """Return a session for a network.

    Args:
        model: its file, or its graph.
        threads: cores that it uses for a text.
        weights: those that the graph leaves out; they must live as long as the session does.
    """
    options = SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from everybody else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    # Otherwise it logs on every start which devices it did not find.
    set_default_logger_severity(_ERRORS_ONLY)
    if weights:
        options.add_external_initializers(list(weights), list(weights.values()))
    return InferenceSession(model, options, providers=_PROVIDERS, disabled_optimizers=_SLOWER)
