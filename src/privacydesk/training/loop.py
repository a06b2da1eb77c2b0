"""Teaches the network, with check points from which a stopped training goes on."""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from msgspec import Struct

from privacydesk.nlu.tokens import Tokens
from privacydesk.training.batches import Batch, batches
from privacydesk.training.labelling import Labelled
from privacydesk.training.losses import losses
from privacydesk.training.network import Reader, Stretches
from privacydesk.training.variation import Variation

CHECK_POINT: Final = "check-point.pt"
"""The file of what was learnt so far."""

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

    It goes on from the last check point in the folder, if that has the same digest of what is
    learnt from.
    """
    _Training(reader, stretches, pace, (folder / CHECK_POINT, digest), tell).run(
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
        self._kept, self._digest = kept
        self._parameters = [*encoder, *heads]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": encoder, "most": pace.encoder_rate},
                {"params": heads, "most": pace.head_rate},
            ],
            weight_decay=0.01,
            fused=True,
        )
        self._began = time.monotonic()

    def run(
        self,
        tokens: Tokens,
        annotated: Sequence[tuple[str, Labelled]],
        sentences: Sequence[Labelled],
    ) -> None:
        pace = self._pace
        for epoch in range(self._gone(), pace.epochs):
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
            self._keep(epoch + 1)

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

    def _gone(self) -> int:
        """Return how many epochs were done, taking what was learnt in them."""
        if not self._kept.exists():
            return 0
        state: dict[str, Any] = torch.load(self._kept)
        if state.get("digest") != self._digest:
            self._tell("begins anew: the check point is of another corpus")
            return 0
        self._reader.load_state_dict(state["reader"])
        self._stretches.load_state_dict(state["stretches"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._tell(f"goes on after epoch {state['epoch']}")
        return int(state["epoch"])

    def _keep(self, epoch: int) -> None:
        state = {
            "reader": self._reader.state_dict(),
            "stretches": self._stretches.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "epoch": epoch,
            "digest": self._digest,
        }
        fresh = self._kept.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._kept)
