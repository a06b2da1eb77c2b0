"""Trains the network, with check points from which stopped training is resumed."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
from msgspec import Struct

from privacydesk.learning.check_points import CheckPoint
from privacydesk.learning.rates import share_of_highest
from privacydesk.nlu.tokens import Tokens
from privacydesk.training.batches import Batch, batches
from privacydesk.training.labelling import Labelled
from privacydesk.training.losses import losses
from privacydesk.training.network import Reader, Stretches
from privacydesk.training.variation import Variation

_ENCODER: Final = ("pieces", "positions", "norm", "blocks")
_LONGEST_STEP: Final = 1.0
_TOLD_EVERY: Final = 50
"""Batches between two messages of progress."""


class Pace(Struct, frozen=True):
    """The training parameters.

    Attributes:
        epochs: how often every annotated message is read, each time varied.
        share: of the sentences with an intent alone that is read in an epoch.
        tokens: most tokens of a batch, padding included.
        encoder_rate: highest learning rate of the encoder; ``head_rate``: of the heads.
    """

    epochs: int = 12
    share: float = 0.35
    tokens: int = 768
    encoder_rate: float = 1e-4
    head_rate: float = 1e-3


class Training:
    """Trains a network, resuming from a check point of the same digest.

    Args:
        reader: the network; ``stretches``: its heads for stretches.
        pace: the training parameters.
        kept: the file of the check point, and the digest of the training data.
        tell: called with messages of progress.
    """

    def __init__(
        self,
        reader: Reader,
        stretches: Stretches,
        pace: Pace,
        kept: tuple[Path, str],
        tell: Callable[[str], None],
    ) -> None:
        torch.manual_seed(0)
        random.seed(0)
        named = list(reader.named_parameters())
        encoder = [one for name, one in named if name.startswith(_ENCODER)]
        heads = [one for name, one in named if not name.startswith(_ENCODER)]
        heads += stretches.parameters()
        self._reader, self._stretches = reader, stretches
        self._pace, self._tell = pace, tell
        self._parameters = [*encoder, *heads]
        rates = (encoder, pace.encoder_rate), (heads, pace.head_rate)
        groups = [{"params": parameters, "most": rate} for parameters, rate in rates]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
        learning = {"reader": reader, "stretches": stretches, "optimiser": self._optimiser}
        self._kept = CheckPoint(*kept, learning, tell)
        self._began = time.monotonic()

    def run(
        self,
        tokens: Tokens,
        annotated: Sequence[tuple[str, Labelled]],
        sentences: Sequence[Labelled],
    ) -> None:
        """Train on messages with their languages, and on sentences with an intent alone."""
        pace = self._pace
        for epoch in range(self._kept.resume(), pace.epochs):
            variation = Variation(annotated, epoch)
            texts = [variation.vary(language, one) for language, one in annotated]
            chosen = random.Random(epoch)  # noqa: S311 - no secret
            texts += chosen.sample(list(sentences), int(len(sentences) * pace.share))
            self._reader.train()
            self._stretches.train()
            made = list(batches(texts, tokens, pace.tokens, epoch))
            sums: Counter[str] = Counter()
            for number, batch in enumerate(made, start=1):
                done = epoch + number / len(made)
                sums.update(self._step(batch, share_of_highest(done / pace.epochs)))
                if number % _TOLD_EVERY == 0:
                    self._tell_progress(done, sums)
                    sums.clear()
            self._kept.keep(epoch + 1)

    def _step(self, batch: Batch, scale: float) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = group["most"] * scale
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = losses(self._reader, self._stretches, batch)
        torch.stack(list(found.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, _LONGEST_STEP)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return {name: float(loss.detach()) for name, loss in found.items()}

    def _tell_progress(self, done: float, sums: Counter[str]) -> None:
        told = {name: round(total / _TOLD_EVERY, 3) for name, total in sums.items()}
        seconds = time.monotonic() - self._began
        self._tell(f"{done:.2f} of {self._pace.epochs}, {seconds:.0f} s: {json.dumps(told)}")
