"""What agents do on the case page: each deed is one form, one call of a service, one redirect.

A deed that is refused shows the case as it is now, with the reason and with what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.numbers import canonical_number
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.staff.gate import lacking
from privacydesk.web.answers import STATUS, json_answer
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.case import (
    Draft,
    Fault,
    case_page,
    conversation_of,
    whole,
)
from privacydesk.web.console.tools import TOOLS, Tools
from privacydesk.web.console.verdicts import read_verdict
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.texts import error_text

WORKERS: Final = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
SUPERVISING: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
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
    def seen(self) -> int:
        """The offset at which the page saw who owns the conversation."""
        return whole(self.form.get("seen", ""))


Act = Callable[[Deed], Awaitable[object]]


# -- conversations -----------------------------------------------------------------------------


@staff(*WORKERS)
async def take(request: web.Request) -> web.Response:
    """Take a conversation over."""
    return await _do(
        request,
        "take",
        lambda d: d.tools.takeover.take(d.name, d.by, seen=d.seen, job_id=d.job),
    )


@staff(*WORKERS)
async def reply(request: web.Request) -> web.Response:
    """Write to the user as the owner of the conversation."""
    return await _do(
        request,
        "reply",
        lambda d: d.tools.takeover.reply(d.name, d.by, d.text, seen=d.seen, job_id=d.job),
    )


@staff(*WORKERS)
async def hand_back(request: web.Request) -> web.Response:
    """Give a conversation back to the assistant."""
    return await _do(
        request,
        "hand_back",
        lambda d: d.tools.takeover.hand_back(d.name, d.by, seen=d.seen, job_id=d.job),
    )


# -- tickets -----------------------------------------------------------------------------------


@staff(*WORKERS)
async def claim(request: web.Request) -> web.Response:
    """Become a ticket's holder."""
    return await _do(
        request,
        "claim",
        lambda d: d.tools.staff.handling.claim(d.name, d.by, over=d.form.get("holder", "")),
    )


@staff(*WORKERS)
async def assign(request: web.Request) -> web.Response:
    """Give a ticket to somebody else, or to nobody."""
    return await _do(
        request,
        "assign",
        lambda d: d.tools.staff.handling.assign(d.name, d.by, d.form.get("to", ""), job_id=d.job),
    )


@staff(*WORKERS)
async def note(request: web.Request) -> web.Response:
    """Leave a note for staff."""
    return await _do(
        request,
        "note",
        lambda d: d.tools.staff.handling.note(d.name, d.by, d.text, job_id=d.job),
    )


@staff(*WORKERS)
async def ask(request: web.Request) -> web.Response:
    """Ask the requester for more."""
    return await _do(
        request, "ask", lambda d: d.tools.staff.handling.ask(d.name, d.by, d.text, job_id=d.job)
    )


@staff(*SUPERVISING)
async def extend(request: web.Request) -> web.Response:
    """Give a ticket more time."""
    return await _do(
        request,
        "extend",
        lambda d: d.tools.staff.handling.extend(
            d.name,
            d.by,
            working_days=whole(d.form.get("days", "")),
            reason=d.text,
            job_id=d.job,
        ),
    )


@staff(*WORKERS)
async def examine(request: web.Request) -> web.Response:
    """Settle what evidence shows."""
    return await _do(
        request,
        "examine",
        lambda d: d.tools.staff.examining.examine(
            d.name,
            d.by,
            accepted=d.form.get("shown") == "yes",
            reason=d.text,
            account=d.form.get("account", ""),
            job_id=d.job,
        ),
    )


@staff(*SUPERVISING)
async def allow_files(request: web.Request) -> web.Response:
    """Let the agent on the case open a child's files."""
    return await _do(
        request,
        "allow_files",
        lambda d: d.tools.staff.cases.allow_files(d.name, d.by, job_id=d.job),
    )


