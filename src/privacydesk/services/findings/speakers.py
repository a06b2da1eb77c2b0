"""What the writer of a message says of themselves: their age, and whose account it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.domain.ages import age_group, age_on, possible_days
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    Holder,
    Modality,
    ReadingResult,
    Request,
    Safety,
    Speaker,
)
from privacydesk.nlu.extractors.ages import ages
from privacydesk.nlu.extractors.birth_dates import Unit, birth_dates, date_pieces

_IN_WORDS: Final = {Speaker.CHILD: "under_14", Speaker.TEEN: "teen"}
"""The age group of those who tell no age."""
_LIVING: Final = range(4, 121)
"""What may be the age of somebody who writes."""
_ABOUT_AN_ACCOUNT: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.RECTIFICATION,
        Intent.DELETION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
        Intent.PORTABILITY,
        Intent.GUARDIAN,
        Intent.OTHER,
    }
)
"""What may be requested for the account of somebody who has died."""
_ENOUGH: Final = 0.9


def of_oneself(
    text: str, read: ReadingResult, speaker: str, today: date
) -> dict[str, tuple[Any, ...]]:
    """Return what a message says of its writer, as entities; nothing if it speaks for another.

    Fraud counts for others, too: a daughter writes what happened to her mother.
    """
    if speaker == Speaker.DEFRAUDED:
        return {"defrauded": ("yes",)}
    if any(one.holder is not Holder.SELF for one in read.reading.requests):
        return {}
    if speaker == Speaker.NOT_THEIRS:
        return {"not_theirs": ("yes",)}
    if speaker == Speaker.AGE:
        group = _told_group(text, read, today)
    else:
        group = _IN_WORDS.get(Speaker(speaker), "") if speaker else ""
    return {"own_age_group": (group,)} if group else {}


def _told_group(text: str, read: ReadingResult, today: date) -> str:
    """Return the youngest age group that the told age, or date of birth, may mean."""
    requests = read.reading.requests
    own = {one.age for one in requests if one.age and one.holder is Holder.SELF}
    told = _one(own) or _one(one.years for one in ages(text))
    if told is not None:
        return age_group(told)
    born = birth_dates(text) or possible_days("" if _limits(read) else _part_of_date(text))
    told = age_on(max(born), today) if born else _one(_numbers(text))
    return age_group(told) if told is not None and told in _LIVING else ""


def _limits(read: ReadingResult) -> bool:
    """Return whether a message limits what it names: "only 2015's" tells no year of birth."""
    fragments = (read.fragment,) if read.fragment else ()
    named = (one for told in (*read.reading.requests, *fragments) for one in told.include)
    return any(one.limit for one in fragments) or any(one.is_narrowed for one in named)


def _one(found: Iterable[int]) -> int | None:
    several = {*found}
    return several.pop() if len(several) == 1 else None


def _part_of_date(text: str) -> str:
    told = dict(date_pieces(text))
    if Unit.YEAR not in told:
        return ""
    month = f"-{told[Unit.MONTH]:02}" if Unit.MONTH in told else ""
    return f"{told[Unit.YEAR]:04}{month}"


def _numbers(text: str) -> Iterator[int]:
    """Yield the numbers of one or two digits in a text."""
    for is_number, characters in groupby(text, str.isdecimal):
        digits = "".join(characters)
        if is_number and len(digits) <= 2:  # noqa: PLR2004 - an age
            yield int(digits)


def as_bereaved(read: ReadingResult, *, in_form: bool) -> ReadingResult:
    """Return a message of somebody whose relative has died, with its requests for that account.

    Outside a form a message without such a request is about the account, too.
    """
    reading = read.reading
    if any(one.holder is Holder.DECEASED for one in reading.requests):
        return read
    requests = tuple(
        replace(one, holder=Holder.DECEASED, sure=True) if _is_about_account(one) else one
        for one in reading.requests
    )
    if requests != reading.requests:
        clear = (True,) * len(requests)
        return replace(read, reading=replace(reading, requests=requests), clear_requests=clear)
    if in_form or requests:
        return read
    told = Request(Intent.OTHER, Modality.REPORTED, Holder.DECEASED, True, (), ())
    return replace(
        read,
        intent=Intent.OTHER,
        confidence=max(read.confidence, _ENOUGH),
        reading=replace(reading, requests=(told,)),
        fragment=None,
        clear_requests=(),
    )


def as_endangered(read: ReadingResult) -> ReadingResult:
    """Return a message as one in which somebody may be in danger."""
    reading = read.reading
    return replace(read, reading=replace(reading, safety=(Safety.THREAT, *reading.safety)))


def _is_about_account(request: Request) -> bool:
    denied = request.modality is Modality.DENIED
    return request.intent in _ABOUT_AN_ACCOUNT and not denied
