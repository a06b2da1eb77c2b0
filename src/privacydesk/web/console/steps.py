"""The steps of staff's work on a ticket, for the decision rail of the case page."""

from __future__ import annotations

from enum import StrEnum

from privacydesk.domain.ticket import Ticket, TicketState


class Step(StrEnum):
    """What staff do next with a ticket; the members are in their order."""

    CLAIM = "claim"
    """Nobody holds it."""
    PROOF = "proof"
    """Its requester is not verified yet."""
    DECIDE = "decide"
    DONE = "done"
    """Staff have decided it: it is carried out, waits for the requester's last word, or closed."""


_OF_STATE = {
    TicketState.AWAITING_VERIFICATION: Step.PROOF,
    TicketState.IN_REVIEW: Step.DECIDE,
    TicketState.AWAITING_REQUESTER: Step.DECIDE,
}


def next_step(ticket: Ticket) -> Step:
    """Return the next step of a ticket."""
    step = _OF_STATE.get(ticket.state, Step.DONE)
    return Step.CLAIM if step is not Step.DONE and not ticket.holder else step


def finished_steps(ticket: Ticket) -> frozenset[Step]:
    """Return the steps of a ticket that are behind it, whatever their order was."""
    reached = _OF_STATE.get(ticket.state, Step.DONE)
    finished = {step for step in (Step.PROOF, Step.DECIDE) if _position(step) < _position(reached)}
    if ticket.holder or reached is Step.DONE:
        finished.add(Step.CLAIM)
    return frozenset(finished if ticket.is_open else Step)


def _position(step: Step) -> int:
    return list(Step).index(step)
