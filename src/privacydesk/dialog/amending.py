"""Changing a request that was filed: "only November, not all of it".

Nobody changes what was confirmed, so the request is made again with the change, and is confirmed
again where it was before; when the new one is filed, the old one is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from privacydesk.dialog import (
    correcting,
    entries,
    following,
    giving_up,
    limiting,
    limits,
    openings,
    reading,
)
from privacydesk.dialog.after_filing import filed_last, keeps
from privacydesk.dialog.desk_choices import human_choice, intent_choice
from privacydesk.dialog.naming import items_of, named_request
from privacydesk.dialog.options import whose
from privacydesk.dialog.outcomes import say_late
from privacydesk.dialog.request_actions import may_be_added_to
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Confirm, Do, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import AMENDS, FILLED_FROM
from privacydesk.dialog.vocabulary import KIND_ASSURANCE
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.effects import AddMaterial
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ALL, ReplyAct
from privacydesk.domain.scopes import part_of
from privacydesk.domain.ticket import MaterialKind, Ticket
from privacydesk.domain.ticket_moves import Move, may

_NO_CHANGES: Final = (ReplyAct.CANCEL, ReplyAct.BESIDES)
_CHANGES: Final = (ReplyAct.CORRECT, ReplyAct.ONLY, ReplyAct.REMOVE, ReplyAct.KEEP)
_Handler = Callable[[Runner, Script, Running], object]
_OF_ENTRIES: Final[tuple[_Handler, ...]] = (
    lambda runner, script, _: correcting.correct_value(runner, script),
)
"""What changes a new value at its confirmation; another entry is another request."""
_HANDLERS: Final[tuple[_Handler, ...]] = (
    correcting.corrects_slip,
    lambda runner, script, _: giving_up.leaves_out(runner, script),
    lambda runner, script, _: limiting.narrows(runner, script),
    lambda runner, script, _: limiting.picks_out(runner, script),
    lambda runner, script, _: limiting.lifts_limit(runner, script),
    correcting.correct,
    lambda runner, script, _: following.further_wish(runner, script),
)
"""What changes a form at its confirmation, in the order of the interpreter's table."""


def amends(runner: Runner, script: Script) -> bool:
    """Change the request that was filed last, or say how it is changed."""
    last = filed_last(script) if _is_change(script) else None
    if last is None:
        return False
    script.unanswered = 0
    if _is_limited_so(script, last):
        script.say("desk.filed_as_said", {"number": last.number, "what": items_of(last)})
    elif reading.asks(script):
        return False
    elif not (_make_anew(runner, script, last) or keeps(runner, script)):
        _pass_on(script, last)
    return True


def _pass_on(script: Script, last: Ticket) -> None:
    """Give a change that only staff can make to all requests that it may be about."""
    theirs = script.tickets_of(whose(script))
    about = [one for one in theirs if one.kind is last.kind and may_be_added_to(one)]
    words = script.whole_message
    script.effects += [AddMaterial(one.id, MaterialKind.MATERIAL, words) for one in about]
    script.say("desk.change_passed_on", {"numbers": {"$texts": [one.number for one in about]}})
    for one in about:
        # "It is the 11th, where is it?" may be taken for a change.
        say_late(script, one)
    running = next((one for one in about if not may(one, Move.WITHDRAW)), None)
    if running is not None:
        # Nobody can promise to stop what is being carried out.
        args = {"number": running.number, "what": named_request(running)}
        script.ask("desk.filed_runs", args, (human_choice(),))
        return
    args = {"number": last.number, "what": named_request(last)}
    script.ask("desk.filed_for", args, (intent_choice(Intent.CANCEL_REQUEST), human_choice()))


def _is_change(script: Script) -> bool:
    """Whether a message changes what was filed; one thing more is a request of its own."""
    if not reading.does(script, ReplyAct.FILED) or reading.does(script, *_NO_CHANGES):
        return False
    found, entities = script.observed.recognised, script.observed.entities
    gives_up = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    if gives_up or entities.get("ticket_number"):
        return False
    named = any(entities.get(kind) for kind in FILLED_FROM.values())
    widens = reading.does(script, ReplyAct.WIDEN) and not named
    return widens or reading.does(script, *_CHANGES)


def _make_anew(runner: Runner, script: Script, last: Ticket) -> bool:
    """Make a request again, as a message changes it; return whether it changes anything."""
    filed = script.last_filed
    flow = runner.by_intent.get(filed.intent) if filed is not None else None
    if filed is None or flow is None or flow.kind is not last.kind:
        return False
    step = _last_step(flow)
    if step is None or not may(last, Move.WITHDRAW) or not _is_proven(script, last):
        return False
    words = "\n".join(one for one in (filed.words, openings.words_said(script)) if one)
    wish = RequestDraft(filed.intent, {**filed.slots, AMENDS: last.id.hex()}, words)
    frame = script.push(flow.name, step.id, openings.slots_of(flow, wish), called=False)
    frame.trail = _answered(flow, frame)
    script.say("desk.amends", {"number": last.number})
    handlers = _OF_ENTRIES if entries.takes_values(flow) else _HANDLERS
    if any(handle(runner, script, frame) for handle in handlers):
        return True
    script.unsay()
    script.stack.remove(frame)
    return False


def _is_limited_so(script: Script, ticket: Ticket) -> bool:
    """Whether a message names only limits that all of the request has: "only the last ones"."""
    selection = limits.selected(script.observed.entities)
    if selection is None or selection.stays:
        return False
    parts = [part_of(item) for item in ticket.items]
    filed = {(value, part.only, part.but) for part in parts for value in (part.value, ALL)}
    asked = {(part.value, part.only, part.but) for part in selection.parts}
    named = {part.value for part in selection.parts}
    of_all = ALL in named or named >= {part.value for part in parts}
    return of_all and not selection.words and asked <= filed


def _answered(flow: Flow, frame: Running) -> list[str]:
    """Return the questions whose answers a form holds: of several for one slot, the usual one."""
    asks = [one for one in flow.steps.values() if isinstance(one, Ask)]
    usual = {one.slot: one.id for one in reversed(asks)}
    return [one.id for one in asks if frame.slots.get(one.slot) and usual[one.slot] == one.id]


def _last_step(flow: Flow) -> Confirm | None:
    """Return the confirmation before a form is filed.

    None if the form names nothing that could be changed.
    """
    if not any(slot.type in FILLED_FROM for slot in flow.slots.values()):
        return None
    files = next(
        (s for s in flow.steps.values() if isinstance(s, Do) and s.action == "file_ticket"), None
    )
    confirms = (s for s in flow.steps.values() if isinstance(s, Confirm))
    return next((one for one in confirms if files and one.on["yes"] == files.id), None)


def _is_proven(script: Script, ticket: Ticket) -> bool:
    """Whether the proof that a request needs is still there, so that it may be filed again."""
    needs = KIND_ASSURANCE[ticket.kind]
    return needs is Assurance.NONE or script.is_verified(ticket.account, needs) is not None
