"""The losses of the network on a batch."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privacydesk.learning.layers import NEVER
from privacydesk.nlu.labels import (
    ACTS,
    HOLDERS,
    MENTIONS,
    MODALITIES,
    REQUEST_INTENTS,
    ROLES,
    SLOTS,
    VALUES,
    Layer,
)
from privacydesk.nlu.pairs import Place, between, gap, nearness, touch
from privacydesk.nlu.tokens import Cut
from privacydesk.training.batches import UNKNOWN, Batch, place_of
from privacydesk.training.labelling import Labelled
from privacydesk.training.network import Reader, Stretches, points_of

_SMOOTHING: Final = 0.05
_JITTER: Final = 0.1
"""How often a stretch is made a word too short or too long, as they may be found."""
_DECOYS: Final = 2
"""Most false stretches per layer and message, which the heads learn to reject."""
_LIKELY: Final = -2.0
"""The score above which a false stretch is used as a decoy."""
_RARE: Final = 8.0
"""The weight of messages that need care: there are few."""
_INTENT_ALONE: Final = 0.2
"""The weight of the requests of a message of which only the intent is known."""
_WEIGHTS: Final = {
    "intent": 1.0, "safety": 0.5, "spans": 0.3, "made": 4.0, "looks": 0.2, "modality": 0.5,
    "holder": 0.5, "act": 0.3, "value": 0.5, "field": 0.3, "role": 0.7, "told": 0.3,
    "narrowing": 0.5,
}  # fmt: skip


def losses(reader: Reader, heads: Stretches, batch: Batch) -> dict[str, Tensor]:
    """Return the weighted loss of each head; heads without labels in a batch are missing."""
    *told, _ = reader(batch.tokens, batch.words)
    spans, intents, safety, made, modality, holder, act, looks, _, _ = told
    found = {
        **_of_spans(batch, spans),
        **_of_message(batch, intents, safety),
        **_of_slots(batch, made, {"modality": modality, "holder": holder, "act": act}, looks),
        **_of_stretches(heads, batch, tuple(told)),
    }
    return {name: _WEIGHTS[name] * loss for name, loss in found.items()}


def _of_spans(batch: Batch, spans: Tensor) -> dict[str, Tensor]:
    """Return the loss of stretches that score below zero, and of others that score above.

    It is taken over each layer as a whole, so that a few wrong words of a long message count as
    much (the multi-label loss of Su et al., arXiv 2208.02955).
    """
    if not batch.annotated.any():
        return {}
    gold = batch.spans[batch.annotated].flatten(2).bool()
    scores = spans[batch.annotated].float().flatten(2)
    missing = torch.where(gold, -scores, NEVER)
    too_many = torch.where(gold, NEVER, scores)
    zero = torch.zeros_like(scores[..., :1])
    each = sum(torch.cat([one, zero], -1).logsumexp(-1) for one in (missing, too_many))
    return {"spans": each.sum(-1).mean()}


def _of_message(batch: Batch, intents: Tensor, safety: Tensor) -> dict[str, Tensor]:
    found = {}
    if (batch.intents != UNKNOWN).any():
        found["intent"] = functional.cross_entropy(
            intents.float(), batch.intents, ignore_index=UNKNOWN, label_smoothing=2 * _SMOOTHING
        )
    known = batch.safety[:, 0] >= 0
    if known.any():
        found["safety"] = functional.binary_cross_entropy_with_logits(
            safety[known].float(), batch.safety[known], pos_weight=torch.tensor(_RARE)
        )
    return found


def _of_slots(
    batch: Batch, made: Tensor, told: Mapping[str, Tensor], looks: Tensor
) -> dict[str, Tensor]:
    gold = torch.zeros_like(made, dtype=torch.float32)
    counts = torch.ones_like(gold)
    seen: list[Tensor] = []
    known: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row, one in enumerate(batch.labelled):
        if not one.annotated:
            counts[row] = 0.0 if one.intent is None else _INTENT_ALONE
            if one.intent in REQUEST_INTENTS:
                gold[row, SLOTS.index((one.intent, False))] = 1
        for request, slot in zip(one.requests, one.slots, strict=True):
            place = place_of(request.stretch, batch.cuts[row])
            if slot is None or place is None:
                continue
            gold[row, slot] = 1
            seen.append(looks[row, slot, slice(*place)].sum())
            if request.intent is None:
                continue
            known["modality"].append((row, slot, MODALITIES.index(request.modality)))
            known["holder"].append((row, slot, HOLDERS.index(request.holder)))
            if request.act is not None:
                known["act"].append((row, slot, ACTS.index(request.act)))
    found = {"made": functional.binary_cross_entropy_with_logits(made.float(), gold, weight=counts)}
    if seen:
        found["looks"] = -(torch.stack(seen).float() + 1e-4).log().mean()
    for name, places in known.items():
        rows, slots, classes = torch.tensor(places).unbind(1)
        found[name] = functional.cross_entropy(
            told[name][rows, slots].float(), classes, label_smoothing=_SMOOTHING
        )
    return found


_Placed = Mapping[Layer, Mapping[int, tuple[int, Place]]]
"""By layer and number: the index in ``points``, and the words."""


@dataclass(slots=True)
class _Rows:
    """The inputs and targets of the heads for stretches, for a batch.

    Attributes:
        scores: of stretches; looks: attention of the slots.
        points: row, first word and the one after the last of each stretch.
        asked: by head, a row for each example: indices in ``points`` and other inputs.
        gold: by head, the target of each example.
    """

    scores: np.ndarray
    looks: np.ndarray
    points: list[tuple[int, int, int]] = field(default_factory=list)
    asked: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    gold: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: int, one: Labelled, cut: Cut) -> None:
        """Add the examples of an annotated message."""
        placed = {layer: self._placed(row, layer, one, cut) for layer in Layer}
        mentions, values = placed[Layer.MENTION], placed[Layer.VALUE]
        for number, (at, _) in mentions.items():
            if number < len(one.mentions):
                mention = one.mentions[number]
                self._ask("value", (at,), MENTIONS.index((mention.kind, mention.value)))
        for number, (at, _) in values.items():
            if number < len(one.values):
                self._ask("field", (at,), VALUES.index(one.values[number].type))
        self._add_slots(row, one, cut, placed)
        self._add_narrowing(one, placed)

    def _add_slots(self, row: int, one: Labelled, cut: Cut, placed: _Placed) -> None:
        for request, slot in enumerate(one.slots):
            if slot is None:
                continue
            look = self.looks[row, slot, : len(cut.places)]
            for number, (at, place) in placed[Layer.MENTION].items():
                told = [float((request, number, role) in one.roles) for role in ROLES]
                self._ask("role", (row, slot, at, nearness(look, place)), told)
            for number, (at, place) in placed[Layer.VALUE].items():
                told = [float((request, number) in one.told)]
                self._ask("told", (row, slot, at, nearness(look, place)), told)

    def _add_narrowing(self, one: Labelled, placed: _Placed) -> None:
        mentions = placed[Layer.MENTION]
        others = [place for _, place in mentions.values()]
        for layer in (Layer.WHEN, Layer.QUALIFIER):
            known = len(one.stretches(layer))
            for (number, (at, place)), (other, (to, there)) in product(
                placed[layer].items(), mentions.items()
            ):
                which = one.narrowing_place(layer, number) if number < known else None
                told = [float((which, other, role) in one.narrowed) for role in ROLES]
                apart = gap(place, there), between(place, there, others)
                self._ask("narrowing", (at, to, *apart), told)

    def _ask(self, head: str, about: tuple[Any, ...], gold: Any) -> None:
        self.asked[head].append(about)
        self.gold[head].append(gold)

    def _placed(
        self, row: int, layer: Layer, one: Labelled, cut: Cut
    ) -> dict[int, tuple[int, Place]]:
        """Return the index in ``points`` and the words of each stretch of a layer.

        Numbers are those of the message; decoys follow them.
        """
        places = {n: place_of(stretch, cut) for n, stretch in enumerate(one.stretches(layer))}
        known = [place for place in places.values() if place]
        decoys = _decoys(self.scores[row, list(Layer).index(layer)], known)
        places |= dict(enumerate(decoys, start=len(places)))
        found = {}
        for number, place in places.items():
            if place is not None:
                found[number] = len(self.points), place
                self.points.append((row, *_jittered(place, len(cut.places))))
        return found


def _decoys(scores: np.ndarray, known: Sequence[Place]) -> list[Place]:
    """Return the likeliest false stretches that overlap no true one."""
    firsts, lasts = np.nonzero(scores > _LIKELY)
    kept: list[Place] = []
    for one in np.argsort(-scores[firsts, lasts]).tolist():
        place = int(firsts[one]), int(lasts[one]) + 1
        if len(kept) < _DECOYS and not any(touch(place, other) for other in (*known, *kept)):
            kept.append(place)
    return kept


def _of_stretches(heads: Stretches, batch: Batch, told: tuple[Tensor, ...]) -> dict[str, Tensor]:
    spans, *_, looks, slots, words = told
    rows = _Rows(*(one.detach().float().numpy() for one in (spans, looks)))
    for row, (one, cut) in enumerate(zip(batch.labelled, batch.cuts, strict=True)):
        if one.annotated:
            rows.add(row, one, cut)
    if not rows.points:
        return {}
    points = points_of(words, torch.tensor(rows.points))
    found = {}
    for name, asked in rows.asked.items():
        columns = [torch.tensor(one) for one in zip(*asked, strict=True)]
        gold = torch.tensor(rows.gold[name])
        if name in ("value", "field"):
            logits = (heads.value if name == "value" else heads.field)(points[columns[0]])
            found[name] = functional.cross_entropy(logits.float(), gold, label_smoothing=_SMOOTHING)
            continue
        if name == "narrowing":
            first, second, *apart = columns
            logits = heads.narrowing(points[first], points[second], *apart)
        else:
            row_numbers, slot_numbers, at, near = columns
            head = heads.role if name == "role" else heads.told
            logits = head(slots[row_numbers, slot_numbers], points[at], near)
        found[name] = functional.binary_cross_entropy_with_logits(logits.float(), gold)
    return found


def _jittered(place: Place, count: int) -> Place:
    start, end = place
    if random.random() < _JITTER:  # noqa: S311 - no secret
        start += random.choice((-1, 1))  # noqa: S311
    if random.random() < _JITTER:  # noqa: S311
        end += random.choice((-1, 1))  # noqa: S311
    start = min(max(start, 0), count - 1)
    return start, min(max(end, start + 1), count)
