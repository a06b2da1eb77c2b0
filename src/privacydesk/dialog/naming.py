"""Labels of requests and their parts, as arguments of texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from privacydesk.dialog.schema import ALL
from privacydesk.domain.account_terms import (
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.domain.effects import OpenTicket
from privacydesk.domain.intents import FOR_OTHERS
from privacydesk.domain.scopes import (
    PERSONALISATION,
    TAGS,
    TERM_FAMILIES,
    item_name,
    part_of,
    words_of,
)
from privacydesk.domain.selection import Part, detail_of
from privacydesk.domain.ticket import ScopeItem, Ticket

Request = Ticket | OpenTicket
"""A request that is filed, or is being filed."""

_ACCOUNT: Mapping[str, Any] = {"$term": "result.account"}

NOTHING_BY_ITSELF = frozenset({"", "account"})
"""Scopes that stand for the whole account, not for a part of what was asked."""

_SCOPES: Mapping[str, frozenset[str]] = {
    "category": frozenset(DataCategory),
    "field": frozenset(ProfileField),
    "purpose": frozenset(ConsentPurpose),
    "provider": frozenset(Provider),
    "profiling": frozenset({PERSONALISATION, TAGS}),
}
"""What the account service acts on, by term family. The wishes of guardians and relatives are
for people to read."""


def date_argument(day: date) -> dict[str, Any]:
    """Return a date with its year as an argument of a text."""
    return {"$date": day.isoformat(), "year": True}


def label_of(ticket: Request, scope: str) -> Any:
    """Return the label of a scope; one without a term is shown as it was sent."""
    if scope in NOTHING_BY_ITSELF:
        return _ACCOUNT
    likely = TERM_FAMILIES.get(ticket.kind, "")
    if ticket.kind in FOR_OTHERS and any(item.name == scope for item in ticket.items):
        return {"$term": f"{likely}.{scope}"}
    if scope == ALL and likely == "category":
        return {"$term": "category.all"}
    for family in (likely, *_SCOPES):
        if scope in _SCOPES.get(family, ()):
            return {"$term": f"{family}.{scope}"}
    return scope


def item_label(ticket: Request, item: ScopeItem) -> Any:
    """Return the label of a ticket's item, with its limits: "photos of 2025"."""
    if ticket.kind in FOR_OTHERS:
        return {"$term": f"{TERM_FAMILIES[ticket.kind]}.{item.name}"}
    return part_label(label_of(ticket, item_name(item)), part_of(item), words_of(item))


def part_label(label: Any, part: Part, words: str = "") -> Any:
    """Return the label of a part of a selection.

    Args:
        label: the label of the thing itself.
        part: the part, with its limits.
        words: words about it that were not understood; may be empty.
    """
    narrowed = detail_of(part, words)
    return {"$part": label, **narrowed} if narrowed else label


def listed(labels: Sequence[tuple[Part, Any]]) -> dict[str, Any]:
    """Return a list of parts with their labels, as an argument.

    "Photos and posts of 2025" leaves open whether all photos are meant: beside limited parts, whole
    ones are marked as such.
    """
    narrowed = any(not part.is_whole for part, _ in labels)
    return {
        "$texts": [
            {"$term": "terms.all_of", "args": {"term": label}}
            if narrowed and part.is_whole
            else label
            for part, label in labels
        ]
    }


def named_request(ticket: Request) -> dict[str, Any]:
    """Return what a request is about, as an argument: its kind, with what was asked for."""
    term: dict[str, Any] = {"$term": f"kind.{ticket.kind}"}
    if TERM_FAMILIES.get(ticket.kind) in _SCOPES:
        term["of"] = items_of(ticket)
    return term


def items_of(ticket: Request) -> dict[str, Any]:
    """Return what a request asks for, as an argument: its items, each with its limits.

    Words about all of them that were not understood follow the list, once.
    """
    words = {words_of(item) for item in ticket.items}
    if len(ticket.items) > 1 and len(words) == 1 and all(words):
        bare = [replace(item, detail=_but_words(item)) for item in ticket.items]
        return {
            "$part": _listed(ticket, bare),
            "words": words.pop(),
        }
    return _listed(ticket, ticket.items)


def _listed(ticket: Request, items: Iterable[ScopeItem]) -> dict[str, Any]:
    return listed([(part_of(item), item_label(ticket, item)) for item in items])


def _but_words(item: ScopeItem) -> dict[str, Any]:
    return {name: value for name, value in item.detail.items() if name != "words"}
