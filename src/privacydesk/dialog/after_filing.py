"""Messages about a request that was just filed: questions, withdrawals, a copy first.

``amending`` changes it.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.dialog import reading, wishes
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.options import whose
from privacydesk.dialog.outcomes import due_of
from privacydesk.dialog.request_actions import actions_of
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import DESTRUCTIVE, Intent, RequestKind
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket import MaterialKind, Ticket

_NAMED_BY: Final = {
    RequestKind.UNBINDING: "provider",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.DELETION: "category",
}
"""The entity that names a request's items, by kind."""

_SAYS_WHAT: Final = 60
"""Latin letters, each Chinese character counted as three; a shorter text may only say that
something is to be added, so more is asked for."""


_TELLS_MORE: Final = frozenset({ReplyAct.FILED, ReplyAct.TELLS})
_BESIDE_IT: Final = frozenset({ReplyAct.BESIDES, ReplyAct.UPSET, ReplyAct.CHAT})
"""Acts of a message that tells more about a filed request, and acts that may go with them."""


def filed_last(script: Script) -> Ticket | None:
    """Return the open request that was filed last in this conversation."""
    here = (one for one in script.tickets_of(whose(script)) if one.is_open)
    filed = [one for one in here if one.conversation_id == script.before.id]
    return max(filed, key=lambda one: one.received_at, default=None)


def takes_back(runner: Runner, script: Script) -> bool:
    """Start withdrawing a request that was filed here: "take it back, my mum uses that"."""
    if not reading.does(script, ReplyAct.CANCEL) or reading.does(script, ReplyAct.NOTHING):
        return False
    if reading.asks(script) or script.observed.requests or filed_last(script) is None:
        return False
    return runner.start(script, Intent.CANCEL_REQUEST)


def asks_what(runner: Runner, script: Script) -> bool:
    """Say what was filed, and until when it is answered: "what did you write down?"."""
    if not _asks_of_it(script):
        return False
    topics = reading.phrases_of(script.observed.entities)
    if any(one.startswith("asks_") for one in topics):
        # What forms explain, and how long it takes, is answered as such; ``says_where_it_stands``
        # answers the rest.
        return False
    if filed_last(script) is None:
        more = {"wants", "taken_back"}.intersection(script.observed.entities)
        return not (more or script.observed.asks_question) and runner.start(
            script, Intent.REQUEST_STATUS
        )
    return says_status(runner, script)


def says_where_it_stands(runner: Runner, script: Script) -> bool:
    """Answer a question about a filed request that no form explains: "why is it still there?"."""
    return _asks_of_it(script) and filed_last(script) is not None and says_status(runner, script)


def _asks_of_it(script: Script) -> bool:
    """Whether a message asks about a filed request, and for nothing else."""
    if not (reading.asks(script) or reading.does(script, ReplyAct.AGAIN)):
        return False
    if not reading.does(script, ReplyAct.FILED) or reading.does(script, ReplyAct.BESIDES):
        return False
    found = script.observed.recognised
    # "I said close it after that, are you listening?" asks for more.
    return found is None or not found.sure or found.intent.kind is None


def says_status(runner: Runner, script: Script) -> bool:
    """Say where the request that was filed here stands; of several, or if it is late, all."""
    last = filed_last(script)
    several = sum(one.is_open for one in script.tickets_of(whose(script))) > 1
    if last is None or several or last.is_late(script.now):
        # Which of them is meant is not known, or the card says why it is late: all are shown.
        return runner.start(script, Intent.REQUEST_STATUS)
    script.unanswered = 0
    args: dict[str, Any] = {"what": named_request(last)}
    if last.clock is None:
        script.say("desk.filed_waits", args)
    else:
        script.say("desk.filed_stands", {**args, "due": due_of(last)})
    script.show_ticket({"$id": last.id.hex()})
    script.offer_more(*actions_of(last, script.rules, script.now))
    return True


def adds(runner: Runner, script: Script) -> bool:
    """Start adding to a filed request: "I forgot to say that he posted my photo, too".

    Words that say what is added are read back before staff get them.
    """
    said, acts = script.said, script.observed.reply_acts
    if not (acts >= _TELLS_MORE and acts <= _TELLS_MORE | _BESIDE_IT):
        return False
    theirs = script.tickets_of(whose(script))
    asked = {one.recognised.intent.kind for one in script.observed.requests} - {None}
    if not theirs or not asked <= {ticket.kind for ticket in theirs}:
        return False
    slots = {"purpose": MaterialKind.MATERIAL.value}
    slots["words" if reading.width(said) >= _SAYS_WHAT else "began_with"] = said
    script.unanswered = 0
    runner.start_flow(script, "add_material", slots)
    return True


def follows_filed(runner: Runner, script: Script) -> bool:
    """Handle a message about a filed request; return whether it was one."""
    return keeps(runner, script) or _wants_copy_first(runner, script)


def keeps(runner: Runner, script: Script) -> bool:
    """Start withdrawing a filed request if its items should stay: 定位还是开着吧.

    The request is confirmed first; without one, the words mean something else.
    """
    entities = script.observed.entities
    kept = {str(one) for one in entities.get("only_kept", ())}
    if not kept or not reading.is_brief(script) or reading.asks(script):
        return False
    filed = {
        str(value)
        for ticket in script.tickets_of(whose(script))
        if ticket.is_open and ticket.kind in _NAMED_BY
        for item in ticket.items
        for value in (item.name, *item.detail.values())
    }
    return kept <= filed and runner.start(script, Intent.CANCEL_REQUEST)


def _wants_copy_first(runner: Runner, script: Script) -> bool:
    """Start the copy wanted before a filed loss, and hint that the loss can be withdrawn."""
    if not wishes.wants_copy(script):
        return False
    losing = [
        one
        for one in script.tickets_of(whose(script))
        if one.is_open and one.kind in DESTRUCTIVE and one.conversation_id == script.before.id
    ]
    if not losing:
        return False
    last = max(losing, key=lambda one: one.received_at)
    script.say("desk.copy_before_loss", {"number": last.number})
    return runner.start(script, Intent.ACCESS)
