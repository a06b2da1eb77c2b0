"""Two requests for the same thing: one goes on, the other is closed as its duplicate.

The requester loses nothing: they are verified on both, the one that goes on asks for at least as
much, and its answer is due no later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from privacydesk.domain.reading import ALL
from privacydesk.domain.scopes import details_beside, part_of, words_of
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.staff.acts import Acts, Noted, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Part, Seen


class Hindrance(StrEnum):
    """Why a request can't be closed as the duplicate of another."""

    SAME = "same"
    """Both are the same request."""
    PERSON = "person"
    """Somebody else asks, or about another account."""
    KIND = "kind"
    STATE = "state"
    """One of them is not under review: not verified yet, or already decided."""
    OBJECTION = "objection"
    """Objections are handled by themselves, and so are the tickets objected to."""
    HOLD = "hold"
    """A legal hold is on it."""
    PROPOSED = "proposed"
    """A decision on one of them waits for a second pair of eyes."""
    SCOPE = "scope"
    """It asks for something that the other one does not."""
    LATER = "later"
    """The other one's answer is due later."""


def hindrance(ticket: Ticket, into: Ticket) -> Hindrance | None:
    """Return the first reason why ``ticket`` can't be closed as a duplicate of ``into``."""
    if ticket.id == into.id:
        return Hindrance.SAME
    if not _same_person(ticket, into):
        return Hindrance.PERSON
    if ticket.kind is not into.kind:
        return Hindrance.KIND
    if not all(_is_reviewed(one) for one in (ticket, into)):
        return Hindrance.STATE
    if "objection" in ticket.flags | into.flags or ticket.linked is not None:
        return Hindrance.OBJECTION
    if "hold" in ticket.flags:
        return Hindrance.HOLD
    if proposal_of(ticket) is not None or proposal_of(into) is not None:
        return Hindrance.PROPOSED
    if not all(any(_covers(wider, item) for wider in into.items) for item in ticket.items):
        return Hindrance.SCOPE
    if ticket.clock is not None and (into.clock is None or into.clock.due_at > ticket.clock.due_at):
        return Hindrance.LATER
    return None


def _same_person(one: Ticket, other: Ticket) -> bool:
    if one.requester is not other.requester or one.account != other.account:
        return False
    if one.account_hash is not None:
        return one.account_hash == other.account_hash
    # Without an account, a person is identified by the contact they proved.
    return one.contact_hash is not None and one.contact_hash == other.contact_hash


def _is_reviewed(ticket: Ticket) -> bool:
    return ticket.verified_at is not None and may(ticket, Move.MARK_DUPLICATE)


def _covers(wider: ScopeItem, item: ScopeItem) -> bool:
    """Return whether a wider item certainly covers all that an item asks for."""
    beside = wider.name == ALL or details_beside(wider) == details_beside(item)
    return beside and words_of(wider) == words_of(item) and part_of(wider).covers(part_of(item))


class Merges:
    """Closes duplicates."""

    def __init__(self, roster: Roster, cases: Cases, acts: Acts) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts

    async def merge(
        self,
        number: str,
        by: str,
        into: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Close a ticket as the duplicate of another, and tell its requester.

        Args:
            number: the ticket that is closed.
            by: who does it.
            into: the number of the one that goes on.
            reason: why they are the same; for staff, in both logs.
            job_id: a form's token.
            seen: what the act is based on; None to skip the check.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotFoundError: there is no such ticket.
            NotAllowedNowError: it is hindered; ``reason`` is ``merge_`` and the ``Hindrance``.
            StaleError: the ticket to be closed has changed since it was ``seen``.
        """
        words = reply_words(reason)
        agent = await self._roster.worker(by)
        ticket, other = await self._cases.ticket(number), await self._cases.ticket(into)
        await self._roster.reviewers.check(ticket, agent)

        def rule(current: Ticket, goes_on: Ticket, now: datetime) -> Ruling:
            _check(current, goes_on)
            closed = replace(move(current, Move.MARK_DUPLICATE, now), linked=goes_on.id)
            kept = goes_on
            if current.contact and not goes_on.contact:
                # Keep the contact they gave for notices outside the chat.
                kept = replace(kept, contact=current.contact, contact_hash=current.contact_hash)
            kept = replace(kept, version=goes_on.version + 1)
            due = kept.clock.due_date.isoformat() if kept.clock else ""
            told = {"into": kept.number, "due": due}
            return Ruling(DecisionKind.MERGED, closed, data=told, beside=kept)

        noted = (
            Noted("mark_duplicate", words, {"into": other.number}),
            Noted("merged", words, {"from": ticket.number}),
        )
        guard = await self._cases.guard(ticket, seen, Part.REQUEST)
        return await self._acts.rule_on_two(
            ticket, other, agent, rule, noted, job_id=job_id, guard=guard
        )


def _check(ticket: Ticket, into: Ticket) -> None:
    found = hindrance(ticket, into)
    if found is not None:
        raise NotAllowedNowError(
            "this request can't be closed as a duplicate of that one",
            reason=f"merge_{found.value}",
        )
