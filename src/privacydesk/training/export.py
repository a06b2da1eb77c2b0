"""Exports the trained network: a graph with 8-bit weights, and the heads for stretches."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch

from privacydesk.learning import quantising
from privacydesk.nlu.heads.parsed import OUTPUTS
from privacydesk.training.network import Reader, Stretches

INPUTS: Final = ("tokens", "words")


def export(reader: Reader, stretches: Stretches, graph: Path, heads: Path) -> None:
    """Write the graph of a reader and the weights of the heads for stretches."""
    reader.pieces = quantising.Rows(reader.pieces)
    reader.words.codes = quantising.Rows(reader.words.codes)
    example = torch.full((2, 9), 5), torch.ones(2, 12, 4, dtype=torch.long)
    batch, count, length = map(torch.export.Dim, ("batch", "count", "length"))
    shapes = {0: batch, 1: count}, {0: batch, 1: length}
    quantising.export(reader, example, (INPUTS, OUTPUTS), shapes, graph)
    np.savez(
        heads,
        **{
            name: value.numpy().astype(np.float16) for name, value in stretches.state_dict().items()
        },
    )
