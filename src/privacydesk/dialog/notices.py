"""What the user is told when staff decided, the account service answered, or something came due.

Tickets in these messages are already moved; here they are only put into words. A notice in the
middle of a form repeats the open question after it, so that the question stays the last thing said.
"""

from __future__ import annotations

from privacydesk.dialog import pending, queueing, rating
from privacydesk.dialog.guards import proof_purpose
from privacydesk.dialog.outcomes import (
    outcome_key,
    say_decision,
    say_late,
    say_objection,
    say_outcome,
    say_returned,
    say_summary,
    ticket_args,
)
from privacydesk.dialog.packages import say_packages
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.domain.conversation import OwnerKind, StaffReply
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.incidents import NoticePart
from privacydesk.domain.ticket import ScheduledEventKind, Ticket
from privacydesk.domain.turn import DecisionKind, DecisionMessage, DueMessage, ResultMessage


def _show(runner: Runner, script: Script, ticket: Ticket, *, was_open: bool) -> None:
    script.show_ticket({"$id": ticket.id.hex()})
    _go_on(runner, script, was_open=was_open)


def _go_on(runner: Runner, script: Script, *, was_open: bool = False) -> None:
    if rating.is_idle(script):
        rating.ask(script)
        return
    _repeat_question(runner, script, was_open=was_open)


def _repeat_question(runner: Runner, script: Script, *, was_open: bool = False) -> None:
    # An open form's question is repeated; "anything else" is not said after every notice.
    asked = script.prompt is not None or was_open
    if script.owner.kind is OwnerKind.ASSISTANT and asked and script.stack:
        runner.prompt_again(script)


# -- staff -------------------------------------------------------------------------------------


def decided(runner: Runner, script: Script, message: DecisionMessage) -> None:
    """Put a staff decision into words."""
    if message.kind is DecisionKind.INCIDENT:
        _incident(runner, script, message)
        return
    if message.kind is DecisionKind.REPLIED:
        _reply(runner, script, message)
        return
    if message.ticket is None:
        _ownership(runner, script, message)
        return
    ticket = message.ticket
    was_open = pending.settle(script, ticket.id, ticket.state) | _outdated(runner, script)
    if message.kind is DecisionKind.APPROVED:
        # Policy article 7, section 3: the user has the last word.
        script.prompt = None
        script.show_ticket({"$id": ticket.id.hex()})
        runner.start_on_ticket(script, "confirm_closing", ticket)
        return
    if message.kind is DecisionKind.ASKED:
        _ask_requester(runner, script, ticket, message.text)
        return
    say_decision(script, ticket, message.kind, message.text, message.data)
    if message.kind in {DecisionKind.REFUSED, DecisionKind.RESOLVED}:
        say_objection(script, ticket)
    script.show_ticket({"$id": ticket.id.hex()})
    rating.note(script, ticket)
    if message.kind is DecisionKind.EXAMINED and not message.data.get("accepted"):
        script.prompt = None
        purpose = proof_purpose(ticket)
        why = {"reason": message.text} if message.text else {}
        runner.start_on_ticket(script, "evidence_again", ticket, purpose=purpose, **why)
        return
    _go_on(runner, script, was_open=was_open)


def _outdated(runner: Runner, script: Script) -> bool:
    """Drop an open question about which request is meant: its answer has just changed."""
    frame, step = runner.waiting_step(script)
    if frame is None or frame.trail or frame.slots.get("ticket"):
        return False
    if frame.flow not in _ABOUT_REQUESTS or not isinstance(step, Ask):
        return False
    runner.drop_form(script)
    return True


_ABOUT_REQUESTS = frozenset({"objection", "cancel_request"})


def _ask_requester(runner: Runner, script: Script, ticket: Ticket, text: str) -> None:
    """Put a question of staff: what is written or sent next goes to the ticket.

    If another form is open, it continues undisturbed, with a button to answer first; the question
    lies below it and is put at its end.
    """
    # A second question takes the place of the first one.
    pending.settle(script, ticket.id, None)
    script.show_ticket({"$id": ticket.id.hex()})
    if not script.stack and script.owner.kind is not OwnerKind.AGENT:
        runner.start_on_ticket(script, ANSWER, ticket, text=text)
        return
    say_decision(script, ticket, DecisionKind.ASKED, text, {})
    slots = {"ticket": ticket.id.hex(), "account": ticket.account, "text": text}
    script.lay_under(ANSWER, runner.flows[ANSWER].start, slots)
    runner.prompt_again(script)


