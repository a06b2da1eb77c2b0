"""How a deed goes: one form, one call of a service, one redirect.

A deed that is refused shows the case as it is now, with the reason and with what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.numbers import canonical_number
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.staff.sight import Sight
from privacydesk.web.answers import STATUS, json_answer
from privacydesk.web.console.access import checked_form, signed_in
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.case import Fault, case_page, conversation_of, number_of, whole
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.tools import Tools
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.texts import error_text

_OURS: Final = 500


class Deed(Struct, frozen=True):
    """A deed under way.

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
        """The form's token, so that two submits count once."""
        return f"form:{self.form.get('job', '')}"

    @property
    def text(self) -> str:
        """The words of the form."""
        return self.form.get("text", "")

    @property
    def owner_seen(self) -> int:
        """The offset at which the page saw who owns the conversation."""
        return whole(self.form.get("owner_seen", ""))

    @property
    def case_seen(self) -> Sight:
        """What the page showed of the ticket's case."""
        return case_seen(self.form)


Act = Callable[[Deed], Awaitable[object]]


async def do(
    request: web.Request, what: str, act: Act, *, form: Mapping[str, str] | None = None
) -> web.Response:
    """Do a deed and send the browser back to where it was done; a script is told so.

    Args:
        request: the form that was sent.
        what: the deed's name.
        act: does it.
        form: the form's words, where they were read already.
    """
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, name = (await form_of(request) if form is None else form), _name(request)
    try:
        await act(Deed(tools, me.agent.name, form, name))
    except DeskError as error:
        if _wants_json(request):
            raise
        return await refused(request, what, form, error)
    # The next page tells of the desk as it is by now.
    request.config_dict[BOARD].forget()
    if _wants_json(request):
        return json_answer({"done": what, "job": f"{tools.minter.token()}-{what}"})
    raise web.HTTPSeeOther(f"{_address(request, form)}?done={what}")


async def form_of(request: web.Request) -> Mapping[str, str]:
    """Return the words of a form that one of our own pages sent, cleaned; files are left out.

    Staff paste from anywhere, and what they write is read in the chat: it is cleaned as there.
    """
    form = await checked_form(request)
    return {name: clean_text(value) for name, value in form.items() if isinstance(value, str)}


def case_seen(form: Mapping[str, str]) -> Sight:
    """Return what the page that a form came from showed of a ticket's case."""
    return Sight.read(form.get("case_seen", ""))


def _name(request: web.Request) -> str:
    in_ticket = "number" in request.match_info
    return number_of(request) if in_ticket else conversation_of(request).hex()


def _address(request: web.Request, form: Mapping[str, str]) -> str:
    """Return the page a deed was done on: a ticket's, also for what concerns its conversation."""
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
    """Show the case as it is now, with what was typed; whatever is no agent's fault goes on."""
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
