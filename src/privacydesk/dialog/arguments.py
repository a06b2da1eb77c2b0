"""The values a text's placeholders take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from privacydesk.dialog import entries, limits
from privacydesk.dialog.citations import (
    AGE_CLAUSE,
    CHILD_CLAUSE,
    CHILD_DELETION_CLAUSE,
    CLAUSE_PREFIX,
    TEEN_CLAUSE,
)
from privacydesk.dialog.naming import date_argument, listed, named_request, part_label
from privacydesk.dialog.options import objection_until, whose
from privacydesk.dialog.outcomes import completion_of, due_of
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import shown, values_in
from privacydesk.dialog.vocabulary import PATHS
from privacydesk.domain.account_terms import DEVICE_PERMISSIONS
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import COPIES
from privacydesk.domain.selection import Part
from privacydesk.domain.ticket import ScheduledEventKind

_SHORT_WAIT_S: Final = 600
"""Seconds; how long is left until then says more than the time of day."""


def _ticket(script: Script, frame: Running) -> Any:
    return {"$ticket": _at_hand(script, frame.slots.get("ticket", ""))}


def _due(script: Script, frame: Running) -> Any:
    return {"$due": _at_hand(script, frame.slots.get("ticket", ""))}


def _clause_for(frame: Running) -> str:
    """Return the clause about minors for an age: the children's statement ends at 14."""
    if frame.slots.get("age_group") == "teen":
        return TEEN_CLAUSE
    wish = frame.slots.get("wish")
    deletes = "delete" in wish if isinstance(wish, list) else wish == "delete"
    return CHILD_DELETION_CLAUSE if deletes else CHILD_CLAUSE


def _request(script: Script, frame: Running) -> Any:
    """Return what a filed request is about: its kind, with what was asked for."""
    name = str(frame.slots.get("ticket", ""))
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(name)))
    return "" if ticket is None else named_request(ticket)


def _requests(script: Script, frame: Running) -> Any:
    """Return what several filed requests are about."""
    tickets = script.tickets_with_ids([*map(bytes.fromhex, frame.slots.get("tickets", ()))])
    return {"$texts": [named_request(ticket) for ticket in tickets if ticket is not None]}


def _at_hand(script: Script, name: Any) -> str:
    """Return a ticket's id or symbol; a ticket filed earlier is loaded for its number."""
    named = str(name)
    if named and not named.startswith("sym:"):
        script.ticket_with_id(TicketId(bytes.fromhex(named)))
    return named


def _until(script: Script, frame: Running) -> Any:
    raw = frame.slots.get("until")
    if not raw:
        return ""
    wait = (datetime.fromisoformat(str(raw)) - script.now).total_seconds()
    if 0 < wait <= _SHORT_WAIT_S:
        return {"$term": "desk.after_wait", "args": {"wait": {"$span": math.ceil(wait)}}}
    return {"$term": "desk.from_time", "args": {"time": {"$time": raw, "zone": script.rules.zone}}}


def _object_until(script: Script, frame: Running) -> Any:
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
    until = None if ticket is None else objection_until(script, ticket)
    return "" if until is None else date_argument(until)


def _lapses_on(script: Script, frame: Running) -> Any:
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
    dues = () if ticket is None else ticket.scheduled_events
    lapse = next((due.at for due in dues if due.kind is ScheduledEventKind.LAPSE), None)
    if lapse is None:
        return ""
    return date_argument(lapse.astimezone(ZoneInfo(script.rules.zone)).date())


def _stops(script: Script, frame: Running) -> Any:
    """Return what stops with the chosen consents; empty before one is chosen.

    For a phone's permissions, their own explanation says so.
    """
    args = {"path_location": path(script, "location")}
    told: Any = ""
    for purpose in reversed(values_in(frame.slots.get("purpose"))):
        if purpose not in DEVICE_PERMISSIONS:
            one = {"$term": f"consent_withdrawal.stops_{purpose}", "args": args}
            both = {"$term": "consent_withdrawal.stops_besides", "args": {"one": one, "more": told}}
            told = both if told else one
    return told


def _contact(_script: Script, frame: Running) -> Any:
    masked = frame.slots.get("contact_masked")
    return masked or shown("contact", str(frame.slots.get("contact", "")))


def _labels(parts: Iterable[Part]) -> dict[str, Any]:
    """Return kinds of data with their limits: "posts up to 21 November 2026"."""
    return listed([(part, part_label({"$term": f"category.{part.value}"}, part)) for part in parts])


def _and_stays(_script: Script, frame: Running) -> Any:
    """Return what the user said should stay of a form's data; empty if nothing."""
    parts = limits.staying(frame.slots, frame.slots.get("categories") or ())
    return {"$term": "deletion.and_stays", "args": {"stays": _labels(parts)}} if parts else ""


def _to_be_seen(_script: Script, frame: Running) -> Any:
    """Return the kinds of data that are asked for, with their limits."""
    held = frame.slots.get("categories") or [ALL]
    if limits.narrows(limits.held(frame.slots)):
        return _labels(limits.parts(frame.slots, held, "categories"))
    return shown("category", held)


def _as_written(_script: Script, frame: Running) -> Any:
    """Return the user's words that were not understood; empty if all were."""
    words = limits.held(frame.slots).words
    return {"$term": "deletion.as_written", "args": {"words": words}} if words else ""


