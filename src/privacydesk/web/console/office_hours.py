"""The page of the office hours: the periods in which staff answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time
from typing import Final

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.saved_settings import HOURS, MAX_COMMENT
from privacydesk.domain.shifts import DAYS, Shift
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.saved_settings import check_shifts
from privacydesk.services.setting_formats import dump_shifts, load_shifts
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.forms import Form
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

_MAX_PERIODS: Final = 20


@staff(Role.ADMINISTRATOR)
async def hours_page(request: web.Request) -> web.Response:
    """Show the office hours, to be edited."""
    return await _render(request)


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("save_hours"))
async def preview_hours(request: web.Request) -> web.Response:
    """Show what new hours would mean, before they are saved."""
    form = await read_verified_form(request)
    settings = _settings(request)
    try:
        proposal, shifts = await _proposed(settings, form)
        check_shifts(shifts)
        current = await settings.saved.current(HOURS)
        if proposal.body == ("" if current is None else current.body):
            raise nothing_changes()
    except DeskError as error:
        return await _render(request, error=error, form=form)
    return await setting_page(
        request,
        "console/hours_plan.html",
        HOURS,
        hours=settings.hours(shifts),
        before=settings.hours(),
        proposal=proposal,
        max_comment=MAX_COMMENT,
        calendar=settings.calendar_code,
        zone=request.config_dict[SERVICES].zone,
    )


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("save_hours"))
async def save_hours(request: web.Request) -> web.Response:
    """Save the hours of a confirmed preview."""
    proposal = Proposal.of(await read_verified_form(request))
    try:
        await _settings(request).saved.save_hours(
            load_shifts(proposal.body) if proposal.body else None,
            by=agent_session(request).agent.name,
            seen=proposal.seen,
            comment=proposal.comment,
            restored=proposal.restored,
        )
    except DeskError as error:
        return await _render(request, error=error)
    raise saved_redirect("hours")


def _settings(request: web.Request) -> OperatorSettings:
    return request.config_dict[SERVICES].operator_settings


async def _proposed(settings: OperatorSettings, form: Form) -> tuple[Proposal, Sequence[Shift]]:
    """Return what a form proposes, and the hours that it means."""
    seen, version = version_in(form, "seen"), version_in(form, "version")
    if version:
        body = (await settings.saved.version(HOURS, version)).body
    elif "profile" in form:
        body = ""
    else:
        body = dump_shifts(tuple(_read_shifts(form, settings.calendar_codes)))
    shifts = load_shifts(body) if body else settings.saved.profile_shifts
    return Proposal(body, seen, version), shifts


def _read_shifts(form: Form, codes: Sequence[str]) -> Iterator[Shift]:
    """Yield the periods of a form; one without times was left blank."""
    for place in range(_MAX_PERIODS):
        opens, closes = (str(form.get(f"{name}-{place}", "")) for name in ("opens", "closes"))
        if not opens and not closes:
            continue
        code = str(form.get(f"calendar-{place}", ""))
        yield Shift(
            _read_time(opens),
            _read_time(closes),
            calendar=code if code in codes else "",
            every_day=f"holidays-{place}" in form,
            weekdays=frozenset(day for day in DAYS if str(day) in form.getall(f"day-{place}", [])),
        )


def _read_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError("not a time of day", reason="hours_times") from None


async def _render(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    settings = _settings(request)
    shifts = settings.hours().shifts
    if form is not None and "version" not in form and "profile" not in form:
        try:
            shifts = tuple(_read_shifts(form, settings.calendar_codes))
        except InvalidRequestError:
            # The page shows the present hours; the browser keeps what was typed.
            shifts = settings.hours().shifts
    return await setting_page(
        request,
        "console/hours.html",
        HOURS,
        error=error,
        hours=settings.hours(),
        shifts=shifts,
        days=sorted(DAYS),
        codes=settings.calendar_codes,
        calendar=settings.calendar_code,
        zone=request.config_dict[SERVICES].zone,
        max_periods=_MAX_PERIODS,
    )
