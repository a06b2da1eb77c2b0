"""Whether the desk may act on a request without asking back.

What the heads are unsure of, and words that nothing was made of, are weighed against each other as
it was learnt on voices that the heads had not seen. Where something would be gone it is asked
whether all of it should go; of other requests whether they are right.
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
"""The file of what was learnt."""

LOSING: Final = frozenset(
    {Intent.DELETION, Intent.DEREGISTRATION, Intent.UNBINDING, Intent.CONSENT_WITHDRAWAL}
)
"""Intents after which something is gone."""

SIGNS: Final = (
    "request", "mention", "role", "narrowing", "stretch", "missed", "loose_mentions",
    "loose_narrowing", "unresolved", "other_intent", "several", "unmade", "nothing_named",
    "all_named", "kept", "words",
)  # fmt: skip
"""What is looked at, in the order of the weights."""
DOUBTS: Final = frozenset(SIGNS) - {"several", "nothing_named", "all_named", "kept", "words"}
"""Signs that never speak for a request."""

_SLIGHT: Final = 0.3
"""What a mistake counts after which nothing is gone."""


def is_losing(request: Request) -> bool:
    """Tell whether something would be gone, were a request done."""
    return request.intent in LOSING and request.modality is Modality.WISHED


class Judgement(Struct, frozen=True):
    """How signs are weighed.

    Attributes:
        weights: of each of ``SIGNS``.
        bias: what they are added to.
    """

    weights: tuple[float, ...]
    bias: float

    def chance(self, signs: Sequence[float]) -> float:
        """Return how likely it holds."""
        told = sum(w * s for w, s in zip(self.weights, signs, strict=True)) + self.bias
        return 1 / (1 + math.exp(-told))


class Certainty(Struct, frozen=True):
    """What was learnt.

    Attributes:
        right: whether a request is right.
        harmless: whether all that would be gone should go.
        enough: the safety from which a request is sure.
    """

    right: Judgement
    harmless: Judgement
    enough: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return that of a file."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def safety(self, request: Request, signs: Sequence[float]) -> float:
        """Return how safe it is to act on a request, 0 to 1."""
        if is_losing(request):
            return self.harmless.chance(signs)
        return 1 - _SLIGHT * (1 - self.right.chance(signs))

    def is_sure(self, request: Request, signs: Sequence[float]) -> bool:
        """Tell whether a request is sure: safe, and something of it is left to be done."""
        left = not {*request.include} & {*request.exclude}
        return left and not _hides(request) and self.safety(request, signs) >= self.enough


def _hides(request: Request) -> bool:
    """Tell whether something that would be gone is not told.

    Where it is only told what stays, what goes was not found; and nothing but one entry of a
    profile can't be told at all.
    """
    kept = request.exclude
    entry = any(one.kind is MentionKind.FIELD for one in kept)
    return is_losing(request) and bool(kept) and (entry or not request.include)


def signs(scope: Scope, number: int, request: Request) -> tuple[float, ...]:
    """Return what speaks for and against a request of a number, in the order of ``SIGNS``."""
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
    """Return how many times and qualifiers narrow nothing in a role that some request gives it."""
    given = parsed.roles.max(axis=0, initial=0.0) >= BELONGS
    # What stays of a thing that goes is told of it, too; see ``Scope``.
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
    """Return how near to even the most uncertain of some chances is, 0 to 1."""
    return float((1 - 2 * np.abs(chances - 0.5)).max(initial=0.0))
