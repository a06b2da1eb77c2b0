"""The names of a request's items: the family of terms, and the name in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.selection import NARROWING, Part, part_from
from privacydesk.domain.ticket import ScopeItem

FAMILIES: Final[Mapping[RequestKind, str]] = {
    RequestKind.ACCESS: "category",
    RequestKind.DELETION: "category",
    RequestKind.RECTIFICATION: "field",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.UNBINDING: "provider",
    RequestKind.GUARDIAN: "wish",
}
"""The family that names the items of a kind. Items of other kinds have no names: the kind says it
all."""


BINDING: Final = "binding"
"""The item of an unbinding; which one it is stands in its details."""

OPENING: Final = "opening"
"""The key of the answer that holds the words with which a ticket's form began: no question asked
for them."""


def named(item: ScopeItem) -> str:
    """Return the name of an item in its kind's family; for a binding, its provider's."""
    return str(item.detail.get("provider") or "") if item.name == BINDING else item.name


def part_of(item: ScopeItem) -> Part:
    """Return what an item selects."""
    return part_from(item.name, item.detail)


def words_of(item: ScopeItem) -> str:
    """Return what was said of an item and not understood, verbatim; empty without any."""
    return str(item.detail.get("words") or "")


def is_qualified(item: ScopeItem) -> bool:
    """Whether only a person can tell what belongs to an item."""
    return part_of(item).is_qualified or bool(words_of(item))


def details_beside(item: ScopeItem) -> dict[str, Any]:
    """Return the details of an item that do not narrow it."""
    return {name: value for name, value in item.detail.items() if name not in NARROWING}
