"""Clocks: running deadlines of tickets with what each is based on, and the regimes they follow."""

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
    aware,
    check_amount,
    count,
)

_RECORD_VERSION = 1


class StartsFrom(StrEnum):
    """The moment a regime counts from."""

    VERIFIED = "verified"
    RECEIVED = "received"


class SourceQuality(StrEnum):
    """How well a regime's period is known to us."""

    OPERATOR = "operator"
    """The operator's own public promise."""
    FULL_TEXT = "full_text"
    SECONDARY = "secondary"
    """Known from a summary of the law."""
    UNREAD = "unread"
    """General knowledge; never shown to users as fact."""


class RegimeProfile(Struct, frozen=True):
    """One rule that sets a period for answering, as an operator switches it on.

    Attributes:
        name: a stable key such as ``operator_7wd``.
        starts_from: which moment is day 0.
        unit: what ``amount`` counts.
        amount: the length of the period, 1 to ``MAX_AMOUNT``.
        source: where the rule stands, with its article, in our own words.
        quality: how well that source is known.
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
        """Whether it may be stated to people as a fact."""
        return self.quality is not SourceQuality.UNREAD


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant in ``zone`` as it was written, also where its clocks skip that hour."""
    written = moment.replace(tzinfo=zone)
    same = written.astimezone(UTC) == moment.astimezone(UTC)
    return written if same else moment.astimezone(zone)


class Clock(Struct, frozen=True):
    """A running deadline of a ticket, with all that went into it.

    The dates are the ones promised when it was made; ``deadline_of`` shows the count again.

    Attributes:
        regime: name of the profile it follows.
        started_at: the start, in UTC.
        unit: what ``amount`` counts.
        amount: the length of the period.
        calendar: code of the calendar.
        zone: name of the zone.
        due_date: the last day, in ``zone``.
        due_at: the first instant that is late, in ``zone``.
        provisional: whether the date may still move when a schedule is published.
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
        """Return the clock as a plain dict of JSON values."""
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
        """Return the clock that ``to_record`` wrote.

        Raises:
            ValueError: the record is of another version, or a value in it can't be read.
        """
        if record.get("v") != _RECORD_VERSION:
            raise ValueError("a clock record of an unknown version")
        try:
            zone = ZoneInfo(record["zone"])
            return cls(
                regime=str(record["regime"]),
                started_at=aware(datetime.fromisoformat(record["started_at"])).astimezone(UTC),
                unit=Unit(record["unit"]),
                amount=check_amount(record["amount"]),
                calendar=str(record["calendar"]),
                zone=zone.key,
                due_date=date.fromisoformat(record["due_date"]),
                due_at=_in_zone(aware(datetime.fromisoformat(record["due_at"])), zone),
                provisional=bool(record["provisional"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("a clock record lacks a value, or names an unknown zone") from error


def start_clock(
    profile: RegimeProfile, calendar: WorkingCalendar, started_at: datetime, zone: ZoneInfo
) -> Clock:
    """Return the clock that ``profile`` starts at ``started_at``.

    The caller passes the instant that ``profile.starts_from`` names.
    """
    deadline = count(calendar, started_at, profile.unit, profile.amount, zone)
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


def leading(clocks: Iterable[Clock]) -> Clock | None:
    """Return the clock that is due first, the first named among equals; None without clocks."""
    # Compared in UTC: two wall times of one zone would be compared without their offsets.
    return min(clocks, key=lambda clock: clock.due_at.astimezone(UTC), default=None)


def deadline_of(clock: Clock, calendar: WorkingCalendar) -> Deadline:
    """Count ``clock`` again from its stored inputs, day by day.

    The due date may differ from the promised one if ``calendar`` has learned a schedule since.

    Raises:
        ValueError: ``calendar`` isn't the one the clock was counted with.
    """
    if calendar.code != clock.calendar:
        raise ValueError(f"the clock counts with {clock.calendar}, not with {calendar.code}")
    return count(calendar, clock.started_at, clock.unit, clock.amount, ZoneInfo(clock.zone))


def recount(clock: Clock, calendar: WorkingCalendar) -> Clock | None:
    """Return ``clock`` with the dates that ``calendar`` gives now, or None if nothing changed."""
    deadline = deadline_of(clock, calendar)
    if deadline.due_date == clock.due_date and deadline.provisional == clock.provisional:
        return None
    return replace(
        clock,
        due_date=deadline.due_date,
        due_at=deadline.due_at,
        provisional=deadline.provisional,
    )


def settle(clock: Clock, calendar: WorkingCalendar) -> Clock | None:
    """Recount a provisional clock; None if it isn't provisional or nothing changed.

    The answer may still be provisional: a correction of a guess, not yet the final date.
    """
    return recount(clock, calendar) if clock.provisional else None
