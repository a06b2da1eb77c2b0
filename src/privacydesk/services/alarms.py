"""Staff alarms: who is alerted about what, and which alarms they have not seen yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain import failed_attempts
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.alarms import (
    ALARMS_OF_EVENTS,
    ALARMS_OF_OUTAGES,
    AlarmKind,
    StaffAlarm,
    alarm_id,
)
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.duty import StaffBoard
from privacydesk.domain.help_figures import WaitStanding
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import ScheduledEvent, Ticket, TicketState
from privacydesk.ports import AlarmStore, DutyStore, Reader

_COMPLETION_ALARMS = frozenset({AlarmKind.COMPLETION_SOON, AlarmKind.COMPLETION_OVERDUE})
_MAX_RESOLVED = 200
"""Number of unseen alarms that are checked at a time; the next time goes on after them."""
_ENDS = frozenset(
    {*ALARMS_OF_EVENTS.values(), AlarmKind.ESCALATED, AlarmKind.FILES_ASKED, AlarmKind.TASK_ASKED}
)
"""Alarms about a ticket that are over once staff have done what it needs."""
_PAGE_SIZE = 100
_RETENTION = timedelta(days=90)

AlertFailing = Callable[[AlarmKind, str, datetime], Awaitable[int]]
"""Alerts staff to a failing system: the kind of alarm, the system's name, the current time."""


class AlarmRecipients(Struct, frozen=True):
    """The staff who may be alerted.

    Attributes:
        active: names of all active agents.
        supervisors: names of the active supervisors; the administrators if there are none.
        board: which agents are present.
    """

    active: frozenset[str]
    supervisors: tuple[str, ...]
    board: StaffBoard


class TaskAlarms:
    """Makes alarms about tasks, inside the jobs that change them.

    Args:
        agents: the active agents.
    """

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._teams = {agent.name: agent.teams for agent in agents}

    def asked(self, ticket: Ticket, task: Task, by: str, now: datetime) -> tuple[StaffAlarm, ...]:
        """Return the alarms for a task that a team is asked to do, or is reminded of.

        They go to the member who took it, or to all members.

        Args:
            ticket: the ticket.
            task: the task.
            by: name of the agent who asks; not alerted.
            now: the current time.
        """
        members = {name for name, teams in self._teams.items() if task.team in teams}
        alerted = {task.holder} & self._teams.keys() if task.holder else members
        names = tuple(sorted(alerted - {by}))
        return _ticket_alarms(names, AlarmKind.TASK_ASKED, ticket, now, task.number)

    def answered(
        self, ticket: Ticket, task: Task, by: str, now: datetime
    ) -> tuple[StaffAlarm, ...]:
        """Return the alarm for an answered task, to the ticket's holder unless they answered it."""
        alerted = {ticket.holder} & self._teams.keys() - {by}
        return _ticket_alarms(tuple(alerted), AlarmKind.TASK_ANSWERED, ticket, now, task.number)


