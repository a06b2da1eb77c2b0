"""Words where staff asked something that don't answer it: a question, a complaint, a wish.

They are no answer, so the request goes on waiting for one.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import following, quotes, reading
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.outcomes import due_of, say_late
from privacydesk.dialog.reply import Reply
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.dialog.slots import FILES
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
