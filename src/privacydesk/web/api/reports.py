"""The operation that returns the figures of a period, as the console's reports show them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.figures import Figure, FigureName
from privacydesk.domain.periods import Period, Preset
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.web.api.operations import ApiResponse, Call, Group, Operation, read_operation
from privacydesk.web.api.schemas import EmptyRequest, RequestModel, ResponseModel, Timestamp


class ReportQuery(RequestModel):
    """A period: one with a name, or its first and its last day."""

    period: Preset = Field(
        default=Preset.LAST_30_DAYS, description="Ignored if `first` and `last` are given."
    )
    first: dt.date | None = Field(default=None, description="In the operator's time zone.")
    last: dt.date | None = Field(default=None, description="In the same zone, included.")


class FigureLineResponse(ResponseModel):
    """A line of a figure."""

    label: str
    values: tuple[int, ...] = Field(description="One for each column.")
    share: float | None = Field(description="The rate that the figure is about, 0 to 1.")


class FigureResponse(ResponseModel):
    """A figure: counts in columns."""

    name: FigureName
    columns: tuple[str, ...]
    lines: tuple[FigureLineResponse, ...]
    total: FigureLineResponse


class ReportResponse(ResponseModel):
    """The figures of a period. They stay the same when the content of requests is deleted."""

    first: dt.date
    last: dt.date
    as_of: Timestamp = Field(description="Of the backlog.")
    received: int = Field(description="Requests made in the period.")
    answered: int = Field(description="Requests answered in the period.")
    median_days: float | None = Field(description="Working days that the answers took.")
    figures: tuple[FigureResponse, ...]


async def _report(call: Call[ReportQuery, EmptyRequest]) -> ApiResponse:
    reports, query = call.services.reports, call.query
    if query.first is not None and query.last is not None:
        period = Period(query.first, query.last)
    elif query.first is query.last:
        period = reports.period_for(query.period)
    else:
        raise DeskError(
            "a period has a first and a last day", code=ErrorCode.UNPROCESSABLE, reason="period"
        )
    try:
        report = await reports.report(period)
    except InvalidRequestError as error:
        raise DeskError(error.message, code=ErrorCode.UNPROCESSABLE, **error.data) from None
    return ApiResponse(
        ReportResponse(
            first=report.period.first,
            last=report.period.last,
            as_of=report.as_of,
            received=report.received,
            answered=report.answered,
            median_days=report.median_days,
            figures=tuple(_figure_response(figure) for figure in report.figures),
        )
    )


def _figure_response(figure: Figure) -> FigureResponse:
    def line(label: str, values: tuple[int, ...]) -> FigureLineResponse:
        return FigureLineResponse(label=label, values=values, share=figure.share(values))

    return FigureResponse(
        name=figure.name,
        columns=figure.columns,
        lines=tuple(line(one.label, one.values) for one in figure.lines),
        total=line("", figure.totals),
    )


REPORTS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "show_report",
        "/reports",
        Group.REPORTS,
        "Show the figures of a period.",
        scope=Scope.REPORTS_READ,
        handler=_report,
        query_model=ReportQuery,
        response_model=ReportResponse,
        error_statuses=(422,),
        details="Of at most ten years. No figure has a name, a number or a text of a request.",
    ),
)
