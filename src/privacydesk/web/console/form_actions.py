"""Actions on the case page: parse a form, call one service, and redirect to the page.

A refused action shows the page as it is now, with the error message and the submitted input.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.numbers import canonical_number
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.staff.case_pages import CasePage
from privacydesk.services.staff.staleness import CaseDigest
from privacydesk.web.console.access import agent_session, read_verified_form
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.case import (
    FormError,
    case_page,
    conversation_id_of,
    parse_whole_number,
    ticket_number_of,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.services import ConsoleServices
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.responses import STATUS, json_response
from privacydesk.web.texts import error_text

_INTERNAL_ERROR: Final = 500


class FormAction(Struct, frozen=True):
    """An action of an agent, as submitted by a form.

    Attributes:
        services: the console's services.
        by: the name of the agent.
        form: the text fields of the form.
        target: the ticket's number, or the conversation's id in hex.
    """

    services: ConsoleServices
    by: str
    form: Mapping[str, str]
    target: str

    @property
    def job_id(self) -> str:
        """The idempotency key of the form: submitting it twice has the effect of once."""
        return f"form:{self.form.get('job', '')}"

    @property
    def text(self) -> str:
        """The form's field ``text``."""
        return self.form.get("text", "")

    @property
    def owner_seen(self) -> int:
        """The offset of the conversation's last change of owner, as the page showed it."""
        return parse_whole_number(self.form.get("owner_seen", ""))

    @property
    def case_seen(self) -> CaseDigest:
        """The digest of the ticket's case, as the page showed it."""
        return case_seen(self.form)


RunAction = Callable[[FormAction], Awaitable[object]]


async def run_action(
    request: web.Request, name: str, run: RunAction, *, form: Mapping[str, str] | None = None
) -> web.Response:
    """Run an action and redirect to its page; a script gets JSON instead.

    Args:
        request: the request with the form.
        name: the name of the action.
        run: runs the action.
        form: the text fields of the form, if the caller has read them already.
    """
    services, me = request.config_dict[SERVICES], agent_session(request)
    form = await read_text_fields(request) if form is None else form
    try:
        await run(FormAction(services, me.agent.name, form, _target_of(request)))
    except DeskError as error:
        if _wants_json(request):
            raise
        return await refusal_page(request, name, form, error)
    request.config_dict[BOARD_CACHE].invalidate()
    if _wants_json(request):
        return json_response({"done": name, "job": f"{services.minter.token()}-{name}"})
    raise web.HTTPSeeOther(f"{_page_address(request, form)}?done={name}")


async def read_text_fields(request: web.Request) -> Mapping[str, str]:
    """Return the text fields of a form, checked for request forgery and cleaned.

    Agents' texts are shown in the chat, so they are cleaned in the same way as users' messages.
    """
    form = await read_verified_form(request)
    return {name: clean_text(value) for name, value in form.items() if isinstance(value, str)}


def case_seen(form: Mapping[str, str]) -> CaseDigest:
    """Return the digest of the ticket's case in a form: what its page showed."""
    return CaseDigest.read(form.get("case_seen", ""))


def _target_of(request: web.Request) -> str:
    is_ticket = "number" in request.match_info
    return ticket_number_of(request) if is_ticket else conversation_id_of(request).hex()


def _page_address(request: web.Request, form: Mapping[str, str]) -> str:
    """Return the address of the page that a form was sent from."""
    number = _page_ticket(request, form)
    if number is not None:
        return f"/console/tickets/{number}"
    return f"/console/conversations/{conversation_id_of(request).hex()}"


def _page_ticket(request: web.Request, form: Mapping[str, str]) -> str | None:
    """Return the number of the ticket on the page that a form was sent from."""
    if "number" in request.match_info:
        return ticket_number_of(request)
    return canonical_number(form.get("number", ""))


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


async def load_case(request: web.Request, form: Mapping[str, str]) -> CasePage:
    """Return the content of the page that a form was sent from, as it is now.

    Raises:
        NotFoundError: there is no such page.
    """
    case_pages = request.config_dict[SERVICES].case_pages
    number = _page_ticket(request, form)
    if number is not None:
        return await case_pages.ticket_page(number)
    return await case_pages.conversation_page(conversation_id_of(request))


async def refusal_page(
    request: web.Request, action: str, form: Mapping[str, str], error: DeskError
) -> web.Response:
    """Return the case page with the error of a refused action and the submitted form.

    Args:
        request: the request with the form.
        action: the name of the action.
        form: the text fields of the form.
        error: why the action was refused.

    Raises:
        DeskError: ``error``, if it is internal or the page doesn't exist.
    """
    status = STATUS.get(error.code, _INTERNAL_ERROR)
    if status >= _INTERNAL_ERROR or error.code is ErrorCode.NOT_FOUND:
        raise error
    case = await load_case(request, form)
    message = error_text(request.config_dict[CATALOGS], request[LOCALE], error)
    form_error = FormError(action, message, form)
    return case_page(request, case, form_error=form_error, status=status)
