"""The pages of incident notices: preparing, releasing, and how far they have come."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.ids import IncidentId
from privacydesk.domain.inbox_views import InboxFilter, InboxListing, InboxView
from privacydesk.domain.incidents import (
    MAX_NAME,
    MAX_PART,
    Audience,
    Incident,
    IncidentDraft,
    IncidentProgress,
    NoticePart,
)
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.services.staff.incidents import Incidents
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reauthentication import reauthenticated
from privacydesk.web.console.setting_pages import describe, version_in
from privacydesk.web.responses import STATUS

_ADDRESS: Final = "/console/incidents"
INCIDENT_READERS: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)
_WRITERS: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
_DONE_VALUES: Final = frozenset({"prepared", "released", "paused", "resumed", "discarded"})

_Change = Callable[[IncidentId, str, int], Awaitable[Incident]]


class NoticeStanding(Struct, frozen=True):
    """A notice, and how far it has come.

    Attributes:
        requests: the number of open tickets that follow from it.
    """

    incident: Incident
    progress: IncidentProgress
    requests: int

    @property
    def revision(self) -> str:
        """A text that differs whenever the page would look different."""
        numbers = f"{self.incident.version} {self.requests} {self.progress!r}".encode()
        return hashlib.blake2s(numbers, digest_size=8).hexdigest()


@staff(*INCIDENT_READERS)
async def incidents_page(request: web.Request) -> web.Response:
    """List all notices."""
    incidents = _incidents(request)
    return console_page(
        request,
        "console/incidents.html",
        rows=[(one, await incidents.progress(one)) for one in await incidents.all()],
        w=localizer_of(request),
    )


@staff(*_WRITERS)
async def new_page(request: web.Request) -> web.Response:
    """Show the form of a new notice."""
    return _form_page(request)


@staff(*_WRITERS)
async def edit(request: web.Request) -> web.Response:
    """Show the form of a previewed notice again."""
    return _form_page(request, await read_verified_form(request))


@staff(*_WRITERS)
async def preview(request: web.Request) -> web.Response:
    """Show a notice as its recipients will see it, before it is stored."""
    form, incidents = await read_verified_form(request), _incidents(request)
    try:
        draft = _read_draft(form, incidents.locales).cleaned(incidents.locales)
        accounts = _read_accounts(form, draft)
        reach = await incidents.reach(draft, accounts)
    except DeskError as error:
        return _form_page(request, form, error)
    return console_page(
        request,
        "console/incident_preview.html",
        languages=(),
        draft=draft,
        reach=reach,
        outside={locale: incidents.outside_text(locale) for locale in incidents.locales},
        locales=incidents.locales,
        parts=tuple(NoticePart),
        accounts="\n".join(accounts),
        w=localizer_of(request),
    )


@staff(*_WRITERS)
@reauthenticated(describe("prepare_incident"))
async def prepare(request: web.Request) -> web.Response:
    """Store a previewed notice for a second person."""
    form, incidents = await read_verified_form(request), _incidents(request)
    try:
        draft = _read_draft(form, incidents.locales)
        accounts = _read_accounts(form, draft)
        incident = await incidents.prepare(draft, accounts, agent_session(request).agent.name)
    except DeskError as error:
        return _form_page(request, form, error)
    raise forms.done_redirect(_address(incident.id), "prepared")


@staff(*INCIDENT_READERS)
async def incident_page(request: web.Request) -> web.Response:
    """Show a notice, and how far it has come; with ``part=now`` in the query, only that part."""
    if request.query.get("part") == "now":
        values = _values(request, await load_progress(request))
        return console_page(request, "console/incident_now.html", **values)
    return await _incident_page(request)


@staff(*_WRITERS)
@reauthenticated(describe("release_incident"))
async def release(request: web.Request) -> web.Response:
    """Release a notice that somebody else has prepared."""
    incidents = _incidents(request)
    return await _change(
        request, "released", lambda one, by, seen: incidents.release(one, by, seen=seen)
    )


@staff(*_WRITERS)
async def pause(request: web.Request) -> web.Response:
    """Stop sending a notice."""
    incidents = _incidents(request)
    return await _change(
        request, "paused", lambda one, by, seen: incidents.pause(one, by, seen=seen)
    )


@staff(*_WRITERS)
@reauthenticated(describe("release_incident"))
async def resume(request: web.Request) -> web.Response:
    """Go on sending a notice."""
    incidents = _incidents(request)
    return await _change(
        request, "resumed", lambda one, by, seen: incidents.resume(one, by, seen=seen)
    )


@staff(*_WRITERS)
async def discard(request: web.Request) -> web.Response:
    """Discard a notice that was not released."""
    incidents = _incidents(request)
    return await _change(
        request, "discarded", lambda one, by, seen: incidents.discard(one, by, seen=seen)
    )


async def _change(request: web.Request, done: str, change: _Change) -> web.Response:
    form, incident = await read_verified_form(request), _incident_id(request)
    try:
        await change(incident, agent_session(request).agent.name, version_in(form, "seen"))
    except DeskError as error:
        if error.code is ErrorCode.NOT_FOUND:
            raise
        return await _incident_page(request, error)
    raise forms.done_redirect(_address(incident), done)


async def _incident_page(request: web.Request, error: DeskError | None = None) -> web.Response:
    standing, done = await load_progress(request), request.query.get("done", "")
    return console_page(
        request,
        "console/incident.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        error_message="" if error is None else error_message(request, error),
        done=done if error is None and done in _DONE_VALUES else "",
        revision=standing.revision,
        live=f"{_address(standing.incident.id)}/live",
        **_values(request, standing),
    )


async def load_progress(request: web.Request) -> NoticeStanding:
    """Return how the notice that the path names stands.

    Raises:
        NotFoundError: there is none.
    """
    incidents, me = _incidents(request), agent_session(request).agent
    incident = await incidents.find(_incident_id(request).hex())
    following = InboxListing(InboxView.OPEN, InboxFilter(incident=incident.id.hex()))
    return NoticeStanding(
        incident,
        await incidents.progress(incident),
        await request.config_dict[SERVICES].inbox.count(following, me),
    )


def _values(request: web.Request, standing: NoticeStanding) -> dict[str, Any]:
    """Return the template variables about a notice."""
    incidents, me = _incidents(request), agent_session(request).agent
    incident, progress = standing.incident, standing.progress
    return {
        "incident": incident,
        "progress": progress,
        "requests": standing.requests,
        "public": {
            locale: incidents.public_text(incident, progress, locale)
            for locale in incidents.locales
        },
        "may_change": me.supervises,
        "is_own": incident.prepared_by == me.name,
        "locales": incidents.locales,
        "parts": tuple(NoticePart),
        "w": localizer_of(request),
    }


def _form_page(
    request: web.Request, form: Form | None = None, error: DeskError | None = None
) -> web.Response:
    return console_page(
        request,
        "console/incident_new.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if form is None else {"languages": (), "redisplayed": True}),
        error_message="" if error is None else error_message(request, error),
        submitted=form or {},
        audiences=tuple(Audience),
        locales=_incidents(request).locales,
        parts=tuple(NoticePart),
        max_name=MAX_NAME,
        max_part=MAX_PART,
        w=localizer_of(request),
    )


def _read_draft(form: Form, locales: tuple[str, ...]) -> IncidentDraft:
    texts = {
        locale: {part: str(form.get(f"{part}-{locale}", "")) for part in NoticePart}
        for locale in locales
    }
    try:
        audience = Audience(str(form.get("audience", "")))
    except ValueError:
        raise InvalidRequestError("there is no such audience") from None
    return IncidentDraft(str(form.get("name", "")), audience, texts, "urgent" in form)


def _read_accounts(form: Form, draft: IncidentDraft) -> list[str]:
    if draft.audience is not Audience.LIST:
        return []
    return [line for line in str(form.get("accounts", "")).splitlines() if line.strip()]


def _incidents(request: web.Request) -> Incidents:
    return request.config_dict[SERVICES].incidents


def _incident_id(request: web.Request) -> IncidentId:
    return IncidentId(forms.parse_id(request.match_info["incident"], "incident"))


def _address(incident: IncidentId) -> str:
    return f"{_ADDRESS}/{incident.hex()}"
