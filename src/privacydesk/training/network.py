"""The network: one pass of the encoder per message, and the heads on top of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privacydesk.learning.layers import HIDDEN, NEVER, WIDTH, Block, load_blocks, put
from privacydesk.nlu.labels import (
    ACTS,
    HOLDERS,
    INTENTS,
    MENTIONS,
    MODALITIES,
    ROLES,
    SAFETIES,
    SLOTS,
    VALUES,
    Layer,
)
from privacydesk.nlu.pairs import BETWEEN, GAPS, NEARNESS
from privacydesk.nlu.tokens import CODES, MOST_TOKENS, OFFSETS, PADDING

WORD_WIDTH: Final = 192
SLOT_WIDTH: Final = 192
PAIR_WIDTH: Final = 128
SPAN_WIDTH: Final = 32
POINT: Final = 3 * WORD_WIDTH


class Words(nn.Module):
    """Vectors of words, from those of their pieces and of the words next to them."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Linear(2 * WIDTH, WORD_WIDTH)
        self.codes = nn.Embedding(CODES, WORD_WIDTH)
        self.offsets = nn.Embedding(OFFSETS, WORD_WIDTH)
        self.norm = nn.LayerNorm(WORD_WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WORD_WIDTH, WORD_WIDTH, 3, padding=1) for _ in range(2)
        )
        nn.init.normal_(self.codes.weight, std=0.1)
        nn.init.normal_(self.offsets.weight, std=0.1)

    def forward(self, x: Tensor, words: Tensor, there: Tensor) -> Tensor:
        """Return vectors of shape (batch, words, width).

        Args:
            x: tokens.
            words: (batch, words, 4), as in ``Cut``.
            there: (batch, words), whether there is a word.
        """

        def pieces(which: int) -> Tensor:
            return torch.gather(x, 1, words[..., which, None].expand(-1, -1, WIDTH))

        c = self.down(torch.cat([pieces(1), pieces(2)], dim=-1))
        c = c + self.codes(words[..., 0]) + self.offsets(words[..., 3])
        seen = there[..., None].to(c.dtype)
        c = self.norm(c) * seen
        for convolution in self.convolutions:
            near = functional.gelu(convolution(c.transpose(1, 2)).transpose(1, 2))
            c = (c + near) * seen
        return c


