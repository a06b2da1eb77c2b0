"""Trainable layers of the encoder."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH: Final = 384
ATTENTIONS: Final = 12
INNER: Final = 1536
HIDDEN: Final = 256
"""Width of a head, between its two layers."""
NEVER: Final = -1e4
"""The logit of what is impossible."""


class Block(nn.Module):
    """One layer of a BERT encoder."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.output_norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return tokens of shape (batch, tokens, width); ``mask`` is added to attention."""
        batch, tokens, _ = x.shape
        q, k, v = (
            part.view(batch, tokens, ATTENTIONS, WIDTH // ATTENTIONS).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        # As three products: the backward pass of the one call for it is slow on short messages.
        weights = (q @ k.transpose(2, 3) * (WIDTH // ATTENTIONS) ** -0.5 + mask).softmax(-1)
        seen = weights.to(v.dtype) @ v
        told = self.out(seen.transpose(1, 2).reshape(batch, tokens, WIDTH))
        x = self.attention_norm(x + self.dropout(told))
        bent = functional.gelu(self.inner(x))
        return self.output_norm(x + self.dropout(self.outer(bent)))


def load_blocks(blocks: nn.ModuleList, model: Any, first: int) -> None:
    """Load the weights of a ``ModelFile``'s layers from some layer on."""

    def matrix(name: str, columns: int) -> Any:
        found = model.matrix(name, columns=columns)
        return found.floats(np.arange(found.shape[0]))

    for number, block in enumerate(blocks, start=first):
        name = f"l{number}"
        put(block.qkv.weight, np.concatenate([matrix(f"{name}.{one}.w", WIDTH) for one in "qkv"]))
        put(block.qkv.bias, np.concatenate([model.floats(f"{name}.{one}.b") for one in "qkv"]))
        for layer, tensor, columns in (
            (block.out, "ao", WIDTH), (block.inner, "fi", WIDTH), (block.outer, "fo", INNER),
        ):  # fmt: skip
            put(layer.weight, matrix(f"{name}.{tensor}.w", columns))
            put(layer.bias, model.floats(f"{name}.{tensor}.b"))
        for layer, tensor in ((block.attention_norm, "aln"), (block.output_norm, "oln")):
            put(layer.weight, model.floats(f"{name}.{tensor}.w"))
            put(layer.bias, model.floats(f"{name}.{tensor}.b"))


def put(parameter: Tensor, values: Any) -> None:
    """Set the weights of a parameter."""
    with torch.no_grad():
        parameter.copy_(torch.tensor(np.asarray(values)).view(parameter.shape))
