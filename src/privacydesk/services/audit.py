"""Audit entries for actions that leave no other trace, and the sealing of all audit entries.

Work on a ticket is audited through the ticket's log, and sign-ins through the access log. This
module covers everything else, such as exported lists and maintenance runs over all tickets.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any, Final, TypeVar

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.ports import AuditTrail, Changes, IdGenerator, Job, Locks, Writer

T = TypeVar("T")

MAX_EXPORT_ROWS: Final = 10_000
"""Maximum number of rows of one export; longer lists have to be exported in parts."""

_log = structlog.get_logger(__name__)


class Audit:
    """Records audit entries."""

    def __init__(self, writer: Writer, minter: IdGenerator, clock: Clock) -> None:
        self._writer = writer
        self._minter = minter
        self._clock = clock

    async def record(
        self,
        by: str,
        what: str,
        *,
        ticket: TicketId | None = None,
        conversation: ConversationId | None = None,
        **detail: Any,
    ) -> None:
        """Record one action.

        Args:
            by: name of the agent who acted, or one of ``domain.audit.MACHINES``.
            what: name of the action.
            ticket: the ticket it concerns, if any.
            conversation: the conversation it concerns, if any.
            **detail: values from closed lists, numbers and dates; never text that a person wrote.
        """
        now = self._clock.now()
        entry = AuditEntry(now, by, what, ticket, conversation, detail=detail)
        await self._writer.submit(
            Job(
                id=f"audit:{self._minter.id(now).hex()}",
                locks=Locks(),
                decide=lambda _rows: Changes(audit=(entry,)),
            )
        )

    async def record_export(self, by: str, listing: str, *, rows: int) -> None:
        """Record that an agent exported a list."""
        await self.record(by, "exported", listing=listing, rows=rows)

    async def export_pages(
        self, by: str, listing: str, pages: AsyncIterable[Sequence[T]]
    ) -> AsyncGenerator[Sequence[T]]:
        """Yield the pages of an exported list, at most ``MAX_EXPORT_ROWS`` rows, and audit it.

        The start is recorded before the first row is yielded. The number of rows is recorded at
        the end, even if the export is aborted.

        Args:
            by: name of the agent who exports the list.
            listing: name of the list.
            pages: the rows of the list, in batches.
        """
        await self.record(by, "export_begun", listing=listing)
        rows = 0
        try:
            async for page in pages:
                batch = page[: MAX_EXPORT_ROWS - rows]
                rows += len(batch)
                yield batch
                if rows == MAX_EXPORT_ROWS:
                    break
        finally:
            await self.record_export(by, listing, rows=rows)


class Sealer:
    """Seals audit entries into the hash chain.

    Runs in every process; the audit trail lets one process at a time seal entries.

    Attributes:
        is_broken: whether the last check of this process found the chain broken.
    """

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self.is_broken = False

    async def seal_pending(self) -> int:
        """Seal all pending entries; return their number."""
        total = 0
        while sealed := await self._trail.seal():
            total += sealed
        return total

    async def log_chain_head(self) -> None:
        """Check the chain and write its head to the log, where the database can't change it."""
        report = await self._trail.check()
        self.is_broken = report.fault is not None
        if report.fault is not None:
            _log.critical("audit_chain_broken", entry=report.fault.seq, fault=report.fault.what)
        elif report.head.entries:
            _log.info("audit_chain", entries=report.head.entries, head=report.head.code)