class Alarms:
    """Creates alarms and records which ones were seen."""

    def __init__(self, store: AlarmStore, reader: Reader, duties: DutyStore, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._duties = duties
        self._clock = clock
        self._checked = b""
        """The ID of the last alarm that was checked for being over; empty to begin anew."""

    async def recipients(self) -> AlarmRecipients:
        """Return the staff who may be alerted now."""
        active = [agent for agent in await self._reader.agents() if agent.active]
        by_role = {role: tuple(a.name for a in active if a.role is role) for role in Role}
        return AlarmRecipients(
            active=frozenset(agent.name for agent in active),
            supervisors=by_role[Role.SUPERVISOR] or by_role[Role.ADMINISTRATOR],
            board=await self._duties.board(),
        )

    def for_due_event(
        self, ticket: Ticket, event: ScheduledEvent, recipients: AlarmRecipients, now: datetime
    ) -> tuple[StaffAlarm, ...]:
        """Return the alarms for a scheduled event of a ticket, to its holder and the supervisors.

        Empty if the event no longer matters: the ticket was answered or carried out, or its
        evidence examined.
        """
        kind = ALARMS_OF_EVENTS.get(event.kind)
        if kind is None or not _still_matters(ticket, kind):
            return ()
        attended = recipients.board.is_present(ticket.holder, now)
        holder = (ticket.holder,) if ticket.holder in recipients.active else ()
        return tuple(
            StaffAlarm(
                id=alarm_id(name, kind, ticket.id, event.at),
                agent=name,
                kind=kind,
                at=event.at,
                conversation_id=ticket.conversation_id,
                ticket_id=ticket.id,
                number=ticket.number,
                unattended=not attended,
            )
            for name in dict.fromkeys((*holder, *recipients.supervisors))
        )

    async def for_escalation(
        self,
        ticket: Ticket,
        by: str,
        now: datetime,
        *,
        kind: AlarmKind = AlarmKind.ESCALATED,
    ) -> tuple[StaffAlarm, ...]:
        """Return the alarms for what an agent asks the supervisors: one to each of them.

        Args:
            ticket: the ticket that it is about.
            by: name of the agent who asks; not alerted.
            now: the current time.
            kind: what they ask for.
        """
        recipients = await self.recipients()
        others = tuple(name for name in recipients.supervisors if name != by)
        return _ticket_alarms(others, kind, ticket, now)

    async def for_escalation_answer(
        self, ticket: Ticket, by: str, now: datetime, *, to: str = ""
    ) -> tuple[StaffAlarm, ...]:
        """Return the alarm for an answered escalation; empty if there is nobody to alert.

        Args:
            ticket: the escalated ticket.
            by: name of the agent who answered; not alerted.
            now: the current time.
            to: name of the agent who escalated; the ticket's holder if empty.
        """
        active = (await self.recipients()).active - {by}
        alerted = {to or ticket.holder} & active
        return _ticket_alarms(tuple(alerted), AlarmKind.ESCALATION_ANSWERED, ticket, now)

    async def task_alarms(self) -> TaskAlarms:
        """Return the maker of alarms about tasks, for the staff who may be alerted now."""
        return TaskAlarms([agent for agent in await self._reader.agents() if agent.active])

    async def alert_long_waits(self, waiting: Sequence[Conversation], now: datetime) -> int:
        """Alert supervisors about users who wait too long; return the number of new alarms."""
        if not waiting:
            return 0
        supervisors = (await self.recipients()).supervisors
        since = [(one, one.queued_at or now) for one in waiting]
        return await self._alert_of_queued(AlarmKind.PERSON_WAITING, since, supervisors, now)

    async def alert_danger(self, endangered: Sequence[Conversation]) -> int:
        """Alert all who work on requests to users in danger; return the number of new alarms.

        Also those who are off duty, who see it once they sign in or look.
        """
        if not endangered:
            return 0
        names = [one.name for one in await self._reader.agents() if one.active and one.works]
        now = self._clock.now()
        since = [(one, one.danger_at or now) for one in endangered]
        return await self._alert_of_queued(AlarmKind.IN_DANGER, since, names, now)

    async def _alert_of_queued(
        self,
        kind: AlarmKind,
        since: Iterable[tuple[Conversation, datetime]],
        names: Collection[str],
        now: datetime,
    ) -> int:
        """Alert staff to conversations that nobody has, since when the alarm holds for each."""
        return await self._store.add_new(
            [
                StaffAlarm(
                    # The offset differs when the conversation is queued again, after its agent
                    # disconnected: that is another alarm.
                    id=alarm_id(name, kind, one.id + b"%d" % one.owner.offset, begun),
                    agent=name,
                    kind=kind,
                    at=now,
                    conversation_id=one.id,
                    unattended=True,
                )
                for one, begun in since
                for name in names
            ]
        )

    async def alert_missed_targets(self, waits: WaitStanding, day: datetime) -> int:
        """Alert supervisors, once a day, that a target of help by people is missed.

        Args:
            waits: the waits of the day so far.
            day: the instant at which it began.
        """
        missed = {
            AlarmKind.WAIT_TARGET_MISSED: waits.misses_wait,
            AlarmKind.LEFT_TARGET_MISSED: waits.misses_left,
        }
        if not any(missed.values()):
            return 0
        return await self._store.add_new(
            [
                StaffAlarm(alarm_id(name, kind, b"", day), name, kind, self._clock.now())
                for name in (await self.recipients()).supervisors
                for kind, is_missed in missed.items()
                if is_missed
            ]
        )

    async def alert_outage_change(self, outage: str, *, is_on: bool, at: datetime) -> int:
        """Alert supervisors that an outside service is down or works again.

        Args:
            outage: name of the outage; unknown names are ignored.
            is_on: whether the service is down.
            at: when this process noticed. Rounded down to ten minutes, so that several processes
                that notice at about the same time raise one alarm.
        """
        kinds = ALARMS_OF_OUTAGES.get(outage)
        if kinds is None:
            return 0
        kind = kinds[0] if is_on else kinds[1]
        rounded = at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)
        return await self._store.add_new(
            [
                StaffAlarm(alarm_id(name, kind, outage.encode(), rounded), name, kind, at)
                for name in (await self.recipients()).supervisors
            ]
        )

    async def alert_failing(self, kind: AlarmKind, about: str, at: datetime) -> int:
        """Alert supervisors, once a day, that another system has been failing for a while.

        Args:
            kind: what fails.
            about: the name of the system, which is not shown.
            at: the current time.
        """
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._store.add_new(
            [
                StaffAlarm(alarm_id(name, kind, about.encode(), day), name, kind, at)
                for name in (await self.recipients()).supervisors
            ]
        )

    async def raise_turn_alarm(self, name: str, conversation: ConversationId) -> None:
        """Alert supervisors to many failed attempts in a conversation, once an hour.

        All other alarms of turns concern only the operator's monitoring, and are ignored here.

        Args:
            name: the alarm's name; see ``domain.failed_attempts``.
            conversation: where the turn ran.
        """
        if name != failed_attempts.MANY_ATTEMPTS_ALARM:
            return
        kind, now = AlarmKind.MANY_ATTEMPTS, self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        supervisors = (await self.recipients()).supervisors
        await self._store.add_new(
            [
                StaffAlarm(
                    id=alarm_id(agent, kind, conversation, hour),
                    agent=agent,
                    kind=kind,
                    at=now,
                    conversation_id=conversation,
                )
                for agent in supervisors
            ]
        )

    async def alert_refused_rows(self) -> int:
        """Alert supervisors to rows that storage refuses to read; return the number of new alarms.

        Each row is reported once a day for as long as it is refused.
        """
        refused = await self._reader.refused_rows()
        if not refused:
            return 0
        now, kind = self._clock.now(), AlarmKind.ROW_REFUSED
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        supervisors = (await self.recipients()).supervisors
        return await self._store.add_new(
            [
                StaffAlarm(
                    id=alarm_id(name, kind, f"{row.table}/{row.row}".encode(), day),
                    agent=name,
                    kind=kind,
                    at=now,
                    number=row.number,
                    unattended=True,
                )
                for row in refused
                for name in supervisors
            ]
        )

    async def alert_missing_schedule(self, year: int) -> int:
        """Alert supervisors, once, that a year's holiday schedule is missing.

        Args:
            year: the year on which deadlines rest.
        """
        kind, at = AlarmKind.SCHEDULE_MISSING, datetime(year, 1, 1, tzinfo=UTC)
        return await self._store.add_new(
            [
                StaffAlarm(alarm_id(name, kind, b"%d" % year, at), name, kind, self._clock.now())
                for name in (await self.recipients()).supervisors
            ]
        )

    async def alarms_of(self, agent: str) -> tuple[StaffAlarm, ...]:
        """Return an agent's alarms, the newest first."""
        return await self._store.alarms_of(agent, limit=_PAGE_SIZE)

    async def request_kinds(self, alarms: Iterable[StaffAlarm]) -> Mapping[str, RequestKind]:
        """Return the kinds of the open requests that alarms are about, by number."""
        numbers = {alarm.number for alarm in alarms}
        found = await self._reader.open_tickets_in(
            list({alarm.conversation_id for alarm in alarms if alarm.conversation_id})
        )
        return {
            ticket.number: ticket.kind
            for tickets in found.values()
            for ticket in tickets
            if ticket.number in numbers
        }

    async def mark_seen(self, agent: str, *about: bytes) -> int:
        """Mark an agent's alarms about tickets or conversations as seen; return their number.

        Args:
            agent: name of the agent.
            *about: IDs of the tickets and conversations that the agent opened.
        """
        return await self._store.mark_seen(agent, about, self._clock.now())

    async def mark_all_seen(self, agent: str) -> int:
        """Mark all of an agent's alarms as seen."""
        return await self._store.mark_seen(agent, None, self._clock.now())

    async def end_resolved(self) -> int:
        """Mark alarms as seen, for everybody, whose cause is over; return their number."""
        alarms = await self._store.unseen(after=self._checked, limit=_MAX_RESOLVED)
        self._checked = alarms[-1].id if len(alarms) == _MAX_RESOLVED else b""
        tickets = {
            ticket_id: await self._reader.ticket(ticket_id)
            for ticket_id in {alarm.ticket_id for alarm in alarms if alarm.kind in _ENDS}
            if ticket_id is not None
        }
        waits = {AlarmKind.PERSON_WAITING: _is_queued, AlarmKind.IN_DANGER: _is_endangered}
        conversations = {
            conversation_id: await self._reader.conversation(conversation_id)
            for conversation_id in {one.conversation_id for one in alarms if one.kind in waits}
            if conversation_id is not None
        }

        def is_over(alarm: StaffAlarm) -> bool:
            if alarm.kind in waits and alarm.conversation_id is not None:
                conversation = conversations[alarm.conversation_id]
                return conversation is None or not waits[alarm.kind](conversation)
            if alarm.kind not in _ENDS or alarm.ticket_id is None:
                return False
            ticket = tickets.get(alarm.ticket_id)
            return ticket is None or not _still_matters(ticket, alarm.kind)

        over = [alarm.id for alarm in alarms if is_over(alarm)]
        return await self._store.mark_over(over, self._clock.now())

    async def accounts(self, alarms: Iterable[StaffAlarm]) -> Mapping[ConversationId, str]:
        """Return the accounts of the conversations that alarms without a ticket are about."""
        ids = {alarm.conversation_id for alarm in alarms if not alarm.number}
        found = [await self._reader.conversation(one) for one in ids if one is not None]
        return {one.id: one.account for one in found if one is not None and one.account}

    async def delete_expired(self) -> None:
        """Delete alarms older than the retention period."""
        await self._store.sweep(self._clock.now() - _RETENTION)


