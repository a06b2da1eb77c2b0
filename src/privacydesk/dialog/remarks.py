"""What a message says about requests that were filed, where a classifier is sure of it.

The network takes some of it for a request: "please state the grounds" for a question about a
machine's decision, "don't tell him that it was me" for a withdrawal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from privacydesk.dialog import after_filing, beginning, reading, wishes
from privacydesk.dialog.desk_choices import human_choice, more_choices
from privacydesk.dialog.kept_wishes import say_kept
from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.outcomes import say_again
from privacydesk.dialog.request_actions import may_be_added_to, object_choice
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import ANY_REQUEST
from privacydesk.domain.effects import AddMaterial
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.reading import Remark
from privacydesk.domain.ticket import REFUSALS, MaterialKind, Ticket
from privacydesk.domain.ticket_moves import Move, may

_MAY_TAKE_BACK: Final = frozenset({Remark.STATUS, Remark.NOTHING})
"""Remarks that sound like withdrawals: "the one of last week needn't be done"."""


def minds(runner: Runner, script: Script) -> bool:
    """Handle what a message says about filed requests; return whether it said anything."""
    remark = "".join(script.observed.entities.get("remark", ()))
    if not remark or (remark in _MAY_TAKE_BACK and _takes_back(script)):
        return False
    if not _REMARKS[Remark(remark)](runner, script):
        return False
    script.unanswered = 0
    return True


def _takes_back(script: Script) -> bool:
    """Whether a message takes back a request that there is, which is confirmed as such."""
    back = set(script.observed.entities.get("taken_back", ()))
    if not back:
        return False
    theirs = [one for one in script.tickets_of(whose(script)) if may(one, Move.WITHDRAW)]
    return any(ANY_REQUEST in back or one.kind.value in back for one in theirs)


def takes_one_back(runner: Runner, script: Script) -> bool:
    """Start withdrawing one of several requests: "don't close it after all, the posts still go".

    A wish of which there is an open request says that this one goes on.
    """
    asked = wishes.wishes_of(runner, script)
    back = set(script.observed.entities.get("taken_back", ()))
    if not asked or not back:
        return False
    theirs = [one for one in script.tickets_of(whose(script)) if one.is_open]
    meant = [one for one in theirs if one.kind.value in back and may(one, Move.WITHDRAW)]
    if len(meant) != 1:
        return False
    kinds = {one.kind for one in theirs}
    say_kept(runner, script, [one for one in asked if one.intent.kind not in kinds])
    runner.start_on_ticket(script, "cancel_request", meant[0])
    return True


def _asks_status(runner: Runner, script: Script) -> bool:
    """Say where requests stand: "it's the 11th, where is it?"."""
    topics = reading.phrases_of(script.observed.entities)
    if wishes.wishes_of(runner, script) or any(one.startswith("asks_") for one in topics):
        return False
    theirs = script.tickets_of(whose(script))
    return bool(theirs) and after_filing.says_status(runner, script)


def _asks_reasons(_runner: Runner, script: Script) -> bool:
    """Tell again why a request was refused, and offer an objection."""
    refused = [
        one
        for one in script.tickets_of(whose(script))
        if one.outcome in REFUSALS and one.purged_at is None
    ]
    if not refused:
        return False
    last = max(refused, key=lambda one: one.closed_at or one.received_at)
    say_again(script, last)
    offered = (object_choice(last),) if may_object(script, last) else ()
    script.ask("desk.refusal_reasons", {"ticket": last.number}, (*offered, human_choice()))
    return True


def _asks_discretion(_runner: Runner, script: Script) -> bool:
    """Say who learns of a request, and let staff know whom it should be kept from."""
    here = [one for one in script.tickets_of(whose(script)) if may_be_added_to(one)]
    complaints = [one for one in here if one.kind is RequestKind.COMPLAINT]
    about = max(complaints or here, key=lambda one: one.received_at, default=None)
    if about is None:
        script.say("desk.explain_told")
    else:
        script.say("complaint.explain_told" if complaints else "desk.explain_told")
        _pass_on(script, about, MaterialKind.MATERIAL)
    script.offer_more()
    return True


def _pass_on(script: Script, ticket: Ticket, kind: MaterialKind) -> None:
    script.effects.append(AddMaterial(ticket.id, kind, script.whole_message))
    script.say("desk.change_passed_on", {"numbers": {"$texts": [ticket.number]}})


def _objects(runner: Runner, script: Script) -> bool:
    """Hand an objection to what somebody else requested for the account to a person."""
    if not script.account or after_filing.filed_last(script) is not None:
        return False
    return beginning.to_human(runner, script)


def _wants_nothing(runner: Runner, script: Script) -> bool:
    """Begin nothing, and answer what is asked."""
    if wishes.wishes_of(runner, script):
        return False
    if reading.asks(script):
        return runner.start(script, Intent.POLICY_QUESTION)
    script.ask("desk.nothing_more", {}, more_choices())
    return True


_REMARKS: Final[Mapping[Remark, Callable[[Runner, Script], bool]]] = {
    Remark.STATUS: _asks_status,
    Remark.REASONS: _asks_reasons,
    Remark.DISCREET: _asks_discretion,
    Remark.OBJECTS: _objects,
    Remark.NOTHING: _wants_nothing,
}
