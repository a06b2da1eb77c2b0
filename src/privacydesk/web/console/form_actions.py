"""How an action is carried out: one form, one service call, one redirect.

A refused action shows the case as it is now, with the reason and with what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.numbers import canonical_number
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.staff.staleness import Sight
from privacydesk.web.answers import STATUS, json_answer
from privacydesk.web.console.access import checked_form, signed_in
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.case import Fault, case_page, conversation_of, number_of, whole
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.tools import Tools
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.texts import error_text

_OURS: Final = 500


class FormAction(Struct, frozen=True):
    """An action being carried out.

    Attributes:
        by: who does it.
        form: what was typed.
        name: the ticket's number, or the conversation's id in hex.
    """

    tools: Tools
    by: str
    form: Mapping[str, str]
    name: str

    @property
    def job(self) -> str:
        """The job id of the form, so that two submits count once."""
        return f"form:{self.form.get('job', '')}"

    @property
    def text(self) -> str:
        """The text of the form."""
        return self.form.get("text", "")

    @property
    def owner_seen(self) -> int:
        """The offset of the conversation's owner as the page showed it."""
        return whole(self.form.get("owner_seen", ""))

    @property
    def case_seen(self) -> Sight:
        """What the page showed of the ticket's case."""
        return case_seen(self.form)


Act = Callable[[FormAction], Awaitable[object]]


async def do(
    request: web.Request, what: str, act: Act, *, form: Mapping[str, str] | None = None
) -> web.Response:
    """Carry out an action and redirect to the page it was done on; a script gets JSON.

    Args:
        request: the form that was sent.
        what: the action's name.
        act: carries it out.
        form: the form's fields, if they were read already.
    """
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, name = (await form_of(request) if form is None else form), _name(request)
    try:
        await act(FormAction(tools, me.agent.name, form, name))
    except DeskError as error:
        if _wants_json(request):
            raise
        return await refused(request, what, form, error)
    # The next page must show the desk's current status.
    request.config_dict[BOARD].forget()
    if _wants_json(request):
        return json_answer({"done": what, "job": f"{tools.minter.token()}-{what}"})
    raise web.HTTPSeeOther(f"{_address(request, form)}?done={what}")


async def form_of(request: web.Request) -> Mapping[str, str]:
    """Return the cleaned text fields of a form that one of our own pages sent, without files.

    Staff paste from anywhere, and users read it in the chat: it is cleaned as there.
    """
    form = await checked_form(request)
    return {name: clean_text(value) for name, value in form.items() if isinstance(value, str)}


def case_seen(form: Mapping[str, str]) -> Sight:
    """Return what the form's page showed of a ticket's case."""
    return Sight.read(form.get("case_seen", ""))


def _name(request: web.Request) -> str:
    in_ticket = "number" in request.match_info
    return number_of(request) if in_ticket else conversation_of(request).hex()


def _address(request: web.Request, form: Mapping[str, str]) -> str:
    """Return the page of an action: the ticket's, also for actions on its conversation."""
    number = _shown(request, form)
    if number is not None:
        return f"/console/tickets/{number}"
    return f"/console/conversations/{conversation_of(request).hex()}"


def _shown(request: web.Request, form: Mapping[str, str]) -> str | None:
    """Return the number of the ticket on the page that a form came from."""
    if "number" in request.match_info:
        return number_of(request)
    return canonical_number(form.get("number", ""))


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


async def refused(
    request: web.Request, what: str, form: Mapping[str, str], error: DeskError
) -> web.Response:
    """Show the case as it is now, with what was typed; re-raise what is not the agent's fault."""
    status = STATUS.get(error.code, _OURS)
    if status >= _OURS or error.code is ErrorCode.NOT_FOUND:
        raise error
    tools = request.config_dict[TOOLS]
    number = _shown(request, form)
    if number is not None:
        sheet = await tools.casework.of_ticket(number)
    else:
        sheet = await tools.casework.of_conversation(conversation_of(request))
    message = error_text(request.config_dict[CATALOGS], request[LOCALE], error)
    return case_page(request, sheet, fault=Fault(what, message, form), status=status)
