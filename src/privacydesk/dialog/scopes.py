"""What a filed request asks for, item by item: from a flow's slots to a ticket's scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from privacydesk.dialog import limits
from privacydesk.dialog.held import held_value, plain_value
from privacydesk.dialog.slots import values_in
from privacydesk.domain.account_terms import ConsentPurpose
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import (
    BINDING,
    OLD_VALUE,
    OPENING_ANSWER,
    PERSONALISATION,
    TAGS,
    other_details,
    part_of,
    words_of,
)
from privacydesk.domain.selection import Part, detail_of
from privacydesk.domain.ticket import ScopeItem

Slots = Mapping[str, Any]


def _detail(slots: Slots, *names: str) -> dict[str, Any]:
    return {name: slots[name] for name in names if slots.get(name) not in (None, "")}


def _categories(slots: Slots, options: str | None = None) -> tuple[ScopeItem, ...]:
    detail = _detail(slots, "details", "recipient")
    # "All of it" may be chosen after a part was named.
    everything = "all" in {slots.get("more"), slots.get("scope")}
    names = ["all"] if everything else values_in(slots.get("categories")) or ["all"]
    words = limits.held(slots).words
    return tuple(
        ScopeItem(name=part.value, detail=detail_of(part, words) | detail)
        for part in limits.parts(slots, map(str, names), options)
    )


def _field(slots: Slots) -> tuple[ScopeItem, ...]:
    field = str(slots.get("field", ""))
    old = plain_value(held_value(slots.get("profile") or (), field))
    detail = _detail(slots, "new_value", "reason") | ({OLD_VALUE: old} if old else {})
    return (ScopeItem(name=field, detail=detail),)


def _purpose(slots: Slots) -> tuple[ScopeItem, ...]:
    named = values_in(slots.get("purpose"))
    if "all" in named:
        named = [purpose.value for purpose in ConsentPurpose]
    return tuple(ScopeItem(name=str(name)) for name in named)


def _provider(slots: Slots) -> tuple[ScopeItem, ...]:
    named = values_in(slots.get("provider")) or [""]
    return tuple(
        ScopeItem(name=BINDING, detail=_detail({"provider": one}, "provider")) for one in named
    )


def _decision(slots: Slots) -> tuple[ScopeItem, ...]:
    return (
        ScopeItem(name="decision", detail=_detail(slots, "decision", "what", "wish", "details")),
    )


def _profiling(slots: Slots) -> tuple[ScopeItem, ...]:
    names = (PERSONALISATION, TAGS) if slots.get("tags") == "delete" else (PERSONALISATION,)
    return tuple(ScopeItem(name=name) for name in names)


def _account(_slots: Slots) -> tuple[ScopeItem, ...]:
    return (ScopeItem(name="account"),)


def _wish(slots: Slots) -> tuple[ScopeItem, ...]:
    return tuple(
        ScopeItem(name=str(name), detail=_detail(slots, "wish_detail"))
        for name in values_in(slots.get("wish")) or ["other"]
    )


def _report(slots: Slots) -> tuple[ScopeItem, ...]:
    return (ScopeItem(name="report", detail=_detail(slots, "about", "who")),)


_SCOPES: Mapping[RequestKind, Callable[[Slots], tuple[ScopeItem, ...]]] = {
    RequestKind.ACCESS: partial(_categories, options="categories"),
    RequestKind.PORTABILITY: partial(_categories, options="categories"),
    RequestKind.DELETION: _categories,
    RequestKind.RECTIFICATION: _field,
    RequestKind.CONSENT_WITHDRAWAL: _purpose,
    RequestKind.UNBINDING: _provider,
    RequestKind.PROFILING_OBJECTION: _profiling,
    RequestKind.AUTOMATED_DECISION: _decision,
    RequestKind.DEREGISTRATION: _account,
    RequestKind.GUARDIAN: _wish,
    RequestKind.DECEASED: _wish,
    RequestKind.COMPLAINT: _report,
    RequestKind.UNDERAGE_REPORT: _report,
}


def is_same_scope(kind: RequestKind, slots: Slots, items: tuple[ScopeItem, ...]) -> bool:
    """Whether a request asks for exactly the things that ``items`` are about.

    A narrower or different scope is a separate request. What is not known yet can't differ, and for
    a story, such as a complaint's, only the kind can be compared.
    """
    known = _COMPARED.get(kind)
    if known is None or not any(slots.get(name) for name in known):
        return True
    return are_same(items_of(kind, slots), items)


def are_same(items: Iterable[ScopeItem], others: Iterable[ScopeItem]) -> bool:
    """Whether items ask for the same things, regardless of their order and version."""
    return {_compared(item) for item in items} == {_compared(item) for item in others}


def _compared(item: ScopeItem) -> tuple[Part, str, tuple[tuple[str, str], ...]]:
    # What an entry was does not make another request of it.
    beside = ((k, str(value)) for k, value in other_details(item).items() if k != OLD_VALUE)
    return part_of(item), words_of(item), tuple(sorted(beside))


_COMPARED: Mapping[RequestKind, tuple[str, ...]] = {
    RequestKind.ACCESS: ("categories", "more", "scope"),
    RequestKind.PORTABILITY: ("categories", "scope"),
    RequestKind.DELETION: ("categories",),
    RequestKind.RECTIFICATION: ("field",),
    RequestKind.CONSENT_WITHDRAWAL: ("purpose",),
    RequestKind.UNBINDING: ("provider",),
    RequestKind.PROFILING_OBJECTION: ("tags",),
}
"""Slots that hold the scope of the kinds whose scope can be compared."""


def items_of(kind: RequestKind, slots: Slots) -> tuple[ScopeItem, ...]:
    """Return the scope items that a flow's slots ask for."""
    return _SCOPES[kind](slots)


# What an agent has to read to decide, beyond the items; every other slot is the engine's own.
_ANSWERS = (
    "story", "why", "who", "seen", "relation", "child_birth_date", "child_age", "child_account",
    "contact", "outcome_to", "details", "what", "wish", "wish_detail", "reason", "about",
    "account_hint", "recipient", "deceased_account", "interest", "ruled",
)  # fmt: skip


def answers_of(slots: Slots, opening: str) -> dict[str, Any]:
    """Return the answers that go with the ticket as they were given.

    Args:
        slots: the form's slots.
        opening: the words that it began with; may be empty.
    """
    return _detail({OPENING_ANSWER: opening, **slots}, OPENING_ANSWER, *_ANSWERS)
