"""Rendering of the console's pages, and headers of all its responses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.domain.agents import CASE_READERS, Role
from privacydesk.errors import DeskError
from privacydesk.web.console import cookies
from privacydesk.web.console.access import (
    FORM_TOKEN,
    REQUEST_BOARD,
    AgentSession,
    maybe_agent_session,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import Localizer
from privacydesk.web.console.redirects import FORM_PAGE, HOME, referring_page
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.headers import content_security_policy
from privacydesk.web.keys import CATALOGS, LOCALE, SETTINGS
from privacydesk.web.pages import desk_name, render
from privacydesk.web.request_ids import fault_reference
from privacydesk.web.texts import LANGUAGE_TAGS, error_text

_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400


def console_page(
    request: web.Request, template: str, *, status: int = 200, **values: Any
) -> web.Response:
    """Return a page of the console in the reader's language.

    Templates extend ``console/base.html``. They find ``me`` (an ``AgentSession``, or None), ``t``
    for texts, ``when`` and ``instant`` to format times in tables and in sentences, ``role_name``,
    ``lang``, ``locale``, ``desk_name``, ``form_token`` and ``path``, and for the navigation bar
    ``duty``, ``waiting`` and ``unseen``.

    Args:
        request: the request for the page.
        template: the template's file name.
        status: the HTTP status of the response.
        **values: further variables of the template. ``keep_input=True`` makes the script keep the
            input of the previous page, ``redisplayed=True`` says that a form is shown again because
            it was not accepted yet, and ``languages=()`` omits the choice of a language.
    """
    locale, me = request[LOCALE], maybe_agent_session(request)
    context = {
        "me": me,
        "form_token": "" if me is None else me.form_token,
        "form_field": FORM_TOKEN,
        "path": request.path,
        "desk_name": desk_name(request, locale),
        "languages": _languages(request),
        "role_name": _role_names(request, locale),
        "when": _table_time_format(request),
        "instant": _sentence_time_format(request, locale),
        "keep_input": False,
        **_navigation_bar(request, me),
        **_team_values(request, me, locale),
        "failing_endpoints": 0 if me is None else _count_failing_endpoints(request, me),
        "page_address": request.get(FORM_PAGE, ""),
        "redisplayed": status >= _BAD_REQUEST,
    }
    return render(request, template, locale, status=status, **(context | values))


def _navigation_bar(request: web.Request, me: AgentSession | None) -> dict[str, Any]:
    """Return the variables of the navigation bar: the agent's availability, and counts."""
    board = request.get(REQUEST_BOARD)
    if me is None or board is None:
        return {"duty": "", "waiting": 0, "unseen": 0, "unanswered_conversations": 0}
    return {
        "duty": board.duty(me.agent.name).state.value if me.agent.works else "",
        "waiting": board.queue_length if me.agent.role in CASE_READERS else 0,
        "unseen": board.unseen_alarms.get(me.agent.name, 0),
        "unanswered_conversations": board.unanswered.get(me.agent.name, 0),
    }


def _team_values(request: web.Request, me: AgentSession | None, locale: str) -> dict[str, Any]:
    """Return whether the bar leads to the tasks of teams, and the names of the teams."""
    services = request.config_dict.get(SERVICES)
    return {
        "team_name": None if services is None else Localizer(services, locale).team,
        "has_teams": me is not None and services is not None and bool(services.staff.tasks.teams),
        "only_tasks": me is not None and me.agent.role is Role.DATA_OWNER,
    }


def _count_failing_endpoints(request: web.Request, me: AgentSession) -> int:
    """Return the number of failing webhook endpoints; 0 for agents who do not supervise."""
    services = request.config_dict.get(SERVICES)
    if services is None or not me.agent.supervises:
        return 0
    return len(services.failing_endpoints())


def console_error_page(
    request: web.Request, locale: str, status: int, message: str
) -> web.Response:
    """Return an error page; the input of the form that caused the error is kept for it."""
    if status == _NOT_FOUND:
        message = request.config_dict[CATALOGS].text(locale, "web.error.console_missing", {})
    previous = referring_page(request)
    return console_page(
        request,
        "console/error.html",
        status=status,
        keep_input=True,
        languages=(),
        message=message,
        fault=fault_reference(request, status),
        previous="" if previous in {HOME, request.path_qs} else previous,
    )


def error_message(request: web.Request, error: DeskError) -> str:
    """Return the message of an error in the reader's language."""
    return error_text(request.config_dict[CATALOGS], request[LOCALE], error)


async def console_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Complete a response's headers; a receiver of ``on_response_prepare``.

    Caching is forbidden, and framing. After the agent has authenticated again, any response brings
    the new cookie.

    The demo alone allows its own pages to frame the console.

    The referrer is sent to our own origin only: it names the page of a form, to which the agent
    returns after signing in again.
    """
    response.headers["Cache-Control"] = "no-store"
    if response.headers.get("Content-Security-Policy") != FILE_POLICY:
        ancestors = request.config_dict[SETTINGS].console_frame_ancestors
        response.headers["Content-Security-Policy"] = content_security_policy(ancestors)
    response.headers["Referrer-Policy"] = "same-origin"
    cookies.add_new_token(request, response)


def _languages(request: web.Request) -> list[dict[str, str]]:
    catalogs = request.config_dict[CATALOGS]
    return [
        {
            "locale": locale,
            "lang": LANGUAGE_TAGS[locale],
            "name": catalogs.text(locale, "web.language.name", {}),
        }
        for locale in catalogs.locales
    ]


def _role_names(request: web.Request, locale: str) -> Callable[[str], str]:
    catalogs = request.config_dict[CATALOGS]
    return lambda role: catalogs.text(locale, f"web.console.role.{role}", {})


def _table_time_format(request: web.Request) -> Callable[[datetime], str]:
    zone = ZoneInfo(request.config_dict[SETTINGS].zone)
    return lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _sentence_time_format(request: web.Request, locale: str) -> Callable[[datetime], str]:
    catalogs, zone = request.config_dict[CATALOGS], request.config_dict[SETTINGS].zone
    return lambda at: catalogs.text(
        locale,
        "web.console.instant",
        {"time": {"$time": at.isoformat(timespec="minutes"), "zone": zone, "year": True}},
    )
