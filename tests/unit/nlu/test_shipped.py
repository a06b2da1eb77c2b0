"""What is shipped of the networks, apart from what they read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.stories import ROOT

GRAPHS = sorted((ROOT / "src" / "privacydesk").rglob("*.onnx"))


def test_each_network_is_looked_at() -> None:
    assert {path.name for path in GRAPHS} >= {"reader.onnx", "replies.onnx", "reranker.onnx"}


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.name)
def test_a_graph_tells_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    content = path.read_bytes()
    assert b'File "' not in content
    assert b".py" not in content
