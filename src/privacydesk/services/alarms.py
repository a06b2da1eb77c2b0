"""Staff alarms: who is called about what, and which calls they have not seen yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain import failed_codes
from privacydesk.domain.agents import Role
from privacydesk.domain.alarms import OF_DUES, OF_OUTAGES, AlarmKind, StaffAlarm, alarm_id
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.duty import Board
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Due, DueKind, Ticket
from privacydesk.ports import AlarmBook, Duties, Reader

_SHOWN = 100
_KEPT = timedelta(days=90)


class Callees(Struct, frozen=True):
    """The staff who may be called.

    Attributes:
        active: all agents who may act.
        supervisors: always called; administrators if there are none.
        board: who is present.
    """

    active: frozenset[str]
    supervisors: tuple[str, ...]
    board: Board


class Alarms:
    """Makes calls and records which were seen."""

    def __init__(self, book: AlarmBook, reader: Reader, duties: Duties, clock: Clock) -> None:
        self._book = book
        self._reader = reader
        self._duties = duties
        self._clock = clock

    async def callees(self) -> Callees:
        """Return the staff who may be called now."""
        active = [agent for agent in await self._reader.agents() if agent.active]
        by_role = {role: tuple(a.name for a in active if a.role is role) for role in Role}
        return Callees(
            active=frozenset(agent.name for agent in active),
            supervisors=by_role[Role.SUPERVISOR] or by_role[Role.ADMINISTRATOR],
            board=await self._duties.board(),
        )

    def of_ticket(
        self, ticket: Ticket, due: Due, callees: Callees, now: datetime
    ) -> tuple[StaffAlarm, ...]:
        """Return the calls for a due of a ticket: to its holder and the supervisors.

        Nobody is called once it is settled: the answer was given, or the evidence examined.
        """
        kind = OF_DUES.get(due.kind)
        settled = (
            not ticket.to_examine
            if due.kind is DueKind.EVIDENCE_WAITING
            else ticket.answered_at is not None or not ticket.is_open
        )
        if kind is None or settled:
            return ()
        attended = callees.board.is_there(ticket.holder, now)
        holder = (ticket.holder,) if ticket.holder in callees.active else ()
        return tuple(
            StaffAlarm(
                id=alarm_id(name, kind, ticket.id, due.at),
                agent=name,
                kind=kind,
                at=due.at,
                conversation_id=ticket.conversation_id,
                ticket_id=ticket.id,
                number=ticket.number,
                unattended=not attended,
            )
            for name in dict.fromkeys((*holder, *callees.supervisors))
        )

    async def handed_up(self, ticket: Ticket, by: str, now: datetime) -> tuple[StaffAlarm, ...]:
        """Return the calls for an escalated ticket: to the supervisors."""
        callees = await self.callees()
        others = tuple(name for name in callees.supervisors if name != by)
        return _calls(others, AlarmKind.ESCALATED, ticket, now)

    async def answered(
        self, ticket: Ticket, by: str, now: datetime, *, to: str = ""
    ) -> tuple[StaffAlarm, ...]:
        """Return the call for an answered escalation: to the agent who asked, or the holder."""
        active = (await self.callees()).active - {by}
        called = {to or ticket.holder} & active
        return _calls(tuple(called), AlarmKind.ESCALATION_ANSWERED, ticket, now)

    async def wait_too_long(self, waiting: Sequence[tuple[Conversation, datetime]]) -> int:
        """Call supervisors about people who wait; return the number of calls.

        Args:
            waiting: conversations, each with the instant from which the wait is too long.
        """
        if not waiting:
            return 0
        supervisors = (await self.callees()).supervisors
        kind = AlarmKind.PERSON_WAITING
        return await self._book.ring(
            [
                StaffAlarm(
                    # Waiting again, after an agent was lost, is another call.
                    id=alarm_id(name, kind, one.id + b"%d" % one.owner.offset, at),
                    agent=name,
                    kind=kind,
                    at=at,
                    conversation_id=one.id,
                    unattended=True,
                )
                for one, at in waiting
                for name in supervisors
            ]
        )

    async def service_turned(self, what: str, *, is_on: bool, at: datetime) -> int:
        """Call supervisors because an outside service is down or works again.

        Args:
            what: the name of the service's outage.
            is_on: whether the service is down.
            at: when it was first noticed. Processes that notice at about the same time call once.
        """
        kinds = OF_OUTAGES.get(what)
        if kinds is None:
            return 0
        kind = kinds[0] if is_on else kinds[1]
        about = at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)
        return await self._book.ring(
            [
                StaffAlarm(alarm_id(name, kind, what.encode(), about), name, kind, at)
                for name in (await self.callees()).supervisors
            ]
        )

    async def raised(self, name: str, conversation: ConversationId) -> None:
        """Call supervisors about a turn's alarm, once an hour; most alarms are the operator's."""
        if name != failed_codes.MANY:
            return
        kind, now = AlarmKind.MANY_ATTEMPTS, self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        supervisors = (await self.callees()).supervisors
        await self._book.ring(
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

    async def call_for_refused(self) -> int:
        """Call supervisors about unreadable rows; return the number of calls.

        Once a day for each row, as long as reads of it are refused.
        """
        refused = await self._reader.refused()
        if not refused:
            return 0
        now, kind = self._clock.now(), AlarmKind.ROW_REFUSED
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        supervisors = (await self.callees()).supervisors
        return await self._book.ring(
            [
                StaffAlarm(
                    id=alarm_id(name, kind, f"{one.table}/{one.row}".encode(), day),
                    agent=name,
                    kind=kind,
                    at=now,
                    number=one.number,
                    unattended=True,
                )
                for one in refused
                for name in supervisors
            ]
        )

    async def mine(self, agent: str) -> tuple[StaffAlarm, ...]:
        """Return an agent's calls, the newest first."""
        return await self._book.of(agent, limit=_SHOWN)

    async def see(self, agent: str, *about: bytes) -> int:
        """Note that an agent opened tickets or conversations; return how many calls that ends."""
        return await self._book.see(agent, about, self._clock.now())

    async def see_all(self, agent: str) -> int:
        """Note that an agent has seen all their calls."""
        return await self._book.see(agent, None, self._clock.now())

    async def sweep(self) -> None:
        """Remove calls that are past their retention."""
        await self._book.sweep(self._clock.now() - _KEPT)


def _calls(
    names: tuple[str, ...], kind: AlarmKind, ticket: Ticket, at: datetime
) -> tuple[StaffAlarm, ...]:
    return tuple(
        StaffAlarm(
            id=alarm_id(name, kind, ticket.id, at),
            agent=name,
            kind=kind,
            at=at,
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            number=ticket.number,
        )
        for name in names
    )
