"""``privacydesk reports``: the figures of a period, which the console shows as charts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    format_day,
    format_instant,
    humanize,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.figures import Figure
from privacydesk.domain.help_figures import WaitStanding
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.reports import Report

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo


def reports(
    preset: Annotated[
        Preset, typer.Option("--period", help="A named period, relative to today.")
    ] = Preset.LAST_30_DAYS,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in the desk's zone."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Print the figures of a period: punctuality, days to reply, backlog, refusals and more.

    The figures are computed from records that are kept when the content of requests is deleted, so
    those of a past period don't change.
    """
    period: Preset | Period = preset
    if first is not None and last is not None:
        period = Period(first.date(), last.date())
    elif first is not None or last is not None:
        exit_with_usage_error(
            "--to" if last is None else "--from", "a period has a first and a last day"
        )
    report, zone = run(_report(data_dir, period))
    if as_json:
        print_json(_record(report, zone))
    else:
        _print_report(report, zone)


async def _report(data_dir: Path | None, period: Preset | Period) -> tuple[Report, ZoneInfo]:
    async with command_services(data_dir) as services:
        reports_service = services.oversight.reports
        days = reports_service.period_for(period) if isinstance(period, Preset) else period
        return await reports_service.report(days), services.deadlines.zone


def _record(report: Report, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "first": report.period.first.isoformat(),
        "last": report.period.last.isoformat(),
        "zone": zone.key,
        "as_of": report.as_of.astimezone(zone).isoformat(),
        "received": report.received,
        "answered": report.answered,
        "median_working_days": report.median_days,
        "help": _help_record(report.waits),
        "figures": {figure.name.value: _figure_record(figure) for figure in report.figures},
    }


def _help_record(waits: WaitStanding) -> dict[str, Any]:
    """Return the targets of help by a person, and which of them are missed."""
    targets = waits.targets
    return {
        "in_time_percent": targets.in_time_percent,
        "in_time_within_minutes": targets.wait.total_seconds() / 60,
        "in_time_missed": waits.misses_wait,
        "left_percent": targets.left_percent,
        "left_missed": waits.misses_left,
        "return_days": targets.return_time.total_seconds() / 86_400,
    }


def _figure_record(figure: Figure) -> dict[str, Any]:
    def values_record(values: tuple[int, ...]) -> dict[str, Any]:
        record: dict[str, Any] = dict(zip(figure.columns, values, strict=True))
        share = figure.share(values)
        return record if share is None else {**record, "share": round(share, 4)}

    return {
        "lines": [{"label": line.label, **values_record(line.values)} for line in figure.lines],
        "total": values_record(figure.totals),
    }


def _print_report(report: Report, zone: ZoneInfo) -> None:
    period = report.period
    typer.echo(
        f"{format_day(period.first)} to {format_day(period.last)}, as of"
        f" {format_instant(report.as_of, zone)}"
    )
    median = "none" if report.median_days is None else f"{report.median_days:g}"
    typer.echo(
        f"{report.received} received, {report.answered} answered; median working days to reply:"
        f" {median}"
    )
    for figure in report.figures:
        typer.echo(f"\n{humanize(figure.name).capitalize()}")
        if figure.is_empty:
            typer.echo("  nothing yet")
            continue
        rows = [("", *(humanize(column) for column in figure.columns), "share")]
        rows += [_row(figure, _label(line.label), line.values) for line in figure.lines]
        rows.append(_row(figure, "total", figure.totals))
        print_table([("  " + row[0], *row[1:]) for row in rows])


def _label(label: str) -> str:
    """Return the label of a line; tasks of no team are the desk's own."""
    return humanize(label) or "the desk itself"


def _row(figure: Figure, label: str, values: tuple[int, ...]) -> tuple[str, ...]:
    share = figure.share(values)
    return (label, *map(str, values), "" if share is None else f"{share:.1%}")
