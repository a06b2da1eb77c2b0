"""Asking how a closed request went: once, with two buttons, and never in the way.

The question is no form: whoever writes something else is simply answered, and it is not put again.
While something else is open it waits until that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from privacydesk.dialog.script import Script, human_choice, menu_choice
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import RateTicket
from privacydesk.domain.events import Choice
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Satisfaction, Ticket

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

UNHAPPY: Final = "not_satisfied"
"""The flow for whoever is not satisfied."""


def note(script: Script, ticket: Ticket) -> None:
    """Remember to ask about a request that was just closed with an answer."""
    if ticket.may_be_rated:
        script.to_rate = ticket.id


def is_idle(script: Script) -> bool:
    """Tell whether nothing else is open that the question would come between."""
    return not script.stack and script.owner.kind is OwnerKind.ASSISTANT


def ask(script: Script) -> bool:
    """Put the question that was remembered; tell whether there was one."""
    ticket_id, script.to_rate = script.to_rate, None
    ticket = script.ticket_with_id(ticket_id) if ticket_id is not None else None
    if ticket is None or not ticket.may_be_rated:
        return False
    about = ticket.id.hex()
    script.ask(
        "satisfaction.ask",
        {"ticket": ticket.number},
        (
            _answer(Satisfaction.SATISFIED, about),
            _answer(Satisfaction.NOT_SATISFIED, about),
            menu_choice(),
            human_choice(),
        ),
    )
    return True


def _answer(satisfaction: Satisfaction, about: str) -> Choice:
    return Choice(
        id=satisfaction.value, key=f"satisfaction.{satisfaction.value}", value=f"rate:{about}"
    )


def take(runner: Runner, script: Script, choice: Choice) -> bool:
    """Take a tapped or typed answer; tell whether the choice was one."""
    if not str(choice.value).startswith("rate:"):
        return False
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(choice.value)[len("rate:") :])))
    if ticket is None or not ticket.may_be_rated:
        script.say("desk.choice_closed")
        runner.prompt_again(script)
        return True
    satisfaction = Satisfaction(choice.id)
    script.effects.append(RateTicket(ticket.id, satisfaction))
    if satisfaction is Satisfaction.SATISFIED:
        script.say("satisfaction.thanks")
        runner.prompt_again(script)
    else:
        runner.start_on_ticket(script, UNHAPPY, ticket)
    return True