class Spans(nn.Module):
    """Scores of each stretch of words as one of each layer.

    A score is the product of the first and the last word (rotated by their positions, so that it
    depends on their distance), plus a term for each of them, plus the sum of a term for all words
    of the stretch.
    """

    def __init__(self) -> None:
        super().__init__()
        count = len(Layer)
        self.first = nn.Linear(WORD_WIDTH, count * SPAN_WIDTH)
        self.last = nn.Linear(WORD_WIDTH, count * SPAN_WIDTH)
        self.alone = nn.Linear(WORD_WIDTH, 3 * count)
        self.bias = nn.Parameter(torch.full((count,), -6.0))
        turns = 10_000 ** (-torch.arange(SPAN_WIDTH // 2) * 2 / SPAN_WIDTH)
        self.register_buffer("turns", turns, persistent=False)

    def forward(self, words: Tensor, there: Tensor) -> Tensor:
        """Return logits of shape (batch, layers, words, words): by first and last word.

        They are far below zero where the last stands before the first, or there is no word.
        """
        batch, count, _ = words.shape
        angles = torch.arange(count, device=words.device)[:, None] * self.turns
        cos, sin = angles.cos(), angles.sin()

        def turned(x: Tensor) -> Tensor:
            x = x.float().view(batch, count, len(Layer), SPAN_WIDTH).transpose(1, 2)
            a, b = x.chunk(2, dim=-1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

        scores = turned(self.first(words)) @ turned(self.last(words)).transpose(2, 3)
        first, last, within = self.alone(words).float().transpose(1, 2).chunk(3, dim=1)
        until = (within * there[:, None]).cumsum(-1)
        scores = scores / SPAN_WIDTH**0.5 + (last + until)[:, :, None, :]
        scores = scores + (first + within - until)[..., None] + self.bias[:, None, None]
        ordered = torch.ones(count, count, device=words.device).triu()
        known = ordered * there[:, None, :] * there[:, :, None]
        return scores + (1 - known)[:, None] * NEVER


class Slots(nn.Module):
    """Whether each possible request is made, and where."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(len(SLOTS), SLOT_WIDTH) * 0.1)
        self.keys = nn.Linear(WORD_WIDTH, SLOT_WIDTH)
        self.values = nn.Linear(WORD_WIDTH, SLOT_WIDTH)
        self.whole = nn.Linear(2 * WIDTH, SLOT_WIDTH)
        self.norm = nn.LayerNorm(SLOT_WIDTH)
        self.hidden = nn.Sequential(
            nn.Linear(SLOT_WIDTH, HIDDEN), nn.GELU(approximate="tanh"), nn.Dropout(dropout)
        )
        self.made = nn.Parameter(torch.randn(len(SLOTS), HIDDEN) * 0.05)
        self.bias = nn.Parameter(torch.full((len(SLOTS),), -3.0))
        self.modality = nn.Linear(HIDDEN, len(MODALITIES))
        self.holder = nn.Linear(HIDDEN, len(HOLDERS))
        self.act = nn.Linear(HIDDEN, len(ACTS))

    def forward(self, words: Tensor, there: Tensor, message: Tensor) -> tuple[Tensor, ...]:
        """Return by slot: logits (made, modality, holder, act), its attention, and its vector."""
        scores = self.queries @ self.keys(words).transpose(1, 2) / SLOT_WIDTH**0.5
        looks = (scores + (~there)[:, None] * NEVER).softmax(-1)
        seen = looks @ self.values(words)
        points = self.norm(seen + self.queries + self.whole(message)[:, None])
        hidden = self.hidden(points)
        made = (hidden * self.made).sum(-1) + self.bias
        told = self.modality(hidden), self.holder(hidden), self.act(hidden)
        return made, *told, looks, points


class Reader(nn.Module):
    """Tokens and words in; stretches, classes of the message, and requests out."""

    def __init__(self, pieces: int, layers: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.pieces = nn.Embedding(pieces, WIDTH)
        self.positions = nn.Embedding(MOST_TOKENS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(layers))
        self.words = Words()
        self.spans = Spans()
        self.slots = Slots(dropout)
        self.intent = _telling(2 * WIDTH, len(INTENTS), dropout, "none")
        self.safety = nn.Linear(2 * WIDTH, len(SAFETIES))

    def forward(self, tokens: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        """Return logits of stretches, intents, safety and slots, vectors of slots, words, tokens.

        Args:
            tokens: (batch, tokens), ``PADDING`` after the last.
            words: (batch, words, 4), as in ``Cut``, zeros after the last.
        """
        there = tokens != PADDING
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.pieces(tokens) + self.positions(places)
        mask = (~there)[:, None, None, :] * NEVER
        x = self.dropout(self.norm(x))
        for block in self.blocks:
            x = block(x, mask)
        weights = there[..., None].to(x.dtype)
        message = torch.cat([x[:, 0], (x * weights).sum(1) / weights.sum(1)], dim=-1)
        spoken = words[..., 1] > 0
        points = self.words(x, words, spoken)
        of_slots = self.slots(points, spoken, message)
        told = self.spans(points, spoken), self.intent(message), self.safety(message)
        return *told, *of_slots, points, x


class Stretches(nn.Module):
    """The heads for the types of stretches, and for how they belong together."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.value = _telling(POINT, len(MENTIONS), dropout)
        self.field = _telling(POINT, len(VALUES), dropout)
        self.role = SlotPair(len(ROLES))
        self.told = SlotPair(1)
        self.narrowing = Pair(len(ROLES))


class SlotPair(nn.Module):
    """Whether and how a stretch belongs to a request."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(SLOT_WIDTH, PAIR_WIDTH)
        self.second = nn.Linear(POINT, PAIR_WIDTH)
        self.near = nn.Linear(NEARNESS, PAIR_WIDTH)
        self.out = _judging(classes)

    def forward(self, slots: Tensor, points: Tensor, near: Tensor) -> Tensor:
        """Return logits, (pairs, classes)."""
        a, b = self.first(slots), self.second(points)
        logits: Tensor = self.out(a + b + a * b + self.near(near))
        return logits


class Pair(nn.Module):
    """Whether and how one stretch belongs to another."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(POINT, PAIR_WIDTH)
        self.second = nn.Linear(POINT, PAIR_WIDTH)
        self.gap = nn.Embedding(2 * GAPS + 1, PAIR_WIDTH)
        self.between = nn.Embedding(BETWEEN, PAIR_WIDTH)
        self.out = _judging(classes)

    def forward(self, first: Tensor, second: Tensor, gap: Tensor, between: Tensor) -> Tensor:
        """Return logits, (pairs, classes)."""
        a, b = self.first(first), self.second(second)
        logits: Tensor = self.out(a + b + a * b + self.gap(gap) + self.between(between))
        return logits


def _telling(width: int, classes: int, dropout: float, bend: str = "tanh") -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, HIDDEN),
        nn.GELU(approximate=bend),
        nn.Dropout(dropout),
        nn.Linear(HIDDEN, classes),
    )


def _judging(classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.GELU(approximate="tanh"),
        nn.Linear(PAIR_WIDTH, PAIR_WIDTH),
        nn.GELU(approximate="tanh"),
        nn.Linear(PAIR_WIDTH, classes),
    )


def points_of(words: Tensor, stretches: Tensor) -> Tensor:
    """Return the vectors of stretches: the mean of their words, the first and the last.

    Args:
        words: (batch, words, width).
        stretches: (stretches, 3): row, first word and the one after the last.
    """
    row, start, end = stretches.unbind(1)
    until = functional.pad(words.float().cumsum(1), (0, 0, 1, 0))
    mean = (until[row, end] - until[row, start]) / (end - start)[:, None]
    return torch.cat([mean, words[row, start].float(), words[row, end - 1].float()], dim=-1)


def load_encoder(reader: Reader, model: Any, pieces: list[int]) -> None:
    """Load the weights of a ``ModelFile``'s first layers, and of its pieces with some numbers."""
    put(reader.pieces.weight, model.matrix("emb.word", columns=WIDTH).floats(np.array(pieces)))
    places = model.floats("emb.pos").reshape(-1, WIDTH)[:MOST_TOKENS]
    put(reader.positions.weight, places + model.floats("emb.type")[:WIDTH])
    put(reader.norm.weight, model.floats("emb.ln.w"))
    put(reader.norm.bias, model.floats("emb.ln.b"))
    load_blocks(reader.blocks, model, 0)
