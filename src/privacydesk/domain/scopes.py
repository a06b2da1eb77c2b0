"""What the items of a request are called: by which family of terms, and by which name in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.account_terms import DataCategory
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


PARTS_OF_PROFILE: Final = frozenset(
    {
        "头像",
        "頭像",
        "昵称",
        "暱稱",
        "avatar",
        "nickname",
        "profile photo",
        "profile picture",
        "profile pic",
    }
)
"""Words for a part of the profile that may be meant alone, in lower case."""


def limit_for(category: str, limit: str) -> str:
    """Return what limits a kind of data; empty where the limit is a part of the profile alone.

    Whoever deletes the avatar and the posts means all of the posts.
    """
    said = {one.strip().lower() for one in limit.replace("，", ",").split(",")}
    if category != DataCategory.PROFILE and said <= PARTS_OF_PROFILE:
        return ""
    return limit
