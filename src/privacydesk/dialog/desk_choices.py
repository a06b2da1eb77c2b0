"""Buttons that the desk itself offers, whatever flow is open.

Each is made once: fixed choices are recognised by identity.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from privacydesk.domain.choices_memo import FixedChoices
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.intents import Intent, RequestKind


@cache
def answer_choice() -> Choice:
    """Return the button that puts what staff asked before the open question."""
    return Choice(id="desk:answer", key="desk.answer_first", style=ChoiceStyle.QUIET)


@cache
def human_choice() -> Choice:
    """Return the button that asks for a person."""
    return Choice(id="desk:human", key="desk.human", style=ChoiceStyle.QUIET)


@cache
def cancel_choice() -> Choice:
    """Return the button that stops what is open."""
    return Choice(id="desk:cancel", key="desk.cancel", style=ChoiceStyle.QUIET)


@cache
def menu_choice() -> Choice:
    """Return the button that shows the menu."""
    return Choice(id="desk:menu", key="desk.show_menu")


@cache
def leave_queue_choice() -> Choice:
    """Return the button that stops waiting for a person."""
    return Choice(id="desk:leave_queue", key="owner.leave_queue", style=ChoiceStyle.QUIET)


WISH_NOW: Final = "desk:wish"
"""Begins the request that was kept first."""

NO_WISH: Final = "desk:no_wish"
"""Drops all kept requests."""

LEAVE_CONTACT: Final = "desk:leave_contact"
"""Leaves a contact for an answer; clients offer it themselves, while a person is waited for."""

END_TALK: Final = "desk:end_talk"
"""Ends the talk with a person; clients offer it themselves, while one is there."""


@cache
def intent_choice(intent: Intent) -> Choice:
    """Return the button that begins what an intent asks for."""
    return Choice(id=intent.value, key=f"desk.choice.{intent.value}", value=intent.value)


@cache
def more_choices() -> tuple[Choice, ...]:
    """Return the buttons that are offered where nothing else is: the menu and a person."""
    return FixedChoices((menu_choice(), human_choice()))


@cache
def request_choices() -> tuple[Choice, ...]:
    """Return a button for each request kind."""
    return tuple(intent_choice(Intent(kind.value)) for kind in RequestKind)


@cache
def menu_choices() -> tuple[Choice, ...]:
    """Return the buttons of the menu."""
    return FixedChoices((*request_choices(), intent_choice(Intent.REQUEST_STATUS), human_choice()))
