"""Words where staff asked or wrote something, as far as their question's form doesn't take them.

A question, a complaint or a wish is no answer to what staff asked, so the request goes on waiting
for one. What answers a reply of theirs is added to its request.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import following, quotes, reading
from privacydesk.dialog.actions.own_tickets import add_to
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.outcomes import due_of, say_late
from privacydesk.dialog.reply import Reply
from privacydesk.dialog.request_actions import may_be_added_to
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.dialog.slots import FILES
from privacydesk.domain.conversation import latest_reply
from privacydesk.domain.effects import AddMaterial
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Remark, ReplyAct
from privacydesk.domain.ticket import MaterialKind, Ticket
from privacydesk.domain.ticket_moves import Move, may

_NO_ANSWERS: Final = frozenset(
    {
        ReplyAct.ASKS, ReplyAct.FILED, ReplyAct.UPSET, ReplyAct.CHAT, ReplyAct.BESIDES,
        ReplyAct.INSTEAD, ReplyAct.CANCEL, ReplyAct.PERSON, ReplyAct.LATER,
    }
)  # fmt: skip
"""Acts of words that staff did not wait for."""
_BESIDE_A_QUESTION: Final = frozenset({ReplyAct.TELLS, ReplyAct.TOLD})
_WISHES: Final = (ReplyAct.BESIDES, ReplyAct.INSTEAD)
_OTHERWISE: Final = frozenset(
    {ReplyAct.BESIDES, ReplyAct.INSTEAD, ReplyAct.CANCEL, ReplyAct.PERSON, ReplyAct.LATER}
)
"""Acts of words that do not go to staff who wrote something."""
_STATUS: Final = frozenset({"asks_duration", "asks_when"})


def answers_nothing(reply: Reply) -> bool:
    """Handle words that answer nothing where staff asked something; return whether they do."""
    script, frame = reply.script, reply.frame
    acts = script.observed.reply_acts
    beside = _BESIDE_A_QUESTION if ReplyAct.ASKS in acts else frozenset()
    if frame.flow != ANSWER or frame.slots.get(FILES) or not acts or acts - _NO_ANSWERS - beside:
        return False
    ticket = script.ticket_with_id(bytes.fromhex(str(frame.slots["ticket"])))
    if ticket is None:
        return False
    if ReplyAct.PERSON in acts:
        return reply.runner.start(script, Intent.HUMAN_AGENT)
    if reading.does(script, *_WISHES):
        return following.further_wish(reply.runner, script)
    if ReplyAct.CANCEL in acts and may(ticket, Move.WITHDRAW):
        reply.runner.start_on_ticket(script, "cancel_request", ticket)
        return True
    if ReplyAct.LATER in acts and ReplyAct.ASKS not in acts:
        reply.ask_again("desk.take_your_time")
        return True
    _answer(script, ticket)
    reply.runner.prompt_again(script)
    return True


def answers_reply(_runner: Runner, script: Script) -> bool:
    """Add what answers the last reply of staff to its request; return whether it does."""
    replied = latest_reply(script.replied, script.prompt)
    if replied is None or not _tells_staff(script):
        return False
    ticket = script.ticket_with_id(replied.ticket)
    if ticket is None or not may_be_added_to(ticket):
        script.replied = None
        return False
    script.unanswered = 0
    if reading.asks(script):
        _answer(script, ticket)
        return True
    add_to(script, ticket, MaterialKind.MATERIAL, script.whole_message)
    script.say("add_material.added", {"ticket": ticket.number})
    return True


def _tells_staff(script: Script) -> bool:
    """Whether a message asks the desk for nothing, and is no mere courtesy."""
    found, acts = script.observed.recognised, script.observed.reply_acts
    if script.observed.requests or acts & _OTHERWISE:
        return False
    if found is not None and found.sure and found.intent.kind is not None:
        return False
    if acts - {ReplyAct.CHAT} or script.observed.entities.get("plain_answer"):
        return True
    return not acts and (found is None or found.intent is Intent.OTHER)


def _answer(script: Script, ticket: Ticket) -> None:
    """Say where the request stands, or pass a question on to those who work on it."""
    if reading.does(script, ReplyAct.UPSET):
        script.say("desk.sorry")
    if _asks_status(script):
        say_late(script, ticket)
        if ticket.clock is not None and not ticket.is_late(script.now):
            what = {"what": named_request(ticket), "due": due_of(ticket)}
            script.say("desk.filed_stands", what)
    elif reading.asks(script):
        found = script.policy(script.said)
        if found is not None and found.answerable:
            quotes.say_quotes(script, found)
        script.effects.append(AddMaterial(ticket.id, MaterialKind.QUESTION, script.said))
        script.say("add_material.asked", {"ticket": ticket.number})


def _asks_status(script: Script) -> bool:
    entities = script.observed.entities
    if Remark.STATUS in entities.get("remark", ()):
        return True
    return reading.does(script, ReplyAct.FILED) or not _STATUS.isdisjoint(
        reading.phrases_of(entities)
    )
