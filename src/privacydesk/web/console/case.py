"""The case page: a conversation beside its ticket and the ticket's log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import StaffBoard
from privacydesk.domain.events import Event
from privacydesk.domain.failed_attempts import group_attempts
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.ticket_moves import Move, may
from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.services import plans
from privacydesk.services.staff.account_data import AccountHoldings, may_see_account_data
from privacydesk.services.staff.case_pages import (
    CasePage,
    ConversationView,
    count_entries_by_others,
)
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.escalations import ESCALATED
from privacydesk.services.staff.evidence import files_open_to, is_on_case, opened_evidence_ids
from privacydesk.services.staff.examinations import ExaminationResult
from privacydesk.services.staff.merges import find_merge_blocker
from privacydesk.services.staff.preconditions import (
    DecisionBlocker,
    Verdict,
    apply_verdict,
    find_decision_blockers,
    grant_needs_written_answer,
    may_be_granted_in_part,
)
from privacydesk.services.staff.restorations import may_be_restored
from privacydesk.services.staff.translations import Translation, needs_translation
from privacydesk.web.console.access import REQUEST_BOARD, agent_session, staff
from privacydesk.web.console.forms import parse_id
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page
from privacydesk.web.console.refusal_drafts import drafts_for
from privacydesk.web.console.seen_alarms import mark_alarms_seen
from privacydesk.web.console.services import ConsoleServices
from privacydesk.web.console.steps import Step, finished_steps, next_step
from privacydesk.web.console.task_rows import case_task_values
from privacydesk.web.console.verdicts import item_keys
from privacydesk.web.keys import LOCALE
from privacydesk.web.receipts import receipt_response
from privacydesk.web.responses import json_response

_MAX_DIGITS: Final = 15
_FREE_TEXT_FIELDS: Final = frozenset({"text", "answer", "reason", "granted"})
"""Names of free-text fields; a form with several of them appends a dash and a key."""


class FormError(Struct, frozen=True):
    """Why an action was refused, to be shown at its form.

    Attributes:
        form: the name of the action.
        message: the error message in the agent's language.
        submitted: the fields of the form as they were submitted.
        faults: the reasons of the errors that are shown at a field, by its name, instead of
            ``message``.
    """

    form: str
    message: str
    submitted: Mapping[str, str]
    faults: Mapping[str, str] = {}

    def texts_without_field(self, fields: Collection[str]) -> list[str]:
        """Return the submitted texts whose field the page no longer has.

        Args:
            fields: the fields that the page shows, filled with what was submitted.
        """
        texts = (
            value
            for name, value in self.submitted.items()
            if name.partition("-")[0] in _FREE_TEXT_FIELDS and name not in fields
        )
        return [text for text in texts if text.strip()]


class DecisionPreview(Struct, frozen=True):
    """A decision that the agent has to confirm.

    Attributes:
        verdict: the decision.
        blockers: why the ticket can't be decided like this yet.
        events: the messages that the user will see; empty while there are blockers.
        submitted: the fields of the form as they were submitted.
        by_hand: the items that staff carry out themselves, or a team.
    """

    verdict: Verdict
    blockers: tuple[DecisionBlocker, ...]
    events: tuple[Event, ...]
    submitted: Mapping[str, str]
    by_hand: tuple[ScopeItem, ...] = ()


class FindingPreview(Struct, frozen=True):
    """The result of an examination of evidence that the agent has to confirm.

    Attributes:
        result: the result of the examination.
        events: the messages that the requester will see.
        submitted: the fields of the form as they were submitted.
    """

    result: ExaminationResult
    events: tuple[Event, ...]
    submitted: Mapping[str, str]


@staff()
async def ticket_page(request: web.Request) -> web.Response:
    """Show the case page of a ticket."""
    case = await request.config_dict[SERVICES].case_pages.ticket_page(ticket_number_of(request))
    if case.ticket is not None:
        await mark_alarms_seen(request, case.ticket.id, case.ticket.conversation_id)
    return case_page(request, case)


@staff(counts_as_activity=False)
async def ticket_updates(request: web.Request) -> web.Response:
    """Show the same page to the script of an open one, which takes over what has changed."""
    return case_page(
        request,
        await request.config_dict[SERVICES].case_pages.ticket_page(ticket_number_of(request)),
    )


@staff()
async def ticket_receipt(request: web.Request) -> web.Response:
    """Send the receipt of a closed ticket, as its requester gets it."""
    services = request.config_dict[SERVICES]
    ticket = await services.staff.tickets.by_number(ticket_number_of(request))
    return receipt_response(await services.receipts.of(ticket))


@staff()
async def conversation_page(request: web.Request) -> web.Response:
    """Show the case page of a conversation, with a list of the tickets filed in it."""
    case_pages = request.config_dict[SERVICES].case_pages
    case = await case_pages.conversation_page(conversation_id_of(request))
    await mark_alarms_seen(request, case.view.conversation.id)
    return case_page(request, case)


@staff(counts_as_activity=False)
async def conversation_updates(request: web.Request) -> web.Response:
    """Return the events after an offset and the conversation's state, as HTML for the page.

    The query's ``day`` is that of the last event that the page shows: a new day gets a line.
    """
    after = parse_whole_number(request.query.get("after", "0"))
    view = await request.config_dict[SERVICES].case_pages.conversation_view(
        conversation_id_of(request), after=after
    )
    values = {
        "view": view,
        "w": localizer_of(request),
        "divided": True,
        "last_day": _parse_day(request.query.get("day", "")),
        "translation": None,
        **_conversation_values(request, view),
    }

    def render(template: str) -> str:
        return console_page(request, template, events=view.events, **values).text or ""

    return json_response(
        {
            "version": view.conversation.version,
            "owner": view.conversation.owner.offset,
            "events": render("console/events.html"),
            "status": render("console/status.html"),
        }
    )


def case_page(
    request: web.Request,
    case: CasePage,
    *,
    form_error: FormError | None = None,
    decision: DecisionPreview | None = None,
    finding: FindingPreview | None = None,
    holdings: AccountHoldings | None = None,
    translation: Translation | None = None,
    status: int = 200,
) -> web.Response:
    """Return the case page.

    Args:
        request: the agent's request.
        case: the content of the page.
        form_error: the error of a refused action.
        decision: a decision to confirm.
        finding: the result of an examination to confirm.
        holdings: what the account holds, if the agent asked for it.
        translation: messages in the agent's language, if the agent asked for them.
        status: the HTTP status of the response.
    """
    if case.ticket is not None:
        address = f"/console/tickets/{case.ticket.number}"
    else:
        address = f"/console/conversations/{case.view.conversation.id.hex()}"
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    submission = form_error or decision or finding
    return console_page(
        request,
        "console/case.html",
        status=status,
        case=case,
        case_seen=case.digest,
        view=case.view,
        attempts=group_attempts(case.view.conversation.attempts),
        ticket=case.ticket,
        form_error=form_error,
        decision=decision,
        finding=finding,
        holdings=holdings,
        translation=translation,
        read_at=services.clock.now(),
        submitted=submission.submitted if submission else {},
        page_address="" if request.method == "GET" else address,
        redisplayed=submission is not None,
        done=request.query.get("done", "") if request.method == "GET" else "",
        job=services.minter.token(),
        grounds=[ground.value for ground in Ground],
        w=localizer_of(request),
        modules=services.modules.render_usable(
            case.modules,
            me,
            case.view.conversation.locale,
            case.ticket,
        ),
        opened=(opened := opened_evidence_ids(case.log, me.name)),
        unopened=any(
            file.removed_at is None and file.id.hex() not in opened for file in case.evidence
        ),
        merge_targets=_merge_targets(case),
        own_requests=_own_requests(case),
        **_conversation_values(request, case.view),
        **_objection_values(request, case),
        **(_ticket_values(request, case.ticket) if case.ticket else {}),
    )


def _conversation_values(request: web.Request, view: ConversationView) -> dict[str, Any]:
    """Return the template variables of the conversation's status."""
    me, owner = agent_session(request).agent, view.conversation.owner
    localizer = localizer_of(request)
    translates = me.works and request.config_dict[SERVICES].translations.is_available
    return {
        "is_mine": owner.kind is OwnerKind.AGENT and owner.agent == me.name,
        "other_viewers": [localizer.agent(name) for name in view.viewers if name != me.name],
        "other_writers": [
            localizer.agent(name) for name in view.drafting_agents if name != me.name
        ],
        "may_work": me.works,
        "translates": translates,
        "can_translate": lambda event: translates and needs_translation(event, request[LOCALE]),
    }


