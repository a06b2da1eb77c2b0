"""Messages about a request that was just filed: corrections, withdrawals, a copy first.

Staff have it by then, and no message changes what was confirmed.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import kept_wishes, reading, wishes
from privacydesk.dialog.desk_choices import human_choice, intent_choice
from privacydesk.dialog.naming import items_of
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import LOSING, Intent, RequestKind
from privacydesk.domain.ticket import Ticket

_NAMED_BY: Final = {
    RequestKind.UNBINDING: "provider",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.DELETION: "category",
}
"""The entity that names a request's items, by kind."""


def filed_last(script: Script) -> Ticket | None:
    """Return the open request that was filed last in this conversation."""
    here = (one for one in script.tickets_of(whose(script)) if one.is_open)
    filed = [one for one in here if one.conversation_id == script.before.id]
    return max(filed, key=lambda one: one.received_at, default=None)


def follows_filed(runner: Runner, script: Script) -> bool:
    """Handle a message about a filed request; return whether it was one."""
    return keeps(runner, script) or _corrects(runner, script) or _wants_copy_first(runner, script)


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


def _corrects(runner: Runner, script: Script) -> bool:
    """Offer to withdraw what was just filed if another item was meant: 唔係，應該係LINE.

    The other request is queued; filed beside the first, both would be carried out.
    """
    entities = script.observed.entities
    if not reading.puts_right(entities) or "also" in reading.phrases_of(entities):
        return False
    last = filed_last(script)
    family = "" if last is None else _NAMED_BY.get(last.kind, "")
    if last is None or not family or not reading.is_brief(script):
        return False
    if not {str(one) for one in entities.get("wish_words", ())} <= {last.kind.value}:
        return False
    filed = {item.name for item in last.items}
    filed.update(str(value) for item in last.items for value in item.detail.values())
    named = [one for one in entities.get(family, ()) if one not in filed]
    denied = {str(one) for one in entities.get(f"kept_{family}", ())}
    if not named or not denied <= filed or entities.get("only_kept"):
        return False
    intent = Intent(last.kind.value)
    asked = wishes.wishes_for(runner.flows[last.kind], intent, {**entities, family: tuple(named)})
    kept = [one for one in asked if kept_wishes.keep(runner, script, one)]
    script.unanswered = 0
    script.ask(
        "desk.filed_another",
        {
            "number": last.number,
            "what": items_of(last),
            "wish": kept_wishes.named(runner, kept),
        },
        (intent_choice(Intent.CANCEL_REQUEST), human_choice()),
    )
    return True


def _wants_copy_first(runner: Runner, script: Script) -> bool:
    """Start the copy wanted before a filed loss, and hint that the loss can be withdrawn."""
    if not wishes.wants_copy(script):
        return False
    losing = [
        one
        for one in script.tickets_of(whose(script))
        if one.is_open and one.kind in LOSING and one.conversation_id == script.before.id
    ]
    if not losing:
        return False
    last = max(losing, key=lambda one: one.received_at)
    script.say("desk.copy_before_loss", {"number": last.number})
    return runner.start(script, Intent.ACCESS)
