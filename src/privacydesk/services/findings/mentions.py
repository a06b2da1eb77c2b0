"""What a message names: what goes, what stays, and what limits it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

import msgspec

from privacydesk.domain.account_terms import DataCategory, Provider
from privacydesk.domain.reading import ALL, Fragment, Mention, MentionKind, Modality, Request
from privacydesk.domain.selection import Selection

_ENTITIES: Final[Mapping[MentionKind, str]] = {
    MentionKind.CATEGORY: "category",
    MentionKind.PROVIDER: "provider",
    MentionKind.PURPOSE: "purpose",
    MentionKind.FIELD: "profile_field",
}
_YES: Final = ("yes",)
_MEANT: Final = frozenset({Modality.WISHED, Modality.CONDITIONAL, Modality.ASKED})
"""Modalities of requests that are about what they name."""
_DATA: Final = tuple(one for one in DataCategory if one is not DataCategory.BINDINGS)
"""What "all of one's data" includes; logins are unbound separately."""


def named(
    requests: Iterable[Request], fragment: Fragment | None, words: str
) -> dict[str, tuple[Any, ...]]:
    """Return the entities of what requests and a fragment name.

    Args:
        requests: of the message, or of one wish.
        fragment: what else is named.
        words: the message, where its words define the scope; else empty.
    """
    requests = tuple(requests)
    denied = [one for one in requests if one.modality is Modality.DENIED]
    told: list[Request | Fragment] = [one for one in requests if one.modality in _MEANT]
    if fragment is not None:
        told.append(fragment)
    goes = tuple(chain.from_iterable(one.include for one in told))
    # "Are my old ones deleted, too?" names what it asks about, and narrows nothing.
    meant = [one for one in told if not _only_asks(one)]
    narrowing = tuple(chain.from_iterable(one.include for one in meant))
    stays = tuple(chain.from_iterable(one.exclude for one in told))
    never = tuple(chain.from_iterable((*one.include, *one.exclude) for one in denied))
    fields = tuple(chain.from_iterable(one.set for one in told))
    found = {
        # What should stay is what a message is about where it names nothing else.
        **_named(goes or [one for one in never if _may_stay(one)], fields),
        **_what_stays(stays),
        **_limits(narrowing, (*stays, *never), fragment.limit if fragment else None, words),
        "only_kept": _distinct(one.value for one in never if _may_stay(one)),
    }
    phrases = [*_phrases(goes)]
    if not goes and fragment is not None and any(_may_stay(one) for one in fragment.exclude):
        # "Except the chats", as an answer, means all the others. A wish that only names what
        # stays may have been misread: the desk asks what should go.
        phrases.append("everything")
    return {**found, "phrase": tuple(phrases)}


def _only_asks(told: Request | Fragment) -> bool:
    return isinstance(told, Request) and told.modality is Modality.ASKED


def _named(mentions: Iterable[Mention], fields: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    named = [one for one in mentions if one.value != ALL]
    found = {
        entity: _distinct(one.value for one in named if one.kind is kind)
        for kind, entity in _ENTITIES.items()
    }
    found["profile_field"] = _distinct((*fields, *found["profile_field"]))
    logins = found["provider"]
    found["phone_listed"] = ("yes",) if len(logins) > 1 and Provider.PHONE in logins else ()
    return found


def _what_stays(stays: Iterable[Mention]) -> dict[str, tuple[Any, ...]]:
    kept = [one for one in stays if _may_stay(one)]
    return {
        f"kept_{entity}": _distinct(one.value for one in kept if one.kind is kind)
        for kind, entity in _ENTITIES.items()
        if kind is not MentionKind.FIELD
    }


def _limits(
    goes: Iterable[Mention], stays: Iterable[Mention], limit: Mention | None, words: str
) -> dict[str, tuple[Any, ...]]:
    """Return which data is selected, and whether less than all of it is."""
    include = [one for one in goes if one.kind is MentionKind.CATEGORY]
    exclude = [one for one in stays if one.kind is MentionKind.CATEGORY]
    if limit is not None:
        include.append(limit)
    if not (include or exclude or words):
        return {}
    if exclude and not include:
        # Where only what stays is named, the rest goes.
        include = [Mention(MentionKind.CATEGORY, ALL)]
    selection = Selection.of(include, exclude, _DATA, words)
    narrowed = bool(words) or any(one.is_narrowed for one in (*include, *exclude))
    return {
        "selection": (msgspec.json.encode(selection).decode(),),
        "period": _YES if narrowed else (),
        "kept_some": _YES if any(one.is_narrowed for one in exclude) else (),
        "excepts": _YES if _only_excepts(include, exclude) else (),
    }


def _only_excepts(goes: Iterable[Mention], stays: Iterable[Mention]) -> bool:
    """Return whether mentions limit what goes only by what stays."""
    return any(one.is_narrowed for one in stays) and not any(one.is_narrowed for one in goes)


def _phrases(goes: Iterable[Mention]) -> Iterable[str]:
    named = {(one.kind, one.value) for one in goes}
    if any(value == ALL for _, value in named):
        yield "everything"
    if len(named) > 1:
        yield "and"


def _may_stay(mention: Mention) -> bool:
    """Return whether a thing may stay as a whole."""
    named = mention.value != ALL and mention.kind is not MentionKind.FIELD
    return named and not mention.is_narrowed


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))
