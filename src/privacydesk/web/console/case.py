"""The case page: conversation, ticket and log side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import Board
from privacydesk.domain.events import Event
from privacydesk.domain.failed_codes import in_rows
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.ticket_moves import Move, may
from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.services.staff.casework import Sheet, Talk, left_by_others
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.escalations import ESCALATED
from privacydesk.services.staff.evidence import files_open_to, looks_after, opened_by
from privacydesk.services.staff.examinations import Finding
from privacydesk.services.staff.merges import hindrance
from privacydesk.services.staff.preconditions import Lack, Verdict, answered_in_words, lacking
from privacydesk.services.staff.restorations import may_be_restored
from privacydesk.web.answers import json_answer
from privacydesk.web.console.access import STANDING, signed_in, staff
from privacydesk.web.console.calls import opened
from privacydesk.web.console.forms import named_id
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page
from privacydesk.web.console.verdicts import keys_of
from privacydesk.web.console.words import words_of

_MOST_DIGITS: Final = 15
_WRITTEN: Final = frozenset({"text", "answer", "reason"})
"""Free-text fields; with a number appended where there are several."""


class Fault(Struct, frozen=True):
    """Why an action was refused, for the form it came from.

    Attributes:
        form: the action's name.
        message: in the agent's language.
        kept: what was typed.
    """

    form: str
    message: str
    kept: Mapping[str, str]

    def left(self, shown: Collection[str]) -> list[str]:
        """Return what was typed into fields that the page no longer has.

        Args:
            shown: the fields that it shows again, with what was typed into them.
        """
        written = (
            value
            for name, value in self.kept.items()
            if name.partition("-")[0] in _WRITTEN and name not in shown
        )
        return [one for one in written if one.strip()]


class Draft(Struct, frozen=True):
    """A decision that is previewed before it is made.

    Attributes:
        verdict: what is decided.
        lacks: missing requirements; the gate stays shut while there are any.
        events: what the user will see; empty while the gate is shut.
        kept: the form it came from.
    """

    verdict: Verdict
    lacks: tuple[Lack, ...]
    events: tuple[Event, ...]
    kept: Mapping[str, str]


class FindingDraft(Struct, frozen=True):
    """A finding on evidence that is previewed before it is settled.

    Attributes:
        found: what was found.
        events: what the requester will read.
        kept: the form it came from.
    """

    found: Finding
    events: tuple[Event, ...]
    kept: Mapping[str, str]


@staff()
async def ticket_page(request: web.Request) -> web.Response:
    """Show the case of a ticket."""
    sheet = await request.config_dict[TOOLS].casework.of_ticket(number_of(request))
    if sheet.ticket is not None:
        await opened(request, sheet.ticket.id, sheet.ticket.conversation_id)
    return case_page(request, sheet)


@staff()
async def conversation_page(request: web.Request) -> web.Response:
    """Show a conversation with the tickets filed in it."""
    sheet = await request.config_dict[TOOLS].casework.of_conversation(conversation_of(request))
    await opened(request, sheet.talk.conversation.id)
    return case_page(request, sheet)


@staff(keeps_awake=False)
async def talk(request: web.Request) -> web.Response:
    """Answer with the events after an offset, and the conversation's current state."""
    tools = request.config_dict[TOOLS]
    after = whole(request.query.get("after", "0"))
    shown = await tools.casework.talk(conversation_of(request), after=after)
    values = {"talk": shown, "w": words_of(request), **_ownership(request, shown)}

    def part(template: str) -> str:
        return console_page(request, template, events=shown.events, **values).text or ""

    return json_answer(
        {
            "version": shown.conversation.version,
            "owner": shown.conversation.owner.offset,
            "events": part("console/events.html"),
            "status": part("console/status.html"),
        }
    )


