"""A person's own tickets: showing, withdrawing, objecting, confirming a closing."""

from __future__ import annotations

from privacydesk.dialog import pending
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.base import evidence_of
from privacydesk.dialog.options import is_theirs, may_object, narrowed, objection_to, whose
from privacydesk.dialog.outcomes import say_again, say_late, ticket_args
from privacydesk.dialog.packages import say_packages
from privacydesk.dialog.request_actions import actions_of, may_be_added_to
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import TAKES_UP
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.effects import (
    AddMaterial,
    MoveTicket,
    OpenTicket,
    RateTicket,
)
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.intents import Intent
from privacydesk.domain.ticket import (
    DISOWNED,
    MaterialKind,
    Satisfaction,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move, may


def _slot_ticket(act: Act) -> Ticket | None:
    raw = act.frame.slots.get("ticket")
    if not isinstance(raw, str) or raw.startswith("sym:"):
        return None
    ticket = act.script.ticket_with_id(bytes.fromhex(raw))
    return ticket if ticket is not None and is_theirs(act.script, ticket) else None


def attach_evidence(act: Act) -> str:
    """Add files to a ticket whose requester was asked for more, or has yet to verify."""
    ticket = _slot_ticket(act)
    if ticket is None:
        return "too_late"
    moves = (Move.REQUESTER_ANSWERED, Move.HAND_IN)
    move = next((one for one in moves if may(ticket, one)), None)
    if move is None:
        return "too_late"
    act.script.effects.append(
        MoveTicket(ticket.id, move, why="evidence", evidence=evidence_of(act.frame))
    )
    pending.settle(act.script, ticket.id, None, running=True)
    return "ok"


def answer_request(act: Act) -> str:
    """Add the words or files that staff asked for to the ticket, which goes back to them."""
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, Move.REQUESTER_ANSWERED):
        return "too_late"
    words = act.frame.slots.get("answer")
    act.script.effects.append(
        MoveTicket(
            ticket.id,
            Move.REQUESTER_ANSWERED,
            why=str(words or "evidence"),
            evidence=evidence_of(act.frame),
        )
    )
    pending.settle(act.script, ticket.id, None, running=True)
    return "ok"


def add_material(act: Act) -> str:
    """Add the words or files that the requester adds, or asks with, to the ticket for staff."""
    ticket = _slot_ticket(act)
    if ticket is None or not may_be_added_to(ticket):
        return "too_late"
    slots, files = act.frame.slots, evidence_of(act.frame)
    told = (slots.get("began_with"), slots.get("material") or slots.get("words"))
    words = "\n".join(str(one) for one in told if one)
    add_to(act.script, ticket, MaterialKind(slots["purpose"]), words, files)
    return "ok"


def add_to(
    script: Script,
    ticket: Ticket,
    kind: MaterialKind,
    words: str,
    files: tuple[EvidenceId, ...] = (),
) -> None:
    """Add words or files to a ticket that may be added to; the move that they make is made."""
    move = _move_with(ticket, with_files=bool(files), kind=kind)
    if move is not None:
        script.effects.append(MoveTicket(ticket.id, move, why=words or "evidence", evidence=files))
        pending.settle(script, ticket.id, None, running=True)
    else:
        script.effects.append(AddMaterial(ticket.id, kind, words, files))


def _move_with(ticket: Ticket, *, with_files: bool, kind: str) -> Move | None:
    """Return the move that new material makes: it answers staff, or is the proof they wait for."""
    if kind != MaterialKind.MATERIAL:
        return None
    if may(ticket, Move.REQUESTER_ANSWERED):
        return Move.REQUESTER_ANSWERED
    by_document = ticket.required_assurance is Assurance.DOCUMENT_CHECKED
    return Move.HAND_IN if with_files and by_document and may(ticket, Move.HAND_IN) else None


def list_requests(act: Act) -> str:
    """Show the person's requests as cards: one in full, the others folded."""
    tickets = act.script.tickets_of(whose(act.script))
    if not tickets:
        return "none"
    meant = _meant(act.script, tickets)
    for ticket in (one for one in tickets[:_CARDS] if one is not meant):
        say_late(act.script, ticket)
        act.script.show_ticket({"$id": ticket.id.hex()}, folded=True)
        say_packages(act.script, ticket)
    _show_in_full(act.script, meant)
    return "some"


def _meant(script: Script, tickets: tuple[Ticket, ...]) -> Ticket:
    """Return the ticket that a question about requests means: the first that it may name."""
    kinds = set(script.observed.entities.get("wish_words", ()))
    named = [ticket for ticket in tickets if ticket.kind.value in kinds]
    return narrowed(script, named or tickets)[0]


def _show_in_full(script: Script, ticket: Ticket) -> None:
    say_late(script, ticket)
    script.show_ticket({"$id": ticket.id.hex()})
    say_packages(script, ticket)
    script.offered = actions_of(ticket, script.rules, script.now)


_CARDS = 5


def show_ticket(act: Act) -> str:
    """Show one ticket by its number, if it is theirs."""
    number = str(act.frame.slots.get("number") or "")
    if not number:
        return "none"
    ticket = act.script.ticket_numbered(number)
    if ticket is None or not is_theirs(act.script, ticket):
        return "unknown"
    act.frame.slots["ticket"] = ticket.id.hex()
    if ticket.purged_at is not None:
        act.script.say("ticket.purged", ticket_args(ticket))
    elif ticket.conversation_id != act.script.before.id:
        # Its own conversation, where it was answered, is on another device.
        say_again(act.script, ticket)
    _show_in_full(act.script, ticket)
    return "shown"


