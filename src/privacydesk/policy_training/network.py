"""The cross-encoder: scores a question with a passage, each of them read by itself before."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacydesk.encoder.graph import SEPARATE
from privacydesk.encoder.weights import ModelFile
from privacydesk.learning.layers import ATTENTIONS, HIDDEN, NEVER, WIDTH, Block, load_blocks

LAYERS: Final = 4
"""Of the twelve layers of multilingual-e5-small, those above ``SEPARATE``."""
_APART: Final = -2.0
"""Initial bias against attention across texts: the network begins as one for similarity."""
_SCALE: Final = 20.0
_EVEN: Final = 0.9
"""The similarity at which yes and no are equally likely at first."""


class CrossEncoder(nn.Module):
    """Scores whether passages, and each of their sentences, answer."""

    def __init__(self, layers: int = LAYERS, dropout: float = 0.1) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(layers))
        self.across = nn.Parameter(torch.full((layers, ATTENTIONS), _APART))
        self.passage = Likeness(dropout)
        self.sentence = Likeness(dropout)
        self.by_sentence = nn.Parameter(torch.tensor(0.3))

    def forward(
        self, states: Tensor, there: Tensor, asked: Tensor, sentences: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return logits: of passages, (batch,), and of sentences, (batch, sentences).

        Args:
            states: as in ``reranker.Batch``; so are the others.
            there: which are tokens.
            asked: which are the question's.
            sentences: which are each sentence's.
        """
        mask = (~there)[:, None, None, :] * NEVER
        across = (asked[:, :, None] != asked[:, None, :])[:, None].to(states.dtype)
        x = states
        for block, bias in zip(self.blocks, self.across, strict=True):
            x = block(x, mask + across * bias[:, None, None])
        x = x.float()
        question = _mean(x, asked[:, None])
        of_sentences = self.sentence(question, _mean(x, sentences))
        read = sentences.any(-1)
        best = torch.logsumexp(of_sentences + (~read) * NEVER, -1)
        whole = self.passage(question, _mean(x, (there & ~asked)[:, None]))[:, 0]
        return whole + self.by_sentence * best, of_sentences


class Likeness(nn.Module):
    """How well a text answers a question: by their cosine similarity and a trained head."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(4 * WIDTH, HIDDEN), nn.GELU(approximate="tanh"), nn.Dropout(dropout)
        )
        self.out = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.out.weight)
        self.scale = nn.Parameter(torch.tensor(_SCALE))
        self.even = nn.Parameter(torch.tensor(_EVEN))

    def forward(self, question: Tensor, texts: Tensor) -> Tensor:
        """Return logits, (batch, texts), of vectors (batch, 1, width) and (batch, texts, width)."""
        question = question.expand_as(texts)
        both = torch.cat([question, texts, question * texts, (question - texts).abs()], -1)
        alike = (functional.normalize(question, dim=-1) * functional.normalize(texts, dim=-1)).sum(
            -1
        )
        logits: Tensor = self.out(self.hidden(both))[..., 0] + self.scale * (alike - self.even)
        return logits


def load_encoder(network: CrossEncoder, model: ModelFile) -> None:
    """Load the weights of the upper layers."""
    load_blocks(network.blocks, model, SEPARATE)


def _mean(x: Tensor, tokens: Tensor) -> Tensor:
    """Return the mean of some tokens, (batch, rows, width); zero where there are none."""
    weights = tokens.to(x.dtype)
    return (weights @ x) / weights.sum(-1, keepdim=True).clamp(min=1)
