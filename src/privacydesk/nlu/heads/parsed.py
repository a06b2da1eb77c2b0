"""The predictions of the heads for a message, before requests are built from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct, structs

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Holder, MentionKind, Modality, Safety
from privacydesk.encoder import runtime
from privacydesk.nlu.heads.stretches import Found, missed, stretches
from privacydesk.nlu.heads.weights import Floats, StretchHeads, point_of, sigmoid, softmax
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
from privacydesk.nlu.tokens import Cut, Tokens

GRAPH: Final = "reader.onnx"
HEADS: Final = "heads.npz"
PIECES: Final = "pieces.model"
"""The files of a trained network."""

OUTPUTS: Final = (
    "spans", "intents", "safety", "made", "modality", "holder", "act", "looks", "slots", "points",
    "states",
)  # fmt: skip
"""The outputs of the graph."""
WINDOW: Final = 256
"""Most word pieces read in one pass; the cost grows with their square."""
_MADE: Final = 0.5
_LEAST: Final = {
    Layer.MENTION: -2.0, Layer.WHEN: -2.0, Layer.QUALIFIER: -2.0, Layer.VALUE: -2.0,
}  # fmt: skip
"""The score above which stretches are taken, where it is not zero: unfamiliar wordings score low,
anything else far lower. Chosen on the voices held out from training."""
_ASKED_FOR: Final = [MODALITIES.index(one) for one in (Modality.WISHED, Modality.CONDITIONAL)]


class FoundRequest(Struct, frozen=True):
    """A predicted request.

    Attributes:
        intent: None where things are named but nothing is asked for.
        act: what to do with the child's account, for a guardian's request.
        centre: mean position, in words, of where it is made.
        made: probability that it is made at all.
        chance: probability that it is made with this modality and holder.
        asked: probability that it is asked for, perhaps conditionally, with this holder.
    """

    intent: Intent | None
    modality: Modality
    holder: Holder
    act: Intent
    centre: float
    made: float
    chance: float
    asked: float


class FoundMention(Struct, frozen=True):
    """A thing that is named."""

    stretch: Found
    kind: MentionKind
    value: str
    chance: float


class Parsed(Struct, frozen=True):
    """The predictions of the heads; all arrays hold probabilities.

    Attributes:
        intents: of each of ``INTENTS``.
        safety: of each of ``SAFETIES``.
        made: of each of ``SLOTS``.
        requests: those that are made, in the order of the message.
        roles: (requests, mentions, roles), that a request gives a mention a role.
        told: (requests, values), that a value is given for a request.
        narrowing: (whens and qualifiers, mentions, roles), that one narrows a mention in a role.
        missed: probability that a mention, period or qualifier was missed.
        states: vectors of the word pieces, (pieces, width), in context.
        read: number of characters read.
    """

    intents: Floats
    safety: Floats
    made: Floats
    requests: list[FoundRequest]
    mentions: list[FoundMention]
    questions: list[Found]
    whens: list[Found]
    qualifiers: list[Found]
    values: list[Found]
    roles: Floats
    told: Floats
    narrowing: Floats
    missed: float
    states: Floats
    read: int


class _Told(NamedTuple):
    """The outputs of the network for a message, in order: logits, ``looks`` and vectors."""

    spans: Floats
    intents: Floats
    safety: Floats
    made: Floats
    modality: Floats
    holder: Floats
    act: Floats
    looks: Floats
    slots: Floats
    words: Floats
    states: Floats


class Parser:
    """Reads messages with the trained network of a folder."""

    def __init__(self, folder: Path) -> None:
        self._session = runtime.session(folder / GRAPH)
        self._width = self._session.get_outputs()[-1].shape[-1]
        self._heads = StretchHeads.load(folder / HEADS)
        self._tokens = Tokens.load(folder / PIECES)

    def parse(self, text: str, most: int = WINDOW, *, end: bool = False) -> Parsed | None:
        """Return the predictions for a message's first or last word pieces, if it has any."""
        cut = self._tokens.of(text, most, end=end)
        if not cut.places:
            return None
        return self._parsed(cut, _Told(*self._run(OUTPUTS, cut)))

    def states(self, text: str, most: int) -> Floats:
        """Return the vectors of a text's first word pieces, (pieces, width)."""
        cut = self._tokens.of(text, most)
        if not cut.places:
            return np.zeros((0, self._width), np.float32)
        return self._run(OUTPUTS[-1:], cut)[0]

    def _run(self, outputs: Sequence[str], cut: Cut) -> list[Floats]:
        inputs = {"tokens": cut.tokens[np.newaxis], "words": cut.words[np.newaxis]}
        return [one[0] for one in self._session.run(outputs, inputs)]

    def _parsed(self, cut: Cut, told: _Told) -> Parsed:
        scores = dict(zip(Layer, told.spans, strict=True))
        found = {
            layer: stretches(scores[layer], cut.places, _LEAST.get(layer, 0.0)) for layer in Layer
        }
        points = {
            layer: _points(told.words, found[layer])
            for layer in (Layer.MENTION, Layer.WHEN, Layer.QUALIFIER, Layer.VALUE)
        }
        chances = sigmoid(told.made)
        centres = np.asarray(told.looks @ np.arange(len(told.words)), np.float32)
        which = sorted(np.flatnonzero(chances >= _MADE).tolist(), key=lambda one: centres[one])
        asked = told.slots[which], told.looks[which]
        return Parsed(
            softmax(told.intents),
            sigmoid(told.safety),
            chances,
            _requests(which, chances, told, centres),
            self._mentions(found[Layer.MENTION], points[Layer.MENTION]),
            found[Layer.QUESTION],
            found[Layer.WHEN],
            found[Layer.QUALIFIER],
            self._values(found[Layer.VALUE], points[Layer.VALUE]),
            self._of_slots("role", asked, points[Layer.MENTION], found[Layer.MENTION]),
            self._of_slots("told", asked, points[Layer.VALUE], found[Layer.VALUE])[..., 0],
            self._narrowing(
                np.concatenate([points[Layer.WHEN], points[Layer.QUALIFIER]]),
                [*found[Layer.WHEN], *found[Layer.QUALIFIER]],
                points[Layer.MENTION],
                found[Layer.MENTION],
            ),
            max(
                missed(scores[layer], found[layer])
                for layer in (Layer.MENTION, Layer.WHEN, Layer.QUALIFIER)
            ),
            told.states,
            cut.read,
        )

    def _of_slots(
        self, name: str, asked: tuple[Floats, Floats], points: Floats, found: list[Found]
    ) -> Floats:
        slots, looks = asked
        if not len(slots) or not found:
            return np.zeros((len(slots), len(found), len(ROLES)), np.float32)
        return self._heads.of_slots(name, slots, points, looks, [one.words for one in found])

    def _narrowing(
        self, first: Floats, narrows: list[Found], second: Floats, mentions: list[Found]
    ) -> Floats:
        if not narrows or not mentions:
            return np.zeros((len(narrows), len(mentions), len(ROLES)), np.float32)
        return self._heads.narrowing(
            first, second, [one.words for one in narrows], [one.words for one in mentions]
        )

    def _mentions(self, found: list[Found], points: Floats) -> list[FoundMention]:
        if not found:
            return []
        return [
            FoundMention(stretch, *MENTIONS[int(each.argmax())], stretch.chance * float(each.max()))
            for stretch, each in zip(found, self._heads.types("value", points), strict=True)
        ]

    def _values(self, found: list[Found], points: Floats) -> list[Found]:
        if not found:
            return []
        types = self._heads.types("field", points).argmax(axis=1)
        return [
            structs.replace(one, type=VALUES[number])
            for one, number in zip(found, types, strict=True)
        ]


