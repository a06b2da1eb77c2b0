"""The page of a calendar: the operator's own days, schedules of files, and what they move."""

from __future__ import annotations

import asyncio

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.saved_settings import MAX_COMMENT, calendar_setting
from privacydesk.errors import DeskError, NotFoundError
from privacydesk.services.calendar_edits import with_days, with_file, without
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.setting_formats import dump_overrides, load_overrides
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.forms import FILE, FILE_NAME, Form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.reauthentication import reauthenticated
from privacydesk.web.console.setting_pages import (
    Proposal,
    describe,
    nothing_changes,
    saved_redirect,
    setting_page,
    version_in,
)
from privacydesk.web.keys import LOCALE
from privacydesk.web.texts import LANGUAGE_TAGS


@staff(Role.ADMINISTRATOR)
async def calendar_page(request: web.Request) -> web.Response:
    """Show a calendar, to be changed."""
    return await _render(request, _code(request, request.query.get("calendar", "")))


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("change_calendar"))
async def preview_calendar(request: web.Request) -> web.Response:
    """Show what a change would do to days and open deadlines, before it is made."""
    form = await read_verified_form(request)
    settings, code = _settings(request), _code(request, str(form.get("calendar", "")))
    try:
        proposal = await _proposed(settings, code, form)
        if proposal.body == dump_overrides(settings.overrides(code)):
            raise nothing_changes()
        plan = await settings.plan(load_overrides(code, proposal.body))
    except DeskError as error:
        return await _render(request, code, error=error, submitted=form)
    return await setting_page(
        request,
        "console/calendar_plan.html",
        calendar_setting(code),
        code=code,
        plan=plan,
        proposal=proposal,
        max_comment=MAX_COMMENT,
    )


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("change_calendar"))
async def save_calendar(request: web.Request) -> web.Response:
    """Make the change of a confirmed preview."""
    form = await read_verified_form(request)
    proposal, code = Proposal.of(form), _code(request, str(form.get("calendar", "")))
    try:
        await _settings(request).saved.save_overrides(
            load_overrides(code, proposal.body),
            by=agent_session(request).agent.name,
            seen=proposal.seen,
            comment=proposal.comment,
            restored=proposal.restored,
        )
    except DeskError as error:
        return await _render(request, code, error=error)
    raise saved_redirect("calendar", calendar=code)


def _settings(request: web.Request) -> OperatorSettings:
    return request.config_dict[SERVICES].operator_settings


def _code(request: web.Request, code: str) -> str:
    """Return the code of the calendar that a request is about; default: the operator's."""
    settings = _settings(request)
    code = code or settings.calendar_code
    if code not in settings.calendar_codes:
        raise NotFoundError("there is no such calendar")
    return code


async def _proposed(settings: OperatorSettings, code: str, form: Form) -> Proposal:
    """Return what a form proposes.

    Raises:
        DeskError: the file or a field is invalid.
    """
    seen, version = version_in(form, "seen"), version_in(form, "version")
    if version:
        earlier = await settings.saved.version(calendar_setting(code), version)
        return Proposal(earlier.body, seen, version)
    present, name = settings.overrides(code), str(form.get(FILE_NAME, ""))
    if "remove" in form or "unsettle" in form:
        changed = without(
            present, day=str(form.get("remove", "")), year=str(form.get("unsettle", ""))
        )
    elif FILE in form:
        # In a thread, since a file of many days takes a while to parse.
        changed = await asyncio.to_thread(
            with_file, present, name, str(form[FILE]), replace="replace" in form
        )
    else:
        changed = with_days(
            present,
            first=str(form.get("date", "")),
            until=str(form.get("until", "")),
            kind=str(form.get("day", "")),
            reason=str(form.get("reason", "")),
            settled_years=[str(year) for year in form.getall("settle", [])],
        )
    return Proposal(dump_overrides(changed), seen, comment=name)


async def _render(
    request: web.Request,
    code: str,
    *,
    error: DeskError | None = None,
    submitted: Form | None = None,
) -> web.Response:
    settings = _settings(request)
    return await setting_page(
        request,
        "console/calendar.html",
        calendar_setting(code),
        error=error,
        code=code,
        codes=settings.calendar_codes,
        own=settings.calendar_code,
        years=settings.calendar_years(code, LANGUAGE_TAGS[request[LOCALE]]),
        overrides=settings.overrides(code),
        submitted=submitted or {},
    )
