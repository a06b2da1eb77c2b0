"""The account service calls that carry out a ticket once it is released."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from privacydesk.domain.account_terms import (
    UNDATED,
    AccountAction,
    ConsentPurpose,
    DataCategory,
    ItemOutcome,
)
from privacydesk.domain.intents import FOR_OTHERS, RequestKind
from privacydesk.domain.scopes import PERSONALISATION, TAGS, is_qualified, part_of
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import ScopeItem, Ticket

Items = Sequence[tuple[int, ScopeItem]]
"""Items of a ticket with their indexes in it."""


@dataclass(frozen=True, slots=True)
class AccountCall:
    """One call of the account service.

    Attributes:
        items: indexes in ``Ticket.items`` of the items that it carries out.
    """

    action: AccountAction
    account: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[int, ...] = ()


def granted_items(ticket: Ticket) -> Items:
    """Return the items of which nothing was refused and which are to be done, with their indexes.

    Staff carry out by hand what is granted of an item in part. What was done before the request
    came back to them is not done again.
    """
    return tuple(
        (index, item)
        for index, item in enumerate(ticket.items)
        if item.is_granted_whole and item.result not in _DONE
    )


def plan_calls(ticket: Ticket) -> tuple[AccountCall, ...]:
    """Return the calls that carry out a ticket, in order; none if staff answer it in writing."""
    items = granted_items(ticket)
    plan = _PLANS.get(ticket.kind)
    if not items or not ticket.account or plan is None:
        return ()
    return plan(ticket, items)


def needs_written_answer(ticket: Ticket) -> bool:
    """Return whether staff carry out a granted item by hand, and so have to write the answer."""
    return any(_has_no_call(ticket.kind, item) for _, item in granted_items(ticket))


def items_by_hand(ticket: Ticket) -> Items:
    """Return the items that staff carry out by hand, wholly or in part, with their indexes.

    The requester is told that these are done, so they have to be done before that. Not among them
    are items that are answered in words.
    """
    all_by_hand = ticket.kind is RequestKind.DELETION and needs_written_answer(ticket)
    return [
        (index, item)
        for index, item in enumerate(ticket.items)
        if item.is_granted_in_part
        or (
            item.is_granted_whole
            and item.result not in _DONE
            and bool(ticket.account)
            and item.name != _OTHER_WISH
            and (all_by_hand or _has_no_call(ticket.kind, item))
        )
    ]


def closes_account(ticket: Ticket) -> bool:
    """Return whether carrying a decided ticket out closes the account that it is about.

    That of a child is suspended first, and a team or the account service does the rest.
    """
    if any(call.action is AccountAction.DEREGISTER for call in plan_calls(ticket)):
        return True
    granted = (*granted_items(ticket), *items_by_hand(ticket))
    return ticket.kind in FOR_OTHERS and any(item.name == _CLOSE for _, item in granted)


def destroys(ticket: Ticket) -> bool:
    """Return whether carrying a decided ticket out takes data or access away for good."""
    if any(call.action.destroys for call in plan_calls(ticket)):
        return True
    return any(_takes_away(ticket, item) for _, item in items_by_hand(ticket))


def task_destroys(ticket: Ticket, task: Task) -> bool:
    """Return whether a team that does a task of a decided ticket takes something away for good.

    What was decided about an item says nothing of what a team has done with it.
    """
    items = task.items or range(len(ticket.items))
    return any(_takes_away(ticket, ticket.items[index]) for index in items)


def _takes_away(ticket: Ticket, item: ScopeItem) -> bool:
    kinds, wishes = _DESTROYING_KINDS, _DESTROYING_WISHES
    return ticket.kind in kinds or item.name in wishes


def _has_no_call(kind: RequestKind, item: ScopeItem) -> bool:
    if kind is RequestKind.PORTABILITY:
        return bool(item.detail.get("recipient"))
    if kind is RequestKind.DELETION:
        return _is_manual(item)
    return kind in FOR_OTHERS and item.name in _MANUAL_WISHES


_DONE: Final = frozenset({ItemOutcome.DONE, ItemOutcome.ANONYMISED})
_OTHER_WISH: Final = "other"
_CLOSE: Final = "close"
_MANUAL_WISHES = frozenset({"correct", "hand_over", _OTHER_WISH})
"""What a guardian or relative may ask for that no call of the account service carries out."""
_DESTROYING_KINDS: Final = frozenset(
    {RequestKind.DELETION, RequestKind.UNBINDING, RequestKind.DEREGISTRATION}
)
_DESTROYING_WISHES: Final = frozenset({"delete", _CLOSE, TAGS})
"""What takes something away in requests of other kinds."""


def _expand_all(names: list[str]) -> list[str]:
    """Return the names of data categories, with ``all`` replaced by each deletable category."""
    if "all" not in names:
        return names
    return [category.value for category in DataCategory if category is not DataCategory.BINDINGS]


def _export_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    names = _names(items)
    payload = {} if "all" in names else {"categories": names}
    return (AccountCall(AccountAction.EXPORT, ticket.account, payload, _indexes(items)),)


def _correction_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    changes = {item.name: item.detail.get("new_value") for _, item in items}
    return (
        AccountCall(AccountAction.CORRECT, ticket.account, {"changes": changes}, _indexes(items)),
    )


def _withdrawal_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    payload = {"purposes": _names(items)}
    return (AccountCall(AccountAction.WITHDRAW_CONSENT, ticket.account, payload, _indexes(items)),)


def _profiling_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    calls: dict[str, tuple[AccountAction, Mapping[str, Any]]] = {
        PERSONALISATION: (
            AccountAction.WITHDRAW_CONSENT,
            {"purposes": [ConsentPurpose.PERSONALISED_RECOMMENDATION.value]},
        ),
        TAGS: (AccountAction.DELETE, {"categories": [DataCategory.RECOMMENDATIONS.value]}),
    }
    return _calls_by_name(ticket, items, calls)


def _unbinding_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    return tuple(
        AccountCall(
            AccountAction.UNBIND, ticket.account, {"provider": item.detail["provider"]}, (index,)
        )
        for index, item in items
    )


def _closing_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    return (AccountCall(AccountAction.DEREGISTER, ticket.account, {}, _indexes(items)),)


def _names(items: Items) -> list[str]:
    return [item.name for _, item in items]


def _indexes(items: Items) -> tuple[int, ...]:
    return tuple(index for index, _ in items)


def _deletion_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    """Return one call for each cut-off day, and one for what is deleted entirely."""
    if any(_is_manual(item) for _, item in items):
        return ()
    by_day: dict[date | None, list[tuple[int, ScopeItem]]] = {}
    for index, item in items:
        by_day.setdefault(part_of(item).last_day, []).append((index, item))
    return tuple(
        AccountCall(
            AccountAction.DELETE,
            ticket.account,
            {"categories": _expand_all(_names(deleted))}
            | ({} if day is None else {"before": (day + timedelta(days=1)).isoformat()}),
            _indexes(deleted),
        )
        for day, deleted in by_day.items()
    )


def _is_manual(item: ScopeItem) -> bool:
    """Return whether a deletion can't be expressed as a call of the account service.

    The service accepts a cut-off day for dated records; it deletes undated data, such as a profile,
    only as a whole, and accepts no free text.
    """
    if is_qualified(item):
        return True
    part = part_of(item)
    undated = not UNDATED.isdisjoint(_expand_all([item.name]))
    return bool(part.days) and (undated or part.last_day is None)


def _relative_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    """Return the calls about a deceased person's account (PIPL, article 49)."""
    calls: dict[str, tuple[AccountAction, Mapping[str, Any]]] = {
        "access": (AccountAction.EXPORT, {}),
        "delete": (AccountAction.DELETE, {"categories": _expand_all(["all"])}),
        _CLOSE: (AccountAction.DEREGISTER, {}),
    }
    return _calls_by_name(ticket, items, calls)


