"""The read actions of the in-memory account service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from privacydesk.connectors.account_payload import read_categories, refuse_unknown
from privacydesk.connectors.account_record import AccountRecord
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountStatus,
    DataCategory,
)
from privacydesk.domain.instants import write_instant
from privacydesk.domain.masking import mask_phone

_Read = Callable[[AccountRecord, Mapping[str, Any], datetime], dict[str, Any]]


def perform_read(
    action: AccountAction, record: AccountRecord, payload: Mapping[str, Any], now: datetime
) -> AccountAnswer:
    """Return the answer to a read action.

    Raises:
        InvalidRequestError: the payload does not fit the action.
    """
    return AccountAnswer(AccountOutcome.OK, data=_READS[action](record, payload, now))


def _profile(record: AccountRecord, payload: Mapping[str, Any], _now: datetime) -> dict[str, Any]:
    refuse_unknown(payload)
    return {"profile": record.profile.to_json(), "phone": record.phone}


def _bindings(record: AccountRecord, payload: Mapping[str, Any], _now: datetime) -> dict[str, Any]:
    refuse_unknown(payload)
    return {"bindings": [binding.to_json() for binding in record.shown_bindings]}


def _contacts(record: AccountRecord, payload: Mapping[str, Any], _now: datetime) -> dict[str, Any]:
    refuse_unknown(payload)
    reason = None
    if record.status is not AccountStatus.ACTIVE:
        # The holder of the phone may not be the owner of a suspended account. The desk verifies
        # the owner by documents instead.
        reason = f"account_{record.status.value}"
    elif record.phone is None:
        reason = "none_bound"
    masked = mask_phone(record.phone) if record.phone is not None and reason is None else None
    return {"phone": {"reachable": reason is None, "masked": masked, "reason": reason}}


def _decisions(record: AccountRecord, payload: Mapping[str, Any], _now: datetime) -> dict[str, Any]:
    refuse_unknown(payload)
    return {"decisions": [decision.to_json() for decision in record.decisions]}


def _export(record: AccountRecord, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    refuse_unknown(payload, "categories")
    categories = (
        read_categories(payload, "categories") if "categories" in payload else tuple(DataCategory)
    )
    content = {category: _content(record, category) for category in categories}
    return {
        "made_at": write_instant(now),
        "summary": [
            {
                "category": category.value,
                "count": len(entries),
                "earliest": min((at for at in map(_timestamp, entries) if at), default=None),
                "latest": max((at for at in map(_timestamp, entries) if at), default=None),
            }
            for category, entries in content.items()
        ],
        "content": {category.value: entries for category, entries in content.items()},
    }


def _content(record: AccountRecord, category: DataCategory) -> list[dict[str, Any]]:
    """Return all data of a category, one object per item, as an export shows it."""
    match category:
        case DataCategory.PROFILE:
            # An export has the full phone number, not a masked one.
            return [record.profile.to_json() | {"phone": record.phone}]
        case DataCategory.REAL_NAME:
            if record.real_name is None:
                return []
            return [{"real_name": record.real_name, "verified": record.real_name_verified}]
        case DataCategory.BINDINGS:
            return [binding.to_json() for binding in record.shown_bindings]
        case _:
            return [item.to_json() for item in record.holdings.get(category, ())]


def _timestamp(entry: Mapping[str, Any]) -> str | None:
    # Timestamps have one format, in UTC, so they can be compared as strings.
    return entry.get("at") or entry.get("bound_at")


_READS: dict[AccountAction, _Read] = {
    AccountAction.PROFILE: _profile,
    AccountAction.BINDINGS: _bindings,
    AccountAction.CONTACTS: _contacts,
    AccountAction.EXPORT: _export,
    AccountAction.DECISIONS: _decisions,
}
