"""Bulk actions of the inbox: a page that names what will happen, and one that says how it went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from msgspec import Struct
from yarl import URL

from privacydesk.domain.agents import WORKERS, Agent
from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.duty import PresenceState
from privacydesk.domain.numbers import canonical_number
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.services.inbox import PAGE
from privacydesk.services.staff.bulk import BulkAction, BulkItem, BulkOrder
from privacydesk.services.staff.staleness import CaseDigest
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.forms import Form
from privacydesk.web.console.inbox import TICKED_PARAMETER
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import HOME, safe_next
from privacydesk.web.responses import STATUS

_INBOX: Final = "/console/inbox"


class _Line(Struct, frozen=True):
    """A ticket on a page about a bulk action.

    Attributes:
        item: the ticket.
        fault: why the action is impossible or has failed, in the agent's language; else empty.
    """

    item: BulkItem
    fault: str


@staff(*WORKERS)
async def confirm_bulk(request: web.Request) -> web.Response:
    """Ask for confirmation of an action on the selected tickets, and for what it takes."""
    form = await read_verified_form(request)
    return await _confirmation(request, form)


@staff(*WORKERS)
async def run_bulk(request: web.Request) -> web.Response:
    """Carry out an action on several tickets, and show how it went on each."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    form = await read_verified_form(request)
    order = _read_order(form)
    selection = {
        number: CaseDigest.read(str(form.get(f"seen-{number}", ""))) for number in _numbers(form)
    }
    try:
        items = await services.staff.bulk.run(
            order, selection, me.name, job_id=f"form:{form.get('job', '')}"
        )
    except DeskError as error:
        return await _confirmation(request, form, error)
    request.config_dict[BOARD_CACHE].invalidate()
    return _bulk_page(request, "console/bulk_done.html", form, items, order=order)


async def _confirmation(
    request: web.Request, form: Form, error: DeskError | None = None
) -> web.Response:
    """Return the page that asks for confirmation, after a refusal with what was submitted."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    action = _read_action(form)
    items = await services.staff.bulk.check(action, _numbers(form), me.name)
    locales = Counter(item.ticket.locale for item in items if item.ticket and not item.error)
    modules = await services.modules.all() if action is BulkAction.ASK else ()
    return _bulk_page(
        request,
        "console/bulk.html",
        form,
        items,
        status=200 if error is None else STATUS.get(error.code, 500),
        action=action,
        colleagues=await _colleagues(request, me),
        locales=locales,
        modules={
            locale: services.modules.render_usable(modules, me, locale, None) for locale in locales
        },
        submitted={name: clean_text(str(value)) for name, value in form.items()},
        error_message="" if error is None else error_message(request, error),
        redisplayed=error is not None,
        job=services.minter.token(),
    )


async def _colleagues(request: web.Request, me: Agent) -> list[tuple[Agent, PresenceState, int]]:
    """Return who may get requests, each with presence and number of open requests."""
    services = request.config_dict[SERVICES]
    board, now = await request.config_dict[BOARD_CACHE].get(), services.clock.now()
    return [
        (agent, board.duty(agent.name).presence(now), board.requests.get(agent.name, 0))
        for agent in services.agents.values()
        if agent.active and agent.works and agent.name != me.name
    ]


def _bulk_page(
    request: web.Request, template: str, form: Form, items: Sequence[BulkItem], **values: Any
) -> web.Response:
    lines = [_Line(item, _fault(request, item)) for item in items]
    list_address = _list_address(form)
    return console_page(
        request,
        template,
        **{
            "possible": [line for line in lines if not line.fault],
            "impossible": [line for line in lines if line.fault],
            "list_address": list_address,
            "ticked_address": str(URL(list_address).update_query({TICKED_PARAMETER: "yes"})),
            "page_address": list_address,
            "w": localizer_of(request),
            **values,
        },
    )


def _fault(request: web.Request, item: BulkItem) -> str:
    if item.error is None:
        return ""
    if item.ticket is not None and item.error.data.get("reason") == "held":
        localizer = localizer_of(request)
        holder = localizer.agent(item.ticket.holder)
        return localizer.sentence("web.bulk.held", agent=holder)
    return error_message(request, item.error)


def _read_action(form: Form) -> BulkAction:
    try:
        return BulkAction(str(form.get("action", "")))
    except ValueError:
        raise InvalidRequestError("there is no such action") from None


def _read_order(form: Form) -> BulkOrder:
    prefix = "text-"
    texts = {
        name.removeprefix(prefix): clean_text(str(value))
        for name, value in form.items()
        if name.startswith(prefix)
    }
    return BulkOrder(_read_action(form), str(form.get("to", "")), texts)


def _numbers(form: Form) -> list[str]:
    """Return the numbers of the selected tickets, each once."""
    numbers = (canonical_number(str(number)) for number in form.getall("ticket", []))
    return list(dict.fromkeys(number for number in numbers if number))[:PAGE]


def _list_address(form: Form) -> str:
    """Return the address of the list that the tickets were selected on."""
    address = safe_next(str(form.get("list", "")))
    return address if address != HOME and address.startswith(_INBOX) else _INBOX
