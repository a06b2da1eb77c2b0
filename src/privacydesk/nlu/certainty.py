"""Whether the desk may act on a request without asking back.

Logistic regressions over the uncertainty of the heads and over words that nothing was made of,
fitted on voices that the heads had not seen. For requests that remove something they predict
whether all of it should go; for others, whether the request is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
from msgspec import Struct

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ALL, MentionKind, Modality, Request
from privacydesk.nlu.heads.parsed import Parsed, likeliest
from privacydesk.nlu.heads.stretches import Found
from privacydesk.nlu.labels import ROLES, Role
from privacydesk.nlu.scope import BELONGS, Scope

FILE: Final = "certainty.json"
"""The file of the fitted model."""

LOSING: Final = frozenset(
    {Intent.DELETION, Intent.DEREGISTRATION, Intent.UNBINDING, Intent.CONSENT_WITHDRAWAL}
)
"""Intents that remove something."""

SIGNS: Final = (
    "request", "mention", "role", "narrowing", "stretch", "missed", "loose_mentions",
    "loose_narrowing", "unresolved", "other_intent", "several", "unmade", "nothing_named",
    "all_named", "kept", "words",
)  # fmt: skip
"""Names of the features, in the order of the weights."""
DOUBTS: Final = frozenset(SIGNS) - {"several", "nothing_named", "all_named", "kept", "words"}
"""Features that never count in favour of a request."""

_SLIGHT: Final = 0.3
"""The weight of a mistake that removes nothing."""


def is_losing(request: Request) -> bool:
    """Return whether carrying out a request would remove something."""
    return request.intent in LOSING and request.modality is Modality.WISHED


class Judgement(Struct, frozen=True):
    """A logistic regression over the features.

    Attributes:
        weights: one for each of ``SIGNS``.
        bias: the intercept.
    """

    weights: tuple[float, ...]
    bias: float

    def chance(self, signs: Sequence[float]) -> float:
        """Return the predicted probability."""
        told = sum(w * s for w, s in zip(self.weights, signs, strict=True)) + self.bias
        return 1 / (1 + math.exp(-told))


class Certainty(Struct, frozen=True):
    """The fitted model.

    Attributes:
        right: predicts whether a request is right.
        harmless: predicts whether all that would be removed should be.
        enough: the safety from which a request is sure.
    """

    right: Judgement
    harmless: Judgement
    enough: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the model of a file."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def safety(self, request: Request, signs: Sequence[float]) -> float:
        """Return how safe it is to act on a request, 0 to 1."""
        if is_losing(request):
            return self.harmless.chance(signs)
        return 1 - _SLIGHT * (1 - self.right.chance(signs))

    def is_sure(self, request: Request, signs: Sequence[float]) -> bool:
        """Return whether a request is sure: safe, and no mention is both included and excluded."""
        left = not {*request.include} & {*request.exclude}
        return left and not _hides(request) and self.safety(request, signs) >= self.enough


def _hides(request: Request) -> bool:
    """Return whether what would be removed is not fully stated.

    If only what stays is named, what goes was not found; and "all but one profile entry"
    can't be expressed at all.
    """
    kept = request.exclude
    entry = any(one.kind is MentionKind.FIELD for one in kept)
    return is_losing(request) and bool(kept) and (entry or not request.include)


def signs(scope: Scope, number: int, request: Request) -> tuple[float, ...]:
    """Return the features of the request with a number, in the order of ``SIGNS``."""
    parsed = scope.parsed
    found, roles = parsed.requests[number], parsed.roles[number]
    own = np.flatnonzero(roles.max(axis=1, initial=0.0) >= BELONGS)
    narrowing = parsed.narrowing[:, own]
    qualifiers = {one.qualifier for one in (*request.include, *request.exclude)}
    intents = dict(likeliest(parsed.intents))
    loose = parsed.roles.max(axis=(0, 2), initial=0.0) < BELONGS
    unmade = np.abs(parsed.made - 0.5).min()
    return (
        _doubt(found.chance),
        max((_doubt(parsed.mentions[place].chance) for place in own), default=0.0),
        _wavering(roles),
        _wavering(narrowing),
        max((_doubt(one.chance) for one in _own(parsed, own)), default=0.0),
        parsed.missed,
        float(loose.sum()),
        _loose_narrowing(parsed),
        float(sum(one.text(scope.text) in qualifiers for one in parsed.whens)),
        _doubt(intents[request.intent]) if len(parsed.requests) == 1 else 0.0,
        float(len(parsed.requests) > 1),
        1 - 2 * float(unmade),
        float(not own.size),
        float(any(one.value == ALL for one in request.include)),
        float(min(len(request.exclude), 2)),
        math.log1p(len(scope.text)),
    )  # fmt: skip


def _loose_narrowing(parsed: Parsed) -> float:
    """Return how many periods and qualifiers narrow no mention in a role that it has."""
    given = parsed.roles.max(axis=0, initial=0.0) >= BELONGS
    # A part that stays may be stated for a thing that goes; see ``Scope``.
    given[:, ROLES.index(Role.EXCLUDE)] |= given[:, ROLES.index(Role.INCLUDE)]
    narrows = (parsed.narrowing >= BELONGS) & given
    return float((~narrows.any(axis=(1, 2))).sum())


def _own(parsed: Parsed, mentions: np.ndarray) -> Iterator[Found]:
    """Return the stretches of mentions and of what narrows them."""
    for place in mentions:
        yield parsed.mentions[place].stretch
        for number, one in enumerate((*parsed.whens, *parsed.qualifiers)):
            if parsed.narrowing[number, place].max() >= BELONGS:
                yield one


def _doubt(chance: float) -> float:
    return -math.log(max(chance, 1e-3))


def _wavering(chances: np.ndarray) -> float:
    """Return how near to 0.5 the most uncertain of some chances is, 0 to 1."""
    return float((1 - 2 * np.abs(chances - 0.5)).max(initial=0.0))
