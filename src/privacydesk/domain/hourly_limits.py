"""Hourly limits for visitors without a login, shared fairly among their networks.

An origin is one IPv4 address or IPv6 /64, identified by its keyed hash. Each origin has a budget
well below the limit, and a part of the limit is reserved for origins without any use in the last
hour. So an attacker with many addresses can't lock out new visitors.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.verification_codes import Challenge, Mark

HOUR = timedelta(hours=1)
_MIN_BUDGET = 3
"""The minimum budget of an origin, however low the limit, so that people may mistype."""
_TAG_BYTES = 8
"""How many bytes of an origin's keyed hash identify it within a row."""


class HourlyLimit(Struct, frozen=True):
    """A limit on the number of uses in any hour.

    Attributes:
        hourly: the limit for all origins together.
        budget: the limit for one origin.
        reserve: the part of ``hourly`` reserved for origins without any use in the last hour.
    """

    hourly: int
    budget: int
    reserve: int = 0

    def origin_blocked_until(self, row: Challenge, origin: bytes, now: datetime) -> datetime | None:
        """Return when an origin is within its budget again; None if it is now.

        Users whose origin is unknown (mail, a Unix socket) have no budget of their own.
        """
        marks = [mark for mark in row.marks_within(HOUR, now) if mark.tag == origin[:_TAG_BYTES]]
        return _blocked_until(marks, self.budget) if origin else None

    def blocked_until(self, row: Challenge, origin: bytes, now: datetime) -> datetime | None:
        """Return when the limit for all origins permits a use by this one; None if it does now."""
        marks = row.marks_within(HOUR, now)
        is_new = origin and all(mark.tag != origin[:_TAG_BYTES] for mark in marks)
        return _blocked_until(marks, self.hourly if is_new else self.hourly - self.reserve)


def shared_limit(hourly: int, origin_percent: int, reserve_percent: int) -> HourlyLimit:
    """Return a limit whose budget and reserve are percentages of it."""
    reserve = hourly * reserve_percent // 100
    return HourlyLimit(hourly, max(_MIN_BUDGET, hourly * origin_percent // 100), reserve)


def with_use(row: Challenge, origin: bytes, now: datetime) -> Challenge:
    """Return a limit's counter row after one more use.

    All uses of one origin in the same minute share a mark.
    """
    minute, tag = now.replace(second=0, microsecond=0), origin[:_TAG_BYTES]
    marks = list(row.marks_within(HOUR, now))
    for index, mark in enumerate(marks):
        if mark.at == minute and mark.tag == tag:
            marks[index] = replace(mark, count=mark.count + 1)
            break
    else:
        marks.append(Mark(minute, tag))
    return replace(row, version=row.version + 1, marks=tuple(marks))


def _blocked_until(marks: Iterable[Mark], limit: int) -> datetime | None:
    """Return when the last hour will have fewer than ``limit`` uses; None if it has now."""
    marks = tuple(marks)
    remaining = sum(mark.count for mark in marks)
    until = None
    for mark in marks:
        if remaining < limit:
            break
        remaining -= mark.count
        until = mark.at + HOUR
    return until
