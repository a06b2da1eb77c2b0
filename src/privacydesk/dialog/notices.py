"""What the user is told when staff decided, the account service answered, or something came due.

Tickets in these messages are already moved; here they are only put into words. A notice in the
middle of a form repeats the open question after it, so that the question stays the last thing said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacydesk.dialog.options import objection_until
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import DueKind, Ticket
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Result


def _args(ticket: Ticket, **more: Any) -> dict[str, Any]:
    return {"ticket": ticket.number, **more}


def _due(ticket: Ticket) -> Mapping[str, Any]:
    clock = ticket.clock
    return {"$date": clock.due_date.isoformat() if clock else "", "year": True}


def _tell(
    runner: Runner, script: Script, ticket: Ticket, key: str, args: Mapping[str, Any]
) -> None:
    script.say(key, args)
    _show(runner, script, ticket)


def _show(runner: Runner, script: Script, ticket: Ticket) -> None:
    script.show_ticket({"$id": ticket.id.hex()})
    _go_on(runner, script)


def _go_on(runner: Runner, script: Script) -> None:
    # An open form's question is repeated; "anything else" is not said after every notice.
    if script.owner.kind is OwnerKind.ASSISTANT and script.prompt is not None and script.stack:
        runner.prompt_again(script)


# -- staff -------------------------------------------------------------------------------------


def decided(runner: Runner, script: Script, message: Decided) -> None:
    """Put a staff decision into words."""
    if message.ticket is None:
        _ownership(runner, script, message)
        return
    ticket = message.ticket
    if message.kind is DecisionKind.APPROVED:
        script.prompt = None
        runner.start_closing(script, ticket)
        return
    key, args = _decision_words(ticket, message)
    script.say(key, args)
    if message.kind in {DecisionKind.REFUSED, DecisionKind.RESOLVED}:
        _say_objection(script, ticket)
    script.show_ticket({"$id": ticket.id.hex()})
    _go_on(runner, script)


def _say_objection(script: Script, ticket: Ticket) -> None:
    """Say until when one may object, and how."""
    until = objection_until(script, ticket)
    if until is not None:
        script.say("ticket.objection_until", {"until": {"$date": until.isoformat(), "year": True}})


def _ownership(runner: Runner, script: Script, message: Decided) -> None:
    name = message.agent_name
    if message.kind is DecisionKind.TAKEN:
        script.prompt = None
        script.own(OwnerKind.AGENT, "owner.agent_joined", {"agent": name}, message.agent)
    elif message.kind is DecisionKind.HANDED_BACK:
        script.own(OwnerKind.ASSISTANT, "owner.handed_back", {"agent": name})
        runner.prompt_again(script)
    elif message.kind is DecisionKind.LOST:
        script.own(OwnerKind.QUEUE, "owner.agent_lost", {"agent": name})
    else:
        assert message.kind is DecisionKind.REPLIED
        script.append(Sender.AGENT, EventKind.TEXT, text=message.text, author=name)
        # Written without taking over, it must not leave the assistant's question further up.
        _go_on(runner, script)


def _decision_words(ticket: Ticket, message: Decided) -> tuple[str, dict[str, Any]]:
    data = message.data
    kind = message.kind
    if kind is DecisionKind.EXAMINED:
        if data.get("accepted"):
            return "ticket.examined_ok", _args(ticket, due=_due(ticket))
        return "ticket.examined_no", _args(ticket, reason=message.text)
    if kind is DecisionKind.REFUSED:
        args = _args(ticket, reason=message.text, remedies=str(data.get("remedies", "")))
        if data.get("ground_withheld"):
            return "ticket.refused_clause", {**args, "clause": {"$clause": "refusal_grounds"}}
        return "ticket.refused", {**args, "ground": {"$term": f"ground.{data.get('ground')}"}}
    if kind is DecisionKind.EXTENDED:
        return "ticket.extended", _args(ticket, due=_due(ticket), reason=message.text)
    if kind is DecisionKind.CALENDAR_SETTLED:
        return "ticket.settled", _args(ticket, due=_due(ticket))
    if kind is DecisionKind.ASKED:
        return "ticket.asked", _args(ticket, text=message.text)
    if kind is DecisionKind.RESOLVED:
        return "ticket.resolved", _args(ticket, text=message.text)
    assert kind is DecisionKind.RELEASED
    return "ticket.released", _args(ticket)


# -- the account service -----------------------------------------------------------------------


def result(runner: Runner, script: Script, message: Result) -> None:
    """Tell what the account service made of a released ticket."""
    ticket = message.ticket
    assert ticket is not None
    if message.outcome == "ok":
        rows = message.data.get("rows")
        if rows:
            script.say("ticket.summary", _args(ticket), kind=EventKind.DETAILS, data={"rows": rows})
        key = f"ticket.done.{ticket.kind.value}"
        if ticket.kind is RequestKind.DELETION:
            _say_results(script, ticket, key)
            _show(runner, script, ticket)
        else:
            _tell(runner, script, ticket, key, _args(ticket))
    elif message.outcome == "partly":
        _say_results(script, ticket, "ticket.partly")
        if ticket.kind is RequestKind.DELETION:
            script.say("ticket.backups")
        _say_objection(script, ticket)
        _show(runner, script, ticket)
    elif message.outcome == "delayed":
        script.say("ticket.delayed", _args(ticket))
        _go_on(runner, script)
    else:
        _tell(runner, script, ticket, "ticket.returned", _args(ticket))


def _say_results(script: Script, ticket: Ticket, key: str) -> None:
    """Say an outcome with what was done and what was kept, why and until when, item by item."""
    family = _RESULT_TERMS.get(ticket.kind, "category")
    rows = [
        {
            "label": {"$term": f"{family}.{result['scope']}"},
            "result": result["outcome"],
            "reason": result.get("reason"),
            "until": result.get("until"),
        }
        for result in ticket.facts.get("results", ())
    ]
    kind = EventKind.DETAILS if rows else EventKind.TEXT
    script.say(key, _args(ticket), kind=kind, data={"rows": rows} if rows else None)


_RESULT_TERMS: Mapping[RequestKind, str] = {
    RequestKind.RECTIFICATION: "field",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.UNBINDING: "provider",
}


# -- the clock ---------------------------------------------------------------------------------


def came_due(runner: Runner, script: Script, message: CameDue) -> None:
    """Tell what came due, where it concerns the user."""
    if message.kind == DueKind.LAPSE.value:
        _tell(runner, script, message.ticket, "ticket.lapsed", _args(message.ticket))
