"""Filing the request that a flow asked for."""

from __future__ import annotations

from typing import Any

from privacydesk.dialog import limits, openings, pending
from privacydesk.dialog import read_back as reading_back
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.base import HELD, evidence_of, strangers_until
from privacydesk.dialog.guards import subject_of, unbinds_alone
from privacydesk.dialog.options import WHOM, is_by_another, whose
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.scopes import answers_of, are_same, items_of
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import AMENDS, FILLED_FROM, TAKES_UP
from privacydesk.dialog.vocabulary import KIND_ASSURANCE
from privacydesk.domain import quotas
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.effects import (
    MoveTicket,
    OpenTicket,
)
from privacydesk.domain.hourly_limits import with_use
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import OPENING_ANSWER
from privacydesk.domain.ticket import Requester, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may


def _flags(act: Act) -> set[str]:
    flags: set[str] = set()
    script, slots = act.script, act.frame.slots
    if script.minor_hint:
        flags.add("minor")
    if act.flow.kind is RequestKind.GUARDIAN:
        flags |= {"guardian", "minor"}
    if act.flow.kind is RequestKind.UNDERAGE_REPORT:
        flags.add("minor")
    if slots.get("age_group"):
        flags.add(str(slots["age_group"]))
    return flags


def _requester(kind: RequestKind) -> Requester:
    if kind is RequestKind.GUARDIAN:
        return Requester.GUARDIAN
    if kind is RequestKind.DECEASED:
        return Requester.RELATIVE
    if kind is RequestKind.UNDERAGE_REPORT:
        return Requester.STRANGER
    return Requester.SUBJECT


def _proven_contact(act: Act) -> str:
    contact = str(act.frame.slots.get("contact") or "")
    return contact if contact and act.script.contact_proof(contact) else ""


def _file(act: Act, *, verified: bool, document: bool = False) -> str:
    script, frame, flow = act.script, act.frame, act.flow
    assert flow.kind is not None
    kind = flow.kind
    symbol = f"sym:{len(script.effects)}"
    account = subject_of(act)
    flags = _flags(act)
    if document:
        flags.add("document")
    proof = script.is_verified(account, KIND_ASSURANCE[kind]) if account else None
    if verified and kind not in _CLOCK_FROM_FILING:
        # The clock starts at the proof; for a request begun under an older proof, at its beginning.
        verified_at = max(proof.at, frame.started_at) if proof else None
    else:
        verified_at = script.now if verified else None
    automated = verified and kind is RequestKind.UNBINDING and unbinds_alone(script, frame)
    answers = answers_of(frame.slots, openings.words_of(script.stack[script.form_at()]))
    waiting = _waiting(act, kind, account)
    if TAKES_UP in frame.slots and waiting is None:
        # It was proven or closed meanwhile: nothing is filed in its place.
        frame.slots["ticket"] = frame.slots[TAKES_UP]
        return "filed"
    if waiting is not None and (verified or document):
        frame.slots["ticket"] = symbol
        script.last_filed = filed_as(flow, frame)
        script.effects.append(
            MoveTicket(
                waiting.id,
                Move.VERIFY if verified else Move.HAND_IN,
                why="taken up again",
                symbol=symbol,
                verified_at=verified_at,
                items=items_of(kind, frame.slots),
                flags=frozenset(flags),
                answers=_answers_besides(waiting, answers),
                contact=_proven_contact(act),
                evidence=evidence_of(frame),
                unbinding_window=automated,
                agreed=frame.agreed,
            )
        )
        pending.settle(script, waiting.id, None, running=True)
        return "filed"
    if waiting is not None and are_same(waiting.items, items_of(kind, frame.slots)):
        # It waits already, and nothing more was proven: no duplicate is filed.
        frame.slots["ticket"] = waiting.id.hex()
        return "filed"
    if not _counted(act):
        return HELD
    if AMENDS in frame.slots:
        _withdraw_amended(script, frame)
    symbol = frame.slots["ticket"] = f"sym:{len(script.effects)}"
    script.last_filed, script.replied = filed_as(flow, frame), None
    script.effects.append(
        OpenTicket(
            symbol=symbol,
            kind=kind,
            state=TicketState.IN_REVIEW if verified else TicketState.AWAITING_VERIFICATION,
            received_at=frame.started_at,
            items=items_of(kind, frame.slots),
            requester=_requester(kind),
            account=account,
            verified_at=verified_at,
            required_assurance=Assurance.DOCUMENT_CHECKED if document else KIND_ASSURANCE[kind],
            flags=frozenset(flags),
            contact=_proven_contact(act),
            answers=answers,
            evidence=evidence_of(frame),
            unbinding_window=automated,
            agreed=frame.agreed,
        )
    )
    return "filed"