@staff(*WORKERS)
async def open_evidence(request: web.Request) -> web.Response:
    """Show one file; the opening is logged before anything is shown."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    number, name = request.match_info["number"], request.match_info["evidence"]
    try:
        one = await tools.staff.cases.open_evidence(number, name, me.agent.name)
    except DeskError as error:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return await _refused(request, "evidence", number, {}, error)
    return web.Response(
        body=one.body,
        content_type=one.media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": "inline",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


# -- decisions ---------------------------------------------------------------------------------


@staff(*WORKERS)
async def preview(request: web.Request) -> web.Response:
    """Show what the user will see of a decision, or what is missing for it."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, number = await _form(request), request.match_info["number"]
    sheet = await tools.casework.of_ticket(number)
    assert sheet.ticket is not None
    verdict = read_verdict(form, sheet.ticket)
    lacks = lacking(sheet.ticket, me.agent, verdict)
    try:
        events = () if lacks else await tools.staff.deciding.preview(number, me.agent.name, verdict)
    except DeskError as error:
        return await _refused(request, "decide", number, form, error)
    return case_page(request, sheet, draft=Draft(verdict, lacks, events, form))


@staff(*WORKERS)
async def decide(request: web.Request) -> web.Response:
    """Decide a ticket as it was previewed."""

    async def act(deed: Deed) -> object:
        ticket = await deed.tools.staff.cases.ticket(deed.name)
        verdict = read_verdict(deed.form, ticket)
        return await deed.tools.staff.deciding.decide(deed.name, deed.by, verdict, job_id=deed.job)

    return await _do(request, "decide", act)


@staff(*WORKERS)
async def confirm(request: web.Request) -> web.Response:
    """Confirm what another agent decided."""
    return await _do(
        request, "confirm", lambda d: d.tools.staff.deciding.confirm(d.name, d.by, job_id=d.job)
    )


@staff(*WORKERS)
async def send_back(request: web.Request) -> web.Response:
    """Take a proposed decision back."""
    return await _do(
        request,
        "send_back",
        lambda d: d.tools.staff.deciding.send_back(d.name, d.by, d.text, job_id=d.job),
    )


# -- how a deed goes ---------------------------------------------------------------------------


async def _do(request: web.Request, what: str, act: Act) -> web.Response:
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, name = await _form(request), _name(request)
    try:
        await act(Deed(tools, me.agent.name, form, name))
    except DeskError as error:
        if _wants_json(request):
            raise
        return await _refused(request, what, name, form, error)
    if _wants_json(request):
        return json_answer({"done": what, "job": f"{tools.minter.token()}-{what}"})
    raise web.HTTPSeeOther(f"{_address(request, form)}?done={what}")


async def _form(request: web.Request) -> Mapping[str, str]:
    form = await checked_form(request)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _name(request: web.Request) -> str:
    number = request.match_info.get("number")
    return number if number is not None else conversation_of(request).hex()


def _address(request: web.Request, form: Mapping[str, str]) -> str:
    """Return the page a deed was done on: a ticket's, also for what concerns its conversation."""
    number = canonical_number(request.match_info.get("number") or form.get("number", ""))
    if number is not None:
        return f"/console/tickets/{number}"
    return f"/console/conversations/{conversation_of(request).hex()}"


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


async def _refused(
    request: web.Request, what: str, name: str, form: Mapping[str, str], error: DeskError
) -> web.Response:
    """Show the case as it is now, with what was typed; whatever is no agent's fault goes on."""
    status = STATUS.get(error.code, _OURS)
    if status >= _OURS or error.code is ErrorCode.NOT_FOUND:
        raise error
    tools = request.config_dict[TOOLS]
    number = canonical_number(name) or canonical_number(form.get("number", ""))
    if number is not None:
        sheet = await tools.casework.of_ticket(number)
    else:
        sheet = await tools.casework.of_conversation(conversation_of(request))
    message = error_text(request.config_dict[CATALOGS], request[LOCALE], error)
    return case_page(request, sheet, fault=Fault(what, message, form), status=status)
