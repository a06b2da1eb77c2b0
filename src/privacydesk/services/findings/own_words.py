"""Scopes in the writer's own words.

Where a request is clear but its scope is not, the scope that was read is discarded. For requests
about data the message itself is the scope, for staff to apply; for others the dialogue asks what
is meant, unless a single thing is named. A longer message also accompanies a scope that only a
person can apply: they may need all of it for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from privacydesk.dialog.reading import width
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ALL, Mention, Modality, ReadingResult, Request

_OF_DATA: Final = frozenset({Intent.ACCESS, Intent.DELETION})
"""Requests whose scope may be given by the writer's own words."""
_ASKED: Final = frozenset({Intent.UNBINDING, Intent.CONSENT_WITHDRAWAL, Intent.RECTIFICATION})
"""Requests that begin by asking what they are about."""
_SHORT: Final = 80
"""Latin letters, each Chinese character counted as three, of a message that says little more than
was read of it."""
_LONGEST: Final = 200
"""Characters of a message that may stand for a scope; a longer one tells a story."""


def in_own_words(text: str, read: ReadingResult) -> tuple[ReadingResult, frozenset[Intent]]:
    """Return a message with its clear requests made sure, and the intents with its words as scope.

    For a conditional request the words of the condition are the scope.
    """
    requests = read.reading.requests
    if len(text) > _LONGEST:
        return read, frozenset()
    clear = read.clear_requests or [one.sure for one in requests]
    made = tuple(
        _made_sure(one) if known else one for one, known in zip(requests, clear, strict=True)
    )
    by_words = frozenset(
        one.intent
        for one, before in zip(made, requests, strict=True)
        if one.intent in _OF_DATA
        and (one != before or (width(text) > _SHORT and _takes_a_person(one)))
    )
    return replace(read, reading=replace(read.reading, requests=made)), by_words


def _made_sure(request: Request) -> Request:
    """Return a request as the desk may act on it without understanding its scope."""
    if request.modality is Modality.CONDITIONAL and request.intent in _OF_DATA:
        request = replace(request, modality=Modality.WISHED)
    if request.sure or request.modality is not Modality.WISHED or _loses_everything(request):
        return request
    if request.intent in _OF_DATA:
        return replace(request, sure=True, include=_whole(request.include), exclude=())
    if request.intent in _ASKED:
        one = request.include if len(request.include) == 1 and not request.exclude else ()
        return replace(request, sure=True, include=one, exclude=(), set={})
    return replace(request, sure=request.intent is not Intent.DEREGISTRATION)


def _loses_everything(request: Request) -> bool:
    """Return whether everything would be deleted: nobody's words are stretched to that."""
    deletes = request.intent is Intent.DELETION
    return deletes and any(one.value == ALL and not one.is_narrowed for one in request.include)


def _takes_a_person(request: Request) -> bool:
    """Return whether only a person can decide what belongs to a scope."""
    return any(one.qualifier for one in (*request.include, *request.exclude))


def _whole(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Return what is named, without what narrows it."""
    return tuple(dict.fromkeys(Mention(one.kind, one.value) for one in mentions))
