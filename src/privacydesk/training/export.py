"""Writes down what was learnt: a graph with weights in eight bits, and the heads of stretches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from privacydesk.training.network import INNER, WIDTH, Reader, Stretches

INPUTS: Final = ("tokens", "words")
OUTPUTS: Final = (
    "spans", "intents", "safety", "made", "modality", "holder", "act", "looks",
    "slots", "points",
)  # fmt: skip


def _of_encoder(path: Path) -> list[str]:
    """Return the products of the encoder: those of the heads are small, and lose by eight bits."""
    graph = onnx.load(path).graph
    of_encoder = {(WIDTH, WIDTH), (WIDTH, 3 * WIDTH), (WIDTH, INNER), (INNER, WIDTH)}
    weights = {one.name for one in graph.initializer if tuple(one.dims) in of_encoder}
    return [n.name for n in graph.node if n.op_type == "MatMul" and n.input[1] in weights]


def quantised(whole: Path, graph: Path) -> None:
    """Write a graph with the encoder's weights in eight bits."""
    products = _of_encoder(whole)
    quantize_dynamic(
        whole, graph, weight_type=QuantType.QInt8, per_channel=True, nodes_to_quantize=products
    )


class _Rows(nn.Module):
    """A table of points in eight bits, with a scale a row."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        weights = table.weight.detach()
        scale = weights.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("rows", torch.round(weights / scale).to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, numbers: Tensor) -> Tensor:
        return self.rows[numbers].float() * self.scale[numbers]


def export(reader: Reader, stretches: Stretches, graph: Path, heads: Path) -> None:
    """Write the graph of a reader and the weights of the heads of stretches."""
    reader.eval()
    reader.pieces = _Rows(reader.pieces)
    reader.words.codes = _Rows(reader.words.codes)
    example = torch.full((2, 9), 5), torch.ones(2, 12, 4, dtype=torch.long)
    batch, count, length = (torch.export.Dim(name) for name in ("batch", "count", "length"))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            reader,
            example,
            str(whole),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: batch, 1: count}, {0: batch, 1: length}),
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
