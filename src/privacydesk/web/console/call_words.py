"""What the account service did, in an agent's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from privacydesk.domain.account import ItemResult
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.deliveries import Try
from privacydesk.ports import Catalog
from privacydesk.services.cards import standing_alone
from privacydesk.services.staff.calls import Call

Known = Callable[[str, str], str]
"""Returns the sentence of a key, or a fallback."""

_FAMILIES: Final = ("category", "field", "purpose", "provider")


def outcome_words(known: Known, call: Call) -> str:
    """Return the state or outcome of a call."""
    return known(f"web.case.log_outcome.{call.outcome}", call.outcome)


def reason_words(known: Known, reason: str) -> str:
    """Return why something was not done; codes that only the account service knows are kept."""
    read = AccountReason.read(reason)
    return reason if read is AccountReason.OTHER else known(f"reason.{reason}", reason)


def try_words(known: Known, one: Try) -> str:
    """Return the outcome of an attempt."""
    return known(f"web.case.try.{one.came_to}", one.came_to)


def item_words(catalog: Catalog, locale: str, known: Known, item: ItemResult) -> str:
    """Return the outcome of one item: what it is, how many records, why, and until when."""
    found = (known(f"{family}.{item.scope}", "") for family in _FAMILIES)
    label = next((one for one in found if one), item.scope)
    if item.scope == "account":
        label = known("result.account", item.scope)
    parts = [known(f"result.{item.outcome.value}", item.outcome.value)]
    if item.count is not None:
        counted = {"count": {"$number": item.count}}
        parts.append(catalog.text(locale, "web.case.call_count", counted))
    if item.reason_code:
        parts.append(reason_words(known, item.reason_code))
    if item.until is not None:
        until = {"until": {"$day": item.until.isoformat()}}
        parts.append(catalog.text(locale, "web.case.call_until", until))
    said = {"what": standing_alone(label), "result": " · ".join(parts)}
    return catalog.text(locale, "web.case.call_item", said)