def _objection_values(request: web.Request, case: CasePage) -> dict[str, Any]:
    """Return the template variables about objections that bar agents from the conversation."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    objections = [one for one in case.tickets_in_conversation if one.is_open]
    barred = {name for one in objections for name in one.excluded_reviewers}
    board, now = request.get(REQUEST_BOARD) or StaffBoard(), services.clock.now()
    return {
        "objection_here": next(
            (one for one in objections if me.name in one.excluded_reviewers), None
        ),
        "present_colleagues": [
            agent
            for agent in services.agents.values()
            if agent.active
            and agent.works
            and agent.name not in {me.name, *barred}
            and board.is_present(agent.name, now)
        ],
    }


def _ticket_values(request: web.Request, ticket: Ticket) -> dict[str, Any]:
    """Return the template variables of the ticket and its forms."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    proposal, clock = proposal_of(ticket), ticket.clock
    board, localizer = request.get(REQUEST_BOARD) or StaffBoard(), localizer_of(request)
    now, may_take_part = services.clock.now(), me.name not in ticket.excluded_reviewers
    return {
        "item_keys": item_keys(ticket),
        **_sentence_values(services, ticket),
        "steps": tuple(Step),
        "step": next_step(ticket),
        "finished_steps": finished_steps(ticket),
        "may_claim": me.works and ticket.is_open and ticket.holder != me.name and may_take_part,
        "held_by_other": me.works and ticket.is_open and ticket.holder not in {"", me.name},
        "count_entries_by_others": lambda log: count_entries_by_others(log, me.name),
        "availability_of": lambda name: localizer.availability(board.duty(name).presence(now)),
        "progress": services.inbox.deadline_progress(ticket),
        "proposal": proposal,
        "proposed_by_hand": items_by_hand(ticket, me, proposal.verdict) if proposal else (),
        "may_confirm": proposal is not None and proposal.by != me.name and may_take_part,
        "takes_two": services.staff.decisions.needs_second_agent(ticket),
        "blockers": find_decision_blockers(ticket, me),
        "needs_written_answer": grant_needs_written_answer(ticket),
        "parts_possible": may_be_granted_in_part(ticket),
        "may_ask": may(ticket, Move.ASK_REQUESTER) and may_take_part,
        "may_extend": me.supervises
        and clock is not None
        and ticket.answered_at is None
        and may_take_part,
        **_evidence_values(ticket, me),
        "closing_faces": services.operator_settings.closing_faces,
        "may_assign": ticket.is_open and (me.supervises or ticket.holder == me.name),
        "escalated": ESCALATED in ticket.flags,
        **case_task_values(services, ticket, me),
        "supervises": me.supervises,
        "may_see_account_data": may_see_account_data(ticket, me),
        "may_restore": me.supervises and may_be_restored(ticket),
        "colleagues": [
            agent
            for agent in services.agents.values()
            if agent.active
            and agent.works
            and agent.name not in (ticket.holder, *ticket.excluded_reviewers)
        ],
    }


