"""Packs of evidence in the console: their pages, and their files, which are audited."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.domain.packs import PackFormat
from privacydesk.domain.periods import Preset
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError
from privacydesk.services.packs.evidence import Progress
from privacydesk.services.packs.pack import Pack
from privacydesk.services.packs.packs import Packs
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.case import parse_whole_number, ticket_number_of
from privacydesk.web.console.confirmation import recently_authenticated
from privacydesk.web.console.keys import OVERSIGHT
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reports import OVERSEERS, PeriodQuery, period_values
from privacydesk.web.csv_files import attachment_disposition
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.keys import LOCALE

_SHOWN_YEARS: Final = 6
"""How many years the page offers, the current one included."""


@staff(*OVERSEERS)
async def minors_page(request: web.Request) -> web.Response:
    """Show the audit of minors' data of a year, by default the one before this."""
    packs, year = _packs(request), _year(request)
    first_offered = packs.last_year + 2 - _SHOWN_YEARS
    return console_page(
        request,
        "console/minors.html",
        pack=await packs.minors(year, request[LOCALE]),
        year=year,
        years=range(packs.last_year + 1, first_offered - 1, -1),
    )


@staff(*OVERSEERS)
@recently_authenticated
async def minors_file(request: web.Request) -> web.Response:
    """Export the audit of minors' data of a year."""
    file_format = _parse_format(request.match_info["format"])
    pack = await _packs(request).minors(_year(request), request[LOCALE])
    return await _export(request, pack, file_format)


@staff(*OVERSEERS)
@recently_authenticated
async def period_file(request: web.Request) -> web.Response:
    """Export the report of a period, whose page is the reports page."""
    file_format = _parse_format(request.match_info["format"])
    period = PeriodQuery.from_request(request).period(request)
    pack = await _packs(request).period(period, request[LOCALE])
    return await _export(request, pack, file_format)


@staff(*OVERSEERS)
async def self_check_page(request: web.Request) -> web.Response:
    """Show the evidence for a self-check of the desk, by default of this year."""
    query, period, found, error = _self_check_query(request), None, None, None
    try:
        period = query.period(request)
        found = await _packs(request).self_check_so_far(period, request[LOCALE])
    except InvalidRequestError as refused:
        period, error = None, refused
    return console_page(
        request,
        "console/self_check.html",
        status=200 if error is None else 400,
        pack=found if isinstance(found, Pack) else None,
        progress=found if isinstance(found, Progress) else None,
        address="/console/reports/self-check",
        **period_values(request, query, period, error),
    )


@staff(*OVERSEERS)
@recently_authenticated
async def self_check_file(request: web.Request) -> web.Response:
    """Export the evidence for a self-check of the desk."""
    file_format = _parse_format(request.match_info["format"])
    period = _self_check_query(request).period(request)
    pack = await _packs(request).self_check_kept(period, request[LOCALE])
    return await _export(request, pack, file_format)


def _self_check_query(request: web.Request) -> PeriodQuery:
    return PeriodQuery.from_request(request, Preset.THIS_YEAR)


@staff()
async def case_file_page(request: web.Request) -> web.Response:
    """Show the case file of a ticket, without what people wrote."""
    return await _case_file_page(request)


@staff()
@recently_authenticated
async def case_file(request: web.Request) -> web.Response:
    """Export the case file of a ticket, without what people wrote."""
    file_format = _parse_format(request.match_info["format"])
    pack = await _packs(request).case_file(ticket_number_of(request), request[LOCALE])
    return await _export(request, pack, file_format)


@staff()
@recently_authenticated
async def case_file_with_words(request: web.Request) -> web.Response:
    """Export the case file of a ticket with what people wrote, for a reason that is logged."""
    form = await read_verified_form(request)
    file_format = _parse_format(form.get("format", ""))
    me, number = agent_session(request).agent, ticket_number_of(request)
    try:
        pack = await _packs(request).case_file_with_words(
            number, request[LOCALE], me.name, form.get("text", "")
        )
    except InvalidRequestError as error:
        return await _case_file_page(request, error, reason=form.get("text", ""))
    return await _export(request, pack, file_format)


async def _case_file_page(
    request: web.Request, error: DeskError | None = None, reason: str = ""
) -> web.Response:
    number = ticket_number_of(request)
    ticket = await _packs(request).ticket(number)
    return console_page(
        request,
        "console/case_file.html",
        status=200 if error is None else 400,
        pack=await _packs(request).case_file(number, request[LOCALE]),
        has_words=ticket.purged_at is None,
        number=number,
        reason=reason,
        error_message="" if error is None else error_message(request, error),
    )


async def _export(request: web.Request, pack: Pack, file_format: PackFormat) -> web.Response:
    by = agent_session(request).agent.name
    file = await _packs(request).export(pack, file_format, by)
    return web.Response(
        body=file.content,
        headers={
            "Content-Type": file.media_type,
            "Content-Disposition": attachment_disposition(file.name),
            "Content-Security-Policy": FILE_POLICY,
            "Cache-Control": "no-store",
        },
    )


def _packs(request: web.Request) -> Packs:
    return request.config_dict[OVERSIGHT].packs


def _year(request: web.Request) -> int:
    year = request.query.get("year", "")
    return parse_whole_number(year) if year else _packs(request).last_year


def _parse_format(name: str) -> PackFormat:
    try:
        return PackFormat(name)
    except ValueError:
        raise NotFoundError("there is no such format") from None
