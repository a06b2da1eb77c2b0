"""Trains the network that predicts what replies do, on the vectors of one that reads messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privacydesk.learning import quantising
from privacydesk.learning.layers import HIDDEN, NEVER, WIDTH, Block
from privacydesk.learning.rates import share_of_highest
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.heads.replies import (
    FIRST_LINE,
    GRAPH,
    INPUTS,
    LONGEST,
    MOST_LINES,
    OUTPUTS,
    REPLY,
    joined,
    lines_of,
)
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.reply_training.replies import Asking, LabelledReply

_KINDS: Final = FIRST_LINE + 2
"""What vectors belong to, with all lines but the first, which are buttons, as one."""
_EPOCHS: Final = 8
_BATCH: Final = 48
_RATE: Final = 3e-4
_HEAD_RATE: Final = 1e-3
_OF_LINES: Final = 0.1
"""The weight of the buttons that are meant, beside that of the acts."""
_LONGEST_STEP: Final = 1.0


class ReplyNetwork(nn.Module):
    """A layer over the vectors of a reply and of its question, and two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds = nn.Embedding(_KINDS, WIDTH)
        nn.init.zeros_(self.kinds.weight)
        self.norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(0.1)
        self.block = Block(0.15)
        self.acts = nn.Sequential(
            nn.Linear(2 * WIDTH, HIDDEN),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(HIDDEN, len(REPLY_ACTS)),
        )
        self.said = nn.Linear(2 * WIDTH, HIDDEN)
        self.line = nn.Linear(WIDTH, HIDDEN)

    def forward(self, states: Tensor, parts: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of acts, (batch, acts), and of the lines of the question, (batch, lines).

        Args:
            states: (batch, pieces, width), those of a reply first.
            parts: (batch, pieces), what each belongs to; see ``nlu.heads.replies``.
        """
        kinds = parts.clamp(max=FIRST_LINE + 1)
        x = self.dropout(self.norm(states + self.kinds(kinds)))
        x = self.block(x, (parts == 0)[:, None, None, :] * NEVER)
        message = torch.cat([x[:, 0], _mean(x, (parts == REPLY)[:, None])[:, 0]], -1)
        numbers = torch.arange(FIRST_LINE, FIRST_LINE + MOST_LINES, device=parts.device)
        of_lines = parts[:, None] == numbers[:, None]
        said, lines = self.said(message), self.line(_mean(x, of_lines))
        means = (lines * said[:, None]).sum(-1) / HIDDEN**0.5
        return self.acts(message), means + ~of_lines.any(-1) * NEVER


def _mean(x: Tensor, which: Tensor) -> Tensor:
    """Return the means of some vectors: (batch, means, width).

    Args:
        x: (batch, pieces, width).
        which: (batch, means, pieces), whose mean each is.
    """
    weights = which.to(x.dtype)
    return weights @ x / weights.sum(-1, keepdim=True).clamp(min=1)


def train_replies(folder: Path, asking: Asking, tell: Callable[[str], None]) -> None:
    """Train the network for replies and write it into a folder.

    Args:
        folder: of the network that reads messages, which stays as it is.
        asking: replies, and the questions that they answer.
        tell: called with messages of progress.
    """
    torch.manual_seed(0)
    states = _States(Parser(folder))
    network = ReplyNetwork()
    rates = (network.block, _RATE), (network.acts, _HEAD_RATE)
    groups: list[dict[str, Any]] = [
        {"params": [*part.parameters()], "most": rate} for part, rate in rates
    ]
    rest = [
        one
        for part in (network.kinds, network.norm, network.said, network.line)
        for one in part.parameters()
    ]
    groups.append({"params": rest, "most": _HEAD_RATE})
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    network.train()
    for epoch in range(_EPOCHS):
        replies = [one for one in asking.replied(epoch) if len(states.of(one.text))]
        random.Random(epoch).shuffle(replies)  # noqa: S311 - no secret
        batches = [replies[at : at + _BATCH] for at in range(0, len(replies), _BATCH)]
        losses = 0.0
        for number, batch in enumerate(batches, start=1):
            way = (epoch + number / len(batches)) / _EPOCHS
            for group in groups:
                group["lr"] = group["most"] * share_of_highest(way)
            losses += _step(network, optimiser, states.batch(batch), batch)
        tell(f"replies, {epoch + 1} of {_EPOCHS}: {losses / len(batches):.3f}")
    _export(network, folder / GRAPH)


def _step(
    network: ReplyNetwork,
    optimiser: torch.optim.Optimizer,
    inputs: tuple[Tensor, Tensor],
    batch: Sequence[LabelledReply],
) -> float:
    wanted = torch.tensor([one.acts for one in batch])
    meant = torch.tensor([one.line for one in batch])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        told, lines = (one.float() for one in network(*inputs))
    known = wanted >= 0
    loss = functional.binary_cross_entropy_with_logits(told[known], wanted[known])
    if (meant >= 0).any():
        loss += _OF_LINES * functional.cross_entropy(lines, meant, ignore_index=-1)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_STEP)
    optimiser.step()
    optimiser.zero_grad()
    return float(loss.detach())


class _States:
    """The vectors of texts, each made once."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._known: dict[str, Floats] = {}

    def of(self, text: str) -> Floats:
        if text not in self._known:
            self._known[text] = self._parser.states(text, LONGEST).astype(np.float16)
        return self._known[text]

    def batch(self, replies: Iterable[LabelledReply]) -> tuple[Tensor, Tensor]:
        rows = [
            joined(*map(self.of, (one.text, one.question.before, *lines_of(one.question))))
            for one in replies
        ]
        longest = max(len(parts) for _, parts in rows)
        states, parts = torch.zeros(len(rows), longest, WIDTH), torch.zeros(len(rows), longest)
        for number, (vectors, belongs) in enumerate(rows):
            states[number, : len(vectors)] = torch.from_numpy(vectors.astype(np.float32))
            parts[number, : len(belongs)] = torch.from_numpy(belongs)
        return states, parts.long()


def _export(network: ReplyNetwork, graph: Path) -> None:
    example = torch.zeros(2, 9, WIDTH), torch.ones(2, 9, dtype=torch.long)
    batch, pieces = map(torch.export.Dim, ("batch", "pieces"))
    shapes = {0: batch, 1: pieces}, {0: batch, 1: pieces}
    quantising.export(network, example, (INPUTS, OUTPUTS), shapes, graph)
