"""Hourly ceilings on what visitors without a login use up, shared fairly among their origins.

An origin is one IPv4 address or IPv6 /64, known by its keyed hash. It has a budget of its own well
under the ceiling, and a part of the ceiling is reserved for origins that have used nothing in the
last hour: filling the ceiling from many addresses still leaves room for a newcomer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.verification_codes import Challenge, Mark

HOUR = timedelta(hours=1)
_LEAST = 3
"""The least budget of an origin, however low the ceiling: one person mistypes, too."""
_TAG = 8
"""Bytes of an origin's keyed hash that identify it within a row."""


class Ceiling(Struct, frozen=True):
    """How much may be used up in any hour.

    Attributes:
        hourly: by all origins together.
        budget: by one origin.
        reserve: the part of ``hourly`` that only origins unseen in the hour may use.
    """

    hourly: int
    budget: int
    reserve: int = 0

    def own_until(self, row: Challenge, origin: bytes, now: datetime) -> datetime | None:
        """Return when an origin is within its own budget again; None where it is now.

        An unknown origin (mail, a socket file) has no budget of its own.
        """
        marks = [mark for mark in row.within(HOUR, now) if mark.of == origin[:_TAG]]
        return _until(marks, self.budget) if origin else None

    def until(self, row: Challenge, origin: bytes, now: datetime) -> datetime | None:
        """Return when the ceiling has room for an origin again; None where it has now."""
        marks = row.within(HOUR, now)
        unseen = origin and all(mark.of != origin[:_TAG] for mark in marks)
        return _until(marks, self.hourly if unseen else self.hourly - self.reserve)


def shared_ceiling(hourly: int, origin_percent: int, reserve_percent: int) -> Ceiling:
    """Return a ceiling whose budget and reserve are shares of it."""
    reserve = hourly * reserve_percent // 100
    return Ceiling(hourly, max(_LEAST, hourly * origin_percent // 100), reserve)


def used(row: Challenge, origin: bytes, now: datetime) -> Challenge:
    """Return the row of a ceiling after one more use; an origin's uses of a minute share a mark."""
    minute, tag = now.replace(second=0, microsecond=0), origin[:_TAG]
    marks = list(row.within(HOUR, now))
    for place, mark in enumerate(marks):
        if mark.at == minute and mark.of == tag:
            marks[place] = replace(mark, count=mark.count + 1)
            break
    else:
        marks.append(Mark(minute, tag))
    return replace(row, version=row.version + 1, marks=tuple(marks))


def _until(marks: Iterable[Mark], most: int) -> datetime | None:
    """Return when fewer than ``most`` uses lie within an hour; None where they do now."""
    marks = tuple(marks)
    left = sum(mark.count for mark in marks)
    until = None
    for mark in marks:
        if left < most:
            break
        left -= mark.count
        until = mark.at + HOUR
    return until
