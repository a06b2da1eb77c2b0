"""Exports the trained network: a graph with 8-bit weights, and the heads for stretches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch

from privacydesk.learning.quantising import Rows, quantised
from privacydesk.nlu.heads.parsed import OUTPUTS, REPLY
from privacydesk.training.network import Reader, Stretches

INPUTS: Final = ("tokens", "words", "question")


def export(reader: Reader, stretches: Stretches, graph: Path, heads: Path) -> None:
    """Write the graph of a reader and the weights of the heads for stretches."""
    reader.eval()
    reader.pieces = Rows(reader.pieces)
    reader.words.codes = Rows(reader.words.codes)
    question = torch.full((2, 2, 7), 5)
    example = torch.full((2, 9), 5), torch.ones(2, 12, 4, dtype=torch.long), question
    batch, count, length, asked = map(torch.export.Dim, ("batch", "count", "length", "asked"))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            reader,
            example,
            str(whole),
            input_names=list(INPUTS),
            output_names=[*OUTPUTS, REPLY],
            dynamic_shapes=({0: batch, 1: count}, {0: batch, 1: length}, {0: batch, 2: asked}),
            dynamo=True,
            external_data=False,
        )
        quantised(whole, graph)
    np.savez(
        heads,
        **{
            name: value.numpy().astype(np.float16) for name, value in stretches.state_dict().items()
        },
    )
