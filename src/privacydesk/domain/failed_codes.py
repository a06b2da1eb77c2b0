"""Failed attempts in a conversation: wrong codes, and requests that are not the user's.

Staff who work on a case see them; the user does not, and no digit of a code is kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within

MANY: Final = "many_attempts"
"""The alarm that is raised after ``LIMIT`` attempts within ``SPAN``."""
LIMIT: Final = 5
SPAN: Final = timedelta(hours=1)
_KEPT: Final = 30


class AttemptKind(StrEnum):
    """What was tried."""

    WRONG_CODE = "wrong_code"
    OTHERS_REQUEST = "others_request"
    """They asked for a request by a number that does not exist, or is somebody else's."""


class Attempt(Struct, frozen=True):
    """One attempt.

    Attributes:
        number: of the request that it was about, if any.
    """

    at: datetime
    kind: AttemptKind
    number: str = ""


class Attempts(Struct, frozen=True):
    """Consecutive attempts of one kind, as staff read them.

    Attributes:
        first: the earliest.
        last: the newest.
        count: how many.
    """

    first: Attempt
    last: Attempt
    count: int


def with_attempt(before: tuple[Attempt, ...], new: Attempt) -> tuple[Attempt, ...]:
    """Return the attempts with one more, without the oldest beyond the limit."""
    return (*before, new)[-_KEPT:]


def are_many(attempts: tuple[Attempt, ...], now: datetime) -> bool:
    """Whether so many were made recently that supervisors should know."""
    lately = (happened_within(one.at, now, SPAN, ahead=CLOCK_TOLERANCE) for one in attempts)
    return sum(lately) >= LIMIT


def in_rows(attempts: tuple[Attempt, ...]) -> tuple[Attempts, ...]:
    """Return attempts as rows, newest first: those of one kind within ``SPAN`` are one row."""
    rows: list[Attempts] = []
    for one in attempts:
        last = rows[-1] if rows else None
        same = last is not None and (last.last.kind, last.last.number) == (one.kind, one.number)
        if last is not None and same and one.at - last.first.at <= SPAN:
            rows[-1] = Attempts(last.first, one, last.count + 1)
        else:
            rows.append(Attempts(one, one, 1))
    return tuple(reversed(rows))
