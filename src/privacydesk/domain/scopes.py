"""What the items of a request are called: by which family of terms, and by which name in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem

FAMILIES: Final[Mapping[RequestKind, str]] = {
    RequestKind.ACCESS: "category",
    RequestKind.DELETION: "category",
    RequestKind.RECTIFICATION: "field",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.UNBINDING: "provider",
    RequestKind.GUARDIAN: "wish",
}
"""The family that names the items of a kind. The items of other kinds have no names: the kind says
it all."""


BINDING: Final = "binding"
"""The item of an unbinding; which one it is stands in its details."""


def named(item: ScopeItem) -> str:
    """Return the name of an item in its kind's family: a binding goes by its provider's."""
    return str(item.detail.get("provider") or "") if item.name == BINDING else item.name


def limit_of(item: ScopeItem) -> str:
    """Return what limits an item, in the requester's own words: "last year's"; empty without."""
    return str(item.detail.get("period") or "")
