"""Trains the cross-encoder, with check points from which stopped training is resumed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import torch
from msgspec import Struct
from torch import Tensor, nn
from torch.nn import functional

from privacydesk.learning import check_points
from privacydesk.learning.check_points import CheckPoint
from privacydesk.learning.rates import share_of_highest
from privacydesk.policy.reranker import EncodedPassage, Floats, make_batch
from privacydesk.policy_training.corpus import Question
from privacydesk.policy_training.network import CrossEncoder

_UNKNOWN: Final = -1.0
"""A label that the loss ignores."""
_SMOOTHING: Final = 0.02
_SENTENCES_MATTER: Final = 2.0
_HEADS: Final = ("passage.hidden", "passage.out", "sentence.hidden", "sentence.out")
_LONGEST_STEP: Final = 1.0
_MIXED: Final = 8
"""Tokens of random jitter when pairs are sorted by length."""
_FADES: Final = 7
"""The rank at which a passage is sampled half as often as the first."""
_TOLD_EVERY: Final = 50
"""Batches between two messages of progress."""


class Pace(Struct, frozen=True):
    """The training parameters.

    Attributes:
        epochs: how often every question is read.
        near: passages that rank high but do not answer, read with a question in an epoch.
        looked_up: how many passages of the lookup count as near.
        far: other passages read with it.
        tokens: most tokens of a batch, padding included.
        encoder_rate: highest learning rate of the layers; ``head_rate``: of the heads;
            ``scale_rate``: of scalars.
        seed: of all random choices.
    """

    epochs: int = 3
    near: int = 5
    looked_up: int = 14
    far: int = 1
    tokens: int = 2000
    encoder_rate: float = 8e-5
    head_rate: float = 1e-3
    scale_rate: float = 5e-3
    seed: int = 0


class Asked(Struct, frozen=True):
    """A question, prepared for training.

    Attributes:
        question: the question.
        states: vectors of its tokens, read by itself.
        order: the passages of its policy, as the lookup ranks them.
        passages: of its policy, each read by itself.
    """

    question: Question
    states: Floats
    order: Sequence[int]
    passages: Sequence[EncodedPassage]


class Example(Struct, frozen=True):
    """A question with a passage: whether it and each of its sentences answer."""

    states: Floats
    passage: EncodedPassage
    answers: float
    sentences: tuple[float, ...]

    @property
    def tokens(self) -> int:
        """How many tokens both have."""
        return len(self.states) + len(self.passage.states)


def train(
    network: CrossEncoder,
    asked: Sequence[Asked],
    *,
    pace: Pace,
    folder: Path,
    digest: str,
    tell: Callable[[str], None],
) -> None:
    """Train the network, resuming from the check point in the folder if it has this digest."""
    _Training(network, pace, (folder / check_points.FILE, digest), tell).run(asked)


def labelled(asked: Asked, passage: int) -> Example:
    """Return a question with a passage of its policy, labelled.

    A sentence is 1 where it answers, unknown where it answers partly, else 0; so is the passage.
    """
    question, read = asked.question, asked.passages[passage]

    def label(place: tuple[int, int]) -> float:
        return 1.0 if place in question.answers else _UNKNOWN if place in question.partly else 0.0

    sentences = tuple(label((passage, at)) for at in range(len(read.sentences)))
    if passage in question.answering:
        return Example(asked.states, read, 1.0, sentences)
    belongs = any(one == passage for one, _ in question.partly)
    return Example(asked.states, read, _UNKNOWN if belongs else 0.0, sentences)


def chosen(asked: Asked, pace: Pace, chance: random.Random) -> Iterator[int]:
    """Return the passages to read with a question in an epoch: all that answer, and others."""
    answering = asked.question.answering
    yield from sorted(answering)
    others = [one for one in asked.order if one not in answering]
    near, far = others[: pace.looked_up], others[pace.looked_up :]
    # The nearest are the ones that have to be distinguished most often.
    weights = [1 / (_FADES + rank) for rank in range(len(near))]
    wanted = min(pace.near + (not answering), len(near))
    picked: set[int] = set()
    while len(picked) < wanted:
        picked.update(chance.choices(near, weights))
    yield from sorted(picked)
    yield from chance.sample(far, min(pace.far, len(far)))


class _Training:
    def __init__(
        self,
        network: CrossEncoder,
        pace: Pace,
        kept: tuple[Path, str],
        tell: Callable[[str], None],
    ) -> None:
        torch.manual_seed(pace.seed)
        groups: dict[str, list[nn.Parameter]] = {"encoder": [], "heads": [], "scales": []}
        for name, parameter in network.named_parameters():
            single = parameter.dim() == 0
            of = "scales" if single else "heads" if name.startswith(_HEADS) else "encoder"
            groups[of].append(parameter)
        self._network, self._pace, self._tell = network, pace, tell
        self._optimiser = torch.optim.AdamW(
            [
                {"params": groups["encoder"], "most": pace.encoder_rate},
                {"params": groups["heads"], "most": pace.head_rate},
                {"params": groups["scales"], "most": pace.scale_rate, "weight_decay": 0.0},
            ],
            weight_decay=0.01,
        )
        learning = {"network": network, "optimiser": self._optimiser}
        self._kept = CheckPoint(*kept, learning, tell)
        self._began = time.monotonic()

    def run(self, asked: Sequence[Asked]) -> None:
        pace = self._pace
        for epoch in range(self._kept.resume(), pace.epochs):
            chance = random.Random(pace.seed + epoch)  # noqa: S311 - no secret
            examples = (labelled(one, at) for one in asked for at in chosen(one, pace, chance))
            batches = list(_batches(examples, pace.tokens, chance))
            self._network.train()
            total = 0.0
            for number, batch in enumerate(batches, start=1):
                done = epoch + number / len(batches)
                total += self._step(batch, done / pace.epochs)
                if number % _TOLD_EVERY == 0:
                    seconds = time.monotonic() - self._began
                    self._tell(
                        f"{done:.2f} of {pace.epochs}, {seconds:.0f} s: {total / _TOLD_EVERY:.3f}"
                    )
                    total = 0.0
            self._kept.keep(epoch + 1)

    def _step(self, batch: Sequence[Example], done: float) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = group["most"] * share_of_highest(done)
        given = make_batch([(one.states, one.passage) for one in batch])
        of_sentences = torch.full(given.sentences.shape[:2], _UNKNOWN)
        for row, one in enumerate(batch):
            of_sentences[row, : len(one.sentences)] = torch.tensor(one.sentences)
        # A sentence that was not read has no tokens to predict from.
        of_sentences[~torch.from_numpy(given.sentences.any(-1))] = _UNKNOWN
        with torch.autocast("cpu", dtype=torch.bfloat16):
            passages, sentences = self._network(*map(torch.from_numpy, given))
        loss = _loss(passages, torch.tensor([one.answers for one in batch]))
        loss = loss + _SENTENCES_MATTER * _loss(sentences, of_sentences)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LONGEST_STEP)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return float(loss.detach())


def _batches(
    examples: Iterable[Example], most: int, chance: random.Random
) -> Iterator[list[Example]]:
    """Return examples in batches of similar lengths, at most ``most`` tokens, in random order."""
    ordered = sorted(examples, key=lambda one: one.tokens + _MIXED * chance.random())
    groups: list[list[Example]] = [[]]
    for one in ordered:
        if groups[-1] and one.tokens * (len(groups[-1]) + 1) > most:
            groups.append([])
        groups[-1].append(one)
    chance.shuffle(groups)
    yield from groups


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss over the known labels."""
    known = labels != _UNKNOWN
    if not known.any():
        return logits.sum() * 0
    wanted = labels[known] * (1 - 2 * _SMOOTHING) + _SMOOTHING
    return functional.binary_cross_entropy_with_logits(logits[known].float(), wanted)
