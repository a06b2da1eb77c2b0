"""Shared parts of the pages on which administrators change settings."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.web.console import forms
from privacydesk.web.console.audit_localizer import AuditLocalizer
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reauthentication import DescribeAction, action_text
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/settings"


class Proposal(Struct, frozen=True):
    """What a form proposes to save, on the page that asks for confirmation.

    Attributes:
        body: the whole value as stored; empty for none of the administrators' own.
        seen: the version that it replaces.
        restored: the version that it repeats; 0 for none.
        comment: why.
    """

    body: str
    seen: int
    restored: int = 0
    comment: str = ""

    @classmethod
    def of(cls, form: Form) -> Proposal:
        """Return the proposal that a confirmation repeats."""
        return cls(
            str(form.get("body", "")),
            version_in(form, "seen"),
            version_in(form, "restored"),
            str(form.get("comment", "")),
        )


def version_in(form: Form, field: str) -> int:
    """Return the version that a field names; 0 for none."""
    return parse_whole_number(str(form.get(field, "")) or "0")


def nothing_changes() -> InvalidRequestError:
    """Return the error for a form that would change nothing."""
    return InvalidRequestError("this changes nothing", reason="setting_same")


def describe(action: str) -> DescribeAction:
    """Return a function that describes an action without an object."""

    async def description(request: web.Request, _form: Form) -> str:
        return action_text(request, action)

    return description


async def setting_page(
    request: web.Request,
    template: str,
    name: str,
    *,
    error: DeskError | None = None,
    **values: Any,
) -> web.Response:
    """Return a page about a setting, with its versions, and with the error of a refused form."""
    localizer, saved = localizer_of(request), request.config_dict[SERVICES].operator_settings.saved
    history = await saved.history(name)
    if error is not None:
        values |= {"languages": ()}
    return console_page(
        request,
        template,
        status=200 if error is None else STATUS.get(error.code, 500),
        error_message="" if error is None else error_message(request, error),
        error_detail="" if error is None else _detail(error),
        history=history,
        seen=history[0].version if history else 0,
        done=request.query.get("done", "") == "saved" and error is None,
        w=localizer,
        a=AuditLocalizer(localizer),
        **values,
    )


def _detail(error: DeskError) -> str:
    """Return where and what the fault in a file is; empty for other errors."""
    fault, line = error.data.get("fault"), error.data.get("line")
    if fault is None:
        return ""
    where = "" if line is None else f"line {line}: "
    remedy = error.data.get("remedy")
    return f"{where}{fault}" if remedy is None else f"{where}{fault}; {remedy}"


def saved_redirect(page: str, **parameters: str) -> web.HTTPSeeOther:
    """Return the redirect after a setting was saved, to its page."""
    return forms.done_redirect(f"{ADDRESS}/{page}", "saved", **parameters)
