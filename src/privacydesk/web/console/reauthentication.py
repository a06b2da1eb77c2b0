"""Asking for the password and the second factor again before administrators' actions.

An open browser is no consent. The page that asks carries the form's fields along, so that
nothing has to be typed again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from aiohttp import web

from privacydesk.domain.signin import PROOF_TIME
from privacydesk.errors import DeskError
from privacydesk.i18n.locales import LOCALES
from privacydesk.web.answers import STATUS
from privacydesk.web.console.access import (
    FORM_TOKEN,
    checked_form,
    mark_proven,
    send_in,
    signed_in,
)
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import DOORS
from privacydesk.web.console.languages import speak
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.redirects import PAGE, place_of
from privacydesk.web.keys import CATALOGS, LOCALE

_Handler = Callable[[web.Request], Awaitable[web.Response]]
_Proven = Callable[[web.Request], Awaitable[web.StreamResponse]]

Act = Callable[[web.Request, Form], Awaitable[str]]
"""Describes what a form does and to whom, in the reader's language; see ``act_text``."""

_PASSWORD: Final = "proof_password"  # noqa: S105 - the name of a field
_CODE: Final = "proof_code"
_LANGUAGE: Final = "proof_language"
_OWN: Final = frozenset({FORM_TOKEN, _PASSWORD, _CODE, _LANGUAGE})
_ASKED: Final = 401
_WRONG: Final = 500


def proven(act: Act) -> Callable[[_Handler], _Proven]:
    """Require password and second factor, given just now, before a form handler runs.

    Args:
        act: describes what is confirmed, for the page that asks; raises ``DeskError``, or returns
            nothing, if the form names nobody.
    """

    def prove(handler: _Handler) -> _Proven:
        @wraps(handler)
        async def asking(request: web.Request) -> web.StreamResponse:
            form, me = await checked_form(request), signed_in(request)
            if me.proven:
                return await handler(request)
            if _LANGUAGE in form:
                return await _in_language(request, form, act)
            if _PASSWORD not in form:
                return await _page(request, form, act)
            try:
                await request.config_dict[DOORS].account.reauthenticate(
                    me.agent,
                    me.session,
                    password=form[_PASSWORD],
                    code=form.get(_CODE, ""),
                    place=place_of(request),
                )
            except DeskError as error:
                if error.data.get("reason") == "signed_out":
                    return send_in(request)
                return await _page(request, form, act, error)
            return await handler(request)

        mark_proven(asking)
        return asking

    return prove


def act_text(request: web.Request, act: str, **named: str) -> str:
    """Return the sentence for an administrator's action, such as ``disable_agent``."""
    return request.config_dict[CATALOGS].text(request[LOCALE], f"web.console.proof.{act}", named)


async def _in_language(request: web.Request, form: Form, act: Act) -> web.Response:
    """Ask in another language; the page keeps the fields it carries."""
    locale = str(form[_LANGUAGE])
    if locale in LOCALES:
        request[LOCALE] = locale
    answer = await _page(request, form, act)
    await speak(request, answer, locale)
    return answer


async def _page(
    request: web.Request, form: Form, act: Act, error: DeskError | None = None
) -> web.Response:
    account = request.config_dict[DOORS].account
    try:
        confirmed = await act(request, form)
    except DeskError:
        # Once it is confirmed, the handler says what is wrong with the form.
        confirmed = ""
    return console_page(
        request,
        "console/proof.html",
        status=_ASKED if error is None else STATUS.get(error.code, _WRONG),
        hold=True,
        act=confirmed,
        action=request.path_qs,
        carried=[(name, value) for name, value in form.items() if name not in _OWN],
        language_field=_LANGUAGE,
        asks_code=await account.asks_code(signed_in(request).agent),
        minutes=int(PROOF_TIME.total_seconds() // 60),
        back=request[PAGE],
        wrong="" if error is None else said(request, error),
    )