def _withdraw_amended(script: Script, frame: Running) -> None:
    """Withdraw the request that a form takes the place of, and say so."""
    amended = script.ticket_with_id(bytes.fromhex(str(frame.slots[AMENDS])))
    if amended is None or not may(amended, Move.WITHDRAW):
        script.say("desk.amended_too_late", {"number": amended.number if amended else ""})
        return
    script.effects.append(MoveTicket(amended.id, Move.WITHDRAW, why="requester"))
    pending.settle(script, amended.id, None, running=True)
    script.say("desk.amended", {"number": amended.number})


def filed_as(flow: Flow, frame: Running) -> RequestDraft:
    """Return a form that is filed as a request: what it is about, and its first words."""
    names = (name for name, slot in flow.slots.items() if slot.type in _SAYS_OF_WHAT)
    about = {name: frame.slots[name] for name in (*names, *_BESIDE) if name in frame.slots}
    return RequestDraft(flow.intents[0], about, openings.words_of(frame))


def _counted(act: Act) -> bool:
    """Count one more request if it may be filed now; else store from when on it may."""
    script, rules = act.script, act.script.rules.filing
    name = quotas.filing_counter(script.account, script.before.id)
    names = [name]
    if not script.account and not _proven_contact(act):
        names.append(quotas.STRANGERS_FILED)
    sender, *strangers = script.counters(*names)
    until = quotas.may_file_from(sender, script.now, rules)
    for row in strangers if until is None else ():
        until = strangers_until(script, row, rules.strangers, "requests_ceiling_reached")
    if until is not None:
        act.frame.slots["until"] = until.isoformat()
        return False
    script.challenges[name] = quotas.with_filed_request(sender, script.now)
    for row in strangers:
        script.challenges[quotas.STRANGERS_FILED] = with_use(row, script.origin, script.now)
    return True


def _waiting(act: Act, kind: RequestKind, account: str) -> Ticket | None:
    """Return the person's request of the same kind that still awaits their verification.

    Of several it is the one that a form was begun for, or one that asks for the same things. None
    is taken up where another request is wanted beside it. Without an account it is one of this
    conversation, or of a contact they have proven. One whose document waits to be examined lacks
    nothing, so it is not resumed.
    """
    script, slots = act.script, act.frame.slots
    about = slots.get(TAKES_UP)
    if about is None and slots.get("same") == _ANOTHER:
        return None
    waiting = [
        ticket
        for ticket in script.tickets_of(whose(script))
        if ticket.kind is kind
        and about in {None, ticket.id.hex()}
        and ticket.account == account
        and ticket.state is TicketState.AWAITING_VERIFICATION
        and ticket.required_assurance is not Assurance.DOCUMENT_CHECKED
        and (about or all(ticket.answers.get(name) == slots.get(name) for name in _APART))
        and not is_by_another(script, ticket, str(slots.get("contact") or ""))
    ]
    items = items_of(kind, slots)
    return max(waiting, key=lambda ticket: are_same(ticket.items, items), default=None)


_APART = (*WHOM, "recipient")
"""Answers that make another request of one for the same things."""

_ANOTHER = "other"
"""The answer of users who want a request beside the same one that is open."""

_SAYS_OF_WHAT = frozenset({*FILLED_FROM, "field_value"})
"""Types of slots that say what a request is about."""

_BESIDE = (*limits.SLOTS, "bindings")
"""What is kept beside it: its limits, and what there was to choose from."""

_TOLD = (OPENING_ANSWER, "story", "wish_detail")
"""Answers in the person's own words, which are added to when they are given again."""


def _answers_besides(waiting: Ticket, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the new answers, with what was told before in other words prepended."""
    for name in _TOLD:
        before, now = waiting.answers.get(name), answers.get(name)
        if before and now and now not in before:
            answers[name] = f"{before}\n\n{now}"
        elif before and now:
            answers[name] = before
    return answers


_CLOCK_FROM_FILING = frozenset(
    {RequestKind.CONSENT_WITHDRAWAL, RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT}
)


def read_back(act: Act) -> str:
    """Gather what the flow will file, to be shown before it is."""
    act.frame.slots[reading_back.ROWS] = reading_back.rows(act.flow, act.frame.slots)
    return "ok"


def file_ticket(act: Act) -> str:
    """File the flow's request as verified."""
    return _file(act, verified=True)


def file_unverified(act: Act) -> str:
    """File it as awaiting verification."""
    return _file(act, verified=False, document=bool(act.params.get("document")))
