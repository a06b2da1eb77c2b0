"""``privacydesk deadline``: when an answer is due, and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer

from privacydesk.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    CalendarRangeError,
    Calendars,
    OperatorCalendar,
    UnknownCalendarError,
    read_overrides,
)
from privacydesk.domain.deadlines import MAX_AMOUNT, Deadline, count_working_days
from privacydesk.errors import DeskError

EXIT_BAD_INPUT = 2


def deadline(
    verified_at: Annotated[
        str,
        typer.Option(
            "--verified-at",
            metavar="ISO",
            help="When identity was verified. Without an offset it is read in --zone.",
        ),
    ],
    *,
    calendar: Annotated[
        str, typer.Option("--calendar", metavar="CODE", help="CN, HK or SG.")
    ] = "CN",
    working_days: Annotated[
        str, typer.Option("--working-days", metavar="N", help="How many working days to count.")
    ] = "7",
    zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="The zone whose days are counted.")
    ] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    overrides: Annotated[
        Path | None,
        typer.Option("--overrides", metavar="FILE", help="An override file to lay on top."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            envvar="PRIVACYDESK_DATA_DIR",
            help="Where imported overrides live.",
        ),
    ] = None,
) -> None:
    """Print the date an answer is due, counted day by day."""
    zone_info = parse_zone(zone)
    started_at = parse_instant(verified_at, zone_info)
    amount = parse_amount(working_days)
    chosen = choose_calendar(calendar, data_dir=data_dir, overrides=overrides)
    try:
        found = count_working_days(chosen, started_at, amount, zone_info)
    except CalendarRangeError as error:
        refuse("--verified-at", error.message)
    typer.echo(json.dumps(as_record(found)) if as_json else as_table(found))


def as_record(found: Deadline) -> dict[str, Any]:
    """Return ``found`` in the shape that programs rely on."""
    return {
        "due_at": found.due_at.isoformat(),
        "due_date": found.due_date.isoformat(),
        "provisional": found.provisional,
        "days": [
            {
                "date": day.date.isoformat(),
                "working": day.working,
                "count": day.count,
                "reason": day.reason.value,
            }
            for day in found.days
        ],
    }


def as_table(found: Deadline) -> str:
    """Return ``found`` for people: one line a day, then the date."""
    lines = ["date        day  count  reason"]
    for day in found.days:
        count = "" if day.count is None else str(day.count)
        reason = day.reason.value if day.name is None else f"{day.reason.value}: {day.name}"
        lines.append(f"{day.date}  {day.date:%a}  {count:>5}  {reason}")
    mark = " (provisional: a schedule isn't published yet)" if found.provisional else ""
    lines.append(f"Due {found.due_date} at 24:00, {found.zone}: {found.due_at.isoformat()}{mark}")
    return "\n".join(lines)


def choose_calendar(
    code: str, *, data_dir: Path | None = None, overrides: Path | None = None
) -> OperatorCalendar:
    """Return calendar ``code`` with imported overrides and then a file's on top.

    Ends the command with one line naming the option if one of them can't be used.
    """
    try:
        calendars = Calendars() if data_dir is None else Calendars.from_data_dir(data_dir)
    except DeskError as error:
        refuse("--data-dir", error.message)
    except OSError as error:
        refuse("--data-dir", f"can't be read: {error.strerror}")
    try:
        chosen = calendars.get(code.strip().upper())
    except UnknownCalendarError as error:
        refuse("--calendar", error.message)
    if overrides is None:
        return chosen
    try:
        file = read_overrides(overrides, calendar=chosen.code)
    except DeskError as error:
        refuse("--overrides", error.message)
    return calendars.with_overrides(file).get(chosen.code)


def parse_zone(text: str) -> ZoneInfo:
    """Return the zone called ``text``, or end the command naming ``--zone``."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        # Folders, absolute paths and unreadable files all arrive here, each as another type.
        refuse("--zone", f"{text!r} isn't a zone; write one like Asia/Shanghai")


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """Return ``text`` as an instant, read in ``zone`` if it has no offset.

    A date alone is its 00:00. Ends the command naming ``--verified-at`` if it can't be read.
    """
    try:
        instant = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        refuse(
            "--verified-at",
            f"{text!r} isn't an ISO 8601 instant; write one like 2026-09-30T10:00:00+08:00",
        )
    # Looked at before any conversion, which overflows at both ends of the calendar. The start
    # itself is checked by the calendar, in the zone that counts.
    if not FIRST_YEAR - 1 <= instant.year <= LAST_YEAR + 1:
        refuse("--verified-at", f"the year isn't within {FIRST_YEAR} to {LAST_YEAR}")
    if instant.utcoffset() is None:
        instant = instant.replace(tzinfo=zone)
    return instant.astimezone(UTC)


def parse_amount(text: str) -> int:
    """Return ``text`` as a number of working days, or end the command naming the option."""
    # Read here rather than by typer, whose complaint is a box of several lines.
    digits = text.strip()
    readable = digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_AMOUNT))
    if not readable or not 1 <= int(digits) <= MAX_AMOUNT:
        refuse("--working-days", f"{text!r} isn't a whole number from 1 to {MAX_AMOUNT}")
    return int(digits)


def refuse(option: str, why: str) -> NoReturn:
    """End the command with exit code 2 and one line that names ``option``."""
    typer.echo(f"{option}: {why}", err=True)
    raise typer.Exit(EXIT_BAD_INPUT)
