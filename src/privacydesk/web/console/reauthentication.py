"""Reauthentication: agents authenticate again before changes of access and other actions.

It protects against somebody else using an unattended browser. The page that asks has the fields of
the submitted form as hidden fields, so that nothing has to be entered twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from aiohttp import web

from privacydesk.domain.signin import REAUTHENTICATION_TIME
from privacydesk.errors import DeskError
from privacydesk.i18n.locales import LOCALES
from privacydesk.web.console.access import (
    FORM_TOKEN,
    agent_session,
    read_verified_form,
    redirect_to_sign_in,
    require_reauthentication,
)
from privacydesk.web.console.confirmation import proof_values, reauthenticate
from privacydesk.web.console.forms import Form
from privacydesk.web.console.languages import store_language
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import FORM_PAGE
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.responses import STATUS

_Handler = Callable[[web.Request], Awaitable[web.Response]]
_WrappedHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DescribeAction = Callable[[web.Request, Form], Awaitable[str]]
"""Returns what a form does and to whom, in the agent's language; see ``action_text``."""

_PREFIX: Final = "proof_"
_PROOFS: Final = frozenset({"proof_password", "proof_passkey"})
_LANGUAGE: Final = "proof_language"
_OWN_FIELDS: Final = _PROOFS | {FORM_TOKEN, "proof_code", _LANGUAGE}
_UNAUTHORIZED: Final = 401
_INTERNAL_ERROR: Final = 500


def reauthenticated(describe: DescribeAction) -> Callable[[_Handler], _WrappedHandler]:
    """Require a recent reauthentication before a form handler runs.

    Args:
        describe: describes the action for the page that asks; raises ``DeskError`` if the form is
            invalid.
    """

    def decorate(handler: _Handler) -> _WrappedHandler:
        @wraps(handler)
        async def wrapper(request: web.Request) -> web.StreamResponse:
            form, me = await read_verified_form(request), agent_session(request)
            if me.reauthenticated:
                return await handler(request)
            if _LANGUAGE in form:
                return await _change_language(request, form, describe)
            if not _PROOFS & form.keys():
                return await _render_page(request, form, describe)
            try:
                await reauthenticate(request, form, _PREFIX)
            except DeskError as error:
                if error.data.get("reason") == "signed_out":
                    return redirect_to_sign_in(request)
                return await _render_page(request, form, describe, error)
            return await handler(request)

        require_reauthentication(wrapper)
        return wrapper

    return decorate


def action_text(request: web.Request, action: str, **values: str) -> str:
    """Return the description of an administrator's action in the agent's language.

    Args:
        request: the request for the action.
        action: the name of the action, such as ``disable_agent``.
        **values: values for the placeholders of the text.
    """
    catalogs = request.config_dict[CATALOGS]
    return catalogs.text(request[LOCALE], f"web.console.proof.{action}", values)


async def _change_language(
    request: web.Request, form: Form, describe: DescribeAction
) -> web.Response:
    """Show the page in another language, with the same hidden fields."""
    locale = str(form[_LANGUAGE])
    if locale in LOCALES:
        request[LOCALE] = locale
    response = await _render_page(request, form, describe)
    await store_language(request, response, locale)
    return response


async def _render_page(
    request: web.Request, form: Form, describe: DescribeAction, error: DeskError | None = None
) -> web.Response:
    try:
        description = await describe(request, form)
    except DeskError:
        # The handler will report the error after the reauthentication.
        description = ""
    return console_page(
        request,
        "console/proof.html",
        status=_UNAUTHORIZED if error is None else STATUS.get(error.code, _INTERNAL_ERROR),
        keep_input=True,
        description=description,
        action=request.path_qs,
        hidden_fields=[(name, value) for name, value in form.items() if name not in _OWN_FIELDS],
        language_field=_LANGUAGE,
        **await proof_values(request, request[FORM_PAGE]),
        minutes=int(REAUTHENTICATION_TIME.total_seconds() // 60),
        previous=request[FORM_PAGE],
        error_message="" if error is None else error_message(request, error),
    )
