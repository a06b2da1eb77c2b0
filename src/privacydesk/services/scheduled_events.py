"""Execution of tickets' scheduled events: reminders, overdue marks, lapses, automatic unbinding.

Each event is executed once: the job that executes it removes it from the ticket in the same commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog.pending import asked_to_take_back
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import (
    LogEntry,
    ScheduledEvent,
    ScheduledEventKind,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.turn import DecisionKind, DecisionMessage, DueMessage, Message
from privacydesk.ports import Changes, WorkingSet
from privacydesk.services import plans
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import TurnInput
from privacydesk.services.notices import Notices
from privacydesk.services.row_builders import OutboxRowBuilder
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_ALARMS: Mapping[ScheduledEventKind, str] = {
    ScheduledEventKind.REMIND_TWO: "ticket_due_in_two_working_days",
    ScheduledEventKind.REMIND_ONE: "ticket_due_in_one_working_day",
    ScheduledEventKind.INTERNAL_OVERDUE: "ticket_internally_overdue",
    ScheduledEventKind.OVERDUE: "ticket_overdue",
    ScheduledEventKind.COMPLETION_SOON: "closing_due_in_two_working_days",
    ScheduledEventKind.COMPLETION_OVERDUE: "closing_overdue",
    ScheduledEventKind.EVIDENCE_WAITING: "evidence_not_examined",
    ScheduledEventKind.TASK_OVERDUE: "task_overdue",
}
"""Names of the log events that alert the holder and the supervisors."""

_OVERDUE = frozenset({ScheduledEventKind.OVERDUE, ScheduledEventKind.COMPLETION_OVERDUE})
"""The events that the user is told, once."""

_RECHECK_INTERVAL = timedelta(seconds=20)
"""How often an unbinding window is checked while its user is asked whether to withdraw."""

_WITHDRAWAL_TIMEOUT = timedelta(days=1)
"""How long the user may take to answer whether to withdraw an unbinding; then staff decide."""

_LEFT_TO_STAFF = "unbinding_left"


class ScheduledEvents:
    """Executes the due events of claimed tickets.

    Args:
        turns: runs the jobs.
        row_builder: builds the outbox rows of an automatic unbinding.
        notices: builds the outbox rows of notices.
        deadlines: recounts provisional due dates.
        alarms: creates staff alarms.
        holds: finds the legal holds on accounts.
        clock: source of the current time.
        on_change: called with the conversation's id after each event, to update console pages.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        row_builder: OutboxRowBuilder,
        notices: Notices,
        deadlines: Deadlines,
        alarms: Alarms,
        holds: AccountRequests,
        clock: Clock,
        on_change: Callable[[ConversationId], None],
    ) -> None:
        self._turns = turns
        self._row_builder = row_builder
        self._notices = notices
        self._deadlines = deadlines
        self._alarms = alarms
        self._holds = holds
        self._clock = clock
        self._on_change = on_change

    async def execute_due(self, ticket: Ticket) -> None:
        """Execute all due events of a claimed ticket, each in a job of its own."""
        now = self._clock.now()
        for event in ticket.scheduled_events:
            if event.at <= now:
                await self._execute(ticket, event, now)

    async def _execute(self, claimed: Ticket, event: ScheduledEvent, now: datetime) -> None:
        job_id = f"due:{claimed.id.hex()}:{event.kind.value}:{int(event.at.timestamp())}"
        executed: Ticket | None = None
        recipients = await self._alarms.recipients()
        ends_window = event.kind is ScheduledEventKind.UNBINDING_WINDOW
        held = await self._holds.held_among(claimed.account) if ends_window else frozenset()

        def prepare(rows: WorkingSet) -> TurnInput:
            nonlocal executed
            # This may run several times; only the last run is committed.
            executed = None
            ticket = rows.tickets[claimed.id]
            if event not in ticket.scheduled_events:
                return TurnInput(None)
            if ends_window and rows.conversation is not None:
                asked_at = asked_to_take_back(rows.conversation, ticket.id)
                if asked_at is not None:
                    changes = _wait_for_withdrawal(ticket, event, asked_at, job_id, now)
                    return TurnInput(None, changes)
                if rows.conversation.unanswered:
                    # What was not understood may have been a no.
                    return TurnInput(None, _leave_to_staff(ticket, event, job_id, now))
            ticket = replace(ticket, scheduled_events=_without(ticket, event))
            if rows.conversation is not None and rows.conversation.minor_hint:
                # The user may have mentioned their age after filing: no minor's account is unbound
                # automatically.
                ticket = replace(ticket, flags=ticket.flags | {"minor"})
            executed = ticket
            ticket, message, deliveries = self._apply(ticket, event, held, job_id, now)
            entry = LogEntry(ticket.id, now, "clock", event.kind.value, job_id=job_id)
            return TurnInput(
                message,
                Changes(
                    tickets=(ticket,),
                    ticket_log=(entry,),
                    deliveries=deliveries,
                    staff_alarms=self._alarms.for_due_event(executed, event, recipients, now),
                ),
            )

        await self._turns.run(
            claimed.conversation_id,
            job_id,
            prepare,
            tickets=(claimed.id,),
            once_per_ticket=claimed.id,
        )
        if executed is not None:
            _log_event(executed, event)
            self._on_change(claimed.conversation_id)

    def _apply(
        self,
        ticket: Ticket,
        event: ScheduledEvent,
        held: Collection[str],
        job_id: str,
        now: datetime,
    ) -> tuple[Ticket, Message | None, tuple[Delivery, ...]]:
        """Return the ticket after an event, the message to the user, and outbox rows."""
        if event.kind is ScheduledEventKind.LAPSE and may(ticket, Move.LAPSE):
            ticket = move(ticket, Move.LAPSE, now)
            message = DueMessage(job_id, event.kind.value, ticket)
            return ticket, message, self._notices.rows(message, now)
        if event.kind in _OVERDUE and (ticket.answered_at is None or ticket.is_completed_late(now)):
            ticket = replace(ticket, version=ticket.version + 1)
            return ticket, DueMessage(job_id, event.kind.value, ticket), ()
        if event.kind is ScheduledEventKind.UNBINDING_WINDOW and _may_unbind(ticket, held):
            planned = plans.plan_calls(ticket)
            ticket = move(ticket, Move.RELEASE, now)
            ticket = replace(ticket, work=replace(ticket.work, left=len(planned)))
            return ticket, None, self._row_builder.ticket_call_rows(ticket, planned, now)
        return replace(ticket, version=ticket.version + 1), None, ()

    async def recount_provisional(self, candidate: Ticket) -> None:
        """Recount a ticket's provisional due dates; tell the user if one of them changed."""
        now = self._clock.now()
        if self._deadlines.recount_provisional(candidate, now) is None:
            return
        clock = candidate.staff_clock
        due_date = clock.due_date.isoformat() if clock else ""
        job_id = f"settle:{candidate.id.hex()}:{due_date}:{candidate.version}"

        def prepare(rows: WorkingSet) -> TurnInput:
            ticket = self._deadlines.recount_provisional(rows.tickets[candidate.id], now)
            if ticket is None:
                return TurnInput(None)
            clock = ticket.staff_clock
            assert clock is not None
            entry = LogEntry(
                ticket.id,
                now,
                "clock",
                "calendar_settled",
                why=clock.due_date.isoformat(),
                job_id=job_id,
            )
            if ticket.answered_at is not None and ticket.completion is None:
                # The date is of no use to anybody any more.
                return TurnInput(None, Changes(tickets=(ticket,), ticket_log=(entry,)))
            message = DecisionMessage(job_id, DecisionKind.CALENDAR_SETTLED, ticket=ticket)
            notices = self._notices.rows(message, now)
            changes = Changes(tickets=(ticket,), ticket_log=(entry,), deliveries=notices)
            return TurnInput(message, changes)

        await self._turns.run(
            candidate.conversation_id,
            job_id,
            prepare,
            tickets=(candidate.id,),
            once_per_ticket=candidate.id,
        )


