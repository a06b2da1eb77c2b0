"""``privacydesk deadline``: when a reply is due, counted day by day."""

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
from privacydesk.cli.stored_calendars import stored_overrides
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
        str, typer.Option("--zone", metavar="ZONE", help="The time zone in which days are counted.")
    ] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    overrides: Annotated[
        Path | None,
        typer.Option(
            "--overrides", metavar="FILE", help="Another override file, which takes precedence."
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            envvar="PRIVACYDESK_DATA_DIR",
            help="Folder of the imported overrides.",
        ),
    ] = None,
) -> None:
    """Print the date an answer is due, counted day by day."""
    zone_info = parse_zone(zone)
    started_at = parse_instant(verified_at, zone_info)
    amount = parse_amount(working_days)
    operator_calendar = choose_calendar(calendar, data_dir=data_dir, overrides=overrides)
    try:
        counted = count_working_days(operator_calendar, started_at, amount, zone_info)
    except CalendarRangeError as error:
        reject_option("--verified-at", error.message)
    typer.echo(json.dumps(as_record(counted)) if as_json else as_table(counted))


def as_record(counted: Deadline) -> dict[str, Any]:
    """Return a counted deadline as JSON data."""
    return {
        "due_at": counted.due_at.isoformat(),
        "due_date": counted.due_date.isoformat(),
        "provisional": counted.provisional,
        "days": [
            {
                "date": day.date.isoformat(),
                "working": day.working,
                "count": day.count,
                "reason": day.reason.value,
            }
            for day in counted.days
        ],
    }


def as_table(counted: Deadline) -> str:
    """Return a counted deadline as text: one line per day, then the due date."""
    lines = ["date        day  count  reason"]
    for day in counted.days:
        count = "" if day.count is None else str(day.count)
        reason = day.reason.value if day.name is None else f"{day.reason.value}: {day.name}"
        lines.append(f"{day.date}  {day.date:%a}  {count:>5}  {reason}")
    mark = " (provisional: a schedule isn't published yet)" if counted.provisional else ""
    lines.append(
        f"Due {counted.due_date} at 24:00, {counted.zone}: {counted.due_at.isoformat()}{mark}"
    )
    return "\n".join(lines)


def choose_calendar(
    code: str, *, data_dir: Path | None = None, overrides: Path | None = None
) -> OperatorCalendar:
    """Return a calendar with its imported overrides and those of a file, which take precedence.

    Ends the command with a line that names the option if one of them can't be used.
    """
    try:
        calendars = Calendars({} if data_dir is None else stored_overrides(data_dir))
    except DeskError as error:
        reject_option("--data-dir", error.message)
    except OSError as error:
        reject_option("--data-dir", f"can't be read: {error.strerror}")
    try:
        operator_calendar = calendars.get(code.strip().upper())
    except UnknownCalendarError as error:
        reject_option("--calendar", error.message)
    if overrides is None:
        return operator_calendar
    try:
        file = read_overrides(overrides, calendar=operator_calendar.code)
    except DeskError as error:
        reject_option("--overrides", error.message)
    return calendars.with_overrides(file).get(operator_calendar.code)


def parse_zone(text: str) -> ZoneInfo:
    """Return the time zone of a name, or end the command with a line that names ``--zone``."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        # Folders, absolute paths and unreadable files each raise another of these.
        reject_option("--zone", f"{text!r} isn't a zone; write one like Asia/Shanghai")


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """Parse an ISO 8601 date or time; without an offset it is in ``zone``, a date means 00:00.

    Ends the command with a line that names ``--verified-at`` if it can't be parsed.
    """
    try:
        instant = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        reject_option(
            "--verified-at",
            f"{text!r} isn't an ISO 8601 instant; write one like 2026-09-30T10:00:00+08:00",
        )
    # Checked before any conversion, because ``datetime`` overflows at both ends of its range. The
    # calendar checks the exact start later, in the zone of the count.
    if not FIRST_YEAR - 1 <= instant.year <= LAST_YEAR + 1:
        reject_option("--verified-at", f"the year isn't within {FIRST_YEAR} to {LAST_YEAR}")
    if instant.utcoffset() is None:
        instant = instant.replace(tzinfo=zone)
    return instant.astimezone(UTC)


def parse_amount(text: str) -> int:
    """Parse a number of working days, or end the command with a line that names the option."""
    # Not parsed by typer, because its error message has several lines.
    digits = text.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_AMOUNT))
    if not is_number or not 1 <= int(digits) <= MAX_AMOUNT:
        reject_option("--working-days", f"{text!r} isn't a whole number from 1 to {MAX_AMOUNT}")
    return int(digits)


def reject_option(option: str, why: str) -> NoReturn:
    """Print a line that names the option, and exit with code 2."""
    typer.echo(f"{option}: {why}", err=True)
    raise typer.Exit(EXIT_BAD_INPUT)
