"""The reports page: the figures of a period as charts and tables, for print and export."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import SUPERVISING, Role
from privacydesk.domain.figures import HELP_FIGURES, FigureName, measure_of
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.reports import Report
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.web.console.access import staff
from privacydesk.web.console.charts import headline_size
from privacydesk.web.console.figures import FigureRenderer, RenderedFigure
from privacydesk.web.console.keys import OVERSIGHT
from privacydesk.web.console.localizer import Localizer, localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.rates import rate_text
from privacydesk.web.console.waits import RenderedWaits
from privacydesk.web.csv_files import attachment_disposition, csv_response
from privacydesk.web.keys import TEMPLATES

OVERSEERS: Final = (*SUPERVISING, Role.AUDITOR)
"""The roles that may see reports, and export lists of requests."""

_OTHER_GROUPS: Final = frozenset({FigureName.INCIDENTS, *HELP_FIGURES})
"""Figures that are not about requests."""
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998
"""Days of these years begin and end at representable instants in any time zone."""


class PeriodQuery(Struct, frozen=True):
    """The period that the query of a request names.

    Attributes:
        preset: the named period; None if the query has days instead.
        first, last: the first and the last day as entered, possibly invalid.
    """

    preset: Preset | None
    first: str
    last: str

    @classmethod
    def from_request(
        cls, request: web.Request, default: Preset = Preset.LAST_30_DAYS
    ) -> PeriodQuery:
        """Parse the query of a request; without a period it means the default one.

        Raises:
            InvalidRequestError: there is no such named period.
        """
        query = request.query
        first, last = query.get("first", ""), query.get("last", "")
        if first or last:
            return cls(None, first, last)
        try:
            return cls(Preset(query.get("period", default.value)), "", "")
        except ValueError:
            raise InvalidRequestError("there is no such period", reason="period") from None

    def period(self, request: web.Request) -> Period:
        """Return the period with its first and last day.

        Raises:
            InvalidRequestError: the days are no valid dates, or out of range.
        """
        if self.preset is not None:
            return request.config_dict[OVERSIGHT].reports.period_for(self.preset)
        try:
            period = Period(date.fromisoformat(self.first), date.fromisoformat(self.last))
        except ValueError:
            raise InvalidRequestError("not valid dates", reason="period") from None
        if period.first.year < _FIRST_YEAR or period.last.year > _LAST_YEAR:
            raise InvalidRequestError("the period is out of range", reason="period")
        return period


@staff(*OVERSEERS)
async def reports_page(request: web.Request) -> web.Response:
    """Show all figures of a period."""
    query = PeriodQuery.from_request(request)
    try:
        period = query.period(request)
        report = await request.config_dict[OVERSIGHT].reports.report(period)
    except InvalidRequestError as error:
        return _render_page(request, query, error=error)
    return _render_page(request, query, report)


@staff(*OVERSEERS)
async def figure_csv(request: web.Request) -> web.Response:
    """Export the table of a figure as a CSV file."""
    period, figure = await _load_figure(request)
    return csv_response(_file_name(figure, period, "csv"), figure.file_rows())


@staff(*OVERSEERS)
async def figure_svg(request: web.Request) -> web.Response:
    """Export the chart of a figure as an SVG image."""
    period, figure = await _load_figure(request)
    template = request.config_dict[TEMPLATES].get_template("console/chart.svg")
    headline = figure.headline or figure.title
    return web.Response(
        text=template.render(
            chart=figure.chart,
            headline=headline,
            headline_size=headline_size(headline),
            subtitle=figure.title if figure.headline else "",
        ),
        content_type="image/svg+xml",
        charset="utf-8",
        headers={"Content-Disposition": attachment_disposition(_file_name(figure, period, "svg"))},
    )


async def _load_figure(request: web.Request) -> tuple[Period, RenderedFigure]:
    try:
        name = FigureName(request.match_info["figure"])
    except ValueError:
        raise NotFoundError("there is no such figure") from None
    period = PeriodQuery.from_request(request).period(request)
    report = await request.config_dict[OVERSIGHT].reports.report(period)
    return period, FigureRenderer(localizer_of(request)).render(report.figure(name))


def _file_name(figure: RenderedFigure, period: Period, suffix: str) -> str:
    return f"{figure.title} {period.first} {period.last}.{suffix}"


def _render_page(
    request: web.Request,
    query: PeriodQuery,
    report: Report | None = None,
    error: DeskError | None = None,
) -> web.Response:
    return console_page(
        request,
        "console/reports.html",
        status=200 if error is None else 400,
        report=report,
        **({} if report is None else _figure_values(report, localizer_of(request))),
        **period_values(request, query, None if report is None else report.period, error),
        address="/console/reports",
        max_rows=MAX_EXPORT_ROWS,
    )


def period_values(
    request: web.Request, query: PeriodQuery, period: Period | None, error: DeskError | None
) -> dict[str, Any]:
    """Return the template variables of the form that chooses a period.

    Args:
        request: the request for the page.
        query: the period that its query names.
        period: its days; None if there are no such days.
        error: why there are none.
    """
    return {
        "presets": tuple(Preset),
        "preset": query.preset,
        "first": query.first or ("" if period is None else period.first.isoformat()),
        "last": query.last or ("" if period is None else period.last.isoformat()),
        "query": _query_string(query),
        "error_message": "" if error is None else error_message(request, error),
        "w": localizer_of(request),
    }


def _figure_values(report: Report, localizer: Localizer) -> dict[str, Any]:
    render = FigureRenderer(localizer).render
    on_time, returns = (
        report.figure(name) for name in (FigureName.ON_TIME, FigureName.RETURNS_BY_HOUR)
    )
    times = (
        FigureName.WAIT_TIME_BY_HOUR,
        FigureName.FIRST_REPLY_BY_HOUR,
        FigureName.HANDLING_BY_HOUR,
    )
    return {
        "request_figures": [render(one) for one in report.figures if one.name not in _OTHER_GROUPS],
        "notice_figure": render(report.figure(FigureName.INCIDENTS)),
        "help_figures": [render(one) for one in report.figures if one.name in HELP_FIGURES],
        "on_time": rate_text(on_time, on_time.totals, localizer.report),
        "waits": RenderedWaits.of(report.waits, localizer),
        "help_times": [(measure_of(name), render(report.figure(name)).totals[1]) for name in times],
        "returned": rate_text(returns, returns.totals, localizer.report),
    }


def _query_string(query: PeriodQuery) -> str:
    if query.preset is not None:
        return urlencode({"period": query.preset.value})
    return urlencode({"first": query.first, "last": query.last})
