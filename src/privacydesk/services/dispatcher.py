"""The queue dispatcher: assigns waiting conversations and watches over the queue.

    agent absent          ──► conversation back to its old place in the queue, user notified
    opening hours begin   ──► users who wrote while closed are notified
    user waits            ──► assigned to an available agent: in danger first, then longest waiting
    user waits too long   ──► supervisors are alerted
    user is in danger     ──► all who work on requests are alerted, whatever the hour

Each round starts from the state in the database, and each step is a job that runs once. So a
process may be killed at any point, and several processes may run rounds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.agents import WORKERS
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.duty import choose_agent
from privacydesk.errors import DeskError, is_outage
from privacydesk.ports import DutyStore, PeriodicTasks, Reader
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import Attendance
from privacydesk.services.leases import Lease
from privacydesk.services.takeover import Takeover

_log = structlog.get_logger(__name__)

_ASSIGNMENT: Final = "giving_conversations"
"""Name of the task that is leased for assigning conversations."""
_LEASE: Final = timedelta(seconds=30)
"""Only one process assigns conversations at a time, so that no agent exceeds their limit. The lease
is renewed during the work."""
_PAGE_SIZE: Final = 200
"""How much of the queue is read at once. Conversations further back have to wait anyway."""
_FOR_DANGER: Final = 1
"""How many conversations more an agent is given if somebody is in danger."""


class Dispatcher:
    """Runs rounds over the queue."""

    def __init__(
        self,
        *,
        attendance: Attendance,
        takeover: Takeover,
        alarms: Alarms,
        reader: Reader,
        duties: DutyStore,
        chores: PeriodicTasks,
        clock: Clock,
    ) -> None:
        self._attendance = attendance
        self._takeover = takeover
        self._alarms = alarms
        self._reader = reader
        self._duties = duties
        self._chores = chores
        self._clock = clock
        self._announced_opening: datetime | None = None
        self._alerted: frozenset[tuple[bytes, int]] = frozenset()
        self._endangered: frozenset[tuple[bytes, int]] = frozenset()

    async def run_round(self) -> int:
        """Do everything that is due; return the number of steps done."""
        done = await self._requeue_deserted()
        queue = await self._reader.queue(limit=_PAGE_SIZE)
        done += await self._announce_opening()
        done += await self._alert_danger()
        done += await self._alert_supervisors(queue)
        return done + (await self._assign(queue[0]) if queue else 0)

    async def _requeue_deserted(self) -> int:
        """Put the conversations of absent agents back in the queue."""
        deserted = await self._duties.abandoned_conversations(self._clock.now())
        connected = {d.agent for d in deserted if self._attendance.is_connected(d.agent)}
        if connected:
            # These agents have a page open here, so this process missed their heartbeats: it was
            # delayed, or its clock jumped. Renew them.
            await self._attendance.record_heartbeat(*connected)
        done = 0
        for conversation in deserted:
            if conversation.left or conversation.agent not in connected:
                try:
                    done += await self._takeover.requeue(conversation)
                except DeskError as error:
                    # A conversation that can't be requeued must not block the others.
                    if not is_outage(error):
                        _log.warning("conversation_not_returned", code=error.code.value)
        return done

    async def _announce_opening(self) -> int:
        """Tell users who wrote outside opening hours that the desk has opened; once per opening."""
        hours = self._attendance.hours
        opened = hours.opened_at(self._clock.now())
        if opened == self._announced_opening:
            return 0
        done = place = 0
        async for conversation in self._iter_queue():
            place += 1
            since = conversation.queued_at
            if since is None or opened is None or since >= opened or hours.is_open(since):
                continue
            if hours.next_opening(since) == opened:
                done += await self._takeover.announce_opening(conversation, place, opened)
        self._announced_opening = opened
        return done

    async def _iter_queue(self) -> AsyncIterator[Conversation]:
        """Yield all queued conversations, reading the queue page by page."""
        last: Conversation | None = None
        while page := await self._reader.queue(limit=_PAGE_SIZE, after=last):
            for conversation in page:
                yield conversation
            last = page[-1]

    async def _alert_supervisors(self, queue: tuple[Conversation, ...]) -> int:
        """Alert supervisors to users who wait too long within opening hours."""
        now, attendance = self._clock.now(), self._attendance
        if not attendance.hours.is_open(now):
            return 0
        late = {
            _wait_of(conversation): conversation
            for conversation in queue
            # How long somebody waits is not measured again once it was too long.
            if _wait_of(conversation) in self._alerted or attendance.waits_too_long(conversation)
        }
        new = [one for wait, one in late.items() if wait not in self._alerted]
        done = await self._alarms.alert_long_waits(new, now)
        self._alerted = frozenset(late)
        return done

    async def _alert_danger(self) -> int:
        """Alert staff to users in danger whom no agent has, waiting for one or not."""
        endangered = await self._reader.in_danger(limit=_PAGE_SIZE)
        new = [one for one in endangered if _wait_of(one) not in self._endangered]
        done = await self._alarms.alert_danger(new)
        self._endangered = frozenset(map(_wait_of, endangered))
        return done

    async def _assign(self, first: Conversation) -> int:
        """Assign waiting conversations to available agents, if no other process does so now.

        Args:
            first: the conversation at the head of the queue.
        """
        now, limit = self._clock.now(), self._attendance.settings.max_conversations
        names = [a.name for a in await self._reader.agents() if a.active and a.role in WORKERS]
        if not (await self._duties.board()).with_capacity(names, now, _limit_for(first, limit)):
            return 0
        lease = await Lease.claim(self._chores, self._clock, _ASSIGNMENT, duration=_LEASE)
        if lease is None:
            return 0
        try:
            return await self._assign_under_lease(lease, names, now, limit)
        finally:
            await lease.finish(now)

    async def _assign_under_lease(
        self, lease: Lease, names: list[str], now: datetime, limit: int
    ) -> int:
        """Assign conversations until the queue is empty, all agents are busy or the lease is lost.

        Args:
            lease: the lease on the assignment.
            names: names of the agents who may be assigned conversations.
            now: the current time.
            limit: how many conversations one agent may have at the same time.
        """
        # Read again under the lease: another process may have assigned conversations before.
        board = await self._duties.board()
        done = 0
        for conversation in await self._reader.queue(limit=_PAGE_SIZE):
            candidates = board.with_capacity(names, now, _limit_for(conversation, limit))
            if not candidates or not await lease.renew_if_needed():
                break
            barred = await self._takeover.barred_from(conversation)
            allowed = [duty for duty in candidates if duty.agent not in barred]
            chosen = choose_agent(allowed, board.conversations, conversation.locale)
            if chosen is None:
                continue
            try:
                await self._takeover.assign(conversation, chosen.agent)
            except DeskError:
                # An agent took it by hand, or the user left the queue: go on with the next one.
                continue
            await self._attendance.record_assignment(chosen.agent)
            board = board.after_assignment(chosen.agent, now)
            done += 1
        return done


def _limit_for(conversation: Conversation, limit: int) -> int:
    """Return how many conversations an agent may have to be given this one, too."""
    return limit if conversation.danger_at is None else limit + _FOR_DANGER


def _wait_of(conversation: Conversation) -> tuple[bytes, int]:
    """Return what identifies a wait in the queue."""
    return conversation.id, conversation.owner.offset