def _may_unbind(ticket: Ticket, held: Collection[str]) -> bool:
    # An agent decides instead if there is a legal hold, evidence or an objection, or if the
    # requester is a minor.
    return (
        ticket.state is TicketState.IN_REVIEW
        and not ticket.flags & {"minor", "document", "objection"}
        and ticket.account not in held
        and bool(plans.plan_calls(ticket))
    )


def _log_event(ticket: Ticket, event: ScheduledEvent) -> None:
    """Log an executed event; as a warning if staff were alerted to it."""
    alarm = _ALARMS.get(event.kind)
    if alarm is None:
        _log.info("due_fired", kind=event.kind.value, ticket=ticket.number)
        return
    clock = ticket.staff_clock
    _log.warning(
        alarm,
        ticket=ticket.number,
        kind=ticket.kind.value,
        due=clock.due_date.isoformat() if clock else None,
        # Without a holder only the supervisors are alerted.
        holder=ticket.holder or "nobody",
        alarms=[ticket.holder, "supervisors"] if ticket.holder else ["supervisors"],
    )


def _wait_for_withdrawal(
    ticket: Ticket, event: ScheduledEvent, asked_at: datetime, job_id: str, now: datetime
) -> Changes:
    """Postpone the end of an unbinding window while its user is asked whether to withdraw.

    After ``_WITHDRAWAL_TIMEOUT`` the event is dropped, and staff decide.
    """
    if now >= asked_at + _WITHDRAWAL_TIMEOUT:
        return _leave_to_staff(ticket, event, job_id, now)
    events = (replace(event, at=now + _RECHECK_INTERVAL), *_without(ticket, event))
    return Changes(tickets=(replace(ticket, scheduled_events=events, version=ticket.version + 1),))


def _leave_to_staff(ticket: Ticket, event: ScheduledEvent, job_id: str, now: datetime) -> Changes:
    """Drop the end of an unbinding window, so that an agent releases the unbinding."""
    left = replace(ticket, scheduled_events=_without(ticket, event), version=ticket.version + 1)
    entry = LogEntry(ticket.id, now, "clock", _LEFT_TO_STAFF, job_id=job_id)
    return Changes(tickets=(left,), ticket_log=(entry,))


def _without(ticket: Ticket, event: ScheduledEvent) -> tuple[ScheduledEvent, ...]:
    return tuple(other for other in ticket.scheduled_events if other != event)
