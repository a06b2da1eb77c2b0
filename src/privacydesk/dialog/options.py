"""Registered sources of buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog.desk_choices import request_choices
from privacydesk.dialog.held import count_shown
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.ownership import is_of_account, owners_of
from privacydesk.dialog.request_actions import is_objectionable, last_objection_day
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, placed
from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    Deletable,
    ProfileField,
)
from privacydesk.domain.events import Choice
from privacydesk.domain.ticket import Outcome, Ticket

Source = Callable[[Script, Running], tuple[Choice, ...]]


def _terms(family: str, values: list[str]) -> tuple[Choice, ...]:
    return tuple(Choice(id=value, key=f"{family}.{value}", value=value) for value in values)


def _bindings(_script: Script, frame: Running) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            id=row["provider"],
            key="terms.binding",
            args={
                "provider": {"$term": f"provider.{row['provider']}"},
                "label": row["label_masked"],
            },
            value=row["provider"],
        )
        for row in frame.slots.get("bindings", ())
    )


def _decisions(_script: Script, frame: Running) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            id=str(row["id"]),
            key="terms.decision",
            args={"what": row["what"], "date": {"$day": row["made_at"][:10]}},
            value=row["id"],
        )
        for row in frame.slots.get("decisions", ())
    )


def _categories(_script: Script, frame: Running) -> tuple[Choice, ...]:
    return _counted(frame, ["all", *(c.value for c in DataCategory)])


def _deletable(_script: Script, frame: Running) -> tuple[Choice, ...]:
    return _counted(
        frame, [c.value for c in DataCategory if c.deletable is not Deletable.ELSEWHERE]
    )


def _counted(frame: Running, values: list[str]) -> tuple[Choice, ...]:
    """Return buttons for kinds of data, each with how much there is where that was read."""
    counts: Mapping[str, int] = frame.slots.get("counts") or {}
    return tuple(
        replace(choice, detail=count_shown(choice.id, counts[choice.id]))
        if choice.id in counts
        else choice
        for choice in _terms("category", values)
    )


def _fields(_script: Script, _frame: Running) -> tuple[Choice, ...]:
    return _terms("field", [f.value for f in ProfileField])


def _purposes(_script: Script, _frame: Running) -> tuple[Choice, ...]:
    return _terms("purpose", [*(p.value for p in ConsentPurpose), *DEVICE_PERMISSIONS])


def _requests(_script: Script, _frame: Running) -> tuple[Choice, ...]:
    return request_choices()


def ticket_choice(ticket: Ticket) -> Choice:
    """Return a button for one ticket: its kind, what it is about, and its number."""
    request = named_request(ticket)
    about, args = request.pop("of", None), {"kind": request, "ticket": ticket.number}
    return Choice(
        id=ticket.number,
        key="terms.ticket_about" if about else "terms.ticket",
        args={**args, "about": about} if about else args,
        value=ticket.id.hex(),
    )


def _open_tickets(script: Script, _frame: Running) -> tuple[Choice, ...]:
    tickets = script.tickets_of(whose(script))
    return tuple(ticket_choice(t) for t in in_turn(t for t in tickets if t.is_open))


def in_turn(tickets: Iterable[Ticket]) -> list[Ticket]:
    """Return tickets in the order of filing, so that "the first one" is the first in a list."""
    # They are read newest first, which also orders those of the same instant.
    newest_first = sorted(tickets, key=lambda one: one.received_at, reverse=True)
    return newest_first[::-1]


def objection_until(script: Script, ticket: Ticket) -> date | None:
    """Return the last day on which a closed ticket's decision may be objected to."""
    return last_objection_day(script.rules, ticket)


def may_object(script: Script, ticket: Ticket) -> bool:
    """Whether a decision may still be objected to."""
    return is_objectionable(script.rules, ticket, script.now)


