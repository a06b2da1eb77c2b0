"""Decisions and outcomes of tickets in words: when they are told, and when they are read again.

A user who returns to a request by its number, from another device, finds the answer itself, not
just that it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from privacydesk.dialog.citations import GROUNDS_CLAUSE
from privacydesk.dialog.naming import NOTHING_BY_ITSELF, date_argument, item_label, label_of
from privacydesk.dialog.options import objection_until
from privacydesk.dialog.request_actions import lacks_proof
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.script import Script
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountReason,
    DataCategory,
    ItemOutcome,
)
from privacydesk.domain.events import EventKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import FOR_OTHERS, RequestKind
from privacydesk.domain.ticket import Outcome, ScheduledEventKind, Ticket, TicketState
from privacydesk.domain.turn import DecisionKind


def ticket_args(ticket: Ticket, **more: Any) -> dict[str, Any]:
    """Return a ticket's number with other arguments of a text."""
    return {"ticket": ticket.number, **more}


def due_of(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket's due date as an argument, which is resolved when rows are made."""
    return {"$due": ticket.id.hex()}


def _remedies(script: Script) -> str:
    return script.rules.remedies_in(script.locale)


def completion_of(ticket: Ticket) -> dict[str, Any]:
    """Return the date by which an approved closing is carried out, as ``due_of``."""
    return {"$completion": ticket.id.hex()}


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
        data: the decision's other data.
    """
    if kind is DecisionKind.EXAMINED:
        if data.get("accepted"):
            return "ticket.examined_ok", ticket_args(ticket, due=due_of(ticket))
        until = next(
            (due.at for due in ticket.scheduled_events if due.kind is ScheduledEventKind.LAPSE),
            script.now,
        )
        kept = {"$time": until.isoformat(), "zone": script.rules.zone}
        return "ticket.examined_no", ticket_args(ticket, reason=text, until=kept)
    if kind is DecisionKind.REFUSED:
        args = ticket_args(ticket, reason=text, remedies=_remedies(script))
        if data.get("ground_withheld"):
            return "ticket.refused_clause", {**args, "clause": {"$clause": GROUNDS_CLAUSE}}
        return "ticket.refused", {**args, "ground": _ground(script.rules, str(data.get("ground")))}
    if kind is DecisionKind.EXTENDED:
        return "ticket.extended", ticket_args(ticket, due=due_of(ticket), reason=text)
    if kind is DecisionKind.MERGED:
        due = data.get("due_shown") or {"$date": str(data.get("due", "")), "year": True}
        return "ticket.merged", ticket_args(ticket, into=str(data.get("into", "")), due=due)
    if kind is DecisionKind.CALENDAR_SETTLED:
        return _calendar_words(ticket)
    if kind is DecisionKind.ASKED:
        return "ticket.asked", ticket_args(ticket, text=text)
    if kind is DecisionKind.RESOLVED:
        return "ticket.resolved", ticket_args(ticket, text=text)
    assert kind is DecisionKind.RELEASED
    return "ticket.released", ticket_args(ticket)


def _calendar_words(ticket: Ticket) -> tuple[str, dict[str, Any]]:
    """Return the key and arguments that tell a date which was counted again."""
    closing = ticket.completion is not None
    is_final = ticket.staff_clock is None or not ticket.staff_clock.provisional
    if closing:
        key = "ticket.settled_closing" if is_final else "ticket.recounted_closing"
        return key, ticket_args(ticket, due=completion_of(ticket))
    key = "ticket.settled" if is_final else "ticket.recounted"
    return key, ticket_args(ticket, due=due_of(ticket))


def say_decision(
    script: Script, ticket: Ticket, kind: DecisionKind, text: str, data: Mapping[str, Any]
) -> None:
    """Say what staff decided, with each part that is refused, its ground and its reason.

    See ``decision_words`` for the arguments.
    """
    rows = _refused_rows(ticket, script.rules, withheld=bool(data.get("ground_withheld")))
    remedies = _remedies(script)
    if kind is DecisionKind.REFUSED and len({(i.ground, i.reason) for i in ticket.items}) > 1:
        _say_rows(script, ticket, "ticket.refused_by_part", rows, remedies=remedies)
        return
    script.say(*decision_words(script, ticket, kind, text, data))
    if kind is DecisionKind.RELEASED:
        _say_added(script, ticket, text)
    if rows and kind in {DecisionKind.RELEASED, DecisionKind.RESOLVED}:
        _say_rows(script, ticket, "ticket.refused_parts", rows, remedies=remedies)
    if kind is DecisionKind.RESOLVED:
        _say_handed_over(script, ticket)


def _say_added(script: Script, ticket: Ticket, text: str) -> None:
    """Say what staff wrote beside a released decision, such as how a file is handed over."""
    if text.strip():
        script.say("ticket.added", ticket_args(ticket, text=text.strip()))


def _say_handed_over(script: Script, ticket: Ticket) -> None:
    """Add the reminder for a guardian to whom a child's account was handed over."""
    if _is_handed_over(ticket):
        script.say("ticket.handed_over")


def say_late(script: Script, ticket: Ticket) -> None:
    """Say plainly that an answer, or an approved closing, is overdue."""
    clock = ticket.staff_clock
    if not ticket.is_open or clock is None:
        return
    args = ticket_args(ticket, due=date_argument(clock.due_date))
    if ticket.completion is not None:
        if ticket.is_completed_late(script.now):
            script.say("ticket.closing_late", args)
    elif ticket.answered_at is None and ticket.is_late(script.now):
        script.say("ticket.late", args)


def _ground(rules: Rules, ground: str) -> dict[str, Any]:
    """Return a ground in words, with its item of the policy's list cited and quoted."""
    named = {"$term": f"ground.{ground}"}
    if GROUNDS_CLAUSE not in rules.clauses or ground not in set(Ground):
        return named
    clause = {"$clause": f"{GROUNDS_CLAUSE}:{Ground(ground).item}", "quote": True}
    return {"$term": "ticket.ground_by_clause", "args": {"ground": named, "clause": clause}}


def _refused_rows(ticket: Ticket, rules: Rules, *, withheld: bool) -> list[dict[str, Any]]:
    """Return the refused parts as rows; a prejudicial ground is replaced by its clause.

    Of an item that is granted in part, the row says what is granted first.
    """
    rows = []
    for item in ticket.items:
        if item.ground is None:
            continue
        label = item_label(ticket, item)
        in_part = item.is_granted_in_part
        if withheld:
            args: dict[str, Any] = {"clause": {"$clause": GROUNDS_CLAUSE}}
            text = "ticket.granted_part_clause" if in_part else "ticket.refused_part_clause"
        else:
            args = {"ground": _ground(rules, item.ground)}
            text = "ticket.granted_part" if in_part else "ticket.refused_part"
        if in_part:
            # The sentence goes on after it.
            args["granted"] = item.granted.rstrip("。. ")
        rows.append({"label": label, "text": text, "args": {**args, "reason": item.reason}})
    return rows


def say_objection(script: Script, ticket: Ticket) -> None:
    """Say until when one may object and how, and how soon that is answered."""
    until = objection_until(script, ticket)
    if until is None:
        return
    days = script.rules.answer_days
    within = {"$term": "ticket.objection_within", "args": {"days": days}} if days else ""
    args = {"until": date_argument(until), "within": within}
    script.say("ticket.objection_until", args)


# -- what the account service did --------------------------------------------------------------


def say_outcome(script: Script, ticket: Ticket, key: str) -> None:
    """Say the outcome of a request that the account service carried out, wholly or in part.

    Args:
        script: the turn.
        ticket: the closed ticket.
        key: the key of the text about the request as a whole.
    """
    partly = ticket.outcome is Outcome.PARTLY_FULFILLED
    if partly or ticket.kind in _TOLD_BY_ITEM:
        _say_results(script, ticket, key)
    else:
        script.say(key, ticket_args(ticket))
    _say_handed_over(script, ticket)
    if any(_removed_some(one) for one in ticket.work.results):
        script.say("ticket.backups")
    say_objection(script, ticket)


def outcome_key(ticket: Ticket) -> str:
    """Return the key of the text about a request's outcome as a whole."""
    if ticket.outcome is Outcome.PARTLY_FULFILLED:
        return "ticket.partly"
    results = ticket.work.results
    if ticket.kind is RequestKind.DELETION and results and all(map(_held_nothing, results)):
        return "ticket.nothing_to_delete"
    if ticket.kind is RequestKind.GUARDIAN and _was_suspended(ticket):
        return "ticket.done.guardian_suspended"
    return f"ticket.done.{ticket.kind.value}"


def _was_suspended(ticket: Ticket) -> bool:
    """Whether a child's account was suspended, and not handed over to the guardian."""
    results = ticket.work.results
    return not _is_handed_over(ticket) and any(map(_suspends, results))


def _suspends(result: Mapping[str, Any]) -> bool:
    return result.get("action") == AccountAction.SUSPEND and result["outcome"] == ItemOutcome.DONE


def _is_handed_over(ticket: Ticket) -> bool:
    handed = any(one.name == "hand_over" and one.decision == "grant" for one in ticket.items)
    return ticket.kind is RequestKind.GUARDIAN and bool(ticket.account) and handed


_TOLD_BY_ITEM = frozenset({RequestKind.DELETION, RequestKind.DEREGISTRATION, *FOR_OTHERS})
"""Kinds for which what was done and what was kept is listed."""

_REMOVING = frozenset({AccountAction.DELETE.value, AccountAction.DEREGISTER.value})


def _held_nothing(result: Mapping[str, Any]) -> bool:
    """Whether there was nothing to remove; a count may be missing."""
    of_removal = result.get("action") in _REMOVING and result["outcome"] != ItemOutcome.FAILED
    return of_removal and result.get("count") == 0


def _removed_some(result: Mapping[str, Any]) -> bool:
    removed = result["outcome"] in {ItemOutcome.DONE, ItemOutcome.ANONYMISED}
    return result.get("action") in _REMOVING and removed and result.get("count") != 0


def _is_gone(result: Mapping[str, Any]) -> bool:
    """Whether all data of a kind was deleted.

    If the account continues, only the optional fields of its profile are.
    """
    if result["outcome"] != ItemOutcome.DONE or result["scope"] in NOTHING_BY_ITSELF:
        return False
    action = result.get("action")
    return action == AccountAction.DEREGISTER or (
        action == AccountAction.DELETE and result["scope"] != DataCategory.PROFILE
    )


def _result_row(ticket: Ticket, result: Mapping[str, Any]) -> dict[str, Any]:
    label = label_of(ticket, result["scope"])
    if _held_nothing(result):
        return {"label": label, "result": "nothing_held"}
    outcome = "deleted" if _is_gone(result) else str(result["outcome"])
    return {
        "label": label,
        "result": "suspended" if _suspends(result) else outcome,
        "reason": AccountReason.read(result.get("reason")),
        "until": result.get("until"),
    }


def item_rows(ticket: Ticket, rules: Rules) -> list[dict[str, Any]]:
    """Return what became of each item as a row; none before a decision, or after a purge."""
    if ticket.purged_at is not None:
        return []
    rows = [_result_row(ticket, one) for one in ticket.work.results]
    return rows + _refused_rows(ticket, rules, withheld=ticket.work.ground_withheld)


def _say_results(script: Script, ticket: Ticket, key: str) -> None:
    """Say an outcome with what was done and what was kept, why and until when, item by item."""
    # A user who returns later finds what was done and what was refused in one list.
    rows = item_rows(ticket, script.rules)
    # What could not be done counts as refused, too, no matter by whom.
    partly = ticket.outcome is Outcome.PARTLY_FULFILLED
    _say_rows(script, ticket, key, rows, **({"remedies": _remedies(script)} if partly else {}))


def say_returned(script: Script, ticket: Ticket, results: Iterable[Mapping[str, Any]]) -> None:
    """Say that nothing was done, what stood in the way, and what the person can do about it."""
    rows: list[dict[str, Any]] = []
    for one in results:
        reason = AccountReason.read(one.get("reason"))
        if reason is None:
            continue
        why, advice = {"$term": f"reason.{reason}"}, {"$term": f"advice.{reason}"}
        if one["scope"] in NOTHING_BY_ITSELF:
            rows.append({"label": why, "value": advice})
        else:
            args = {"reason": why, "advice": advice}
            label = label_of(ticket, one["scope"])
            rows.append({"label": label, "text": "ticket.returned_item", "args": args})
    _say_rows(script, ticket, "ticket.returned_why" if rows else "ticket.returned", rows)


def _say_rows(
    script: Script, ticket: Ticket, key: str, rows: list[dict[str, Any]], **more: Any
) -> None:
    kind = EventKind.DETAILS if rows else EventKind.TEXT
    args = ticket_args(ticket, **more)
    script.say(key, args, kind=kind, data={"rows": rows} if rows else None)


def say_summary(script: Script, ticket: Ticket, rows: Sequence[Mapping[str, Any]] | None) -> None:
    """Say what data is held, if a request asked for that."""
    if rows:
        _say_rows(script, ticket, "ticket.summary", [dict(row) for row in rows])


# -- reading it again --------------------------------------------------------------------------


def say_again(script: Script, ticket: Ticket) -> None:
    """Repeat what was last told about a ticket in another conversation, if it still applies."""
    told = ticket.work.told
    if told is not None and _still_counts(ticket, DecisionKind(told.kind)):
        kind = DecisionKind(told.kind)
        say_decision(script, ticket, kind, told.text, told.data)
        if ticket.state is TicketState.CLOSED:
            say_objection(script, ticket)
    elif ticket.outcome in {Outcome.FULFILLED, Outcome.PARTLY_FULFILLED}:
        rows = ticket.work.summary
        say_summary(script, ticket, rows)
        # Without a contact the summary is kept only in the conversation where it was told.
        elsewhere = ticket.kind is RequestKind.ACCESS and ticket.outcome is Outcome.FULFILLED
        whole = "ticket.done_before" if elsewhere and not rows else outcome_key(ticket)
        say_outcome(script, ticket, whole)
        if told is not None and told.kind == DecisionKind.RELEASED:
            _say_added(script, ticket, told.text)


def _still_counts(ticket: Ticket, kind: DecisionKind) -> bool:
    if kind is DecisionKind.EXAMINED:
        return lacks_proof(ticket)
    # A question of staff is put by the flow that takes the answer.
    return kind in {DecisionKind.RESOLVED, DecisionKind.REFUSED, DecisionKind.MERGED}
