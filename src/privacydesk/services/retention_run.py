"""Retention: a daily run that deletes content past its retention period.

1. Find the conversations that have content older than the period.
2. Load what is stored of each, and plan what to delete; ``domain.retention`` has the rules.
3. If something has to stay, delete the rest in one commit: messages become blank events, tickets
   are reduced to records without content, and a new epoch makes clients drop their copies.
4. If nothing has to stay, erase the whole conversation with its encryption key.

What to delete is decided again under the lock. An interrupted run can be repeated; it finds only
what is left to do. A conversation that can't be read is reported, and does not block the others.
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
from privacydesk.domain.retention import (
    PurgePlan,
    RetentionReport,
    StoredContent,
    conversation_after_purge,
    plan_purge,
    record_of,
)
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import StaleError, UnavailableError
from privacydesk.ports import (
    Changes,
    IdGenerator,
    Job,
    Locks,
    PeriodicTasks,
    PurgeStore,
    WorkingSet,
    Writer,
)
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.audit import Audit
from privacydesk.services.leases import Lease

_log = structlog.get_logger(__name__)

_TASK: Final = "retention"
_INTERVAL: Final = timedelta(days=1)
_LEASE: Final = timedelta(hours=1)
"""After this time without renewal, another process may take over an unfinished run."""
_PAGE_SIZE: Final = 500


class _ReportBuilder(Struct):
    """Counts what a run deletes; the attributes are those of ``RetentionReport``."""

    conversations: int = 0
    erased: int = 0
    messages: int = 0
    files: int = 0
    busy: int = 0
    failed: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    on_hold: list[str] = field(default_factory=list)
    objected: list[str] = field(default_factory=list)

    def add(self, contents: StoredContent, plan: PurgePlan) -> None:
        """Count what a plan deletes of a conversation."""
        self.on_hold += [ticket.number for ticket in plan.on_hold]
        self.objected += [ticket.number for ticket in plan.objected]
        numbers: dict[TicketId, str] = {ticket.id: ticket.number for ticket in contents.tickets}
        self.requests += [numbers[ticket] for ticket in plan.purge.tickets]
        if plan.erases_conversation:
            self.erased += 1
        elif plan.purge:
            self.conversations += 1
        self.messages += plan.purge.messages
        purged = set(plan.purge.tickets)
        self.files += len(plan.purge.files) + sum(
            number for ticket, number in contents.attached.items() if ticket in purged
        )

    def build(self) -> RetentionReport:
        """Return the counts so far."""
        return RetentionReport(
            conversations=self.conversations,
            erased=self.erased,
            messages=self.messages,
            files=self.files,
            busy=self.busy,
            failed=tuple(self.failed),
            requests=tuple(self.requests),
            held=tuple(self.on_hold),
            objected=tuple(self.objected),
        )


class Retention:
    """Deletes content past its retention period.

    Args:
        purging: finds, loads and erases stored content.
        tasks: store of periodic tasks, through which only one process starts the daily run.
        writer: commits the changes to conversations of which something stays.
        account_requests: finds the legal holds on accounts.
        audit: records each run.
        minter: generates new epochs.
        clock: source of the current time.
        period: how long content is kept after a ticket was closed or a chat ended.
    """

    def __init__(
        self,
        *,
        purging: PurgeStore,
        tasks: PeriodicTasks,
        writer: Writer,
        account_requests: AccountRequests,
        audit: Audit,
        minter: IdGenerator,
        clock: Clock,
        period: timedelta,
    ) -> None:
        self._purging = purging
        self._tasks = tasks
        self._writer = writer
        self._account_requests = account_requests
        self._audit = audit
        self._minter = minter
        self._clock = clock
        self._period = period

    async def run_if_due(self) -> RetentionReport | None:
        """Run if a run is due and no other process has claimed it; else return None."""
        now = self._clock.now()
        lease = await Lease.claim(
            self._tasks, self._clock, _TASK, duration=_LEASE, max_postponement=_INTERVAL
        )
        if lease is None:
            return None
        report = await self.run(by="clock", lease=lease)
        await lease.finish(now + _INTERVAL)
        return report

    async def preview(self) -> RetentionReport:
        """Return what a run would delete now, without deleting it."""
        builder = _ReportBuilder()
        async for conversation in self._expired_conversations():
            with self._isolate_errors(conversation, builder):
                contents = await self._purging.stored_content(conversation)
                if contents is not None:
                    held = await self._held(contents)
                    builder.add(contents, plan_purge(contents, self._horizon, held))
        return builder.build()

    async def run(self, *, by: str, lease: Lease | None = None) -> RetentionReport:
        """Delete expired content, then its traces in the database's files.

        Args:
            by: who started the run, for the audit.
            lease: the lease on the task; the run stops once another process has taken it over.

        Raises:
            UnavailableError: all was deleted, but the database's journal could not be emptied.
        """
        builder = _ReportBuilder()
        async for conversation in self._expired_conversations():
            if lease is not None and not await lease.renew_if_needed():
                break
            with self._isolate_errors(conversation, builder):
                await self._process(conversation, builder, by)
        report = builder.build()
        # Also if nothing was found: the previous run may have been interrupted before this step.
        await self._purging.scrub()
        await self._audit.record(
            by,
            "retention_run",
            messages=report.messages,
            requests=len(report.requests),
            erased=report.erased,
            files=report.files,
            failed=len(report.failed),
        )
        _log.info("retention_run", messages=report.messages, requests=len(report.requests))
        return report

    @property
    def _horizon(self) -> datetime:
        return self._clock.now() - self._period

    async def _expired_conversations(self) -> AsyncIterator[ConversationId]:
        """Yield the conversations that have content older than the period."""
        after: ConversationId | None = None
        horizon = self._horizon
        while True:
            page, after = await self._purging.conversations_with_content(
                horizon, after=after, limit=_PAGE_SIZE
            )
            for conversation in page:
                yield conversation
            if after is None:
                return

    @contextmanager
    def _isolate_errors(
        self, conversation: ConversationId, builder: _ReportBuilder
    ) -> Iterator[None]:
        """Count and log the failure of one conversation, so that the run continues."""
        try:
            yield
        except (StaleError, UnavailableError) as error:
            _log.info("retention_later", code=error.code.value)
            builder.busy += 1
        except Exception as error:  # noqa: BLE001 - a damaged one must not block the others; it is logged
            # The message of a database error may quote data, so only its type is logged.
            _log.error(
                "retention_failed", conversation=conversation.hex(), error=type(error).__name__
            )
            builder.failed.append(conversation.hex())

    async def _process(
        self, conversation: ConversationId, builder: _ReportBuilder, by: str
    ) -> None:
        """Delete what has expired of a conversation, and count it."""
        contents = await self._purging.stored_content(conversation)
        if contents is None:
            return
        held = await self._held(contents)
        planned = plan_purge(contents, self._horizon, held)
        if planned.erases_conversation:
            await self._erase(contents)
        elif planned.purge:
            planned = await self._purge(contents, held, by)
        builder.add(contents, planned)

    async def _held(self, contents: StoredContent) -> frozenset[str]:
        """Return the accounts of a conversation whose hold keeps what else would be purged."""
        planned = plan_purge(contents, self._horizon)
        if not (planned.purge or planned.erases_conversation):
            return frozenset()
        return await self._account_requests.held_among(*contents.accounts)

    async def _erase(self, contents: StoredContent) -> None:
        """Delete a whole conversation with its key."""
        conversation = contents.conversation
        if not await self._purging.erase(conversation.id, version=conversation.version):
            raise StaleError("the conversation has changed since it was read")

    async def _purge(self, contents: StoredContent, held: frozenset[str], by: str) -> PurgePlan:
        """Delete what has expired of a conversation; return the plan as decided under the lock."""
        now = self._clock.now()
        conversation = contents.conversation
        job_id = f"purge:{conversation.id.hex()}:{conversation.version}"

        def decide(rows: WorkingSet) -> Changes:
            current = rows.conversation
            if current is None or current.version != conversation.version:
                raise StaleError("the conversation has changed since it was read")
            locked = replace(
                contents,
                conversation=current,
                tickets=_locked_tickets(contents.tickets, rows),
                objections=_locked_tickets(contents.objections, rows),
            )
            planned = plan_purge(locked, now - self._period, held)
            if not planned.purge:
                raise StaleError("a hold was set meanwhile")
            purged = set(planned.purge.tickets)
            blank = Event(current.version + 1, now, Sender.SYSTEM, EventKind.BLANK, job_id=job_id)
            return Changes(
                conversation=conversation_after_purge(
                    current, planned, self._minter.token(), now - self._period
                ),
                events=(blank,),
                tickets=tuple(
                    record_of(ticket, now) for ticket in locked.tickets if ticket.id in purged
                ),
                ticket_log=tuple(
                    LogEntry(ticket, now, by, "purged", job_id=job_id) for ticket in purged
                ),
                audit=tuple(
                    AuditEntry(now, by, "purged", ticket, conversation.id)
                    for ticket in sorted(purged)
                ),
                purge=planned.purge,
                answer=planned,
            )

        committed = await self._writer.submit(
            Job(
                id=job_id,
                locks=Locks(
                    conversation=conversation.id,
                    tickets=tuple(
                        ticket.id for ticket in (*contents.tickets, *contents.objections)
                    ),
                ),
                decide=decide,
            )
        )
        assert committed.changes is not None
        decided: PurgePlan = committed.changes.answer
        return decided


def _locked_tickets(tickets: tuple[Ticket, ...], rows: WorkingSet) -> tuple[Ticket, ...]:
    """Return tickets as read under the lock."""
    return tuple(rows.tickets[ticket.id] for ticket in tickets)
