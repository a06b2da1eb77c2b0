"""Export of networks as graphs, and 8-bit quantisation."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from privacydesk.learning.layers import INNER, WIDTH


def _of_encoder(path: Path) -> list[str]:
    """Return the encoder's products: those of the heads are small, and suffer from 8 bits."""
    graph = onnx.load(path).graph
    of_encoder = {(WIDTH, WIDTH), (WIDTH, 3 * WIDTH), (WIDTH, INNER), (INNER, WIDTH)}
    weights = {one.name for one in graph.initializer if tuple(one.dims) in of_encoder}
    return [n.name for n in graph.node if n.op_type == "MatMul" and n.input[1] in weights]


def export(
    network: nn.Module,
    example: tuple[Tensor, ...],
    names: tuple[Sequence[str], Sequence[str]],
    shapes: tuple[Mapping[int, Any], ...],
    graph: Path,
) -> None:
    """Write the graph of a network, with the encoder's weights in 8 bits.

    Args:
        network: the network.
        example: inputs of any sizes.
        names: of the inputs and of the outputs.
        shapes: for each input, the names of the dimensions whose sizes vary.
        graph: the file that is written.
    """
    network.eval()
    inputs, outputs = names
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network,
            example,
            str(whole),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
        )
        quantize_dynamic(
            whole,
            graph,
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_quantize=_of_encoder(whole),
        )
    leave_out_traces(graph)


def leave_out_traces(path: Path) -> None:
    """Remove what the exporter tells of each node: stacks with the paths of the machine."""
    model = onnx.load(path)
    for one in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del one.metadata_props[:]
        one.doc_string = ""
    onnx.save(model, path)


class Rows(nn.Module):
    """An embedding table in 8 bits, with a scale for each row."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        weights = table.weight.detach()
        scale = weights.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("rows", torch.round(weights / scale).to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return the vectors of numbers."""
        return self.rows[numbers].float() * self.scale[numbers]