def _incident(runner: Runner, script: Script, message: DecisionMessage) -> None:
    """Tell of a security incident in the conversation's language; an open form continues."""
    text = message.data["texts"][script.locale]
    rows = [
        {"label": {"$term": f"incident.{part}"}, "value": text[part.value]} for part in NoticePart
    ]
    script.say("incident.notice", kind=EventKind.DETAILS, data={"rows": rows})
    _repeat_question(runner, script)


def _ownership(runner: Runner, script: Script, message: DecisionMessage) -> None:
    name = message.agent_name or script.app_name
    if message.kind is DecisionKind.TAKEN:
        script.prompt = None
        script.own(OwnerKind.AGENT, "owner.agent_joined", {"agent": name}, message.agent)
    elif message.kind is DecisionKind.HANDED_BACK:
        queueing.go_on_without_person(runner, script, "owner.handed_back", {"agent": name})
    elif message.kind is DecisionKind.LOST:
        _lost(script, name, left=bool(message.data.get("left")))
    else:
        assert message.kind is DecisionKind.HOURS_BEGAN
        place = message.data["place"]
        script.append(Sender.SYSTEM, EventKind.TEXT, key="owner.hours_began", args={"place": place})


def _reply(runner: Runner, script: Script, message: DecisionMessage) -> None:
    """Show what staff wrote; what the user answers to a reply about a ticket is added to it."""
    script.append(
        Sender.AGENT,
        EventKind.TEXT,
        text=message.text,
        author=message.agent_name,
        data=message.data,
    )
    if message.ticket is not None:
        script.replied = StaffReply(message.ticket.id, message.text, script.version)
    # A reply without taking over must not push the assistant's question out of sight.
    _go_on(runner, script)


def _lost(script: Script, name: str, *, left: bool) -> None:
    staffed, _ = script.queue()
    key = "owner.agent_left" if left else "owner.agent_lost"
    script.own(OwnerKind.QUEUE, key, {"agent": name})
    opening = {} if staffed else script.opening()
    if opening:
        # Otherwise the user would expect somebody right away.
        script.append(Sender.SYSTEM, EventKind.TEXT, key="owner.reads_again", args=opening)


# -- the account service -----------------------------------------------------------------------


_ONLY_TOLD = {
    "delayed": "ticket.delayed",
    "at_work": "ticket.at_work",
    "restored": "ticket.restored",
    "under_14": "ticket.child_under_14",
    "exactly_14": "ticket.child_exactly_14",
}
"""Outcomes that leave the ticket's state unchanged."""


def result(runner: Runner, script: Script, message: ResultMessage) -> None:
    """Tell the user what the account service did with a released ticket."""
    ticket = message.ticket
    assert ticket is not None
    if message.outcome in _ONLY_TOLD:
        script.say(_ONLY_TOLD[message.outcome], ticket_args(ticket))
        _go_on(runner, script)
        return
    was_open = pending.settle(script, ticket.id, ticket.state)
    if message.outcome == "refused":
        say_returned(script, ticket, message.data.get("results", ()))
        _show(runner, script, ticket, was_open=was_open)
        return
    say_summary(script, ticket, message.data.get("rows"))
    say_outcome(script, ticket, outcome_key(ticket))
    rating.note(script, ticket)
    say_packages(script, ticket)
    _show(runner, script, ticket, was_open=was_open)


# -- the clock ---------------------------------------------------------------------------------


_OVERDUE = frozenset({ScheduledEventKind.OVERDUE, ScheduledEventKind.COMPLETION_OVERDUE})


def came_due(runner: Runner, script: Script, message: DueMessage) -> None:
    """Tell the user what came due, if it concerns them."""
    ticket = message.ticket
    if message.kind in _OVERDUE:
        say_late(script, ticket)
        _go_on(runner, script)
        return
    if message.kind == ScheduledEventKind.LAPSE.value:
        was_open = pending.settle(script, ticket.id, ticket.state)
        script.say("ticket.lapsed", ticket_args(ticket))
        _show(runner, script, ticket, was_open=was_open)
