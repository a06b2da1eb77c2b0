"""Synchronization rounds: bring over what is new on either side, one process at a time.

    claim the round ─► hear what changed there ─► find tickets without a link ─► bring each due link

A link that fails waits, longer each time, and holds up no other. If the system itself can't be
reached, the round ends, and links don't wait longer for it than the system is away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticketing import RemoteGoneError, RemoteRefusedError, TicketingSystem
from privacydesk.domain.ticketing_links import GONE, JoinedSystem, LinkCounts, TicketingLink
from privacydesk.errors import DeskError, SettingsError, StaleError, UnavailableError
from privacydesk.ports import PeriodicTasks, TicketingLinkStore
from privacydesk.services.alarms import AlertFailing
from privacydesk.services.leases import Lease
from privacydesk.services.ticketing.incoming import Incoming
from privacydesk.services.ticketing.ticket_sync import TicketSync

_log = structlog.get_logger(__name__)

_CHORE: Final = "ticketing"
_LEASE: Final = timedelta(seconds=45)
"""A round whose process was killed can be taken up by another after this."""
_LONGEST_REST: Final = timedelta(days=1)
"""A round put off for far longer than this is due at once: the clock was set back meanwhile."""
_BEATS: Final = 4
"""How often a lease is renewed before it would end."""
_AT_ONCE: Final = 50
_FAILURES: Final = 3
"""Links failing in a row after which the system itself counts as unreachable."""
_LONGEST_TAIL: Final = timedelta(minutes=1)
_ALARMS: Final = ("supervisors", "administrators")
_CHANGED_MEANWHILE: Final = "changed_meanwhile"
_REFUSED: Final = "refused"


class Standing(Struct, frozen=True):
    """The state of the joined system.

    Attributes:
        system: None before the first round.
        counts: of its links.
        failing: some of those that could not be synchronized, or whose counterpart is gone.
    """

    name: str
    system: JoinedSystem | None
    counts: LinkCounts
    failing: tuple[TicketingLink, ...]


class SyncRounds:
    """Keeps tickets and their counterparts synchronized.

    Args:
        system: the ticketing system.
        book: where links are kept.
        chores: lets one process work at a time.
        bringing: synchronizes one link.
        taking: takes over what people did there.
        clock: the present.
        every: the time between two rounds.
        alert: alerts staff to a system that has been failing; None to log that only.
        duration: after this another process may take up a round whose process was killed.
    """

    def __init__(
        self,
        *,
        system: TicketingSystem,
        book: TicketingLinkStore,
        chores: PeriodicTasks,
        bringing: TicketSync,
        taking: Incoming,
        clock: Clock,
        every: timedelta,
        alert: AlertFailing | None = None,
        duration: timedelta = _LEASE,
    ) -> None:
        self._system = system
        self._book = book
        self._chores = chores
        self._bringing = bringing
        self._taking = taking
        self._clock = clock
        self._every = every
        self._alert = alert
        self._duration = duration

    @property
    def name(self) -> str:
        """The system's name."""
        return self._system.name

    async def round(self) -> int | None:
        """Do a round if one is due and no other process is doing it.

        Returns:
            How many links were looked at; None if no round was due, or another process does it.

        Raises:
            UnavailableError: the system can't be reached; that is recorded, and the next round
                waits as long as it asked for, up to a minute.
        """
        lease = await Lease.claim(
            self._chores,
            self._clock,
            _CHORE,
            duration=self._duration,
            max_postponement=max(self._every, _LONGEST_REST),
        )
        if lease is None:
            return None
        pause = self._every
        try:
            async with _beating(lease, self._duration / _BEATS):
                return await self._work(lease)
        except UnavailableError as error:
            pause = max(pause, _asked(error))
            raise
        finally:
            await lease.finish(self._clock.now() + pause)

    async def work(self) -> int:
        """Do a round as a chore: a system that can't be reached is recorded, not raised."""
        with contextlib.suppress(UnavailableError):
            return await self.round() or 0
        return 0

    async def check(self) -> tuple[str, ...]:
        """Return what is wrong with settings and mapping, as English sentences."""
        try:
            await self._taking.prepare()
        except SettingsError as error:
            return (error.message, *await self._system.check())
        return await self._system.check()

    async def standing(self, *, failing: int = 20) -> Standing:
        """Return the state of the system, with at most ``failing`` of the links that fail."""
        name = self._system.name
        return Standing(
            name=name,
            system=await self._book.system(name),
            counts=await self._book.counts(name),
            failing=await self._book.links(name, failing=True, limit=failing),
        )

    async def link(self, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link."""
        return await self._book.link(self._system.name, ticket)

    async def retry(self, ticket: TicketId | None = None) -> int:
        """Retry failing links, or just one, in the next round; return how many those are.

        If a counterpart is gone, another is made.
        """
        now = self._clock.now()
        return await self._book.retry(self._system.name, now, ticket=ticket, anew=True)

    # -- a round ---------------------------------------------------------------------------------

    async def _work(self, lease: Lease) -> int:
        await self._taking.prepare()
        joined = await self._book.join(self._system.name, self._clock.now())
        try:
            heard = await self._system.changed(joined.cursor)
        except DeskError as error:
            await self._ails(joined, error)
            raise
        await self._book.record_changes(joined.name, heard.ids, heard.cursor)
        await self._book.discover(joined.name, self._clock.now())
        joined = await self._well(joined)
        return await self._bring_due(joined, lease)

    async def _bring_due(self, joined: JoinedSystem, lease: Lease) -> int:
        done, failures = 0, 0
        seen: set[TicketId] = set()
        while True:
            due = await self._book.due(joined.name, self._clock.now(), limit=_AT_ONCE)
            # Once a round: a ticket that changes all the time must not keep the others waiting.
            due = tuple(link for link in due if link.ticket_id not in seen)
            if not due:
                return done
            for link in due:
                if not await lease.renew_if_needed():
                    # This process was held up for so long that another has taken over.
                    return done
                seen.add(link.ticket_id)
                failures = 0 if await self._bring(link, joined) else failures + 1
                done += 1
                if failures >= _FAILURES:
                    error = UnavailableError("one ticket after the other fails", reason="failing")
                    await self._ails(joined, error)
                    raise error

    async def _bring(self, link: TicketingLink, joined: JoinedSystem) -> bool:
        """Synchronize a link; return whether the system could be reached."""
        try:
            await self._bringing.bring(link, joined.joined_at)
        except StaleError:
            # Another process has it, or it changed just now; the next round does what is left.
            return True
        except RemoteGoneError:
            await self._failed(link, GONE)
        except RemoteRefusedError as error:
            await self._failed(link, str(error.data.get("reason", _REFUSED)))
        except UnavailableError as error:
            reason = str(error.data.get("reason", "unavailable"))
            await self._failed(link, reason, wait=error.data.get("retry_after"))
            return reason == _CHANGED_MEANWHILE
        except DeskError as error:
            await self._failed(link, error.code.value)
        except Exception as error:  # noqa: BLE001 - one bad ticket must not stop the others; it is logged
            _log.warning("ticketing_failed", error=type(error).__name__, exc_info=error)
            await self._failed(link, "internal")
        return True

    async def _failed(self, link: TicketingLink, fault: str, wait: float | None = None) -> None:
        # It may have been saved meanwhile, with its counterpart.
        known = await self._book.link(link.system, link.ticket_id) or link
        if fault != known.fault:
            _log.warning("ticketing_link_failed", fault=fault, ticket=link.ticket_id.hex())
        if fault == GONE and not known.is_gone:
            _log.error("ticketing_gone", ticket=link.ticket_id.hex(), alarms=_ALARMS)
        with contextlib.suppress(StaleError):
            await self._book.save(known.after_failure(fault, self._clock.now(), wait=wait))

    async def _ails(self, joined: JoinedSystem, error: DeskError) -> None:
        now = self._clock.now()
        fault = str(error.data.get("reason") or error.code.value)
        ailing = replace(joined, failing_since=joined.failing_since or now, fault=fault)
        if ailing.needs_alert(now):
            ailing = replace(ailing, alarmed_at=now)
            since = ailing.failing_since
            _log.error(
                "ticketing_failing",
                system=joined.name,
                fault=fault,
                since=None if since is None else since.isoformat(),
                alarms=_ALARMS,
            )
            if self._alert is not None:
                await self._alert(AlarmKind.TICKETING_FAILING, joined.name, now)
        if ailing != joined:
            await self._book.note_health(ailing)

    async def _well(self, joined: JoinedSystem) -> JoinedSystem:
        well = replace(joined, failing_since=None, alarmed_at=None, fault="")
        if well != joined:
            await self._book.note_health(well)
            # Waiting links were waiting only for this.
            await self._book.retry(joined.name, self._clock.now())
        return well


@asynccontextmanager
async def _beating(lease: Lease, every: timedelta) -> AsyncIterator[None]:
    """Keep the round claimed for as long as it takes."""

    async def beat() -> None:
        while await lease.renew_if_needed():  # noqa: ASYNC110 - renewed, not waited for
            await asyncio.sleep(every / timedelta(seconds=1))

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _asked(error: UnavailableError) -> timedelta:
    """Return the pause that the system asked for, a minute at most."""
    return min(timedelta(seconds=float(error.data.get("retry_after") or 0)), _LONGEST_TAIL)
