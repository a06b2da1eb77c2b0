"""Teaches the network, with check points from which a stopped training goes on."""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
from msgspec import Struct

from privacydesk.nlu.tokens import Tokens
from privacydesk.training import check_points
from privacydesk.training.batches import Batch, batches
from privacydesk.training.check_points import CheckPoint
from privacydesk.training.labelling import Labelled
from privacydesk.training.losses import losses
from privacydesk.training.network import Reader, Stretches
from privacydesk.training.variation import Variation

_ENCODER: Final = ("pieces", "positions", "norm", "blocks")
_WARM: Final = 0.06
"""The share of the way on which the rate rises."""
_LONGEST_STEP: Final = 1.0
_TOLD_EVERY: Final = 50
"""Batches."""


class Pace(Struct, frozen=True):
    """How the network learns.

    Attributes:
        epochs: how often every annotated message is read, each time varied.
        share: of the sentences with an intent alone that is read in an epoch.
        tokens: of a batch, padding included.
        encoder_rate: how fast the encoder changes, at most; ``head_rate``: the heads.
        seed: of all that is chosen.
    """

    epochs: int = 12
    share: float = 0.35
    tokens: int = 768
    encoder_rate: float = 1e-4
    head_rate: float = 1e-3
    seed: int = 0


def train(
    reader: Reader,
    stretches: Stretches,
    tokens: Tokens,
    annotated: Sequence[tuple[str, Labelled]],
    sentences: Sequence[Labelled],
    *,
    pace: Pace,
    folder: Path,
    digest: str,
    tell: Callable[[str], None],
) -> None:
    """Teach from messages with their languages, and from sentences with an intent alone.

    It goes on from the folder's check point, if that is of the same digest.
    """
    _Training(reader, stretches, pace, (folder / check_points.FILE, digest), tell).run(
        tokens, annotated, sentences
    )


class _Training:
    def __init__(
        self,
        reader: Reader,
        stretches: Stretches,
        pace: Pace,
        kept: tuple[Path, str],
        tell: Callable[[str], None],
    ) -> None:
        torch.manual_seed(pace.seed)
        random.seed(pace.seed)
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
        pace = self._pace
        for epoch in range(self._kept.resume(), pace.epochs):
            seed = pace.seed + epoch
            variation = Variation(annotated, seed)
            texts = [variation.vary(language, one) for language, one in annotated]
            chosen = random.Random(seed)  # noqa: S311 - no secret
            texts += chosen.sample(list(sentences), int(len(sentences) * pace.share))
            self._reader.train()
            self._stretches.train()
            made = list(batches(texts, tokens, pace.tokens, seed))
            sums: Counter[str] = Counter()
            for number, batch in enumerate(made, start=1):
                done = epoch + number / len(made)
                sums.update(self._step(batch, done / pace.epochs))
                if number % _TOLD_EVERY == 0:
                    self._tell_progress(done, sums)
                    sums.clear()
            self._kept.keep(epoch + 1)

    def _step(self, batch: Batch, done: float) -> dict[str, float]:
        scale = min(done / _WARM, (1 + math.cos(math.pi * done)) / 2)
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