def _calls_by_name(
    ticket: Ticket, items: Items, calls: Mapping[str, tuple[AccountAction, Mapping[str, Any]]]
) -> tuple[AccountCall, ...]:
    """Return a call for each item that has one."""
    return tuple(
        AccountCall(action, ticket.account, payload, (index,))
        for index, item in items
        if item.name in calls
        for action, payload in (calls[item.name],)
    )


def _guardian_calls(ticket: Ticket, items: Items) -> tuple[AccountCall, ...]:
    # The account of a child under 14 is suspended first, whatever the request (children's
    # statement, section 1, item 1); that of an older one only if the guardian asks to close it.
    account = ticket.account
    calls: list[AccountCall] = []
    if "under_14" in ticket.flags:
        calls.append(AccountCall(AccountAction.SUSPEND, account, {"reason": "under_14"}))
    for index, item in items:
        match item.name:
            case "access":
                calls.append(AccountCall(AccountAction.EXPORT, account, {}, (index,)))
            case "delete":
                calls.append(
                    AccountCall(
                        AccountAction.DELETE,
                        account,
                        {"categories": _expand_all(["all"])},
                        (index,),
                    )
                )
            case "close":
                if "under_14" not in ticket.flags:
                    calls.append(AccountCall(AccountAction.SUSPEND, account, {}, (index,)))
            case _:
                pass
    return tuple(calls)


_PLANS: Final[Mapping[RequestKind, Callable[[Ticket, Items], tuple[AccountCall, ...]]]] = {
    RequestKind.ACCESS: _export_calls,
    RequestKind.PORTABILITY: _export_calls,
    RequestKind.DELETION: _deletion_calls,
    RequestKind.RECTIFICATION: _correction_calls,
    RequestKind.CONSENT_WITHDRAWAL: _withdrawal_calls,
    RequestKind.UNBINDING: _unbinding_calls,
    RequestKind.PROFILING_OBJECTION: _profiling_calls,
    RequestKind.DEREGISTRATION: _closing_calls,
    RequestKind.GUARDIAN: _guardian_calls,
    RequestKind.DECEASED: _relative_calls,
}
"""Plans the calls for granted items, by kind. Staff answer requests of other kinds in writing."""
