"""Exports the cross-encoder as a graph with 8-bit weights."""

from __future__ import annotations

from pathlib import Path

import torch

from privacydesk.learning import quantising
from privacydesk.learning.layers import WIDTH
from privacydesk.policy.reranker import INPUTS, OUTPUTS
from privacydesk.policy_training.network import CrossEncoder


def export(network: CrossEncoder, graph: Path) -> None:
    """Write the graph of a network."""
    batch, sentences, count = (torch.export.Dim(name) for name in ("batch", "sentences", "count"))
    flags = torch.ones(2, 9, dtype=torch.bool)
    asked = flags.clone()
    asked[:, 4:] = False
    spoken = torch.ones(2, 3, 9, dtype=torch.bool)
    tokens = {0: batch, 1: count}
    example = torch.zeros(2, 9, WIDTH), flags, asked, spoken
    shapes = tokens, tokens, tokens, {0: batch, 1: sentences, 2: count}
    quantising.export(network, example, (INPUTS, OUTPUTS), shapes, graph)
