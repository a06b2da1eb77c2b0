"""Write operations on tickets.

They call the services of the console, with the same permissions and the same second reviewer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from msgspec.structs import replace
from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import InvalidRequestError
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.web.api.operations import ApiResponse, Call, Group, Operation, write_operation
from privacydesk.web.api.schemas import (
    BODY_INTEGER,
    AgentName,
    EmptyRequest,
    NonBlankText,
    RequestModel,
    ResponseModel,
    Text,
)

_MAX_ITEMS: Final = 50
_MAX_EXTENSION: Final = 60
_Number = Annotated[str, Field(min_length=1, max_length=40)]
"""A ticket's number."""


class AssignTicketRequest(RequestModel):
    """The assignment of a ticket."""

    to: AgentName | None = Field(description="The new holder; null to unassign the ticket.")


class TextRequest(RequestModel):
    """A text written by an agent."""

    text: NonBlankText


class EscalateTicketRequest(RequestModel):
    """The escalation of a ticket."""

    reason: NonBlankText


class ExamineEvidenceRequest(RequestModel):
    """The result of examining the evidence."""

    accepted: bool = Field(
        description="Whether it proves the requester's identity; if so, the deadline starts."
    )
    reason: Text = Field(
        default="", description="For the requester, if the evidence is not accepted."
    )
    account: Text = Field(
        default="", description="The account that the request is about, if the ticket has none yet."
    )


class AbuseRequest(RequestModel):
    """The evidence for a refusal on the ground `malice_or_abuse`, which needs it."""

    requests: tuple[_Number, ...] = Field(
        min_length=1,
        max_length=_MAX_ITEMS,
        description="The numbers of the same person's requests that show it.",
    )
    facts: NonBlankText = Field(description="What they show; for staff, not for the requester.")


_ABUSE: Final = Field(
    default=None, description="Required for the ground `malice_or_abuse`, ignored for others."
)


class ItemRefusal(RequestModel):
    """The refusal of one item of a request, or of a part of it."""

    item: Annotated[int, Field(ge=0, lt=_MAX_ITEMS), BODY_INTEGER] = Field(
        description="The index in the ticket's `items`, from 0."
    )
    ground: Ground
    reason: NonBlankText
    granted: Text = Field(
        default="",
        description="Which part of the item is granted all the same, in plain language; empty if"
        " none is. Staff carry that part out by hand.",
    )


class GrantTicketRequest(RequestModel):
    """The decision to grant a request, completely or except for some items."""

    text: Text = Field(
        default="", description="The answer, for a request that is answered with a text."
    )
    account: Text = Field(
        default="", description="The account that the request is about, if the ticket has none yet."
    )
    refused: tuple[ItemRefusal, ...] = Field(default=(), max_length=_MAX_ITEMS)
    carried_out: bool = Field(
        default=False,
        description="Whether what no program carries out is done. Otherwise it becomes a task, and"
        " the ticket stays in `fulfilling` until the task is answered.",
    )
    abuse: AbuseRequest | None = _ABUSE


class RefuseTicketRequest(RequestModel):
    """The decision to refuse a request completely."""

    ground: Ground
    reason: NonBlankText = Field(description="An explanation in plain language for the requester.")
    abuse: AbuseRequest | None = _ABUSE


class ExtendTicketRequest(RequestModel):
    """The extension of a deadline."""

    working_days: Annotated[int, Field(ge=1, le=_MAX_EXTENSION), BODY_INTEGER] = Field(
        description="How many working days are added to the running deadline."
    )
    reason: NonBlankText = Field(description="Why; the requester is told.")


class MergeTicketRequest(RequestModel):
    """The request that a duplicate is closed into."""

    into: _Number = Field(description="The number of the ticket that stays open.")
    reason: NonBlankText = Field(description="Why they are duplicates; for staff.")


class ReasonRequest(RequestModel):
    """A reason, for staff."""

    reason: NonBlankText


class ConfirmDecisionRequest(RequestModel):
    """The confirmation of a proposed decision."""

    carried_out: bool = Field(
        default=False,
        description="Whether what no program carries out is done. Otherwise it becomes a task.",
    )


class TicketActionResponse(ResponseModel):
    """The state of a ticket after an operation."""

    number: str
    version: int = Field(description="The version; also the entity tag.")
    state: TicketState
    holder: str
    proposed: bool = Field(
        description="Whether a decision awaits confirmation by a second person, without effect yet."
    )


def _response(ticket: Ticket) -> ApiResponse:
    return ApiResponse(
        TicketActionResponse(
            number=ticket.number,
            version=ticket.version,
            state=ticket.state,
            holder=ticket.holder,
            proposed=proposal_of(ticket) is not None,
        ),
        ticket.version,
    )


