"""Drafts of the reason for a refusal, for the grounds and kinds of requests that they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import COPIES, DESTRUCTIVE, RequestKind

_ALL: Final = frozenset(RequestKind)
_OF_DATA: Final = COPIES | {RequestKind.DELETION}

FITTING_KINDS: Final[Mapping[Ground, frozenset[RequestKind]]] = {
    Ground.NATIONAL_SECURITY: _ALL,
    Ground.PUBLIC_SAFETY: _ALL,
    Ground.CRIMINAL_PROCEEDINGS: _OF_DATA | DESTRUCTIVE,
    Ground.RIGHTS_OF_OTHERS: _OF_DATA,
    Ground.TRADE_SECRETS: COPIES | {RequestKind.AUTOMATED_DECISION},
    Ground.LAW: frozenset({RequestKind.DELETION}),
}
"""The kinds of requests that the draft for a ground fits. An abuse has none: it states facts."""


def drafts_for(kind: RequestKind) -> tuple[Ground, ...]:
    """Return the grounds that have a draft for requests of a kind."""
    return tuple(ground for ground, kinds in FITTING_KINDS.items() if kind in kinds)
