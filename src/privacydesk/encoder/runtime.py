"""Options for running networks: by onnxruntime, on few cores, silently."""

from __future__ import annotations

from typing import Final

from onnxruntime import SessionOptions, set_default_logger_severity

PROVIDERS: Final = ["CPUExecutionProvider"]
_ERRORS_ONLY: Final = 3


def options(threads: int = 1) -> SessionOptions:
    """Return the options of a session that uses some cores for a text."""
    made = SessionOptions()
    made.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from everybody else.
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made.log_severity_level = _ERRORS_ONLY
    # Otherwise it logs on every start which devices it did not find.
    set_default_logger_severity(_ERRORS_ONLY)
    return made
