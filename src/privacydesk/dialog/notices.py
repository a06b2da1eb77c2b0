"""What the user is told when staff decided, the account service answered, or something came due.

Tickets in these messages are already moved; here they are only put into words. A notice in the
middle of a form repeats the open question after it, so that the question stays the last thing said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacydesk.dialog import interrupts
from privacydesk.dialog.guards import proof_purpose
from privacydesk.dialog.outcomes import (
    outcome_key,
    say_decision,
    say_objection,
    say_outcome,
    say_returned,
    ticket_args,
)
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.ticket import DueKind, Ticket
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Result


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
        # Policy article 7, section 3: the user has the last word.
        script.prompt = None
        script.show_ticket({"$id": ticket.id.hex()})
        runner.start_on_ticket(script, "confirm_closing", ticket)
        return
    say_decision(script, ticket, message.kind, message.text, message.data)
    if message.kind in {DecisionKind.REFUSED, DecisionKind.RESOLVED}:
        say_objection(script, ticket)
    script.show_ticket({"$id": ticket.id.hex()})
    if message.kind is DecisionKind.EXAMINED and not message.data.get("accepted"):
        script.prompt = None
        purpose = proof_purpose(ticket)
        runner.start_on_ticket(script, "evidence_again", ticket, purpose=purpose)
        return
    _go_on(runner, script)


def _ownership(runner: Runner, script: Script, message: Decided) -> None:
    name = message.agent_name
    if message.kind is DecisionKind.TAKEN:
        script.prompt = None
        script.own(OwnerKind.AGENT, "owner.agent_joined", {"agent": name}, message.agent)
    elif message.kind is DecisionKind.HANDED_BACK:
        script.own(OwnerKind.ASSISTANT, "owner.handed_back", {"agent": name})
        if script.wishes and not script.stack:
            interrupts.offer_wishes(runner, script)
        else:
            runner.prompt_again(script)
    elif message.kind is DecisionKind.LOST:
        script.own(OwnerKind.QUEUE, "owner.agent_lost", {"agent": name})
    else:
        assert message.kind is DecisionKind.REPLIED
        script.append(Sender.AGENT, EventKind.TEXT, text=message.text, author=name)
        # Written without taking over, it must not leave the assistant's question further up.
        _go_on(runner, script)


# -- the account service -----------------------------------------------------------------------


def result(runner: Runner, script: Script, message: Result) -> None:
    """Tell what the account service made of a released ticket."""
    ticket = message.ticket
    assert ticket is not None
    if message.outcome == "delayed":
        script.say("ticket.delayed", ticket_args(ticket))
        _go_on(runner, script)
        return
    if message.outcome == "refused":
        say_returned(script, ticket, message.data.get("results", ()))
        _show(runner, script, ticket)
        return
    rows = message.data.get("rows")
    if rows:
        script.say(
            "ticket.summary", ticket_args(ticket), kind=EventKind.DETAILS, data={"rows": rows}
        )
    say_outcome(script, ticket, outcome_key(ticket))
    _show(runner, script, ticket)


# -- the clock ---------------------------------------------------------------------------------


def came_due(runner: Runner, script: Script, message: CameDue) -> None:
    """Tell what came due, where it concerns the user."""
    if message.kind == DueKind.LAPSE.value:
        _tell(runner, script, message.ticket, "ticket.lapsed", ticket_args(message.ticket))
