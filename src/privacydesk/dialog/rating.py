"""The satisfaction question about a closed request: once, with two buttons, never in the way.

It is not a form: any other message is simply answered, and the question is not repeated. While
something else is open it waits until that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from privacydesk.dialog.desk_choices import human_choice, menu_choice, more_choices
from privacydesk.dialog.labels import tight
from privacydesk.dialog.options import may_object
from privacydesk.dialog.request_actions import object_choice
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import RateTicket
from privacydesk.domain.events import Choice
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import REFUSALS, Requester, Satisfaction, Ticket

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

UNHAPPY: Final = "not_satisfied"
"""The flow for users who are not satisfied."""

_RATE: Final = "rate:"
_RATE_AGAIN: Final = "rate_again:"
"""Prefixes of the values of its buttons: the first time, and in the plainer words."""
_OBJECT: Final = "object:"
"""Prefix of the value of the button that is offered instead after a refusal, that of its card."""
_EITHER: Final = frozenset({"没有", "沒有", "没", "沒", "冇", "没有啊", "沒有啊", "没有呢", "冇啊"})
"""Words that may mean "I am not", or "there is nothing else"."""


def note(script: Script, ticket: Ticket) -> None:
    """Remember to ask about a request that was just closed with an answer."""
    if ticket.may_be_rated:
        script.to_rate = ticket.id


def is_idle(script: Script) -> bool:
    """Whether nothing is open that the question would interrupt."""
    return not script.stack and script.owner.kind is OwnerKind.ASSISTANT


def ask(script: Script) -> bool:
    """Put the question that was remembered; return whether there was one.

    After a refusal, even of a part, an objection is offered, and nobody is asked to rate it. The
    bereaved are not asked either, whatever they requested.
    """
    ticket_id, script.to_rate = script.to_rate, None
    ticket = script.ticket_with_id(ticket_id) if ticket_id is not None else None
    if ticket is None or not ticket.may_be_rated:
        return False
    if ticket.outcome in REFUSALS:
        if not may_object(script, ticket):
            return False
        about = _OBJECT + ticket.id.hex()
        script.offer_more(replace(object_choice(ticket), value=about))
        return True
    if script.bereaved or ticket.requester is Requester.RELATIVE:
        return False
    _put(script, ticket, "satisfaction.ask", _RATE)
    return True


def _put(script: Script, ticket: Ticket, key: str, value: str) -> None:
    about = value + ticket.id.hex()
    script.ask(
        key,
        {"ticket": ticket.number},
        (
            _answer(Satisfaction.SATISFIED, about),
            _answer(Satisfaction.NOT_SATISFIED, about),
            menu_choice(),
            human_choice(),
        ),
    )


def ask_which(script: Script, words: str) -> bool:
    """Ask what a bare 没有 means; return whether the message was one.

    It may mean "I am not", or "there is nothing else", which is no verdict to count. Said again it
    means the latter, since the question has no third wording.
    """
    choices = script.prompt.choices if script.prompt is not None else ()
    if not choices or choices[0].id not in set(Satisfaction) or tight(words) not in _EITHER:
        return False
    ticket = asked_about(script)
    if ticket is None or str(choices[0].value).startswith(_RATE_AGAIN):
        script.ask("desk.nothing_more", {}, more_choices())
    else:
        _put(script, ticket, "satisfaction.which", _RATE_AGAIN)
    return True


def asked_about(script: Script) -> Ticket | None:
    """Return the ticket whose result the open question is about; None if it is another or none."""
    choices = script.prompt.choices if script.prompt is not None else ()
    is_about = bool(choices) and str(choices[0].value).startswith((_RATE, _RATE_AGAIN, _OBJECT))
    return _ticket_of(script, choices[0]) if is_about else None


def _ticket_of(script: Script, choice: Choice) -> Ticket | None:
    """Return the ticket that an answer is about, if it may still be rated."""
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(choice.value).rpartition(":")[2])))
    return ticket if ticket is not None and ticket.may_be_rated else None


def _answer(satisfaction: Satisfaction, about: str) -> Choice:
    return Choice(id=satisfaction.value, key=f"satisfaction.{satisfaction.value}", value=about)


def take(runner: Runner, script: Script, choice: Choice) -> bool:
    """Take a tapped or typed answer; return whether the choice was one."""
    if not str(choice.value).startswith((_RATE, _RATE_AGAIN)):
        return False
    ticket = _ticket_of(script, choice)
    if ticket is None:
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