def _requests(which: list[int], made: Floats, told: _Told, centres: Floats) -> list[FoundRequest]:
    modality, holder = softmax(told.modality), softmax(told.holder)
    return [
        FoundRequest(
            SLOTS[slot][0],
            MODALITIES[int(modality[slot].argmax())],
            HOLDERS[int(holder[slot].argmax())],
            ACTS[int(told.act[slot].argmax())],
            float(centres[slot]),
            float(made[slot]),
            float(made[slot] * modality[slot].max() * holder[slot].max()),
            float(made[slot] * modality[slot][_ASKED_FOR].sum() * holder[slot].max()),
        )
        for slot in which
    ]


def _points(words: Floats, found: list[Found]) -> Floats:
    if not found:
        return np.zeros((0, 3 * words.shape[1]), np.float32)
    return np.stack([point_of(words, one.words) for one in found])


def likeliest(chances: Floats) -> list[tuple[Intent, float]]:
    """Return intents with their chances, best first."""
    order = np.argsort(-chances)
    return [(INTENTS[int(one)], float(chances[one])) for one in order]


def told_safety(chances: Floats) -> tuple[Safety, ...]:
    """Return the safety concerns that are likely."""
    return tuple(one for one, chance in zip(SAFETIES, chances, strict=True) if chance > _MADE)