def _handed_to(_script: Script, frame: Running) -> Any:
    """Return the recipient of a transfer."""
    name = frame.slots.get("recipient")
    return str(name) if name else {"$term": "portability.yourself"}


def _answer_by(script: Script, _frame: Running) -> Any:
    """Return the due date of the only open request; empty for none, or several."""
    waiting = [one for one in script.tickets_of(whose(script)) if one.is_open]
    running = [one for one in waiting if one.clock and not one.is_late(script.now)]
    if len(waiting) != 1 or not running:
        return ""
    return {"$term": "request_status.answer_by", "args": {"due": due_of(running[0])}}


def _reply_by(script: Script, frame: Running) -> Any:
    """Return the due date of the form's request; empty if it is answered or late."""
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
    if ticket is None or not ticket.clock or ticket.answered_at or ticket.is_late(script.now):
        return ""
    return {"$term": "request_status.answer_by", "args": {"due": due_of(ticket)}}


def _complete_by(script: Script, frame: Running) -> Any:
    """Return the date by which an approved closing is carried out; empty if none is set."""
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
    if ticket is None or ticket.completion is None:
        return ""
    return {"$term": "confirm_closing.complete_by", "args": {"due": completion_of(ticket)}}


_KNOWN: Mapping[str, Callable[[Script, Running], Any]] = {
    "ticket": _ticket,
    "due": _due,
    "request": _request,
    AGE_CLAUSE: lambda _script, frame: {"$clause": _clause_for(frame)},
    "window": lambda script, _frame: {
        "$span": int(script.rules.unbinding_window.total_seconds())
        if script.rules.unbinding_window
        else 0
    },
    "tries": lambda _script, frame: int(frame.slots.get("tries", 0)),
    "until": _until,
    "contact": _contact,
    "days": lambda script, _frame: script.rules.verification_timeout.days,
    "app": lambda script, _frame: script.app_name,
    "valid_for": lambda script, _frame: {"$span": int(script.rules.codes.lifetime.total_seconds())},
    "objection_days": lambda script, _frame: {
        "$span": int(timedelta(days=script.rules.objection_days).total_seconds())
    },
    "object_until": _object_until,
    "lapses_on": _lapses_on,
    "filed_by": lambda _script, frame: frame.slots["by"],
    "filed_on": lambda _script, frame: date_argument(date.fromisoformat(frame.slots["day"])),
    "filed_what": lambda _script, frame: frame.slots["what"],
    "remedies": lambda script, _frame: script.rules.remedies_in(script.locale),
    "requests": _requests,
    "stops": _stops,
    "reason_given": lambda _script, frame: str(frame.slots.get("reason", "")),
    "wishes": lambda script, _frame: {
        "$texts": [{"$term": f"kind.{wish.intent.value}"} for wish in script.pending_requests]
    },
    "answer_by": _answer_by,
    "complete_by": _complete_by,
    "reply_by": _reply_by,
    "and_stays": _and_stays,
    "as_written": _as_written,
    "to_be_seen": _to_be_seen,
    "handed_to": _handed_to,
    "place": lambda script, frame: int(frame.slots.get("place") or script.queue()[1]),
}


def shown_slot(slot_type: str, value: Any) -> Any:
    """Return a slot's value as an argument."""
    return shown(slot_type, value)


def build(script: Script, frame: Running, flow: Flow, names: Iterable[str]) -> dict[str, Any]:
    """Return the arguments of a text; ``$ticket`` and ``$due`` are resolved when rows are made."""
    return {name: _one(script, frame, flow, name) for name in names}


def path(script: Script, name: str) -> Any:
    """Return where something is found in the app; a general term if no profile says so."""
    found = script.rules.path_in(script.locale, name)
    return found or ({"$term": f"path.{name}"} if name in PATHS else "")


def _one(script: Script, frame: Running, flow: Flow, name: str) -> Any:
    if name in _KNOWN:
        return _KNOWN[name](script, frame)
    if name.startswith("path_"):
        return path(script, name.removeprefix("path_"))
    if name.startswith("mail_"):
        return script.rules.mailboxes.get(name.removeprefix("mail_"), "")
    if name.startswith(CLAUSE_PREFIX):
        return {"$clause": name.removeprefix(CLAUSE_PREFIX)}
    return _slot(script, frame, flow, name)


def _slot(script: Script, frame: Running, flow: Flow, name: str) -> Any:
    """Return the value of a slot of the flow."""
    value = frame.slots.get(name, "")
    spec = flow.slots.get(name)
    if spec is None or value == "":
        return value
    if spec.type == "decision":
        return next(
            (row["what"] for row in frame.slots.get("decisions", ()) if row["id"] == value),
            str(value),
        )
    if spec.type == "ticket":
        return {"$ticket": _at_hand(script, value)}
    if spec.type == "choice":
        return _choice_label(flow, name, value)
    if spec.type == entries.FIELD_VALUE:
        return entries.shown_value(frame.slots.get(entries.FIELD), value)
    if spec.type == "category" and limits.narrows(limits.held(frame.slots)):
        values = values_in(value)
        options = "categories" if flow.kind in COPIES else None
        return _labels(limits.parts(frame.slots, values, options))
    return shown(spec.type, value)


def _choice_label(flow: Flow, slot: str, value: Any) -> Any:

    for step in flow.steps.values():
        if isinstance(step, Ask) and step.slot == slot:
            for offer in step.choices:
                if offer.value == value:
                    return {"$term": offer.text}
    return str(value)
