"""Conflict resolution: what each side becomes where the two differ. Pure.

A three-way comparison: the state at the last synchronization tells which side has changed something
since. The desk's state, due date and decision always win. For the holder, the side that changed it
wins; if both did, the newer change, or the desk's if nothing tells which is newer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    Correction,
    RemoteChange,
    RemoteTicket,
    TicketingMap,
)
from privacydesk.domain.ticketing_links import SyncBase

REQUESTER: Final = "requester"
"""The author of entries in a ticket's log for what the requester did."""
_MINUTE: Final = timedelta(minutes=1)
_HOLDING: Final = frozenset({"claim", "assign"})
"""Entries in a ticket's log that change its holder."""


class Sides(Struct, frozen=True):
    """Both sides of a link at one moment.

    Attributes:
        ticket: the desk's ticket.
        remote: its counterpart.
        base: the state of both at the last synchronization.
        refound: whether the counterpart was just found again, perhaps half-made: nobody removed
            what it lacks.
    """

    ticket: Ticket
    remote: RemoteTicket
    base: SyncBase
    refound: bool = False


class Giving(Struct, frozen=True):
    """How the holder of a ticket is to change.

    Attributes:
        take: the new holder here, ``UNASSIGNED`` for none; None if nothing changes here.
        give: the new remote assignee; None if nothing changes there.
        correction: what remote users are told.
    """

    take: str | None = None
    give: str | None = None
    correction: Correction | None = None


def wanted_assignee(ticket: Ticket, said: TicketingMap) -> str | None:
    """Return the remote assignee a ticket should have; None if its holder is unknown there."""
    if not ticket.holder:
        return UNASSIGNED
    return said.users.get(ticket.holder)


def giving(sides: Sides, said: TicketingMap, log: Sequence[LogEntry]) -> Giving:
    """Decide who holds a ticket from now on."""
    ticket, theirs, base = sides.ticket, sides.remote.assignee, sides.base
    wanted = wanted_assignee(ticket, said)
    if wanted == theirs:
        return Giving()
    agent = UNASSIGNED if theirs == UNASSIGNED else said.agent_of(theirs)
    changed_there = theirs != base.assignee and not (sides.refound and theirs == UNASSIGNED)
    changed_here = ticket.holder != base.holder
    if changed_there and (not changed_here or _newer_there(sides, log)):
        if not ticket.is_open:
            # The record keeps its holder; remote users may do as they like.
            return Giving()
        if agent is None:
            return Giving(correction=Correction.UNKNOWN_USER)
        return Giving(take=agent)
    if agent is None and not changed_here:
        return Giving()
    return Giving(give=_theirs(wanted, agent))


def put_back(ticket: Ticket, said: TicketingMap) -> Giving:
    """Return the change that undoes an assignment the desk did not accept."""
    wanted = wanted_assignee(ticket, said)
    return Giving(give=UNASSIGNED if wanted is None else wanted, correction=Correction.HOLDER)


def _theirs(wanted: str | None, agent: str | None) -> str | None:
    if wanted is not None:
        return wanted
    # The holder is unknown there: at least don't leave another agent as the assignee.
    return UNASSIGNED if agent else None


def _newer_there(sides: Sides, log: Sequence[LogEntry]) -> bool:
    theirs = sides.remote.assigned_at or sides.remote.touched_at
    given = max((entry.at for entry in log if entry.what in _HOLDING), default=None)
    return theirs is not None and (given is None or theirs > given)


def answered_since(log: Sequence[LogEntry], written_at: datetime) -> bool:
    """Return whether the requester acted on a ticket after a remote entry was written.

    If so, an entry that asks for more is answered: the ticket does not wait for it again.
    """
    return any(entry.by == REQUESTER and entry.at >= written_at for entry in log)


def differences(
    sides: Sides,
    said: TicketingMap,
    ended: Collection[str],
    due_at: datetime | None,
    fields: Mapping[str, str],
) -> tuple[RemoteChange, tuple[Correction, ...]]:
    """Return the remote changes to make, except the assignee, and the corrections to post.

    Args:
        sides: both sides.
        said: the operator's mapping, completed by the connector.
        ended: states in which nobody works on a ticket there.
        due_at: the due date it should have there; None leaves it as it is.
        fields: the value that each field should have.
    """
    state, correction = _state(sides, said, ended)
    corrections = [] if correction is None else [correction]
    due, moved = _due(sides, due_at)
    if moved:
        corrections.append(Correction.DUE)
    theirs = sides.remote.fields
    differing = {name: value for name, value in fields.items() if theirs.get(name, "") != value}
    return RemoteChange(state=state, due_at=due, fields=differing), tuple(corrections)


def _state(
    sides: Sides, said: TicketingMap, ended: Collection[str]
) -> tuple[str | None, Correction | None]:
    wanted, theirs = said.state_of(sides.ticket), sides.remote.state
    if not wanted or wanted == theirs:
        return None, None
    ends = {*ended, *(one for name, one in said.states.items() if name.startswith("closed"))}
    # The operator may map open tickets to the same state as well.
    ends -= {one for name, one in said.states.items() if not name.startswith("closed")}
    by_them = theirs != sides.base.state and wanted == sides.base.state and not sides.refound
    if sides.ticket.is_open == (theirs in ends):
        correction = Correction.STATE_ENDED if sides.ticket.is_open else Correction.STATE_REOPENED
        return wanted, correction if by_them else None
    if by_them and theirs not in said.states.values() and sides.ticket.is_open:
        # A state of their own for ongoing work.
        return None, None
    return wanted, None


def _due(sides: Sides, due_at: datetime | None) -> tuple[datetime | None, bool]:
    theirs, base = sides.remote.due_at, sides.base.due_at
    if due_at is None or (theirs is not None and abs(theirs - due_at) < _MINUTE):
        return None, False
    by_them = (
        theirs is not None
        and base is not None
        and abs(theirs - base) >= _MINUTE
        and abs(due_at - base) < _MINUTE
    )
    return due_at, by_them


def alike(
    ticket: Ticket, remote: RemoteTicket, said: TicketingMap, change: RemoteChange
) -> SyncBase:
    """Return the state of both sides once a change is made."""
    return SyncBase(
        holder=ticket.holder,
        assignee=remote.assignee if change.assignee is None else change.assignee,
        state=said.state_of(ticket),
        due_at=remote.due_at if change.due_at is None else change.due_at,
    )


def with_assignee(change: RemoteChange, assignee: str | None) -> RemoteChange:
    """Return a change that also sets the assignee, if one is given."""
    return change if assignee is None else replace(change, assignee=assignee)
