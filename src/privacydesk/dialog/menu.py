"""The menu: what the desk can do, what is asked for most, and what suits this user."""

from __future__ import annotations

from typing import Any, Final

from privacydesk.dialog.desk_choices import menu_choices
from privacydesk.dialog.options import whose
from privacydesk.dialog.script import Script
from privacydesk.domain.app_tokens import Standing
from privacydesk.domain.intents import Intent

_MOST_USED: Final = frozenset(
    {Intent.UNBINDING, Intent.DELETION, Intent.ACCESS, Intent.DEREGISTRATION}
)
"""What most people come for: pages show these first, and the rest of the menu on request."""

_MOST_USED_WITHOUT_ACCOUNT: Final = frozenset(
    {Intent.COMPLAINT, Intent.GUARDIAN, Intent.UNDERAGE_REPORT, Intent.REQUEST_STATUS}
)
"""The same for somebody who is not logged in: what needs no account."""


def greet(script: Script) -> None:
    """Say who answers, what is recorded, and what the desk can do."""
    rules = script.rules
    args = {"days": rules.retention_days, "app": script.app_name}
    script.say("desk.greeting", args)
    show_menu(script, "desk.menu", script.before.standing)


def show_menu(script: Script, key: str, standing: Standing = Standing.REGULAR) -> None:
    """Offer what the desk can do.

    Args:
        script: the turn.
        key: the sentence above it.
        standing: what the app says about the account.
    """
    script.ask(key, {}, menu_choices(), data={"menu": _arrange(script, standing)})


def _arrange(script: Script, standing: Standing) -> dict[str, Any]:
    """Return how a page arranges the menu: ids of choices, in the order of the menu."""
    suggested = _suggested(script, standing)
    most_used = _MOST_USED if script.account else _MOST_USED_WITHOUT_ACCOUNT
    offered = [choice.id for choice in menu_choices()]
    return {
        "most_used": [choice for choice in offered if choice in most_used],
        "suggested": [choice for choice in offered if choice in suggested],
    }


def _suggested(script: Script, standing: Standing) -> frozenset[Intent]:
    # Menus are shown often: what was not read for this turn is not looked up for a suggestion.
    owners = whose(script)
    tickets = script.tickets_of(owners) if script.needs.tickets_of == owners else ()
    suggested = set()
    if any(ticket.is_open for ticket in tickets):
        suggested.add(Intent.REQUEST_STATUS)
    minor = script.minor_hint or any(ticket.is_filed_by_child for ticket in tickets)
    if minor or standing is Standing.MINOR:
        suggested.add(Intent.GUARDIAN)
    if standing is Standing.SUSPENDED:
        suggested.add(Intent.AUTOMATED_DECISION)
    return frozenset(suggested)
