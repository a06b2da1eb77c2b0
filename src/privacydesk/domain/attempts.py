"""What somebody tried in vain in a conversation: codes, and requests that are not theirs.

Staff who work on a case see it; the user does not, and of a code no digit is kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within

MANY: Final = "many_attempts"
"""The alarm that is raised once there are ``LIMIT`` within ``SPAN``."""
LIMIT: Final = 5
SPAN: Final = timedelta(hours=1)
_KEPT: Final = 30


class AttemptKind(StrEnum):
    """What was tried."""

    WRONG_CODE = "wrong_code"
    OTHERS_REQUEST = "others_request"
    """They asked for a request by a number that is nobody's, or somebody else's."""


class Attempt(Struct, frozen=True):
    """One attempt.

    Attributes:
        number: of the request that it was about, where it was about one.
    """

    at: datetime
    kind: AttemptKind
    number: str = ""


class Attempts(Struct, frozen=True):
    """Attempts of one sort in a row, as staff read them.

    Attributes:
        first: the earliest.
        last: the newest.
        count: how many.
    """

    first: Attempt
    last: Attempt
    count: int


def with_attempt(before: tuple[Attempt, ...], new: Attempt) -> tuple[Attempt, ...]:
    """Return attempts with one more; the oldest of too many go."""
    return (*before, new)[-_KEPT:]


def are_many(attempts: tuple[Attempt, ...], now: datetime) -> bool:
    """Tell whether so many were made lately that supervisors should know."""
    lately = (happened_within(one.at, now, SPAN, ahead=CLOCK_TOLERANCE) for one in attempts)
    return sum(lately) >= LIMIT


def in_rows(attempts: tuple[Attempt, ...]) -> tuple[Attempts, ...]:
    """Return attempts as rows, newest first: those of one sort within ``SPAN`` are one row."""
    rows: list[Attempts] = []
    for one in attempts:
        last = rows[-1] if rows else None
        same = last is not None and (last.last.kind, last.last.number) == (one.kind, one.number)
        if last is not None and same and one.at - last.first.at <= SPAN:
            rows[-1] = Attempts(last.first, one, last.count + 1)
        else:
            rows.append(Attempts(one, one, 1))
    return tuple(reversed(rows))
