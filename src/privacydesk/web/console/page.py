"""Rendering pages of the console, and the headers that all its answers carry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.errors import DeskError
from privacydesk.web.console.access import FORM_TOKEN, STANDING, SignedIn, maybe_signed_in
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.redirects import HOME, PAGE, way_back
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.headers import content_security_policy
from privacydesk.web.keys import CATALOGS, LOCALE, SETTINGS
from privacydesk.web.pages import desk_name, render
from privacydesk.web.texts import LANGUAGE_TAGS, error_text

_NO_SUCH_PAGE: Final = 404
_REFUSED: Final = 400


def console_page(
    request: web.Request, template: str, *, status: int = 200, **values: Any
) -> web.Response:
    """Return a page of the console in the reader's language.

    Templates extend ``console/base.html``. They find ``me`` (a ``SignedIn``, or None), ``t`` for
    words, ``when`` for instants in columns and ``instant`` for those in sentences, ``role_name``
    for roles, ``lang``, ``locale``, ``desk_name``, ``form_token`` and ``path``; ``duty``,
    ``waiting`` and ``unseen`` for the bar.

    Args:
        request: who asks, and in what language.
        template: the file's name.
        status: of the answer.
        **values: what else the template shows; ``hold=True`` keeps what was typed on the page
            before, ``again=True`` says that a form is shown again instead of being taken,
            ``languages=()`` leaves out the choice of a language.
    """
    locale, me = request[LOCALE], maybe_signed_in(request)
    shown = {
        "me": me,
        "form_token": "" if me is None else me.form_token,
        "form_field": FORM_TOKEN,
        "path": request.path,
        "desk_name": desk_name(request, locale),
        "languages": _languages(request),
        "role_name": _role_names(request, locale),
        "when": _columns(request),
        "instant": _sentences(request, locale),
        "hold": False,
        **_standing(request, me),
        "ailing": 0 if me is None else _ailing(request, me),
        "at": request.get(PAGE, ""),
        "again": status >= _REFUSED,
    }
    return render(request, template, locale, status=status, **(shown | values))


def _standing(request: web.Request, me: SignedIn | None) -> dict[str, Any]:
    """Return what the bar shows of the desk: one's own availability, and how much waits."""
    board = request.get(STANDING)
    if me is None or board is None:
        return {"duty": "", "waiting": 0, "unseen": 0, "unanswered_talks": 0}
    return {
        "duty": board.duty(me.agent.name).state.value if me.agent.works else "",
        "waiting": board.waiting,
        "unseen": board.unseen.get(me.agent.name, 0),
        "unanswered_talks": board.unanswered.get(me.agent.name, 0),
    }


def _ailing(request: web.Request, me: SignedIn) -> int:
    """Return the number of failing webhook endpoints, for agents who supervise."""
    tools = request.config_dict.get(TOOLS)
    return len(tools.ailing()) if tools is not None and me.agent.supervises else 0


def console_error(request: web.Request, locale: str, status: int, message: str) -> web.Response:
    """Return an error page; what was typed before it is kept for its form."""
    if status == _NO_SUCH_PAGE:
        message = request.config_dict[CATALOGS].text(locale, "web.error.console_missing", {})
    back = way_back(request)
    return console_page(
        request,
        "console/error.html",
        status=status,
        hold=True,
        languages=(),
        message=message,
        back="" if back in {HOME, request.path_qs} else back,
    )


def said(request: web.Request, error: DeskError) -> str:
    """Return the message of an error in the reader's language."""
    return error_text(request.config_dict[CATALOGS], request[LOCALE], error)


async def console_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Keep answers out of caches and frames; an ``on_response_prepare`` signal.

    Browsers send our own pages the address a form came from, so that its text can be shown again
    after signing in; other sites get no referrer.
    """
    response.headers["Cache-Control"] = "no-store"
    if response.headers.get("Content-Security-Policy") != FILE_POLICY:
        response.headers["Content-Security-Policy"] = content_security_policy("'none'")
    response.headers["Referrer-Policy"] = "same-origin"


def _languages(request: web.Request) -> list[dict[str, str]]:
    catalogs = request.config_dict[CATALOGS]
    return [
        {
            "locale": one,
            "lang": LANGUAGE_TAGS[one],
            "name": catalogs.text(one, "web.language.name", {}),
        }
        for one in catalogs.locales
    ]


def _role_names(request: web.Request, locale: str) -> Callable[[str], str]:
    catalogs = request.config_dict[CATALOGS]
    return lambda role: catalogs.text(locale, f"web.console.role.{role}", {})


def _columns(request: web.Request) -> Callable[[datetime], str]:
    zone = ZoneInfo(request.config_dict[SETTINGS].zone)
    return lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _sentences(request: web.Request, locale: str) -> Callable[[datetime], str]:
    catalogs, zone = request.config_dict[CATALOGS], request.config_dict[SETTINGS].zone
    return lambda at: catalogs.text(
        locale,
        "web.console.instant",
        {"time": {"$time": at.isoformat(timespec="minutes"), "zone": zone, "year": True}},
    )