def note_others_request(act: Act) -> str:
    """Note for staff that somebody asked for a request that is not theirs.

    A separate step: where a code is to prove whose the request is, its number alone proves nothing.
    """
    act.script.note_attempt(AttemptKind.OTHERS_REQUEST, str(act.frame.slots.get("number") or ""))
    return "ok"


def withdraw_ticket(act: Act) -> str:
    """Take a request back."""
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, Move.WITHDRAW):
        return "too_late"
    act.script.effects.append(MoveTicket(ticket.id, Move.WITHDRAW, why="requester"))
    pending.settle(act.script, ticket.id, None, running=True)
    act.script.last_filed = None
    return "withdrawn"


def withdraw_tickets(act: Act) -> str:
    """Withdraw those requests that may be withdrawn; return whether that was all of them."""
    found = act.script.tickets_with_ids([*map(bytes.fromhex, act.frame.slots["tickets"])])
    fit = [one for one in found if one is not None and is_theirs(act.script, one)]
    fit = [one for one in fit if may(one, Move.WITHDRAW)]
    if fit:
        act.script.last_filed = None
    for ticket in fit:
        act.script.effects.append(MoveTicket(ticket.id, Move.WITHDRAW, why="requester"))
        pending.settle(act.script, ticket.id, None, running=True)
    return "withdrawn" if len(fit) == len(found) else "too_late"


def file_objection(act: Act) -> str:
    """File a linked ticket for another reviewer; a decision takes one objection."""
    first = _slot_ticket(act)
    script, frame = act.script, act.frame
    known = objection_to(script, first) if first is not None else None
    if known is not None:
        frame.slots["ticket"] = known.id.hex()
        return "known"
    if first is None or not may_object(script, first):
        return "too_late"
    symbol = f"sym:{len(script.effects)}"
    frame.slots["ticket"] = symbol
    script.effects.append(
        OpenTicket(
            symbol=symbol,
            kind=first.kind,
            state=TicketState.IN_REVIEW,
            received_at=script.now,
            items=tuple(items_again(first)),
            requester=first.requester,
            account=first.account,
            verified_at=script.now,
            required_assurance=first.required_assurance,
            flags=(first.flags - {"escalated"}) | {"objection"},
            contact=first.contact,
            linked=first.id,
            excluded_reviewers=first.decision_participants,
            answers={"reason": str(frame.slots.get("reason", ""))},
        )
    )
    return "filed"


def items_again(ticket: Ticket) -> list[ScopeItem]:
    """Return a ticket's items without their decisions, for the second reviewer."""
    return [ScopeItem(item.name, item.detail) for item in ticket.items]


def keep_comment(act: Act) -> str:
    """Keep the person's own words on what was not right with an answer."""
    ticket = _slot_ticket(act)
    if ticket is None or ticket.purged_at is not None:
        return "too_late"
    comment = str(act.frame.slots["comment"])
    act.script.effects.append(RateTicket(ticket.id, Satisfaction.NOT_SATISFIED, comment))
    return "ok"


def confirm_closing(act: Act) -> str:
    """Take the user's final confirmation of an approved closing.

    Under a legal hold, set from whatever request, nothing is closed: the request goes back to
    staff.
    """
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, Move.CONFIRM):
        return "too_late"
    if not act.script.is_held(ticket.account):
        return _move_slot_ticket(act, Move.CONFIRM)
    _move_slot_ticket(act, Move.RETURN_TO_REVIEW)
    return "on_hold"


def decline_closing(act: Act) -> str:
    """Take an approved closing back."""
    return _move_slot_ticket(act, Move.WITHDRAW)


def take_up_request(act: Act) -> str:
    """Queue a request that a program filed for the user, to be proven when this flow has ended."""
    ticket, slots = _slot_ticket(act), act.frame.slots
    if ticket is None or ticket.state is not TicketState.AWAITING_VERIFICATION:
        return "too_late"
    answers = {**slots["answers"], TAKES_UP: ticket.id.hex()}
    wish = RequestDraft(Intent(ticket.kind.value), answers, str(slots.get("words") or ""))
    act.script.pending_requests = (wish, *act.script.pending_requests)
    return "ok"


def disown_request(act: Act) -> str:
    """Withdraw a request that a program filed and the user never asked for, and mark it."""
    ticket = _slot_ticket(act)
    if ticket is None or ticket.state is not TicketState.AWAITING_VERIFICATION:
        return "too_late"
    flags = frozenset({DISOWNED})
    act.script.effects.append(
        MoveTicket(ticket.id, Move.WITHDRAW, why="not asked for by the user", flags=flags)
    )
    pending.settle(act.script, ticket.id, None, running=True)
    return "ok"


def _move_slot_ticket(act: Act, move: Move) -> str:
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, move):
        return "too_late"
    act.script.effects.append(MoveTicket(ticket.id, move, why="requester", agreed=act.frame.agreed))
    # A confirmation given in a form begun again is not asked for in the form below, too.
    pending.settle(act.script, ticket.id, None, running=True)
    return "ok"
