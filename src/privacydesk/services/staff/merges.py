"""Merging of duplicate requests: one stays open, the other is closed as its duplicate.

The requester loses nothing: they are verified on both, and the request that stays open covers
everything the other asks for and is due no later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from privacydesk.domain.reading import ALL
from privacydesk.domain.scopes import other_details, part_of, words_of
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.due_dates import due_argument
from privacydesk.services.staff.actions import DecisionResult, LogEntryDraft, StaffActions
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CasePart, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup


class MergeBlocker(StrEnum):
    """Why a request can't be closed as the duplicate of another."""

    SAME = "same"
    """The ticket can't be a duplicate of itself."""
    PERSON = "person"
    """The requesters or the accounts differ."""
    KIND = "kind"
    STATE = "state"
    """One of them is not under review: not verified yet, or already decided."""
    OBJECTION = "objection"
    """One of them is an objection, or is linked with another ticket."""
    HOLD = "hold"
    """The request is on legal hold."""
    PROPOSED = "proposed"
    """A decision on one of them waits for a second agent."""
    SCOPE = "scope"
    """The request asks for something that the other one does not cover."""
    LATER = "later"
    """The other request is due later."""


def find_merge_blocker(ticket: Ticket, into: Ticket) -> MergeBlocker | None:
    """Return the first reason why ``ticket`` can't be closed as a duplicate of ``into``."""
    if ticket.id == into.id:
        return MergeBlocker.SAME
    if not _same_person(ticket, into):
        return MergeBlocker.PERSON
    if ticket.kind is not into.kind:
        return MergeBlocker.KIND
    if not (_is_under_review(ticket) and _is_under_review(into)):
        return MergeBlocker.STATE
    if "objection" in ticket.flags | into.flags or ticket.linked is not None:
        return MergeBlocker.OBJECTION
    if "hold" in ticket.flags:
        return MergeBlocker.HOLD
    if proposal_of(ticket) is not None or proposal_of(into) is not None:
        return MergeBlocker.PROPOSED
    if not all(any(_covers(other, item) for other in into.items) for item in ticket.items):
        return MergeBlocker.SCOPE
    if ticket.clock is not None and (into.clock is None or into.clock.due_at > ticket.clock.due_at):
        return MergeBlocker.LATER
    return None


def _same_person(ticket: Ticket, other: Ticket) -> bool:
    if ticket.requester is not other.requester or ticket.account != other.account:
        return False
    if ticket.account_hash is not None:
        return ticket.account_hash == other.account_hash
    # Without an account, a person is identified by their verified contact.
    return ticket.contact_hash is not None and ticket.contact_hash == other.contact_hash


def _is_under_review(ticket: Ticket) -> bool:
    return ticket.verified_at is not None and may(ticket, Move.MARK_DUPLICATE)


def _covers(other: ScopeItem, item: ScopeItem) -> bool:
    """Return whether another request's item certainly covers all that an item asks for."""
    details_match = other.name == ALL or other_details(other) == other_details(item)
    return (
        details_match and words_of(other) == words_of(item) and part_of(other).covers(part_of(item))
    )


class Merges:
    """Closes requests as duplicates of others."""

    def __init__(
        self, roster: Roster, tickets: TicketLookup, actions: StaffActions, deadlines: Deadlines
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._deadlines = deadlines

    async def merge(
        self,
        number: str,
        by: str,
        into: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Close a ticket as the duplicate of another one, and inform its requester.

        Args:
            number: the number of the ticket that is closed.
            by: the name of the agent.
            into: the number of the ticket that stays open.
            reason: why they are duplicates; for staff, in both logs.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the closed ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotFoundError: there is no such ticket.
            NotAllowedNowError: they can't be merged; ``reason`` is ``merge_`` followed by the
                ``MergeBlocker``.
            StaleError: the ticket to be closed has changed since it was ``seen``.
        """
        text = require_text(reason)
        agent = await self._roster.worker(by)
        ticket, other = await self._tickets.by_number(number), await self._tickets.by_number(into)
        await self._roster.reviewers.check_may_decide(ticket, agent)

        def decide(current: Ticket, target: Ticket, now: datetime) -> DecisionResult:
            _check_mergeable(current, target)
            closed = replace(move(current, Move.MARK_DUPLICATE, now), linked=target.id)
            merged = replace(target, version=target.version + 1)
            if current.contact and not target.contact:
                # Notices about the open ticket go to the contact given for the closed one.
                contact, contact_hash = current.contact, current.contact_hash
                merged = replace(merged, contact=contact, contact_hash=contact_hash)
            due = merged.clock.due_date.isoformat() if merged.clock else ""
            shown = due_argument(merged, self._deadlines)
            data = {"into": merged.number, "due": due, "due_shown": shown}
            return DecisionResult(DecisionKind.MERGED, closed, data=data, other_ticket=merged)

        entries = (
            LogEntryDraft("mark_duplicate", text, {"into": other.number}),
            LogEntryDraft("merged", text, {"from": ticket.number}),
        )
        guard = await self._tickets.guard(ticket, seen, CasePart.REQUEST)
        return await self._actions.apply_decision_to_pair(
            ticket, other, agent, decide, entries, job_id=job_id, guard=guard
        )


def _check_mergeable(ticket: Ticket, into: Ticket) -> None:
    blocker = find_merge_blocker(ticket, into)
    if blocker is not None:
        raise NotAllowedNowError(
            "this request can't be closed as a duplicate of that one",
            reason=f"merge_{blocker.value}",
        )