def case_page(
    request: web.Request,
    sheet: Sheet,
    *,
    fault: Fault | None = None,
    draft: Draft | None = None,
    finding: FindingDraft | None = None,
    status: int = 200,
) -> web.Response:
    """Return the page of a case; after a refused action, with what was typed."""
    if sheet.ticket is not None:
        address = f"/console/tickets/{sheet.ticket.number}"
    else:
        address = f"/console/conversations/{sheet.talk.conversation.id.hex()}"
    shown = fault or draft or finding
    return console_page(
        request,
        "console/case.html",
        status=status,
        sheet=sheet,
        case_seen=sheet.sight,
        talk=sheet.talk,
        attempts=in_rows(sheet.talk.conversation.attempts),
        ticket=sheet.ticket,
        fault=fault,
        draft=draft,
        finding=finding,
        kept=shown.kept if shown else {},
        at="" if request.method == "GET" else address,
        again=shown is not None,
        done=request.query.get("done", "") if request.method == "GET" else "",
        job=request.config_dict[TOOLS].minter.token(),
        grounds=[ground.value for ground in Ground],
        w=words_of(request),
        modules=request.config_dict[TOOLS].modules.fitting(
            sheet.modules, signed_in(request).agent, sheet.talk.conversation.locale, sheet.ticket
        ),
        **_ownership(request, sheet.talk),
        opened=(opened := opened_by(sheet.log, signed_in(request).agent.name)),
        unopened=any(
            one.removed_at is None and one.id.hex() not in opened for one in sheet.evidence
        ),
        **(_of_ticket(request, sheet.ticket) if sheet.ticket else {}),
        same_as=_same_as(sheet),
    )


def _ownership(request: web.Request, shown: Talk) -> dict[str, Any]:
    me, owner, words = signed_in(request).agent, shown.conversation.owner, words_of(request)
    return {
        "is_mine": owner.kind is OwnerKind.AGENT and owner.agent == me.name,
        "others": [words.agent(name) for name in shown.looking if name != me.name],
        "writing": [words.agent(name) for name in shown.writing if name != me.name],
        "may_work": me.works,
    }


def _of_ticket(request: web.Request, ticket: Ticket) -> dict[str, Any]:
    tools, me = request.config_dict[TOOLS], signed_in(request).agent
    proposal = proposal_of(ticket)
    clock = ticket.clock
    board, now, words = request.get(STANDING) or Board(), tools.clock.now(), words_of(request)
    return {
        "item_keys": keys_of(ticket),
        "left_by_others": lambda log: left_by_others(log, me.name),
        "there": lambda name: words.standing(board.duty(name).standing(now)),
        "count": tools.inbox.count(ticket),
        "proposal": proposal,
        "may_confirm": proposal is not None and me.name not in (proposal.by, *ticket.reviewer_not),
        "takes_two": tools.staff.decisions.takes_two(ticket),
        "standing": lacking(ticket, me),
        "in_words": answered_in_words(ticket),
        "may_ask": may(ticket, Move.ASK_REQUESTER),
        "may_extend": me.supervises and clock is not None and ticket.answered_at is None,
        **_of_files(ticket, me),
        "may_assign": ticket.is_open and (me.supervises or ticket.holder == me.name),
        "escalated": ESCALATED in ticket.flags,
        "supervises": me.supervises,
        "may_restore": me.supervises and may_be_restored(ticket),
        "colleagues": [
            agent
            for agent in tools.agents.values()
            if agent.active and agent.works and agent.name != ticket.holder
        ],
    }


def _of_files(ticket: Ticket, me: Agent) -> dict[str, Any]:
    """Return who may open the submitted files, and who requests access."""
    work, on_case = ticket.work, me.works and looks_after(ticket, me)
    open_to_me = files_open_to(ticket, me)
    decided = {"", me.name, *work.files_allowed, *work.files_asked}
    return {
        "may_open": on_case and open_to_me,
        "may_ask_files": on_case and not open_to_me and me.name not in work.files_asked,
        "may_allow": me.supervises and ticket.is_guarded and ticket.holder not in decided,
        "asks": [name for name in work.files_asked if name != me.name],
        "asked": me.name in work.files_asked,
        "files_open": open_to_me,
    }


def _same_as(sheet: Sheet) -> list[Ticket]:
    """Return the tickets that this one may be closed as a duplicate of."""
    ticket = sheet.ticket
    if ticket is None:
        return []
    others = (*sheet.related.linked, *sheet.related.earlier)
    return [one for one in others if hindrance(ticket, one) is None]


def conversation_of(request: web.Request) -> ConversationId:
    """Return the conversation that an address names.

    Raises:
        NotFoundError: it names none.
    """
    return ConversationId(named_id(request.match_info["conversation"], "conversation"))


def number_of(request: web.Request) -> str:
    """Return the ticket number that an address names, in its canonical form.

    Raises:
        NotFoundError: it names none.
    """
    number = canonical_number(request.match_info["number"])
    if number is None:
        raise NotFoundError("there is no ticket with this number")
    return number


def whole(text: str) -> int:
    """Return a number that a page of ours wrote into an address or a form.

    Raises:
        InvalidRequestError: it is none.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS:
        raise InvalidRequestError("this is no whole number")
    return int(text)
