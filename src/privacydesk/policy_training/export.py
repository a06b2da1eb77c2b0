"""Exports the cross-encoder as a graph with 8-bit weights."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from privacydesk.learning.layers import WIDTH
from privacydesk.learning.quantising import quantised
from privacydesk.policy_training.network import CrossEncoder
from privacydesk.policy_training.reranker import INPUTS, OUTPUTS


def export(network: CrossEncoder, graph: Path) -> None:
    """Write the graph of a network."""
    network.eval()
    batch, sentences, count = (torch.export.Dim(name) for name in ("batch", "sentences", "count"))
    flags = torch.ones(2, 9, dtype=torch.bool)
    asked = flags.clone()
    asked[:, 4:] = False
    spoken = torch.ones(2, 3, 9, dtype=torch.bool)
    tokens = {0: batch, 1: count}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network,
            (torch.zeros(2, 9, WIDTH), flags, asked, spoken),
            str(whole),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=(tokens, tokens, tokens, {0: batch, 1: sentences, 2: count}),
            dynamo=True,
            external_data=False,
        )
        quantised(whole, graph)
