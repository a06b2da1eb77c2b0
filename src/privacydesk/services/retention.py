"""Retention: once a day, content past its period is deleted; a record without content stays.

    aged conversations ─► holdings ─► plan ─┬► a job: blanks, records, new epoch, one commit
                                            └► nothing left to come back to: erased with its key

What to delete is decided again under the lock. An interrupted run is simply run again; a second
run finds nothing to do. An unreadable conversation is reported, and doesn't block the others.
``domain.retention`` has the rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.retention import Holdings, Plan, Tally, plan, record, remaining
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import StaleError, UnavailableError
from privacydesk.ports import Changes, Chores, Job, Locks, Minter, Purging, WorkingSet, Writer
from privacydesk.services.audit import Audit
from privacydesk.services.leases import Lease

_log = structlog.get_logger(__name__)

_CHORE: Final = "retention"
_EVERY: Final = timedelta(days=1)
_LEASE: Final = timedelta(hours=1)
"""How long until any process may start an unfinished run again."""
_PAGE: Final = 500


class _Count(Struct):
    """A tally under construction."""

    conversations: int = 0
    erased: int = 0
    messages: int = 0
    files: int = 0
    busy: int = 0
    failed: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    objected: list[str] = field(default_factory=list)

    def tally(self) -> Tally:
        return Tally(
            conversations=self.conversations,
            erased=self.erased,
            messages=self.messages,
            files=self.files,
            busy=self.busy,
            failed=tuple(self.failed),
            requests=tuple(self.requests),
            held=tuple(self.held),
            objected=tuple(self.objected),
        )


class Retention:
    """Deletes content past its period.

    Args:
        purging: finds and erases it.
        chores: let only one process run it each day.
        writer: for blanks and records.
        audit: where runs are noted.
        minter: for the new epochs.
        clock: the present.
        period: how long content stays after a request was closed, or a chat ended.
    """

    def __init__(
        self,
        *,
        purging: Purging,
        chores: Chores,
        writer: Writer,
        audit: Audit,
        minter: Minter,
        clock: Clock,
        period: timedelta,
    ) -> None:
        self._purging = purging
        self._chores = chores
        self._writer = writer
        self._audit = audit
        self._minter = minter
        self._clock = clock
        self._period = period

    async def daily(self) -> Tally | None:
        """Run if it is due and no other process does; return None otherwise."""
        now = self._clock.now()
        lease = await Lease.claim(self._chores, self._clock, _CHORE, lasts=_LEASE, rests=_EVERY)
        if lease is None:
            return None
        done = await self.run(by="clock", lease=lease)
        await lease.finish(now + _EVERY)
        return done

    async def preview(self) -> Tally:
        """Return what a run would delete now; nothing is changed."""
        count = _Count()
        async for conversation in self._aged():
            with self._apart(conversation, count):
                held = await self._purging.holdings(conversation)
                if held is not None:
                    _tell(count, held, plan(held, self._horizon))
        return count.tally()

    async def run(self, *, by: str, lease: Lease | None = None) -> Tally:
        """Delete what is due, and leave no trace of it in the files of the database.

        Args:
            by: who started it, for the audit.
            lease: of the chore; the run stops if another process has taken it over.

        Raises:
            UnavailableError: all was deleted, but the database's journal could not be emptied.
        """
        count = _Count()
        async for conversation in self._aged():
            if lease is not None and not await lease.goes_on():
                break
            with self._apart(conversation, count):
                await self._settle(conversation, count, by)
        done = count.tally()
        # Also after a run that found nothing: the previous one may have stopped before this.
        await self._purging.scrub()
        await self._audit.note(
            by,
            "retention_run",
            messages=done.messages,
            requests=len(done.requests),
            erased=done.erased,
            files=done.files,
            failed=len(done.failed),
        )
        _log.info("retention_run", messages=done.messages, requests=len(done.requests))
        return done

    @property
    def _horizon(self) -> datetime:
        return self._clock.now() - self._period

    async def _aged(self) -> AsyncIterator[ConversationId]:
        after: ConversationId | None = None
        horizon = self._horizon
        while True:
            found, after = await self._purging.aged(horizon, after=after, limit=_PAGE)
            for conversation in found:
                yield conversation
            if after is None:
                return

    @contextmanager
    def _apart(self, conversation: ConversationId, count: _Count) -> Iterator[None]:
        """Count and log a conversation that can't be processed, and go on with the others."""
        try:
            yield
        except (StaleError, UnavailableError) as error:
            _log.info("retention_later", code=error.code.value)
            count.busy += 1
        except Exception as error:  # noqa: BLE001 - a damaged one must not block the others; it is logged
            # A database error may quote the data it is about, so only its type is logged.
            _log.error(
                "retention_failed", conversation=conversation.hex(), error=type(error).__name__
            )
            count.failed.append(conversation.hex())

    async def _settle(self, conversation: ConversationId, count: _Count, by: str) -> None:
        held = await self._purging.holdings(conversation)
        if held is None:
            return
        planned = plan(held, self._horizon)
        if planned.whole:
            await self._erase(held)
        elif planned.purge:
            planned = await self._purge(held, by)
        _tell(count, held, planned)

    async def _erase(self, held: Holdings) -> None:
        conversation = held.conversation
        if not await self._purging.erase(conversation.id, version=conversation.version):
            raise StaleError("the conversation went on")

    async def _purge(self, held: Holdings, by: str) -> Plan:
        now = self._clock.now()
        conversation = held.conversation
        job_id = f"purge:{conversation.id.hex()}:{conversation.version}"

        def decide(rows: WorkingSet) -> Changes:
            current = rows.conversation
            if current is None or current.version != conversation.version:
                raise StaleError("the conversation went on")
            seen = replace(
                held,
                conversation=current,
                tickets=_locked(held.tickets, rows),
                objections=_locked(held.objections, rows),
            )
            planned = plan(seen, now - self._period)
            if not planned.purge:
                raise StaleError("a hold was set meanwhile")
            gone = set(planned.purge.tickets)
            mark = Event(current.version + 1, now, Sender.SYSTEM, EventKind.BLANK, job_id=job_id)
            return Changes(
                conversation=remaining(current, planned, self._minter.token(), now - self._period),
                events=(mark,),
                tickets=tuple(record(one, now) for one in seen.tickets if one.id in gone),
                ticket_log=tuple(LogEntry(one, now, by, "purged", job_id=job_id) for one in gone),
                audit=tuple(
                    AuditEntry(now, by, "purged", one, conversation.id) for one in sorted(gone)
                ),
                purge=planned.purge,
                answer=planned,
            )

        committed = await self._writer.submit(
            Job(
                id=job_id,
                locks=Locks(
                    conversation=conversation.id,
                    tickets=tuple(one.id for one in (*held.tickets, *held.objections)),
                ),
                decide=decide,
            )
        )
        assert committed.changes is not None
        done: Plan = committed.changes.answer
        return done


def _locked(tickets: tuple[Ticket, ...], rows: WorkingSet) -> tuple[Ticket, ...]:
    return tuple(rows.tickets[one.id] for one in tickets)


def _tell(count: _Count, held: Holdings, done: Plan) -> None:
    count.held += [one.number for one in done.held]
    count.objected += [one.number for one in done.objected]
    numbers: dict[TicketId, str] = {one.id: one.number for one in held.tickets}
    count.requests += [numbers[one] for one in done.purge.tickets]
    if done.whole:
        count.erased += 1
    elif done.purge:
        count.conversations += 1
    count.messages += done.purge.messages
    gone = set(done.purge.tickets)
    count.files += len(done.purge.files) + sum(
        number for ticket, number in held.attached.items() if ticket in gone
    )
