"""Names and details of a ticket's items, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, ProfileField, Provider
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.selection import NARROWING_DETAILS, Part, part_from_detail
from privacydesk.domain.ticket import ScopeItem

TERM_FAMILIES: Final[Mapping[RequestKind, str]] = {
    RequestKind.ACCESS: "category",
    RequestKind.PORTABILITY: "category",
    RequestKind.DELETION: "category",
    RequestKind.RECTIFICATION: "field",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.UNBINDING: "provider",
    RequestKind.PROFILING_OBJECTION: "profiling",
    RequestKind.GUARDIAN: "wish",
    RequestKind.DECEASED: "relative_wish",
}
"""The family of terms that names the items, by kind. Items of other kinds have no names."""


WISHES: Final = ("access", "correct", "delete", "close", "hand_over", "other")
"""The names of the items of guardians and relatives."""

BINDING: Final = "binding"
"""The name of the item of an unbinding; its details have the provider."""

OLD_VALUE: Final = "old_value"
"""The detail of a correction with what the account held when it was filed, masked where that is."""

PERSONALISATION: Final = "personalisation"
TAGS: Final = "tags"
"""The names of the items of an objection to profiling."""

OPENING_ANSWER: Final = "opening"
"""The key, in a ticket's answers, of the message that opened the form."""


ITEM_NAMES: Final = frozenset(
    {
        *DataCategory, *ProfileField, *ConsentPurpose, *Provider, *WISHES, PERSONALISATION, TAGS,
        "all",
    }
)  # fmt: skip
"""The terms that may name an item; see ``item_name``."""


def item_name(item: ScopeItem) -> str:
    """Return the term that names an item; for a binding, its provider."""
    return str(item.detail.get("provider") or "") if item.name == BINDING else item.name


def part_of(item: ScopeItem) -> Part:
    """Return the part of the data that an item selects."""
    return part_from_detail(item.name, item.detail)


def words_of(item: ScopeItem) -> str:
    """Return the requester's words about an item that were not understood; empty for none."""
    return str(item.detail.get("words") or "")


def is_qualified(item: ScopeItem) -> bool:
    """Return whether only a person can decide which data belongs to an item."""
    return part_of(item).is_qualified or bool(words_of(item))


def other_details(item: ScopeItem) -> dict[str, Any]:
    """Return the details of an item that do not narrow it."""
    return {name: value for name, value in item.detail.items() if name not in NARROWING_DETAILS}
