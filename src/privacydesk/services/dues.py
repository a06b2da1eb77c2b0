"""Dues on tickets: reminders, overdue, lapses, the unbinding window.

Each is fired once: the job removes it from the ticket in the same commit in which it acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog.pending import asked_to_take_back
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Due, DueKind, LogEntry, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Message
from privacydesk.ports import Changes, WorkingSet
from privacydesk.services import plans
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import Prepared
from privacydesk.services.making import Maker
from privacydesk.services.notices import Notices
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_ALARMS: Mapping[DueKind, str] = {
    DueKind.REMIND_TWO: "ticket_due_in_two_working_days",
    DueKind.REMIND_ONE: "ticket_due_in_one_working_day",
    DueKind.OVERDUE: "ticket_overdue",
    DueKind.EVIDENCE_WAITING: "evidence_not_examined",
}
"""Log events for the holder and the supervisors; once each."""


_HELD = timedelta(seconds=20)
"""Time after which a held window is checked again for closing."""


_HELD_AT_MOST = timedelta(days=1)
"""How long a user asked whether to withdraw an unbinding is waited for; then staff decide."""
_LEFT_TO_STAFF = "unbinding_left"


class Dues:
    """Fires what is due on claimed tickets.

    Args:
        changed: called after each, so that open pages of the console are updated.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        maker: Maker,
        notices: Notices,
        deadlines: Deadlines,
        alarms: Alarms,
        clock: Clock,
        changed: Callable[[ConversationId], None],
    ) -> None:
        self._turns = turns
        self._maker = maker
        self._notices = notices
        self._deadlines = deadlines
        self._alarms = alarms
        self._clock = clock
        self._changed = changed

    async def work(self, ticket: Ticket) -> None:
        """Fire everything that is due on a claimed ticket, one job each."""
        now = self._clock.now()
        for due in ticket.dues:
            if due.at <= now:
                await self._fire(ticket, due, now)

    async def _fire(self, seen: Ticket, due: Due, now: datetime) -> None:
        job_id = f"due:{seen.id.hex()}:{due.kind.value}:{int(due.at.timestamp())}"
        fired: Ticket | None = None
        callees = await self._alarms.callees()

        def prepare(rows: WorkingSet) -> Prepared:
            nonlocal fired
            # It may run again: only what the last run did is committed.
            fired = None
            ticket = rows.tickets[seen.id]
            if due not in ticket.dues:
                return Prepared(None)
            left = tuple(other for other in ticket.dues if other != due)
            if due.kind is DueKind.UNBINDING_WINDOW and rows.conversation is not None:
                asked = asked_to_take_back(rows.conversation, ticket.id)
                if asked is not None:
                    return Prepared(None, _held(ticket, due, asked, job_id, now))
            ticket = replace(ticket, dues=left)
            if rows.conversation is not None and rows.conversation.minor_hint:
                # Hints given after filing count too: nothing is automatic for a minor.
                ticket = replace(ticket, flags=ticket.flags | {"minor"})
            fired = ticket
            ticket, message, deliveries = self._act(ticket, due, job_id, now)
            entry = LogEntry(ticket.id, now, "clock", due.kind.value, job_id=job_id)
            return Prepared(
                message,
                Changes(
                    tickets=(ticket,),
                    ticket_log=(entry,),
                    deliveries=deliveries,
                    staff_alarms=self._alarms.of_ticket(fired, due, callees, now),
                ),
            )

        await self._turns.run(
            seen.conversation_id,
            job_id,
            prepare,
            tickets=(seen.id,),
            once_per_ticket=seen.id,
        )
        if fired is not None:
            _call_out(fired, due)
            self._changed(seen.conversation_id)

    def _act(
        self, ticket: Ticket, due: Due, job_id: str, now: datetime
    ) -> tuple[Ticket, Message | None, tuple[Delivery, ...]]:
        if due.kind is DueKind.LAPSE and may(ticket, Move.LAPSE):
            ticket = move(ticket, Move.LAPSE, now)
            message = CameDue(job_id, due.kind.value, ticket)
            return ticket, message, self._notices.rows(message, now)
        if due.kind is DueKind.OVERDUE and ticket.answered_at is None:
            ticket = replace(ticket, version=ticket.version + 1)
            return ticket, CameDue(job_id, due.kind.value, ticket), ()
        if due.kind is DueKind.UNBINDING_WINDOW and self._may_unbind(ticket):
            planned = plans.plan(ticket)
            ticket = move(ticket, Move.RELEASE, now)
            ticket = replace(ticket, work=replace(ticket.work, left=len(planned)))
            return ticket, None, self._maker.actions(ticket, planned, now)
        return replace(ticket, version=ticket.version + 1), None, ()

    def _may_unbind(self, ticket: Ticket) -> bool:
        # Never under a hold or for a minor; an agent decides then.
        return (
            ticket.state is TicketState.IN_REVIEW
            and not ticket.flags & {"hold", "minor", "document", "objection"}
            and bool(plans.plan(ticket))
        )

    async def settle(self, seen: Ticket) -> None:
        """Recount a provisional date; tell the user if it changed."""
        now = self._clock.now()
        if self._deadlines.settled(seen, now) is None:
            return
        clock = seen.clock
        stamp = clock.due_date.isoformat() if clock else ""
        job_id = f"settle:{seen.id.hex()}:{stamp}:{seen.version}"

        def prepare(rows: WorkingSet) -> Prepared:
            before = rows.tickets[seen.id]
            ticket = self._deadlines.settled(before, now)
            if ticket is None:
                return Prepared(None)
            after = ticket.clock
            assert after is not None
            entry = LogEntry(
                ticket.id,
                now,
                "clock",
                "calendar_settled",
                why=after.due_date.isoformat(),
                job_id=job_id,
            )
            message = Decided(job_id, DecisionKind.CALENDAR_SETTLED, ticket=ticket)
            notices = self._notices.rows(message, now)
            left = Changes(tickets=(ticket,), ticket_log=(entry,), deliveries=notices)
            return Prepared(message, left)

        await self._turns.run(
            seen.conversation_id,
            job_id,
            prepare,
            tickets=(seen.id,),
            once_per_ticket=seen.id,
        )


def _call_out(ticket: Ticket, due: Due) -> None:
    alarm = _ALARMS.get(due.kind)
    if alarm is None:
        _log.info("due_fired", kind=due.kind.value, ticket=ticket.number)
        return
    clock = ticket.clock
    _log.warning(
        alarm,
        ticket=ticket.number,
        kind=ticket.kind.value,
        due=clock.due_date.isoformat() if clock else None,
        # Without a holder only the supervisors are called.
        holder=ticket.holder or "nobody",
        alarms=[ticket.holder, "supervisors"] if ticket.holder else ["supervisors"],
    )


def _held(ticket: Ticket, due: Due, asked: datetime, job_id: str, now: datetime) -> Changes:
    """Wait for a user asked whether to withdraw: it is not decided over their head."""
    left = tuple(other for other in ticket.dues if other != due)
    waits = now < asked + _HELD_AT_MOST
    dues = (replace(due, at=now + _HELD), *left) if waits else left
    entry = LogEntry(ticket.id, now, "clock", _LEFT_TO_STAFF, job_id=job_id)
    return Changes(
        tickets=(replace(ticket, dues=dues, version=ticket.version + 1),),
        ticket_log=() if waits else (entry,),
    )
