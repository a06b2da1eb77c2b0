"""Questions that the desk itself asked about a ticket and that wait for the requester.

They lie on the stack as flows of their own. When the ticket moves on, they no longer apply and are
removed, wherever they lie. So are forms for the proof of a request that a program filed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from privacydesk.dialog.running import Running, evidence_in
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.dialog.slots import TAKES_UP
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import TicketState

_WAITS_IN: Final[Mapping[str, TicketState]] = {
    ANSWER: TicketState.AWAITING_REQUESTER,
    "evidence_again": TicketState.AWAITING_VERIFICATION,
    "confirm_closing": TicketState.AWAITING_CONFIRMATION,
    "filed_for": TicketState.AWAITING_VERIFICATION,
}
"""Flows that the desk begins about a ticket, and the state in which their question applies."""

_TAKES_BACK: Final = "cancel_request"


def settle(
    script: Script, ticket_id: TicketId, state: TicketState | None, *, running: bool = False
) -> bool:
    """Remove questions about a ticket that no longer apply in its state.

    Args:
        script: the turn.
        ticket_id: the ticket that moved.
        state: its state now; None for one in which no question applies.
        running: the innermost form is being run, and stays.

    Returns:
        Whether the open question was among them.
    """
    about = ticket_id.hex()
    if state is not TicketState.AWAITING_VERIFICATION:
        kept = (one for one in script.pending_requests if one.slots.get(TAKES_UP) != about)
        script.pending_requests = tuple(kept)
    stale = {
        script.form_at(place)
        for place, frame in enumerate(script.stack)
        if _is_stale(frame, about, state)
    }
    if running:
        stale.discard(script.form_at())
    was_open = script.form_at() in stale
    for begin in sorted(stale, reverse=True):
        end = script.form_end(begin)
        evidence = evidence_in(script.stack[begin:end])
        if evidence:
            script.effects.append(DropEvidence(evidence))
        del script.stack[begin:end]
    if was_open:
        script.prompt = None
    return was_open


def _is_stale(frame: Running, about: str, state: TicketState | None) -> bool:
    """Whether what a frame asks about a ticket doesn't apply in the ticket's state."""
    if frame.slots.get(TAKES_UP) == about:
        return state is not TicketState.AWAITING_VERIFICATION
    waits_in = _WAITS_IN.get(frame.flow)
    return waits_in is not None and waits_in is not state and frame.slots.get("ticket") == about


def asked_to_take_back(conversation: Conversation, ticket_id: TicketId) -> datetime | None:
    """Return since when the requester is being asked whether to withdraw a ticket; None if not."""
    about = {None, ticket_id.hex()}
    frames = (one for one in conversation.stack if one.flow == _TAKES_BACK)
    return max((one.started_at for one in frames if one.slots.get("ticket") in about), default=None)
