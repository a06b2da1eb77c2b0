"""Whether the desk may act on a request without asking back.

What the heads are unsure of, and words that nothing was made of, are weighed against each other as
it was learnt on voices that the heads had not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
from msgspec import Struct

from privacydesk.domain.reading import Request
from privacydesk.nlu.extractors import periods
from privacydesk.nlu.heads.parsed import likeliest
from privacydesk.nlu.pairs import touch
from privacydesk.nlu.scope import BELONGS, Scope

FILE: Final = "certainty.json"
"""The file of what was learnt."""

SIGNS: Final = (
    "request", "mention", "role", "narrowing", "loose_mentions", "loose_narrowing", "loose_periods",
    "unresolved", "other_intent", "several", "unmade", "nothing_named",
)  # fmt: skip
"""What is looked at, in the order of the weights."""


class Certainty(Struct, frozen=True):
    """What was learnt.

    Attributes:
        weights: of each of ``SIGNS``.
        bias: what they are added to.
        enough: the chance of being right from which a request is sure.
    """

    weights: tuple[float, ...]
    bias: float
    enough: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return that of a file."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def chance(self, signs: Sequence[float]) -> float:
        """Return how likely a request is right."""
        told = sum(w * s for w, s in zip(self.weights, signs, strict=True)) + self.bias
        return 1 / (1 + math.exp(-told))

    def is_sure(self, signs: Sequence[float]) -> bool:
        """Tell whether a request is sure."""
        return self.chance(signs) >= self.enough


def may_be_sure(scope: Scope, request: Request) -> bool:
    """Tell whether a message was read to its end, and leaves something of a request to be done."""
    whole = scope.parsed.read >= len(scope.text.rstrip())
    return whole and not {*request.include} & {*request.exclude}


def signs(scope: Scope, number: int, request: Request) -> tuple[float, ...]:
    """Return what speaks for and against a request of a number, in the order of ``SIGNS``."""
    parsed = scope.parsed
    found, roles = parsed.requests[number], parsed.roles[number]
    own = np.flatnonzero(roles.max(axis=1, initial=0.0) >= BELONGS)
    narrowing = parsed.narrowing[:, own]
    stretches = [*parsed.whens, *parsed.qualifiers]
    qualifiers = {one.qualifier for one in (*request.include, *request.exclude)}
    intents = dict(likeliest(parsed.intents))
    loose = parsed.roles.max(axis=(0, 2), initial=0.0) < BELONGS
    unmade = np.abs(parsed.made - 0.5).min()
    return (
        _doubt(found.chance),
        max((_doubt(parsed.mentions[place].chance) for place in own), default=0.0),
        _wavering(roles),
        _wavering(narrowing),
        float(loose.sum()),
        float((parsed.narrowing.max(axis=(1, 2), initial=0.0) < BELONGS).sum()),
        float(sum(
            not any(touch((p.start, p.end), one.place) for one in (*stretches, *parsed.values))
            for p in periods.find(scope.text, scope.today)
        )),
        float(sum(one.text(scope.text) in qualifiers for one in parsed.whens)),
        _doubt(intents[request.intent]) if len(parsed.requests) == 1 else 0.0,
        float(len(parsed.requests) > 1),
        1 - 2 * float(unmade),
        float(not own.size),
    )  # fmt: skip


def _doubt(chance: float) -> float:
    return -math.log(max(chance, 1e-3))


def _wavering(chances: np.ndarray) -> float:
    """Return how near to even the most uncertain of some chances is, 0 to 1."""
    return float((1 - 2 * np.abs(chances - 0.5)).max(initial=0.0))
