"""Messages about a request that was just filed: corrections, withdrawals, a copy first.

Staff have it by then, and no message changes what was confirmed.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import reading, wishes
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
        if one.is_open and one.kind in LOSING and one.conversation_id == script.before.id
    ]
    if not losing:
        return False
    last = max(losing, key=lambda one: one.received_at)
    script.say("desk.copy_before_loss", {"number": last.number})
    return runner.start(script, Intent.ACCESS)
