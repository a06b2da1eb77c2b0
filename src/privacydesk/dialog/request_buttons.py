"""Pressing the button of a request's card, which starts the flow that does what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.dialog.guards import proof_purpose
from privacydesk.dialog.options import is_theirs
from privacydesk.dialog.request_actions import RequestAction, action_label, lacks_proof
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent
from privacydesk.domain.ticket import MaterialKind, Ticket, TicketState

MATERIAL: Final = "add_material"
"""The flow in which a requester adds to a request, or asks about it."""

_STATUS: Final = "request_status"

_FLOWS: Final[Mapping[RequestAction, tuple[str, Mapping[str, str]]]] = {
    RequestAction.ADD: (MATERIAL, {"purpose": MaterialKind.MATERIAL.value}),
    RequestAction.ASK: (MATERIAL, {"purpose": MaterialKind.QUESTION.value}),
    RequestAction.OBJECT: ("objection", {}),
    RequestAction.WITHDRAW: ("cancel_request", {}),
}
"""The flow that each action starts, with its slots."""


def press(
    runner: Runner, script: Script, action: RequestAction, number: str, *, silent: bool = False
) -> None:
    """Do what a button of a request's card says, if the request is the user's.

    Any other number is answered as if it had been typed, whether it exists or not.

    Args:
        runner: runs the flows.
        script: the turn.
        action: the button's action.
        number: the request's number.
        silent: whether the user typed the label, which is in the log already.
    """
    ticket = script.ticket_numbered(number)
    if ticket is None or not is_theirs(script, ticket):
        _start(runner, script, _STATUS, {"number": number})
        return
    if not silent:
        args = {"action": {"$term": action_label(action, ticket)}, "ticket": ticket.number}
        script.append(Sender.USER, EventKind.CHOSE, key="ticket.action_chosen", args=args)
    if script.owner.kind is OwnerKind.AGENT:
        script.append(Sender.SYSTEM, EventKind.TEXT, key="ticket.action_after_agent")
        return
    if action is RequestAction.VERIFY and not lacks_proof(ticket):
        _say_closed(runner, script)
        return
    if action is RequestAction.VERIFY and _is_proven_by_code(ticket):
        _ask_again(runner, script, Intent(ticket.kind.value))
        return
    flow, slots = _flow_for(ticket, action)
    if flow not in runner.flows:
        _say_closed(runner, script)
        return
    _start(runner, script, flow, {"ticket": ticket.id.hex(), "account": ticket.account, **slots})


def _say_closed(runner: Runner, script: Script) -> None:
    script.say("desk.choice_closed")
    runner.prompt_again(script)


def _ask_again(runner: Runner, script: Script, intent: Intent) -> None:
    """Begin a request again that waits for a code: filed, it is the same request that goes on."""
    filed = script.last_filed
    begun = filed if filed is not None and filed.intent is intent else RequestDraft(intent)
    runner.begin(script, begun)


def _is_proven_by_code(ticket: Ticket) -> bool:
    return ticket.required_assurance is not Assurance.DOCUMENT_CHECKED


def _flow_for(ticket: Ticket, action: RequestAction) -> tuple[str, Mapping[str, str]]:
    if action is RequestAction.ADD and ticket.state is TicketState.AWAITING_REQUESTER:
        asked = ticket.work.told
        return ANSWER, {"text": asked.text if asked else ""}
    if action is RequestAction.VERIFY:
        return "evidence_again", {"purpose": proof_purpose(ticket)}
    return _FLOWS[action]


def _start(runner: Runner, script: Script, flow: str, slots: Mapping[str, Any]) -> None:
    """Start a flow; one that runs about another request begins again with this one."""
    place = next((p for p, frame in enumerate(script.stack) if frame.flow == flow), None)
    if place is not None and any(script.stack[place].slots.get(n) != v for n, v in slots.items()):
        runner.restart(script, place, slots)
    runner.start_flow(script, flow, slots)
