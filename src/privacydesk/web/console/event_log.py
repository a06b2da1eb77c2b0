"""The pages of the event log: what happened, and to which endpoints it was sent."""

from __future__ import annotations

from typing import Any, Final

import orjson
from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.event_log import LoggedEvent
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind, message_id
from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.services.event_log import EventLog
from privacydesk.web.console.access import staff
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.page import console_page
from privacydesk.web.console.webhooks import KIND_GROUPS
from privacydesk.web.keys import CATALOGS, LOCALE

_PAGE_SIZE: Final = 50
"""Number of events on a page."""
_MAX_DIGITS: Final = 15


@staff(Role.ADMINISTRATOR)
async def events_page(request: web.Request) -> web.Response:
    """Show a page of events, the newest first."""
    kind = _parse_kind(request.query.get("kind", ""))
    events = await _event_log(request).newest(
        None if kind is None else {kind},
        before=_parse_before(request.query.get("before", "")),
        limit=_PAGE_SIZE + 1,
    )
    page = events[:_PAGE_SIZE]
    return _render(
        request,
        "console/event_log.html",
        events=[(event, _ticket_number(event)) for event in page],
        more=page[-1].number if len(events) > _PAGE_SIZE else 0,
        kind=kind,
        kind_groups=KIND_GROUPS,
        offered=SUBSCRIBABLE,
    )


@staff(Role.ADMINISTRATOR)
async def event_page(request: web.Request) -> web.Response:
    """Show an event with its body and its deliveries."""
    event, deliveries = await _event_log(request).event(request.match_info["event"])
    return _render(
        request,
        "console/logged_event.html",
        event=event,
        message=message_id(event.id),
        number=_ticket_number(event),
        deliveries=deliveries,
    )


def _render(request: web.Request, template: str, **values: Any) -> web.Response:
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    return console_page(
        request,
        template,
        zone=request.config_dict[SERVICES].zone,
        term=lambda family, member: catalogs.text(locale, f"web.webhooks.{family}.{member}", {}),
        **values,
    )


def _event_log(request: web.Request) -> EventLog:
    event_log = request.config_dict[SERVICES].event_log
    if event_log is None:
        raise NotFoundError("there is no database")
    return event_log


def _ticket_number(event: LoggedEvent) -> str:
    """Return the number of the ticket that an event is about; empty for none."""
    return str(orjson.loads(event.body)["data"].get("number", ""))


def _parse_kind(text: str) -> WebhookEventKind | None:
    kind = next((kind for kind in SUBSCRIBABLE if kind.value == text), None)
    if text and kind is None:
        raise InvalidRequestError("there is no such type of event")
    return kind


def _parse_before(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise InvalidRequestError("there is no such page")
    return int(text) if text else None
