"""What people write is read without a word to anybody outside."""

from __future__ import annotations

import subprocess
import sys

_LOADED = """
import os, sys
import privacydesk.encoder
assert "onnxruntime" not in sys.modules
print(os.environ["ORT_DISABLE_TELEMETRY"])
import privacydesk.encoder.e5
assert "onnxruntime" in sys.modules
"""


def test_the_runtimes_telemetry_is_off_before_it_is_loaded() -> None:
    run = [sys.executable, "-c", _LOADED]
    done = subprocess.run(run, capture_output=True, text=True, check=False, env={})  # noqa: S603
    assert done.stdout == "1\n", done.stderr
