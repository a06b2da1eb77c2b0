"""Texts that describe calls to the account service and their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from privacydesk.domain.account import ItemResult
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.deliveries import DeliveryAttempt
from privacydesk.ports import Catalog
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.settlement import LEGAL_HOLD
from privacydesk.services.staff.account_calls import AccountCallStatus

TextOrDefault = Callable[[str, str], str]
"""Returns the text with a key, or the second argument if there is none."""

_FAMILIES: Final = ("category", "field", "purpose", "provider")
"""Prefixes of the keys to names of items."""


def outcome_text(text_or: TextOrDefault, call: AccountCallStatus) -> str:
    """Return the state or outcome of a call."""
    return text_or(f"web.case.log_outcome.{call.outcome}", call.outcome)


def reason_text(text_or: TextOrDefault, reason: str) -> str:
    """Return why a call was refused; the account service's own codes are returned unchanged."""
    if reason == LEGAL_HOLD:
        return text_or("web.case.call_held", reason)
    parsed = AccountReason.read(reason)
    return reason if parsed is AccountReason.OTHER else text_or(f"reason.{reason}", reason)


def attempt_text(text_or: TextOrDefault, attempt: DeliveryAttempt) -> str:
    """Return the outcome of an attempt to call the account service."""
    return text_or(f"web.case.try.{attempt.outcome}", attempt.outcome)


def item_text(catalog: Catalog, locale: str, text_or: TextOrDefault, item: ItemResult) -> str:
    """Return the result for one item: its name, outcome, number of records, reason and end date."""
    parts = [text_or(f"result.{item.outcome.value}", item.outcome.value)]
    if item.count is not None:
        count = {"count": {"$number": item.count}}
        parts.append(catalog.text(locale, "web.case.call_count", count))
    if item.reason_code:
        parts.append(reason_text(text_or, item.reason_code))
    if item.until is not None:
        until = {"until": {"$day": item.until.isoformat()}}
        parts.append(catalog.text(locale, "web.case.call_until", until))
    name = capitalize_first(_item_name(text_or, item))
    return catalog.text(locale, "web.case.call_item", {"what": name, "result": " · ".join(parts)})


def _item_name(text_or: TextOrDefault, item: ItemResult) -> str:
    if item.scope == "account":
        return text_or("result.account", item.scope)
    names = (text_or(f"{family}.{item.scope}", "") for family in _FAMILIES)
    return next((name for name in names if name), item.scope)
