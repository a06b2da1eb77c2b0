"""Values of closed form: those of the whole message, and those that a request takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from privacydesk.domain.account_terms import GenderCode
from privacydesk.domain.ages import age_group
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Fragment, Holder, Modality, Request
from privacydesk.nlu.extractors.ages import ages
from privacydesk.nlu.extractors.bare_values import bare_value, value_again
from privacydesk.nlu.extractors.birth_dates import Unit, birth_dates, date_pieces, is_only_a_date
from privacydesk.nlu.extractors.contacts import ContactKind, canonical, contacts, mails
from privacydesk.nlu.extractors.numerals import number
from privacydesk.nlu.extractors.places import means_all, places
from privacydesk.nlu.extractors.profile_values import profile_value
from privacydesk.nlu.extractors.ticket_numbers import ticket_numbers

_OLDEST: Final = 120
_DIGITS: Final = {Unit.YEAR: 4, Unit.MONTH: 2, Unit.DAY: 2}
_AGE_LENGTH: Final = 3
_LONGEST: Final = 2_000
"""Characters of a message that are searched for values."""


def values(text: str, requests: tuple[Request, ...]) -> dict[str, tuple[Any, ...]]:
    """Return the values of closed form in a message, no matter whose.

    A single date in a parent's request is taken for the child's birthday.
    """
    text = text[:_LONGEST]
    numbers = ticket_numbers(text)
    born = tuple(one.isoformat() for one in birth_dates(text))
    days = born if len(born) == 1 else ()
    # A word for a gender within a request mostly describes somebody.
    gender = profile_value("gender", text) if not requests else None
    told = {one.years for one in ages(text)}
    found = contacts(text)
    return {
        "ticket_number": tuple(dict.fromkeys(one.number for one in numbers if one.number)),
        "misread_number": ("yes",) if any(not one.number for one in numbers) else (),
        "date": days,
        "birthday": born,
        "birth": days if any(one.holder is Holder.CHILD for one in requests) else (),
        "gender": (gender,) if gender in set(GenderCode) else (),
        "phone": tuple(
            dict.fromkeys(
                phone
                for one in found
                if one.kind is ContactKind.PHONE and (phone := canonical(one.value))
            )
        ),
        "mail": mails(text),
        "written_phone": tuple(one.value for one in found if one.kind is ContactKind.PHONE),
        "place": places(text),
        "all_of_them": ("yes",) if means_all(text) else (),
        "bare_value": (bare_value(text),),
        "value_again": tuple(filter(None, (value_again(text),))),
        "only_date": ("yes",) if is_only_a_date(text) else (),
        "age": tuple(told) if len(told) == 1 else _bare_age(text),
        **_parts_of_date(text),
    }


def _parts_of_date(text: str) -> dict[str, tuple[Any, ...]]:
    """Return the years, months and days that are given without making a date."""
    pieces = tuple((unit.value, f"{value:0{_DIGITS[unit]}}") for unit, value in date_pieces(text))
    told = dict(pieces)
    if len(told) < len(pieces):
        # "May, not March": which of them is meant depends on what was said before.
        return {"date_piece": pieces}
    year, month, day = (told.get(unit.value) for unit in Unit)
    part = "-".join(one for one in (year, month) if one) if year and not day else ""
    return {
        "date_piece": pieces,
        "part_of_date": (part,) if part else (),
        "day_of_year": (f"{month}-{day}",) if month and day else (),
    }


def _bare_age(text: str) -> tuple[int, ...]:
    """Return the number that is the whole message, as an age may be answered."""
    told = number(text.strip()) if len(text.strip()) <= _AGE_LENGTH else None
    return (told,) if told and told <= _OLDEST else ()


def told_of(requests: Iterable[Request], fragment: Fragment | None) -> dict[str, tuple[Any, ...]]:
    """Return the values given in requests, and those in a fragment."""
    spoken = [one for one in requests if one.modality is not Modality.DENIED]
    wished = [one for one in spoken if one.modality is not Modality.REPORTED]
    entries = _entries(one for one in wished if one.intent is Intent.RECTIFICATION)
    told = {**(dict(fragment.set) if fragment else {}), **_entries(spoken)}
    own = {one.age for one in spoken if one.age and one.holder is Holder.SELF and one.sure}
    child = {one.age for one in spoken if one.age and one.holder is Holder.CHILD}
    contact = {one.contact for one in spoken if one.contact}
    new = set(told.values())
    found: dict[str, tuple[Any, ...]] = {
        "entry": tuple((field, value, "") for field, value in entries.items()),
        "entry_told": tuple((field, value, "") for field, value in told.items()),
        "new_value": tuple(new) if len(new) == 1 else (),
        "own_age_group": tuple(map(age_group, own)) if len(own) == 1 else (),
        "child_age": tuple(child) if len(child) == 1 else (),
        "send_to": tuple(contact) if len(contact) == 1 else (),
    }
    found |= {kind: (told[kind],) for kind in ("gender", "birthday") if kind in told}
    if fragment and fragment.age is not None:
        found["age"] = (fragment.age,)
    return {kind: held for kind, held in found.items() if held}


def gives_contact(text: str, requests: Iterable[Request], fragment: Fragment | None) -> bool:
    """Return whether a message gives its writer's contact; a contact alone may be an account."""
    told = {one.contact for one in (*requests, *((fragment,) if fragment else ())) if one.contact}
    return any(one.value in told and one.value != text.strip() for one in contacts(text))


def _entries(requests: Iterable[Request]) -> dict[str, str]:
    return {field: value for one in requests for field, value in one.set.items()}
