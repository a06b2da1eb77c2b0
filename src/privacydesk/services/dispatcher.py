"""The queue dispatcher: manages the queue without an agent's help, so that nobody waits unseen.

    agent absent    ──► back to the old place in the queue, the user told
    hours begin     ──► users who wrote before are told
    user waits      ──► given to a present agent with room, the longest waiting first
    for too long    ──► supervisors are called

Every round starts from the state in the database, and each step is a job that runs once. So a
process may die at any point, and several may run rounds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.agents import WORKERS
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.duty import fittest
from privacydesk.errors import DeskError, is_outage
from privacydesk.ports import Chores, Duties, Reader
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import Attendance
from privacydesk.services.leases import Lease
from privacydesk.services.takeover import Takeover

_log = structlog.get_logger(__name__)

_GIVING: Final = "giving_conversations"
_LEASE: Final = timedelta(seconds=30)
"""One process assigns at a time, so that an agent's limit holds; renewed meanwhile."""
_LOOKED_AT: Final = 200
"""Only the head of a longer queue is read: the rest waits behind it in any case."""


class Dispatcher:
    """Dispatches the queue."""

    def __init__(
        self,
        *,
        attendance: Attendance,
        takeover: Takeover,
        alarms: Alarms,
        reader: Reader,
        duties: Duties,
        chores: Chores,
        clock: Clock,
    ) -> None:
        self._attendance = attendance
        self._takeover = takeover
        self._alarms = alarms
        self._reader = reader
        self._duties = duties
        self._chores = chores
        self._clock = clock
        self._opened: datetime | None = None
        self._called: frozenset[tuple[bytes, int]] = frozenset()

    async def round(self) -> int:
        """Do everything that is due; return the number of steps done."""
        done = await self._return()
        queue = await self._reader.queue(limit=_LOOKED_AT)
        done += await self._tell_opening()
        done += await self._call(queue)
        return done + (await self._give() if queue else 0)

    async def _return(self) -> int:
        """Put the conversations of absent agents back in the queue."""
        deserted = await self._duties.deserted(self._clock.now())
        here = {one.agent for one in deserted if self._attendance.is_connected(one.agent)}
        if here:
            # This process was late, or its clock has jumped: their pages are still open.
            await self._attendance.beat(*here)
        done = 0
        for one in deserted:
            if one.left or one.agent not in here:
                try:
                    done += await self._takeover.lost(one)
                except DeskError as error:
                    # One that can't be returned must not keep the others waiting.
                    if not is_outage(error):
                        _log.warning("conversation_not_returned", code=error.code.value)
        return done

    async def _tell_opening(self) -> int:
        """Tell users who wrote outside opening hours that these have begun; once per opening."""
        hours = self._attendance.hours
        opened = hours.opened_at(self._clock.now())
        if opened == self._opened:
            return 0
        done = place = 0
        async for one in self._all_waiting():
            place += 1
            since = one.queued_at
            if since is None or opened is None or since >= opened or hours.is_open(since):
                continue
            if hours.next_opening(since) == opened:
                done += await self._takeover.tell_opening(one, place, opened)
        self._opened = opened
        return done

    async def _all_waiting(self) -> AsyncIterator[Conversation]:
        """Yield the whole queue, page by page: it is needed once a shift, with nobody left out."""
        last: Conversation | None = None
        while page := await self._reader.queue(limit=_LOOKED_AT, after=last):
            for one in page:
                yield one
            last = page[-1]

    async def _call(self, queue: tuple[Conversation, ...]) -> int:
        """Call supervisors for users who wait too long within opening hours."""
        now = self._clock.now()
        opened = self._attendance.hours.opened_at(now)
        if opened is None:
            return 0
        late = [
            (one, max(one.queued_at, opened) + self._attendance.terms.patience)
            for one in queue
            if one.queued_at is not None
        ]
        late = [(one, at) for one, at in late if at <= now]
        fresh = [(one, at) for one, at in late if (one.id, one.owner.offset) not in self._called]
        done = await self._alarms.wait_too_long(fresh)
        self._called = frozenset((one.id, one.owner.offset) for one, _ in late)
        return done

    async def _give(self) -> int:
        """Assign waiting conversations to present agents; one process at a time."""
        now, limit = self._clock.now(), self._attendance.terms.at_once
        able = [a.name for a in await self._reader.agents() if a.active and a.role in WORKERS]
        if not (await self._duties.board()).with_room(able, now, limit):
            return 0
        lease = await Lease.claim(self._chores, self._clock, _GIVING, lasts=_LEASE)
        if lease is None:
            return 0
        try:
            return await self._give_out(lease, able, now, limit)
        finally:
            await lease.finish(now)

    async def _give_out(self, lease: Lease, able: list[str], now: datetime, limit: int) -> int:
        # Only what is read under the lease counts: another process may just have assigned some.
        board = await self._duties.board()
        done = 0
        for one in await self._reader.queue(limit=_LOOKED_AT):
            chosen = fittest(board.with_room(able, now, limit), board.held, one.locale)
            if chosen is None or not await lease.goes_on():
                break
            try:
                await self._takeover.give(one, chosen.agent)
            except DeskError:
                # Just taken by hand, or left: the next in the queue gets the place.
                continue
            await self._attendance.given(chosen.agent)
            board = board.given(chosen.agent, now)
            done += 1
        return done
