"""Builds the model's graph for the runtime: a BERT encoder, and the mean of its tokens.

Matrices stay in four bits. The runtime multiplies them as they are, with activations in eight. The
graph only names the weights: they are passed beside it, and never copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, StringStringEntryProto, TensorProto, helper, numpy_helper

from privacydesk.encoder.weights import BLOCK, ModelFile

Values = NDArray[np.generic]

INPUT: Final = "tokens"
"""Of shape (1, tokens, width): the embedding of each token, with that of its position."""
POINT: Final = "point"
"""Of shape (1, width): the tokens' mean after the last layer, of length one."""
STATES: Final = "states"
"""Of shape (1, tokens, width): each token after ``SEPARATE`` layers."""
SEPARATE: Final = 8
"""Layers in which a text is encoded by itself where two texts are read together; see
``policy_training.reranker``."""

_STANDARD: Final = 20
_MICROSOFT: Final = "com.microsoft"
_IR_VERSION: Final = 10
_BITS: Final = 4
_EIGHT_BITS: Final = 4
"""The runtime's value for its accuracy: activations in eight bits."""


def drawn(model: ModelFile) -> tuple[bytes, dict[str, Values]]:
    """Return the graph, and by name all weights except the token embeddings."""
    return _Graph(model).drawn()


class _Graph:
    def __init__(self, model: ModelFile) -> None:
        self._model = model
        self._sizes = model.sizes
        self._nodes: list[NodeProto] = []
        self._weights: dict[str, Values] = {}

    def drawn(self) -> tuple[bytes, dict[str, Values]]:
        x = self._normalised(INPUT, "emb.ln")
        # Shapes depend on it, so it has to be in the graph itself.
        tokens = numpy_helper.from_array(np.array([1], np.int64), "axis")
        for number in range(self._sizes.layers):
            x = self._layer(x, f"l{number}")
            if number + 1 == SEPARATE:
                self._node("Identity", [x], STATES)
        mean = self._node("ReduceMean", [x, tokens.name], "mean", keepdims=0)
        self._node("LpNormalization", [mean], POINT, axis=-1, p=2)
        width = self._sizes.width
        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, "count", width])],
            [
                helper.make_tensor_value_info(POINT, TensorProto.FLOAT, [1, width]),
                helper.make_tensor_value_info(STATES, TensorProto.FLOAT, [1, "count", width]),
            ],
            [tokens, *(_elsewhere(name, values) for name, values in self._weights.items())],
        )
        domains = [helper.make_opsetid("", _STANDARD), helper.make_opsetid(_MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString()), self._weights

    def _layer(self, x: str, name: str) -> str:
        sizes = self._sizes
        # Queries, keys and values are computed in one product.
        parts = [f"{name}.{one}" for one in "qkv"]
        joined = self._product(x, f"{name}.qkv", parts, sizes.width)
        self._nodes.append(helper.make_node("Split", [joined], parts, axis=-1, num_outputs=3))
        seen = self._node(
            "MultiHeadAttention", parts, f"{name}.seen", _MICROSOFT, num_heads=sizes.heads
        )
        told = self._product(seen, f"{name}.told", [f"{name}.ao"], sizes.width)
        x = self._normalised(self._node("Add", [x, told], f"{name}.sum"), f"{name}.aln")
        inner = self._product(x, f"{name}.inner", [f"{name}.fi"], sizes.width)
        bent = self._node("Gelu", [inner], f"{name}.bent")
        outer = self._product(bent, f"{name}.outer", [f"{name}.fo"], sizes.inner)
        return self._normalised(self._node("Add", [x, outer], f"{name}.sum2"), f"{name}.oln")

    def _product(self, x: str, name: str, tensors: Sequence[str], columns: int) -> str:
        """Multiply with the weights of some tensors, joined, and add their biases."""
        matrix = self._model.matrix(*(f"{one}.w" for one in tensors), columns=columns)
        nibbles, scales = matrix.packed()
        bias = np.concatenate([self._model.floats(f"{one}.b") for one in tensors])
        inputs = [
            x,
            self._weight(f"{name}.nibbles", nibbles),
            self._weight(f"{name}.scales", scales.reshape(-1)),
            "",
            "",
            self._weight(f"{name}.bias", bias),
        ]
        rows, _ = matrix.shape
        return self._node(
            "MatMulNBits", inputs, name, _MICROSOFT,
            K=columns, N=rows, bits=_BITS, block_size=BLOCK, accuracy_level=_EIGHT_BITS,
        )  # fmt: skip

    def _normalised(self, x: str, name: str) -> str:
        parts = [f"{name}.w", f"{name}.b"]
        inputs = [x, *(self._weight(one, self._model.floats(one)) for one in parts)]
        return self._node("LayerNormalization", inputs, name, axis=-1, epsilon=self._sizes.epsilon)

    def _node(
        self, kind: str, inputs: Sequence[str], output: str, domain: str = "", **how: Any
    ) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **how))
        return output

    def _weight(self, name: str, values: Values) -> str:
        self._weights[name] = np.ascontiguousarray(values)
        return name


def _elsewhere(name: str, values: Values) -> TensorProto:
    """Return the graph's reference to weights that are passed beside it."""
    return TensorProto(
        name=name,
        data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
        dims=values.shape,
        data_location=TensorProto.EXTERNAL,
        external_data=[StringStringEntryProto(key="location", value="beside")],
    )