def _is_queued(conversation: Conversation) -> bool:
    return conversation.owner.kind is OwnerKind.QUEUE


def _is_endangered(conversation: Conversation) -> bool:
    """Return whether a user is in danger whom no agent has."""
    return conversation.danger_at is not None and conversation.owner.kind is not OwnerKind.AGENT


def _still_matters(ticket: Ticket, kind: AlarmKind) -> bool:
    """Return whether what an alarm about a ticket is about is still to be done by staff."""
    if kind is AlarmKind.EVIDENCE_WAITING:
        return ticket.has_unexamined_evidence
    if kind is AlarmKind.ESCALATED:
        return ticket.awaits_supervisors
    if kind in {AlarmKind.TASK_ASKED, AlarmKind.TASK_OVERDUE}:
        return bool(ticket.open_tasks)
    if kind is AlarmKind.FILES_ASKED:
        return ticket.is_open and bool(ticket.work.files_asked)
    if kind in _COMPLETION_ALARMS or ticket.completion is not None:
        return ticket.state is TicketState.FULFILLING
    return ticket.answered_at is None and ticket.is_open


def _ticket_alarms(
    names: tuple[str, ...], kind: AlarmKind, ticket: Ticket, at: datetime, task: int = 0
) -> tuple[StaffAlarm, ...]:
    """Return an alarm about a ticket for each of the named agents.

    Several tasks of a ticket may be asked for, or answered, at the same instant: ``task`` is the
    number of the one that the alarm is about, or 0.
    """
    about = ticket.id + (b"/%d" % task if task else b"")
    return tuple(
        StaffAlarm(
            id=alarm_id(name, kind, about, at),
            agent=name,
            kind=kind,
            at=at,
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            number=ticket.number,
        )
        for name in names
    )
