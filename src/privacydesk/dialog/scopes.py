"""What a filed request asks for, item by item: from a flow's slots to a ticket's scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem

Slots = Mapping[str, Any]


def _list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def _detail(slots: Slots, *names: str) -> dict[str, Any]:
    return {name: slots[name] for name in names if slots.get(name) not in {None, ""}}


def _categories(slots: Slots) -> tuple[ScopeItem, ...]:
    detail = _detail(slots, "period", "details")
    names = _list(slots.get("categories")) or ["all"]
    return tuple(ScopeItem(name=str(name), detail=detail) for name in names)


def _field(slots: Slots) -> tuple[ScopeItem, ...]:
    return (
        ScopeItem(name=str(slots.get("field", "")), detail=_detail(slots, "new_value", "reason")),
    )


def _purpose(slots: Slots) -> tuple[ScopeItem, ...]:
    return tuple(ScopeItem(name=str(name)) for name in _list(slots.get("purpose")))


def _provider(slots: Slots) -> tuple[ScopeItem, ...]:
    return (ScopeItem(name="binding", detail=_detail(slots, "provider")),)


def _decision(slots: Slots) -> tuple[ScopeItem, ...]:
    return (
        ScopeItem(name="decision", detail=_detail(slots, "decision", "what", "wish", "details")),
    )


def _account(_slots: Slots) -> tuple[ScopeItem, ...]:
    return (ScopeItem(name="account"),)


def _wish(slots: Slots) -> tuple[ScopeItem, ...]:
    return tuple(
        ScopeItem(name=str(name), detail=_detail(slots, "wish_detail"))
        for name in _list(slots.get("wish")) or ["other"]
    )


def _report(slots: Slots) -> tuple[ScopeItem, ...]:
    return (ScopeItem(name="report", detail=_detail(slots, "about", "who")),)


_SCOPES: Mapping[RequestKind, Callable[[Slots], tuple[ScopeItem, ...]]] = {
    RequestKind.ACCESS: _categories,
    RequestKind.DELETION: _categories,
    RequestKind.RECTIFICATION: _field,
    RequestKind.CONSENT_WITHDRAWAL: _purpose,
    RequestKind.UNBINDING: _provider,
    RequestKind.AUTOMATED_DECISION: _decision,
    RequestKind.DEREGISTRATION: _account,
    RequestKind.GUARDIAN: _wish,
    RequestKind.COMPLAINT: _report,
    RequestKind.UNDERAGE_REPORT: _report,
}


def items_of(kind: RequestKind, slots: Slots) -> tuple[ScopeItem, ...]:
    """Return the scope items that a flow's slots ask for."""
    return _SCOPES[kind](slots)


# What an agent has to read to decide, beyond the items; every other slot is the engine's own.
_FACTS = (
    "story", "why", "who", "seen", "relation", "child_birth_date", "child_account", "contact",
    "outcome_to", "details", "period", "what", "wish", "wish_detail", "reason", "about",
    "account_hint",
)  # fmt: skip


def facts_of(slots: Slots) -> dict[str, Any]:
    """Return the answers that go with the ticket as they were given."""
    return _detail(slots, *dict.fromkeys(_FACTS))
