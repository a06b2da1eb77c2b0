"""``privacydesk reports``: the figures that the console shows as charts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    day_text,
    instant_text,
    misused,
    plain,
    print_json,
    print_table,
    run,
    staff_rooms,
)
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.reports import Figure, Report

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo


def reports(
    preset: Annotated[
        Preset, typer.Option("--period", help="A period by its name, as of today.")
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

    They come from records that outlive the content of requests: a period of long ago gives the
    same figures as it did then.
    """
    period: Preset | Period = preset
    if first is not None and last is not None:
        period = Period(first.date(), last.date())
    elif first is not None or last is not None:
        misused("--to" if last is None else "--from", "a period has a first and a last day")
    report, zone = run(_report(data_dir, period))
    if as_json:
        print_json(_record(report, zone))
    else:
        _print(report, zone)


async def _report(data_dir: Path | None, period: Preset | Period) -> tuple[Report, ZoneInfo]:
    async with staff_rooms(data_dir) as rooms:
        made = rooms.oversight.reports
        days = made.preset(period) if isinstance(period, Preset) else period
        return await made.report(days), rooms.deadlines.zone


def _record(report: Report, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "first": report.period.first.isoformat(),
        "last": report.period.last.isoformat(),
        "zone": zone.key,
        "as_of": report.as_of.astimezone(zone).isoformat(),
        "received": report.received,
        "answered": report.answered,
        "median_working_days": report.median_days,
        "figures": {one.name.value: _figure_record(one) for one in report.figures},
    }


def _figure_record(figure: Figure) -> dict[str, Any]:
    def values(of: tuple[int, ...]) -> dict[str, Any]:
        named: dict[str, Any] = dict(zip(figure.columns, of, strict=True))
        share = figure.share(of)
        return named if share is None else {**named, "share": round(share, 4)}

    return {
        "lines": [{"label": line.label, **values(line.values)} for line in figure.lines],
        "total": values(figure.totals),
    }


def _print(report: Report, zone: ZoneInfo) -> None:
    period = report.period
    typer.echo(
        f"{day_text(period.first)} to {day_text(period.last)}, as of"
        f" {instant_text(report.as_of, zone)}"
    )
    median = "none" if report.median_days is None else f"{report.median_days:g}"
    typer.echo(
        f"{report.received} received, {report.answered} answered; median working days to reply:"
        f" {median}"
    )
    for figure in report.figures:
        typer.echo(f"\n{plain(figure.name).capitalize()}")
        if figure.is_empty:
            typer.echo("  nothing yet")
            continue
        rows = [("", *(plain(column) for column in figure.columns), "share")]
        rows += [_row(figure, plain(line.label), line.values) for line in figure.lines]
        rows.append(_row(figure, "total", figure.totals))
        print_table([("  " + row[0], *row[1:]) for row in rows])


def _row(figure: Figure, label: str, values: tuple[int, ...]) -> tuple[str, ...]:
    share = figure.share(values)
    return (label, *map(str, values), "" if share is None else f"{share:.1%}")
