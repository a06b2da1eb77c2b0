"""The reports page: a period's figures as charts and tables, to print and to export."""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import SUPERVISING, Role
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.reports import FigureName, Report
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError
from privacydesk.services.audit import MOST_ROWS
from privacydesk.web.console.access import staff
from privacydesk.web.console.charts import headline_size
from privacydesk.web.console.figures import Drawn, Figures
from privacydesk.web.console.keys import OVERSIGHT
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.words import words_of
from privacydesk.web.csv_files import attached, csv_answer
from privacydesk.web.keys import TEMPLATES

OVERSEERS: Final = (*SUPERVISING, Role.AUDITOR)
"""The roles that see the desk as a whole."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998
"""Years whose days begin and end at representable instants in any zone."""


class Asked(Struct, frozen=True):
    """The period an address asks for.

    Attributes:
        preset: the named period; None where days are given.
        first, last: as they were typed, possibly invalid.
    """

    preset: Preset | None
    first: str
    last: str

    @classmethod
    def by(cls, request: web.Request) -> Asked:
        """Return the period in an address; by default the last thirty days."""
        query = request.query
        first, last = query.get("first", ""), query.get("last", "")
        if first or last:
            return cls(None, first, last)
        try:
            return cls(Preset(query.get("period", Preset.LAST_30_DAYS.value)), "", "")
        except ValueError:
            raise InvalidRequestError("there is no such period", reason="period") from None

    def period(self, request: web.Request) -> Period:
        """Return its days.

        Raises:
            InvalidRequestError: what was typed is no day.
        """
        if self.preset is not None:
            return request.config_dict[OVERSIGHT].reports.preset(self.preset)
        try:
            period = Period(date.fromisoformat(self.first), date.fromisoformat(self.last))
        except ValueError:
            raise InvalidRequestError("these are no days", reason="period") from None
        if period.first.year < _FIRST_YEAR or period.last.year > _LAST_YEAR:
            raise InvalidRequestError("nothing was counted there", reason="period")
        return period


@staff(*OVERSEERS)
async def reports_page(request: web.Request) -> web.Response:
    """Show all figures of a period."""
    asked = Asked.by(request)
    try:
        period = asked.period(request)
        report = await request.config_dict[OVERSIGHT].reports.report(period)
    except InvalidRequestError as error:
        return _page(request, asked, error=error)
    return _page(request, asked, report)


@staff(*OVERSEERS)
async def figure_csv(request: web.Request) -> web.Response:
    """Export one figure as a file for spreadsheets."""
    period, drawn = await _one(request)
    return csv_answer(_file(drawn, period, "csv"), drawn.file_rows())


@staff(*OVERSEERS)
async def figure_svg(request: web.Request) -> web.Response:
    """Export one chart as a picture."""
    period, drawn = await _one(request)
    template = request.config_dict[TEMPLATES].get_template("console/chart.svg")
    return web.Response(
        text=template.render(
            chart=drawn.chart,
            heading=drawn.lead or drawn.title,
            heading_size=headline_size(drawn.lead or drawn.title),
            lead=drawn.title if drawn.lead else "",
        ),
        content_type="image/svg+xml",
        charset="utf-8",
        headers={"Content-Disposition": attached(_file(drawn, period, "svg"))},
    )


async def _one(request: web.Request) -> tuple[Period, Drawn]:
    try:
        name = FigureName(request.match_info["figure"])
    except ValueError:
        raise NotFoundError("there is no such figure") from None
    period = Asked.by(request).period(request)
    report = await request.config_dict[OVERSIGHT].reports.report(period)
    return period, Figures(words_of(request)).drawn(report.figure(name))


def _file(drawn: Drawn, period: Period, ending: str) -> str:
    return f"{drawn.title} {period.first} {period.last}.{ending}"


def _page(
    request: web.Request,
    asked: Asked,
    report: Report | None = None,
    error: DeskError | None = None,
) -> web.Response:
    words = words_of(request)
    figures = () if report is None else tuple(map(Figures(words).drawn, report.figures))
    return console_page(
        request,
        "console/reports.html",
        status=200 if error is None else 400,
        report=report,
        figures=figures,
        on_time=None if report is None else _rate(report),
        presets=tuple(Preset),
        preset=asked.preset,
        first=asked.first or ("" if report is None else report.period.first.isoformat()),
        last=asked.last or ("" if report is None else report.period.last.isoformat()),
        query=_query(asked),
        most=MOST_ROWS,
        wrong="" if error is None else said(request, error),
        w=words,
    )


def _rate(report: Report) -> str:
    figure = report.figure(FigureName.ON_TIME)
    share = figure.share(figure.totals)
    return "–" if share is None else f"{share:.1%}"


def _query(asked: Asked) -> str:
    if asked.preset is not None:
        return urlencode({"period": asked.preset.value})
    return urlencode({"first": asked.first, "last": asked.last})
