"""``privacydesk calendar``: printing and importing the schedules of working days."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from privacydesk.calendars import (
    CalendarInvalidError,
    CalendarRangeError,
    Calendars,
    UnknownCalendarError,
    YearSchedule,
    read_overrides,
)
from privacydesk.cli.deadline import choose_calendar, reject_option
from privacydesk.cli.stored_calendars import import_overrides
from privacydesk.clock import SystemClock
from privacydesk.domain.deadlines import DayStatus
from privacydesk.errors import DeskError
from privacydesk.system_errors import describe_os_error

calendar_app = typer.Typer(
    name="calendar", help="Working-day calendars and their overrides.", no_args_is_help=True
)

_DATA_DIR = typer.Option(
    "--data-dir",
    metavar="DIR",
    envvar="PRIVACYDESK_DATA_DIR",
    help="Folder of the imported overrides.",
)


@calendar_app.command("show")
def show(
    calendar: Annotated[
        str, typer.Option("--calendar", metavar="CODE", help="CN, HK or SG.")
    ] = "CN",
    year: Annotated[
        int | None, typer.Option("--year", metavar="YYYY", help="Default: this year.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: Annotated[Path | None, _DATA_DIR] = None,
) -> None:
    """Print the days off and the working weekend days of a year, and whether it is settled."""
    operator_calendar = choose_calendar(calendar, data_dir=data_dir)
    if year is None:
        year = SystemClock().now().astimezone(operator_calendar.zone).year
    try:
        schedule = operator_calendar.year(year)
    except CalendarRangeError as error:
        reject_option("--year", error.message)
    typer.echo(json.dumps(as_record(schedule)) if as_json else as_table(schedule))


@calendar_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, JSON or CSV.")],
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", metavar="CODE", help="The calendar, if FILE doesn't name it."),
    ] = None,
    data_dir: Annotated[Path | None, _DATA_DIR] = None,
    settle: Annotated[
        list[int] | None,
        typer.Option("--settle", metavar="YYYY", help="Declare a year final; may be repeated."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete earlier imports first.")
    ] = False,
) -> None:
    """Check an override file and import it."""
    if data_dir is None:
        reject_option("--data-dir", "name the folder, or set PRIVACYDESK_DATA_DIR")
    try:
        overrides = read_overrides(
            file,
            calendar=None if calendar is None else calendar.strip().upper(),
            settled_years=settle or (),
        )
    except UnknownCalendarError as error:
        reject_option("--calendar", error.message)
    except DeskError as error:
        reject_option("FILE", error.message)
    try:
        imported = import_overrides(overrides, data_dir, replace=replace, comment=file.name)
    except CalendarInvalidError as error:
        reject_option("FILE", error.message)
    except OSError as error:
        reason = describe_os_error(error, data_dir) or error.strerror
        typer.echo(f"--data-dir: can't be written: {reason}", err=True)
        raise typer.Exit(1) from None
    operator_calendar = Calendars({imported.calendar: imported}).get(imported.calendar)
    typer.echo(f"Calendar {imported.calendar}: days overridden: {len(imported.days)}.")
    for year in imported.years():
        typer.echo(_summary(operator_calendar.year(year)))


def as_record(schedule: YearSchedule) -> dict[str, Any]:
    """Return a schedule as JSON data."""
    return {
        "calendar": schedule.calendar,
        "year": schedule.year,
        "settled": schedule.settled,
        "origin": schedule.origin.value,
        "off": [_day(day, status) for day, status in schedule.off],
        "working": [_day(day, status) for day, status in schedule.worked],
    }


def as_table(schedule: YearSchedule) -> str:
    """Return a schedule as text."""
    lines = ["Off, besides weekends:"]
    lines += [_line(day, status) for day, status in schedule.off] or ["  none"]
    lines.append("Weekend days worked:")
    lines += [_line(day, status) for day, status in schedule.worked] or ["  none"]
    return "\n".join((*lines, _summary(schedule)))


def _summary(schedule: YearSchedule) -> str:
    state = "settled" if schedule.settled else "not settled; deadlines in it are provisional"
    text = f"{schedule.calendar} {schedule.year} is {state} ({schedule.origin.value})."
    if schedule.settled and schedule.granted not in {None, schedule.balance}:
        # Moving days off keeps their number, so a difference is often due to a missing line.
        text += (
            f"\nLook again: days off from Monday to Friday minus weekend days worked make"
            f" {schedule.balance}, but the law grants {schedule.granted}."
        )
    return text


def _day(day: date, status: DayStatus) -> dict[str, Any]:
    return {"date": day.isoformat(), "reason": status.reason.value, "name": status.name}


def _line(day: date, status: DayStatus) -> str:
    name = "" if status.name is None else f": {status.name}"
    return f"  {day}  {day:%a}  {status.reason.value}{name}"
