"""What the account service is asked to do when a ticket is released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from privacydesk.domain.account_terms import UNDATED, AccountAction, DataCategory
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import is_qualified, part_of
from privacydesk.domain.ticket import ScopeItem, Ticket


@dataclass(frozen=True, slots=True)
class Action:
    """One call of the account service.

    Attributes:
        items: places in ``Ticket.items`` that it settles.
    """

    action: AccountAction
    account: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[int, ...] = ()


def granted(ticket: Ticket) -> tuple[tuple[int, ScopeItem], ...]:
    """Return the items that were not refused, with their places."""
    return tuple((n, i) for n, i in enumerate(ticket.items) if i.decision != "refuse")


def plan(ticket: Ticket) -> tuple[Action, ...]:
    """Return the calls that carry out a ticket, in order; none if the answer is in words."""
    items = granted(ticket)
    if not items or not ticket.account:
        return ()
    places = tuple(n for n, _ in items)
    names = [item.name for _, item in items]
    account = ticket.account
    match ticket.kind:
        case RequestKind.ACCESS:
            payload = {} if "all" in names else {"categories": names}
            return (Action(AccountAction.EXPORT, account, payload, places),)
        case RequestKind.DELETION:
            return _deletions(account, items)
        case RequestKind.RECTIFICATION:
            changes = {item.name: item.detail.get("new_value") for _, item in items}
            return (Action(AccountAction.CORRECT, account, {"changes": changes}, places),)
        case RequestKind.CONSENT_WITHDRAWAL:
            return (Action(AccountAction.WITHDRAW_CONSENT, account, {"purposes": names}, places),)
        case RequestKind.UNBINDING:
            return tuple(
                Action(
                    AccountAction.UNBIND, account, {"provider": item.detail["provider"]}, (place,)
                )
                for place, item in items
            )
        case RequestKind.DEREGISTRATION:
            return (Action(AccountAction.DEREGISTER, account, {}, places),)
        case RequestKind.GUARDIAN:
            return _guardian(ticket, items)
        case _:
            return ()


def leaves_words(ticket: Ticket) -> bool:
    """Tell whether staff carry out a granted item by hand, so that only words can say how."""
    if ticket.kind is RequestKind.DELETION:
        return any(_is_for_people(item) for _, item in granted(ticket))
    if ticket.kind is not RequestKind.GUARDIAN:
        return False
    return any(item.name in _BY_PEOPLE for _, item in granted(ticket))


_BY_PEOPLE = frozenset({"correct", "hand_over", "other"})
"""A guardian's requests that no call of the account service fulfils."""


def _all(names: list[str]) -> list[str]:
    if "all" not in names:
        return names
    return [c.value for c in DataCategory if c is not DataCategory.BINDINGS]


def _deletions(account: str, items: Sequence[tuple[int, ScopeItem]]) -> tuple[Action, ...]:
    """Return one call for each cut-off day, and one for what is deleted entirely."""
    if any(_is_for_people(item) for _, item in items):
        return ()
    by_day: dict[date | None, list[tuple[int, ScopeItem]]] = {}
    for place, item in items:
        by_day.setdefault(part_of(item).last_day, []).append((place, item))
    return tuple(
        Action(
            AccountAction.DELETE,
            account,
            {"categories": _all([item.name for _, item in found])}
            | ({} if day is None else {"before": (day + timedelta(days=1)).isoformat()}),
            tuple(place for place, _ in found),
        )
        for day, found in by_day.items()
    )


def _is_for_people(item: ScopeItem) -> bool:
    """Tell whether a deletion can't be expressed to the account service.

    It accepts cut-off days for records. It would delete a profile whole, and takes no free text.
    """
    if is_qualified(item):
        return True
    part = part_of(item)
    undated = not UNDATED.isdisjoint(_all([item.name]))
    return bool(part.days) and (undated or part.last_day is None)


def _guardian(ticket: Ticket, items: tuple[tuple[int, ScopeItem], ...]) -> tuple[Action, ...]:
    # A child's account is suspended first, whatever the request (children's statement, section 1,
    # item 1); from 14 on only if the guardian asks to close it.
    account = ticket.account
    calls: list[Action] = []
    if "under_14" in ticket.flags:
        calls.append(Action(AccountAction.SUSPEND, account, {"reason": "under_14"}))
    for place, item in items:
        match item.name:
            case "access":
                calls.append(Action(AccountAction.EXPORT, account, {}, (place,)))
            case "delete":
                calls.append(
                    Action(AccountAction.DELETE, account, {"categories": _all(["all"])}, (place,))
                )
            case "close":
                if "under_14" not in ticket.flags:
                    calls.append(Action(AccountAction.SUSPEND, account, {}, (place,)))
            case _:
                pass
    return tuple(calls)
