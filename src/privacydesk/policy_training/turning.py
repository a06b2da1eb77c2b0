"""Trains the maps for vectors of questions, passages and sentences; takes seconds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor, nn
from torch.nn import functional

from privacydesk.policy.lookup import Floats, VectorMaps

_EPOCHS: Final = 10
_RATE: Final = 3e-4
_WEIGHTS_RATE: Final = 5e-2
_DECAY: Final = 0.02
_NOISE: Final = 0.01
"""Noise added to the vectors of questions, so that none is memorised."""
_AT_ONCE: Final = 16
"""Questions per batch, all about one policy."""
_NEVER: Final = -9.0


class Likened(Struct, frozen=True):
    """A policy's vectors, and its answerable questions.

    Attributes:
        passages: (passages, width); ``sentences``: (sentences, width).
        of_passage: the passage of each sentence.
        questions: (questions, width).
        by_words: (questions, passages), how well words match.
        answering: the passages that answer each question.
    """

    passages: Floats
    sentences: Floats
    of_passage: Sequence[int]
    questions: Floats
    by_words: Floats
    answering: Sequence[frozenset[int]]


class _Turning(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.question = nn.Parameter(torch.zeros(width + 1, width))
        self.passage = nn.Parameter(torch.zeros(width + 1, width))
        self.sentence = nn.Parameter(torch.zeros(width + 1, width))
        self.weights = nn.Parameter(torch.from_numpy(VectorMaps.identity(width).weights.copy()))

    def forward(self, policy: Likened, questions: Tensor, by_words: Tensor) -> Tensor:
        """Return the log probability that each passage answers, (questions, passages)."""
        asked = _turned(questions, self.question)
        passages = _turned(torch.from_numpy(policy.passages), self.passage) @ asked.T
        sentences = _turned(torch.from_numpy(policy.sentences), self.sentence) @ asked.T
        of_passage = torch.tensor(policy.of_passage)[:, None].expand(-1, len(questions))
        likest = torch.full_like(passages, _NEVER).scatter_reduce(0, of_passage, sentences, "amax")
        ways = torch.stack([by_words, passages.T, likest.T], -1)
        return (ways @ self.weights).log_softmax(-1)


def learn(policies: Sequence[Likened], seed: int = 0) -> VectorMaps:
    """Return the maps trained on policies."""
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - no secret
    network = _Turning(policies[0].passages.shape[1])
    matrices = [one for name, one in network.named_parameters() if name != "weights"]
    optimiser = torch.optim.AdamW(
        [
            {"params": matrices, "most": _RATE, "weight_decay": _DECAY},
            {"params": [network.weights], "most": _WEIGHTS_RATE, "weight_decay": 0.0},
        ]
    )
    epochs = [list(_groups(policies, chance)) for _ in range(_EPOCHS)]
    steps = [group for groups in epochs for group in groups]
    for step, (policy, questions) in enumerate(steps):
        for group in optimiser.param_groups:
            group["lr"] = group["most"] * (1 - step / len(steps))
        asked = torch.from_numpy(policy.questions[questions])
        asked = asked + torch.randn_like(asked) * _NOISE
        told = network(policy, asked, torch.from_numpy(policy.by_words[questions]))
        answering = [
            torch.logsumexp(told[row, sorted(policy.answering[one])], 0)
            for row, one in enumerate(questions)
        ]
        optimiser.zero_grad()
        (-torch.stack(answering).mean()).backward()
        optimiser.step()
    return VectorMaps(**{name: one.detach().numpy() for name, one in network.named_parameters()})


def _groups(
    policies: Iterable[Likened], chance: random.Random
) -> Iterable[tuple[Likened, list[int]]]:
    """Return all questions in groups of one policy each, in random order."""
    groups = []
    for policy in policies:
        order = list(range(len(policy.questions)))
        chance.shuffle(order)
        groups += [(policy, list(group)) for group in _parted(order)]
    chance.shuffle(groups)
    return groups


def _parted(order: Sequence[int]) -> Iterable[Sequence[int]]:
    return (order[at : at + _AT_ONCE] for at in range(0, len(order), _AT_ONCE))


def _turned(vectors: Tensor, by: Tensor) -> Tensor:
    return functional.normalize(vectors + vectors @ by[:-1] + by[-1], dim=-1)


def likened(
    vectors: Floats,
    sentences: Sequence[int],
    questions: Floats,
    by_words: Floats,
    answering: Sequence[frozenset[int]],
) -> Likened:
    """Return a policy's vectors, given those of its passages followed by their sentences."""
    count = len(sentences)
    of_passage = np.repeat(np.arange(count), sentences).tolist()
    return Likened(vectors[:count], vectors[count:], of_passage, questions, by_words, answering)