def _sentence_values(services: ConsoleServices, ticket: Ticket) -> dict[str, Any]:
    """Return the drafts of reasons for refusals, in the language of the request."""
    locale = ticket.locale
    sentences = {
        ground: services.catalog.text(locale, f"web.case.sentence.{ground}", {})
        for ground in drafts_for(ticket.kind)
    }
    return {
        "sentences": {ground.value: text for ground, text in sentences.items()},
        # They say themselves what a ground that is left unnamed would.
        "telling": [text for ground, text in sentences.items() if ground.may_be_withheld],
        "neutral": services.catalog.text(locale, "web.case.sentence.withheld", {}),
    }


def _evidence_values(ticket: Ticket, me: Agent) -> dict[str, Any]:
    """Return the template variables about access to the submitted evidence."""
    work, on_case = ticket.work, me.works and is_on_case(ticket, me)
    open_to_me = files_open_to(ticket, me)
    not_offered = {"", me.name, *work.files_allowed, *work.files_asked}
    return {
        "may_open": on_case and open_to_me,
        "files_locked": on_case and ticket.has_unexamined_evidence and not open_to_me,
        "may_ask_files": on_case and not open_to_me and me.name not in work.files_asked,
        "may_allow": me.supervises and ticket.involves_minor and ticket.holder not in not_offered,
        "files_requested_by": [name for name in work.files_asked if name != me.name],
        "files_requested": me.name in work.files_asked,
        "files_open": open_to_me,
        "closes_account": ticket.kind is RequestKind.DEREGISTRATION,
    }


def items_by_hand(ticket: Ticket, agent: Agent, verdict: Verdict) -> tuple[ScopeItem, ...]:
    """Return the items of a decision that no program carries out."""
    decided = apply_verdict(ticket, agent, verdict)
    return tuple(item for _, item in plans.items_by_hand(decided))


def _merge_targets(case: CasePage) -> list[Ticket]:
    """Return the tickets that the page's ticket may be closed as a duplicate of."""
    ticket = case.ticket
    if ticket is None:
        return []
    others = (*case.related.linked, *case.related.earlier)
    return [other for other in others if find_merge_blocker(ticket, other) is None]


def _own_requests(case: CasePage) -> list[Ticket]:
    """Return the requests of the page's person, among which those are chosen that show an abuse."""
    related = (*case.related.linked, *case.related.earlier)
    return [] if case.ticket is None else [case.ticket, *related]


def conversation_id_of(request: web.Request) -> ConversationId:
    """Return the conversation id in the path of a request.

    Raises:
        NotFoundError: the path contains no valid id.
    """
    return ConversationId(parse_id(request.match_info["conversation"], "conversation"))


def ticket_number_of(request: web.Request) -> str:
    """Return the ticket number in the path of a request, in canonical form.

    Raises:
        NotFoundError: the path contains no valid number.
    """
    number = canonical_number(request.match_info["number"])
    if number is None:
        raise NotFoundError("there is no ticket with this number")
    return number


def _parse_day(text: str) -> date | None:
    """Parse the day of the last event that a page shows; None for a malformed one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_whole_number(text: str) -> int:
    """Parse a non-negative integer from a query or a form.

    Raises:
        InvalidRequestError: the text is no such number.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > _MAX_DIGITS:
        raise InvalidRequestError("not a whole number")
    return int(text)
