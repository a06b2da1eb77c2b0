"""Clocks: the running deadlines of tickets, and the legal regimes that they follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.deadlines import (
    Deadline,
    Unit,
    WorkingCalendar,
    check_amount,
    compute_deadline,
    require_aware,
)

_RECORD_VERSION = 1


class StartsFrom(StrEnum):
    """The event that starts a regime's period."""

    VERIFIED = "verified"
    RECEIVED = "received"
    APPROVED = "approved"
    """The closing of an account is approved."""


class SourceQuality(StrEnum):
    """How reliable our knowledge of a regime's period is."""

    OPERATOR = "operator"
    """The operator's own public promise."""
    FULL_TEXT = "full_text"
    SECONDARY = "secondary"
    """Taken from a summary of the law."""
    UNREAD = "unread"
    """General knowledge without a source; never shown to users as a fact."""


class RegimeProfile(Struct, frozen=True):
    """A rule that sets a period for answering requests. Operators choose which ones apply.

    Attributes:
        name: a stable key such as ``operator_7wd``.
        starts_from: the event whose day is day 0.
        unit: unit of ``amount``.
        amount: length of the period, 1 to ``MAX_AMOUNT``.
        source: the law or document with its article, in our own words.
        quality: how reliable the source is.
    """

    name: str
    starts_from: StartsFrom
    unit: Unit
    amount: int
    source: str
    quality: SourceQuality

    def __post_init__(self) -> None:
        check_amount(self.amount)

    @property
    def citable(self) -> bool:
        """Whether it may be cited to users as a fact."""
        return self.quality is not SourceQuality.UNREAD


def _in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant in ``zone``, keeping its wall time if that is the same instant.

    This restores stored instants exactly, even in an hour that daylight saving time skips.
    """
    wall_time = instant.replace(tzinfo=zone)
    is_same = wall_time.astimezone(UTC) == instant.astimezone(UTC)
    return wall_time if is_same else instant.astimezone(zone)


class Clock(Struct, frozen=True):
    """A running deadline of a ticket, with all inputs of its computation.

    The dates are the ones promised when the clock was started; ``recount_deadline`` computes them
    again.

    Attributes:
        regime: name of the regime profile.
        started_at: the start, in UTC.
        unit: unit of ``amount``.
        amount: length of the period.
        calendar: code of the calendar.
        zone: name of the time zone.
        due_date: the last day, in ``zone``.
        due_at: the first instant that is late, in ``zone``.
        provisional: whether the date may still change when a schedule is published.
    """

    regime: str
    started_at: datetime
    unit: Unit
    amount: int
    calendar: str
    zone: str
    due_date: date
    due_at: datetime
    provisional: bool

    def to_record(self) -> dict[str, Any]:
        """Return the clock as a dict of JSON values."""
        return {
            "v": _RECORD_VERSION,
            "regime": self.regime,
            "started_at": self.started_at.astimezone(UTC).isoformat(),
            "unit": self.unit.value,
            "amount": self.amount,
            "calendar": self.calendar,
            "zone": self.zone,
            "due_date": self.due_date.isoformat(),
            "due_at": self.due_at.isoformat(),
            "provisional": self.provisional,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Clock:
        """Return the clock of a record written by ``to_record``.

        Raises:
            ValueError: the record has another version, or an invalid value.
        """
        if record.get("v") != _RECORD_VERSION:
            raise ValueError("a clock record of an unknown version")
        try:
            zone = ZoneInfo(record["zone"])
            return cls(
                regime=str(record["regime"]),
                started_at=require_aware(datetime.fromisoformat(record["started_at"])).astimezone(
                    UTC
                ),
                unit=Unit(record["unit"]),
                amount=check_amount(record["amount"]),
                calendar=str(record["calendar"]),
                zone=zone.key,
                due_date=date.fromisoformat(record["due_date"]),
                due_at=_in_zone(require_aware(datetime.fromisoformat(record["due_at"])), zone),
                provisional=bool(record["provisional"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("a clock record lacks a value, or names an unknown zone") from error


def start_clock(
    profile: RegimeProfile, calendar: WorkingCalendar, started_at: datetime, zone: ZoneInfo
) -> Clock:
    """Return a clock of ``profile``, started at ``started_at``.

    The caller passes the instant of the event that ``profile.starts_from`` names.
    """
    deadline = compute_deadline(calendar, started_at, profile.unit, profile.amount, zone)
    return Clock(
        regime=profile.name,
        started_at=deadline.started_at,
        unit=deadline.unit,
        amount=deadline.amount,
        calendar=deadline.calendar,
        zone=deadline.zone,
        due_date=deadline.due_date,
        due_at=deadline.due_at,
        provisional=deadline.provisional,
    )


def leading_clock(clocks: Iterable[Clock]) -> Clock | None:
    """Return the clock that is due first, the first of several with the same due time."""
    # Compared in UTC, because Python compares two times of the same zone without their offsets.
    return min(clocks, key=lambda clock: clock.due_at.astimezone(UTC), default=None)


def recount_deadline(clock: Clock, calendar: WorkingCalendar) -> Deadline:
    """Compute the deadline of ``clock`` again from its stored inputs.

    The due date may differ from the promised one if ``calendar`` has a newer schedule.

    Raises:
        ValueError: ``calendar`` isn't the calendar of the clock.
    """
    if calendar.code != clock.calendar:
        raise ValueError(f"the clock counts with {clock.calendar}, not with {calendar.code}")
    return compute_deadline(
        calendar, clock.started_at, clock.unit, clock.amount, ZoneInfo(clock.zone)
    )


def recount(clock: Clock, calendar: WorkingCalendar) -> Clock | None:
    """Return ``clock`` with the dates computed by ``calendar`` now; None if nothing changed."""
    deadline = recount_deadline(clock, calendar)
    if deadline.due_date == clock.due_date and deadline.provisional == clock.provisional:
        return None
    return replace(
        clock,
        due_date=deadline.due_date,
        due_at=deadline.due_at,
        provisional=deadline.provisional,
    )


def recount_if_provisional(clock: Clock, calendar: WorkingCalendar) -> Clock | None:
    """Recount a provisional clock; return None if it isn't provisional or nothing changed.

    The result may still be provisional: a better guess, but not the final date.
    """
    return recount(clock, calendar) if clock.provisional else None
