"""Asking for the password and the second factor again before an act of administrators.

An open browser is no consent. The page that asks carries the fields of the form along, so that
nothing of it has to be typed again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from aiohttp import web

from privacydesk.domain.signin import PROOF_TIME
from privacydesk.errors import DeskError
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
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.places import PAGE, place_of

_Handler = Callable[[web.Request], Awaitable[web.Response]]

_PASSWORD: Final = "proof_password"  # noqa: S105 - the name of a field
_CODE: Final = "proof_code"
_OWN: Final = frozenset({FORM_TOKEN, _PASSWORD, _CODE})
_ASKED: Final = 401
_WRONG: Final = 500


def proven(handler: _Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Have a handler of forms run only for who gave password and second factor just now."""

    @wraps(handler)
    async def asking(request: web.Request) -> web.StreamResponse:
        form, me = await checked_form(request), signed_in(request)
        if me.proven:
            return await handler(request)
        if _PASSWORD not in form:
            return await _page(request, form)
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
            return await _page(request, form, error)
        return await handler(request)

    mark_proven(asking)
    return asking


async def _page(request: web.Request, form: Form, error: DeskError | None = None) -> web.Response:
    account = request.config_dict[DOORS].account
    return console_page(
        request,
        "console/proof.html",
        status=_ASKED if error is None else STATUS.get(error.code, _WRONG),
        hold=True,
        languages=(),
        action=request.path_qs,
        fields=[(name, value) for name, value in form.items() if name not in _OWN],
        asks_code=await account.asks_code(signed_in(request).agent),
        minutes=int(PROOF_TIME.total_seconds() // 60),
        back=request[PAGE],
        wrong="" if error is None else said(request, error),
    )
