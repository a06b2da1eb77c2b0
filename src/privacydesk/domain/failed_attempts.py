"""Failed attempts in a conversation: wrong codes, and numbers of other people's tickets.

They are shown to staff who work on a case, never to the user. No digit of a code is stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within

MANY_ATTEMPTS_ALARM: Final = "many_attempts"
"""The alarm that is raised after ``LIMIT`` attempts within ``ATTEMPT_WINDOW``."""
LIMIT: Final = 5
ATTEMPT_WINDOW: Final = timedelta(hours=1)
_MAX_KEPT: Final = 30


class AttemptKind(StrEnum):
    """What failed."""

    WRONG_CODE = "wrong_code"
    OTHERS_REQUEST = "others_request"
    """The user named a ticket number that doesn't exist, or is somebody else's."""


class Attempt(Struct, frozen=True):
    """One failed attempt.

    Attributes:
        number: number of the ticket it was about; empty for none.
    """

    at: datetime
    kind: AttemptKind
    number: str = ""


class AttemptGroup(Struct, frozen=True):
    """Consecutive attempts of one kind, shown to staff as one row."""

    first: Attempt
    last: Attempt
    count: int


def append_attempt(before: tuple[Attempt, ...], new: Attempt) -> tuple[Attempt, ...]:
    """Append an attempt, and drop the oldest ones if there are too many."""
    return (*before, new)[-_MAX_KEPT:]


def exceed_limit(attempts: tuple[Attempt, ...], now: datetime) -> bool:
    """Return whether there were so many recent attempts that supervisors are alerted."""
    recent = (
        happened_within(attempt.at, now, ATTEMPT_WINDOW, ahead=CLOCK_TOLERANCE)
        for attempt in attempts
    )
    return sum(recent) >= LIMIT


def are_look_ups_spent(attempts: tuple[Attempt, ...], now: datetime) -> bool:
    """Return whether so many other people's numbers were named that none is looked up for now."""
    named = tuple(one for one in attempts if one.kind is AttemptKind.OTHERS_REQUEST)
    return exceed_limit(named, now)


def group_attempts(attempts: tuple[Attempt, ...]) -> tuple[AttemptGroup, ...]:
    """Group consecutive attempts of one kind within ``ATTEMPT_WINDOW``; newest group first."""
    groups: list[AttemptGroup] = []
    for attempt in attempts:
        group = groups[-1] if groups else None
        if group is not None and _belongs_to(attempt, group):
            groups[-1] = AttemptGroup(group.first, attempt, group.count + 1)
        else:
            groups.append(AttemptGroup(attempt, attempt, 1))
    return tuple(reversed(groups))


def _belongs_to(attempt: Attempt, group: AttemptGroup) -> bool:
    is_same = (attempt.kind, attempt.number) == (group.last.kind, group.last.number)
    return is_same and attempt.at - group.first.at <= ATTEMPT_WINDOW