async def _act(
    call: Call[EmptyRequest, Any],
    service_method: Callable[..., Awaitable[Ticket]],
    *arguments: object,
    seen: int | None = None,
    **options: object,
) -> ApiResponse:
    """Call a method of the staff's services for the ticket in the path, as the caller.

    Args:
        call: the request, whose job is done once.
        service_method: takes the ticket's number, who acts, and the rest.
        arguments: what else it takes by position.
        seen: the version that it has to apply to; by default, the one in ``If-Match``.
        options: what else it takes by name.
    """
    ticket = await service_method(
        call.path["number"],
        call.actor,
        *arguments,
        job_id=call.job_id,
        seen=call.expected_version if seen is None else seen,
        **options,
    )
    return _response(ticket)


async def _claim(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.handling.claim)


async def _assign(call: Call[EmptyRequest, AssignTicketRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.handling.assign, call.body.to or "")


async def _note(call: Call[EmptyRequest, TextRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.handling.add_note, call.body.text)


async def _escalate(call: Call[EmptyRequest, EscalateTicketRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.escalations.escalate, call.body.reason)


async def _reply(call: Call[EmptyRequest, TextRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.handling.reply, call.body.text)


async def _ask(call: Call[EmptyRequest, TextRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.handling.ask_requester, call.body.text)


async def _examine(call: Call[EmptyRequest, ExamineEvidenceRequest]) -> ApiResponse:
    return await _act(
        call,
        call.services.staff.examinations.examine,
        accepted=call.body.accepted,
        reason=call.body.reason,
        account=call.body.account,
    )


async def _grant(call: Call[EmptyRequest, GrantTicketRequest]) -> ApiResponse:
    grant = call.body
    refused = {
        refusal.item: Refusal(refusal.ground, refusal.reason, refusal.granted.strip())
        for refusal in grant.refused
    }
    verdict = Verdict(
        text=grant.text.strip(),
        account=grant.account,
        refused=refused,
        carried_out=grant.carried_out,
    )
    return await _decide(call, _with_abuse(verdict, grant.abuse))


async def _refuse(call: Call[EmptyRequest, RefuseTicketRequest]) -> ApiResponse:
    verdict = Verdict(whole=Refusal(call.body.ground, call.body.reason))
    return await _decide(call, _with_abuse(verdict, call.body.abuse))


def _with_abuse(verdict: Verdict, abuse: AbuseRequest | None) -> Verdict:
    if abuse is None:
        return verdict
    return replace(verdict, abuse_requests=abuse.requests, abuse_facts=abuse.facts)


async def _decide(call: Call[EmptyRequest, Any], verdict: Verdict) -> ApiResponse:
    return await _act(call, call.services.staff.decisions.decide, verdict)


async def _extend(call: Call[EmptyRequest, ExtendTicketRequest]) -> ApiResponse:
    return await _act(
        call,
        call.services.staff.handling.extend,
        working_days=call.body.working_days,
        reason=call.body.reason,
    )


async def _merge(call: Call[EmptyRequest, MergeTicketRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.merges.merge, call.body.into, call.body.reason)


async def _hold(call: Call[EmptyRequest, ReasonRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.holds.set_hold, call.body.reason)


async def _release_hold(call: Call[EmptyRequest, ReasonRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.holds.clear_hold, call.body.reason)


async def _confirm(call: Call[EmptyRequest, ConfirmDecisionRequest]) -> ApiResponse:
    return await _act(
        call,
        call.services.staff.decisions.confirm,
        carried_out=call.body.carried_out,
        seen=_seen(call),
    )


async def _send_back(call: Call[EmptyRequest, ReasonRequest]) -> ApiResponse:
    return await _act(
        call, call.services.staff.decisions.send_back, call.body.reason, seen=_seen(call)
    )


def _seen(call: Call[Any, Any]) -> int:
    """Return the version that the caller has looked at: nobody confirms what they did not see."""
    if call.expected_version is None:
        raise InvalidRequestError("name the version that was looked at", reason="api_version")
    return call.expected_version


_CONFIRMATION: Final = (
    "If the kind of request needs a second reviewer, this is a proposal: it takes effect, and the"
    " requester is told, only after another person has confirmed it; a program's takes two people."
)
_SUPERVISORS: Final = "Only with the token of a supervisor."

TICKET_ACTIONS: Final[tuple[Operation[Any, Any], ...]] = (
    write_operation(
        "claim_ticket",
        "/tickets/{number}/claim",
        Group.TICKET_ACTIONS,
        "Claim a ticket: become its holder.",
        scope=Scope.TICKETS_WRITE,
        handler=_claim,
        body_model=EmptyRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "assign_ticket",
        "/tickets/{number}/assignment",
        Group.TICKET_ACTIONS,
        "Assign a ticket to another agent, or unassign it.",
        scope=Scope.TICKETS_WRITE,
        handler=_assign,
        body_model=AssignTicketRequest,
        response_model=TicketActionResponse,
        details="Only its holder, and supervisors: claim it first if nobody holds it.",
    ),
    write_operation(
        "note_on_ticket",
        "/tickets/{number}/notes",
        Group.TICKET_ACTIONS,
        "Add an internal note, which the requester never sees.",
        scope=Scope.TICKETS_WRITE,
        handler=_note,
        body_model=TextRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "escalate_ticket",
        "/tickets/{number}/escalation",
        Group.TICKET_ACTIONS,
        "Escalate a ticket to the supervisors.",
        scope=Scope.TICKETS_WRITE,
        handler=_escalate,
        body_model=EscalateTicketRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "reply_on_ticket",
        "/tickets/{number}/replies",
        Group.TICKET_ACTIONS,
        "Reply to the requester.",
        scope=Scope.TICKETS_REPLY,
        handler=_reply,
        body_model=TextRequest,
        response_model=TicketActionResponse,
        details="What they write next is no answer to it: ask with `ask_requester` for one.",
    ),
    write_operation(
        "ask_requester",
        "/tickets/{number}/questions",
        Group.TICKET_ACTIONS,
        "Ask the requester for information; the deadline is not suspended.",
        scope=Scope.TICKETS_REPLY,
        handler=_ask,
        body_model=TextRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "examine_evidence",
        "/tickets/{number}/examination",
        Group.TICKET_ACTIONS,
        "Accept or reject the evidence; its files are removed afterwards.",
        scope=Scope.TICKETS_DECIDE,
        handler=_examine,
        body_model=ExamineEvidenceRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "grant_ticket",
        "/tickets/{number}/grant",
        Group.TICKET_ACTIONS,
        "Grant a request.",
        scope=Scope.TICKETS_DECIDE,
        handler=_grant,
        body_model=GrantTicketRequest,
        response_model=TicketActionResponse,
        details=_CONFIRMATION,
    ),
    write_operation(
        "refuse_ticket",
        "/tickets/{number}/refusal",
        Group.TICKET_ACTIONS,
        "Refuse a request.",
        scope=Scope.TICKETS_DECIDE,
        handler=_refuse,
        body_model=RefuseTicketRequest,
        response_model=TicketActionResponse,
        details=_CONFIRMATION,
    ),
    write_operation(
        "merge_ticket",
        "/tickets/{number}/merge",
        Group.TICKET_ACTIONS,
        "Close a ticket as the duplicate of another one; its requester is told.",
        scope=Scope.TICKETS_DECIDE,
        handler=_merge,
        body_model=MergeTicketRequest,
        response_model=TicketActionResponse,
    ),
    write_operation(
        "extend_ticket",
        "/tickets/{number}/extension",
        Group.TICKET_ACTIONS,
        "Extend the running deadline; the requester is told, and reports keep the first date.",
        scope=Scope.TICKETS_SUPERVISE,
        handler=_extend,
        body_model=ExtendTicketRequest,
        response_model=TicketActionResponse,
        details=_SUPERVISORS,
    ),
    write_operation(
        "hold_ticket",
        "/tickets/{number}/hold",
        Group.TICKET_ACTIONS,
        "Put a ticket and its account on legal hold.",
        scope=Scope.TICKETS_SUPERVISE,
        handler=_hold,
        body_model=ReasonRequest,
        response_model=TicketActionResponse,
        details=_SUPERVISORS,
    ),
    write_operation(
        "release_ticket_hold",
        "/tickets/{number}/hold-release",
        Group.TICKET_ACTIONS,
        "Release a legal hold.",
        scope=Scope.TICKETS_SUPERVISE,
        handler=_release_hold,
        body_model=ReasonRequest,
        response_model=TicketActionResponse,
        details=_SUPERVISORS,
    ),
    write_operation(
        "confirm_decision",
        "/tickets/{number}/confirmation",
        Group.TICKET_ACTIONS,
        "Confirm the decision that a colleague, or a program, has proposed.",
        scope=Scope.TICKETS_CONFIRM,
        handler=_confirm,
        body_model=ConfirmDecisionRequest,
        response_model=TicketActionResponse,
        details=(
            "Only with the token of a member of staff, who is not the one who proposed it. A"
            " program's proposal becomes theirs, and waits for another person."
        ),
        requires_if_match=True,
    ),
    write_operation(
        "send_back_decision",
        "/tickets/{number}/return",
        Group.TICKET_ACTIONS,
        "Reject a proposed decision, with a reason for who made it.",
        scope=Scope.TICKETS_CONFIRM,
        handler=_send_back,
        body_model=ReasonRequest,
        response_model=TicketActionResponse,
        requires_if_match=True,
    ),
)
