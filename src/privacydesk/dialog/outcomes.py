"""Decisions and outcomes of tickets in words: when they are told, and when they are read again.

Whoever comes back to a request by its number, from another device, finds the answer there and not
only that there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from privacydesk.dialog.options import objection_until
from privacydesk.dialog.script import Script
from privacydesk.domain.account import (
    AccountReason,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.domain.events import EventKind
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import DueKind, Outcome, Ticket, TicketState
from privacydesk.domain.turn import DecisionKind


def ticket_args(ticket: Ticket, **more: Any) -> dict[str, Any]:
    """Return a ticket's number with other arguments of a text."""
    return {"ticket": ticket.number, **more}


def _due(ticket: Ticket) -> Mapping[str, Any]:
    clock = ticket.clock
    return {"$date": clock.due_date.isoformat() if clock else "", "year": True}


# -- decisions ------------------------------------------------------------------------------------


def decision_words(
    script: Script, ticket: Ticket, kind: DecisionKind, text: str, data: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the key and arguments that tell a decision of staff.

    Args:
        script: the turn.
        ticket: the ticket as it was moved.
        kind: what was decided.
        text: the agent's own words.
        data: what else belongs to it.
    """
    if kind is DecisionKind.EXAMINED:
        if data.get("accepted"):
            return "ticket.examined_ok", ticket_args(ticket, due=_due(ticket))
        until = next((due.at for due in ticket.dues if due.kind is DueKind.LAPSE), script.now)
        kept = {"$time": until.isoformat(), "zone": script.rules.zone}
        return "ticket.examined_no", ticket_args(ticket, reason=text, until=kept)
    if kind is DecisionKind.REFUSED:
        args = ticket_args(ticket, reason=text, remedies=str(data.get("remedies", "")))
        if data.get("ground_withheld"):
            return "ticket.refused_clause", {**args, "clause": {"$clause": "refusal_grounds"}}
        return "ticket.refused", {**args, "ground": {"$term": f"ground.{data.get('ground')}"}}
    if kind is DecisionKind.EXTENDED:
        return "ticket.extended", ticket_args(ticket, due=_due(ticket), reason=text)
    if kind is DecisionKind.CALENDAR_SETTLED:
        return "ticket.settled", ticket_args(ticket, due=_due(ticket))
    if kind is DecisionKind.ASKED:
        return "ticket.asked", ticket_args(ticket, text=text)
    if kind is DecisionKind.RESOLVED:
        return "ticket.resolved", ticket_args(ticket, text=text)
    assert kind is DecisionKind.RELEASED
    return "ticket.released", ticket_args(ticket)


def say_objection(script: Script, ticket: Ticket) -> None:
    """Say until when one may object, and how."""
    until = objection_until(script, ticket)
    if until is not None:
        script.say("ticket.objection_until", {"until": {"$date": until.isoformat(), "year": True}})


# -- what the account service did --------------------------------------------------------------


def say_outcome(script: Script, ticket: Ticket, key: str) -> None:
    """Say how a request ended that the account service carried out, wholly or in part.

    Args:
        script: the turn.
        ticket: the closed ticket.
        key: what is said of it as a whole.
    """
    partly = ticket.outcome is Outcome.PARTLY_FULFILLED
    if partly or ticket.kind in _TOLD_BY_ITEM:
        _say_results(script, ticket, key)
    else:
        script.say(key, ticket_args(ticket))
    if partly:
        say_objection(script, ticket)
    if ticket.kind in _TOLD_BY_ITEM:
        script.say("ticket.backups")


def outcome_key(ticket: Ticket) -> str:
    """Return what is said of a request that was carried out as a whole."""
    if ticket.outcome is Outcome.PARTLY_FULFILLED:
        return "ticket.partly"
    return f"ticket.done.{ticket.kind.value}"


_TOLD_BY_ITEM = frozenset({RequestKind.DELETION, RequestKind.DEREGISTRATION})
"""What was deleted and what was kept is listed, and what backups hold is said."""


def _say_results(script: Script, ticket: Ticket, key: str) -> None:
    """Say an outcome with what was done and what was kept, why and until when, item by item."""
    rows = [
        {
            "label": _label(ticket, one["scope"]),
            "result": one["outcome"],
            "reason": AccountReason.read(one.get("reason")),
            "until": one.get("until"),
        }
        for one in ticket.facts.get("results", ())
    ]
    _say_rows(script, ticket, key, rows)


def say_returned(script: Script, ticket: Ticket, results: Iterable[Mapping[str, Any]]) -> None:
    """Say that nothing was done, what stood in the way, and what the person can do about it."""
    rows: list[dict[str, Any]] = []
    for one in results:
        reason = AccountReason.read(one.get("reason"))
        if reason is None:
            continue
        why, advice = {"$term": f"reason.{reason}"}, {"$term": f"advice.{reason}"}
        if one["scope"] in _NOTHING_BY_ITSELF:
            rows.append({"label": why, "value": advice})
        else:
            args = {"reason": why, "advice": advice}
            label = _label(ticket, one["scope"])
            rows.append({"label": label, "text": "ticket.returned_item", "args": args})
    _say_rows(script, ticket, "ticket.returned_why" if rows else "ticket.returned", rows)


def _say_rows(script: Script, ticket: Ticket, key: str, rows: list[dict[str, Any]]) -> None:
    kind = EventKind.DETAILS if rows else EventKind.TEXT
    script.say(key, ticket_args(ticket), kind=kind, data={"rows": rows} if rows else None)


_NOTHING_BY_ITSELF = frozenset({"", "account"})
"""Scopes that stand for the whole account, not for a part of what was asked."""

_SCOPES: Mapping[str, frozenset[str]] = {
    "category": frozenset(DataCategory),
    "field": frozenset(ProfileField),
    "purpose": frozenset(ConsentPurpose),
    "provider": frozenset(Provider),
}
_SCOPES_OF: Mapping[RequestKind, str] = {
    RequestKind.RECTIFICATION: "field",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.UNBINDING: "provider",
}


def _label(ticket: Ticket, scope: str) -> Any:
    """Return what to call a scope; one that the desk has no word for is called as it was sent."""
    if scope in _NOTHING_BY_ITSELF:
        return {"$term": "result.account"}
    likely = _SCOPES_OF.get(ticket.kind, "category")
    for family in (likely, *_SCOPES):
        if scope in _SCOPES[family]:
            return {"$term": f"{family}.{scope}"}
    return scope


# -- reading it again --------------------------------------------------------------------------


def say_again(script: Script, ticket: Ticket) -> None:
    """Say what was last told about a ticket in another conversation, as far as it still counts."""
    told = ticket.facts.get("told")
    if told is not None and _still_counts(ticket, DecisionKind(told["kind"])):
        kind = DecisionKind(told["kind"])
        script.say(*decision_words(script, ticket, kind, told["text"], told["data"]))
        if ticket.state is TicketState.CLOSED:
            say_objection(script, ticket)
    elif ticket.outcome in {Outcome.FULFILLED, Outcome.PARTLY_FULFILLED}:
        summary = ticket.kind is RequestKind.ACCESS and ticket.outcome is Outcome.FULFILLED
        # A summary is not kept with the ticket: it would outlive the deletion of what it tells.
        say_outcome(script, ticket, "ticket.done_before" if summary else outcome_key(ticket))


def _still_counts(ticket: Ticket, kind: DecisionKind) -> bool:
    if kind is DecisionKind.EXAMINED:
        return ticket.state is TicketState.AWAITING_VERIFICATION and "document" not in ticket.flags
    if kind is DecisionKind.ASKED:
        return ticket.state is TicketState.AWAITING_REQUESTER
    return kind in {DecisionKind.RESOLVED, DecisionKind.REFUSED}
