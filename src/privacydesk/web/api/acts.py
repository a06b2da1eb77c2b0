"""Ticket operations through the console's services: same gate, same second reviewer."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.web.api.operations import Call, Group, Operation, Reply, act
from privacydesk.web.api.values import IN_BODY, Asked, Name, Nothing, Text, Told, Words

_MOST_ITEMS: Final = 50


class Assignment(Asked):
    """Who gets a ticket."""

    to: Name | None = Field(description="Null gives it back to those that nobody holds.")


class Written(Asked):
    """What is written."""

    text: Words


class Reason(Asked):
    """Why something is done."""

    reason: Words


class Examination(Asked):
    """What the evidence shows."""

    accepted: bool = Field(description="Whether it shows who asks; the clock starts if so.")
    reason: Text = Field(default="", description="Told to the requester where it does not.")
    account: Text = Field(
        default="", description="Whose it is, where the ticket names no account yet."
    )


class ItemRefusal(Asked):
    """Why one thing that is asked for is refused."""

    item: Annotated[int, Field(ge=0, lt=_MOST_ITEMS), IN_BODY] = Field(
        description="Its place in the ticket's items, from 0."
    )
    ground: Ground
    reason: Words


class Grant(Asked):
    """A decision to do what is asked, all of it or all but some items."""

    text: Text = Field(default="", description="The answer, where words are the answer.")
    account: Text = Field(
        default="", description="The account it is about, where the ticket names none yet."
    )
    refused: tuple[ItemRefusal, ...] = Field(default=(), max_length=_MOST_ITEMS)


class Refused(Asked):
    """A decision to refuse a request as a whole."""

    ground: Ground
    reason: Words = Field(description="Plain words for the requester.")


class Receipt(Told):
    """A ticket after what was done."""

    number: str
    version: int = Field(description="Also the entity tag.")
    state: TicketState
    holder: str
    proposed: bool = Field(
        description="The decision waits for a second pair of eyes; nothing was done yet."
    )


def _receipt(ticket: Ticket) -> Reply:
    return Reply(
        Receipt(
            number=ticket.number,
            version=ticket.version,
            state=ticket.state,
            holder=ticket.holder,
            proposed=proposal_of(ticket) is not None,
        ),
        ticket.version,
    )


async def _claim(call: Call[Nothing, Nothing]) -> Reply:
    handling, number = call.works.staff.handling, call.path["number"]
    return _receipt(await handling.claim(number, call.by, job_id=call.job_id, seen=call.seen))


async def _assign(call: Call[Nothing, Assignment]) -> Reply:
    handling, number = call.works.staff.handling, call.path["number"]
    to = call.body.to or ""
    return _receipt(await handling.assign(number, call.by, to, job_id=call.job_id, seen=call.seen))


async def _note(call: Call[Nothing, Written]) -> Reply:
    handling, number, text = call.works.staff.handling, call.path["number"], call.body.text
    return _receipt(await handling.note(number, call.by, text, job_id=call.job_id, seen=call.seen))


async def _escalate(call: Call[Nothing, Reason]) -> Reply:
    escalating, number, reason = call.works.staff.escalations, call.path["number"], call.body.reason
    return _receipt(
        await escalating.escalate(number, call.by, reason, job_id=call.job_id, seen=call.seen)
    )


async def _reply(call: Call[Nothing, Written]) -> Reply:
    handling, number, text = call.works.staff.handling, call.path["number"], call.body.text
    return _receipt(await handling.reply(number, call.by, text, job_id=call.job_id, seen=call.seen))


async def _ask(call: Call[Nothing, Written]) -> Reply:
    handling, number, text = call.works.staff.handling, call.path["number"], call.body.text
    return _receipt(await handling.ask(number, call.by, text, job_id=call.job_id, seen=call.seen))


async def _examine(call: Call[Nothing, Examination]) -> Reply:
    said = call.body
    return _receipt(
        await call.works.staff.examinations.examine(
            call.path["number"],
            call.by,
            accepted=said.accepted,
            reason=said.reason,
            account=said.account,
            job_id=call.job_id,
            seen=call.seen,
        )
    )


async def _grant(call: Call[Nothing, Grant]) -> Reply:
    said = call.body
    refused = {one.item: Refusal(one.ground, one.reason) for one in said.refused}
    verdict = Verdict(text=said.text.strip(), account=said.account, refused=refused)
    return await _decide(call, verdict)


async def _refuse(call: Call[Nothing, Refused]) -> Reply:
    return await _decide(call, Verdict(whole=Refusal(call.body.ground, call.body.reason)))


async def _decide(call: Call[Nothing, Any], verdict: Verdict) -> Reply:
    deciding, number = call.works.staff.decisions, call.path["number"]
    return _receipt(
        await deciding.decide(number, call.by, verdict, job_id=call.job_id, seen=call.seen)
    )


_SECOND_EYES: Final = (
    "Of a kind that takes a second pair of eyes this is a proposal: a person confirms it in the"
    " console, and nothing is done or told before."
)

ACTS: Final[tuple[Operation[Any, Any], ...]] = (
    act(
        "claim_ticket",
        "/tickets/{number}/claim",
        Group.ACTS,
        "Become a ticket's holder.",
        scope=Scope.TICKETS_WRITE,
        work=_claim,
        body=Nothing,
        answer=Receipt,
    ),
    act(
        "assign_ticket",
        "/tickets/{number}/assignment",
        Group.ACTS,
        "Give away a ticket that is held.",
        scope=Scope.TICKETS_WRITE,
        work=_assign,
        body=Assignment,
        answer=Receipt,
    ),
    act(
        "note_on_ticket",
        "/tickets/{number}/notes",
        Group.ACTS,
        "Leave a note for staff, which the requester never sees.",
        scope=Scope.TICKETS_WRITE,
        work=_note,
        body=Written,
        answer=Receipt,
    ),
    act(
        "escalate_ticket",
        "/tickets/{number}/escalation",
        Group.ACTS,
        "Ask the supervisors to look.",
        scope=Scope.TICKETS_WRITE,
        work=_escalate,
        body=Reason,
        answer=Receipt,
    ),
    act(
        "reply_on_ticket",
        "/tickets/{number}/replies",
        Group.ACTS,
        "Write to the requester about a ticket.",
        scope=Scope.TICKETS_REPLY,
        work=_reply,
        body=Written,
        answer=Receipt,
    ),
    act(
        "ask_requester",
        "/tickets/{number}/questions",
        Group.ACTS,
        "Ask the requester for more; the clock runs on.",
        scope=Scope.TICKETS_REPLY,
        work=_ask,
        body=Written,
        answer=Receipt,
    ),
    act(
        "examine_evidence",
        "/tickets/{number}/examination",
        Group.ACTS,
        "Settle what the evidence shows; its files are removed then.",
        scope=Scope.TICKETS_DECIDE,
        work=_examine,
        body=Examination,
        answer=Receipt,
    ),
    act(
        "grant_ticket",
        "/tickets/{number}/grant",
        Group.ACTS,
        "Decide to do what is asked.",
        scope=Scope.TICKETS_DECIDE,
        work=_grant,
        body=Grant,
        answer=Receipt,
        more=_SECOND_EYES,
    ),
    act(
        "refuse_ticket",
        "/tickets/{number}/refusal",
        Group.ACTS,
        "Decide to refuse what is asked.",
        scope=Scope.TICKETS_DECIDE,
        work=_refuse,
        body=Refused,
        answer=Receipt,
        more=_SECOND_EYES,
    ),
)