def objection_to(script: Script, ticket: Ticket) -> Ticket | None:
    """Return the objection to a decision; None without one, or if it was withdrawn."""
    noted = ticket.work.objection
    if noted:
        found = script.ticket_with_id(bytes.fromhex(noted))
    else:
        # Earlier versions recorded it only on the objection.
        theirs = (one for one in script.tickets_of(whose(script)) if "objection" in one.flags)
        found = next((one for one in theirs if one.linked == ticket.id), None)
    return None if found is None or found.outcome is Outcome.WITHDRAWN else found


def _closed_tickets(script: Script, _frame: Running) -> tuple[Choice, ...]:
    tickets = script.tickets_of(whose(script))
    return tuple(ticket_choice(t) for t in in_turn(t for t in tickets if may_object(script, t)))


def narrowed(script: Script, tickets: Sequence[Ticket]) -> tuple[Ticket, ...]:
    """Return the tickets that a message means, by what it names: number, kind, item or place.

    What matches none of them is ignored.
    """
    entities = script.observed.entities
    numbers = set(entities.get("ticket_number", ()))
    kinds = set(entities.get("taken_back", ()))
    items = {one for kind in FILLED_FROM.values() for one in entities.get(kind, ())}
    left = tuple(tickets)
    left = tuple(ticket for ticket in left if ticket.number in numbers) or left
    left = tuple(ticket for ticket in left if ticket.kind.value in kinds) or left
    left = tuple(ticket for ticket in left if not items.isdisjoint(_named_in(ticket))) or left
    pointed = placed(entities, in_turn(left))
    return (pointed,) if pointed else left


def _named_in(ticket: Ticket) -> set[str]:
    return {str(item.detail.get("provider") or item.name) for item in ticket.items}


def whose(script: Script) -> str:
    """Return the owners whose tickets the user may see, one per line.

    These are the account they are logged in to, contacts they have proven to be theirs, and this
    conversation.
    """
    return owners_of(script.account, script.verifications, script.now, script.rules.fresh)


def is_theirs(script: Script, ticket: Ticket) -> bool:
    """Whether a ticket belongs to the user: by account, conversation, or a code."""
    if is_of_account(ticket, script.account):
        return True
    if ticket.conversation_id == script.before.id:
        return True
    if ticket.contact and script.contact_proof(ticket.contact):
        return True
    return script.ticket_proof(ticket.number) is not None


def is_by_another(script: Script, ticket: Ticket, contact: str) -> bool:
    """Whether a ticket that the user sees was filed by somebody else, as from a shared phone.

    Args:
        script: the turn.
        ticket: the ticket.
        contact: the contact in the open form.
    """
    proven = contact if contact and script.contact_proof(contact) else ""
    if is_of_account(ticket, script.account) or not proven:
        return False
    return ticket.contact not in {"", proven}


def concerns_another(ticket: Ticket, account: str, answers: Mapping[str, Any]) -> bool:
    """Whether a ticket is about another person than a form, as far as both say about whom.

    Args:
        ticket: the ticket.
        account: the account that the form is about; empty where it names none, or not for sure.
        answers: the form's answers.
    """
    named = ((ticket.answers.get(name), answers.get(name)) for name in WHOM)
    return any(one and other and one != other for one, other in ((ticket.account, account), *named))


WHOM: Final = ("child_account", "child_birth_date", "deceased_account")
"""Answers that tell the requests of one guardian or relative apart: they may speak for several."""


_SOURCES: Mapping[str, Source] = {
    "bindings": _bindings,
    "decisions": _decisions,
    "categories": _categories,
    "deletable_categories": _deletable,
    "profile_fields": _fields,
    "purposes": _purposes,
    "open_tickets": _open_tickets,
    "closed_tickets": _closed_tickets,
    "requests": _requests,
}


def choices_from(source: str, script: Script, frame: Running) -> tuple[Choice, ...]:
    """Return the buttons of a registered source."""
    return _SOURCES[source](script, frame)


def is_constrained(source: str) -> bool:
    """Whether only offered values may be taken, even when typed."""
    return source in {"bindings", "decisions", "open_tickets", "closed_tickets"}


__all__ = [
    "choices_from",
    "is_constrained",
    "is_theirs",
    "may_object",
    "narrowed",
    "objection_to",
    "ticket_choice",
    "whose",
]
