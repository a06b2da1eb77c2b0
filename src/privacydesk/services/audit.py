"""Audit entries for acts other than work on tickets, and the sealing of all entries.

What staff do on a ticket is audited by its entry in the ticket's log, access by its entry in the
access log. This covers what leaves neither: exported lists, runs over the whole desk.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any, Final, TypeVar

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.ports import AuditTrail, Changes, Job, Locks, Minter, Writer

T = TypeVar("T")

MOST_ROWS: Final = 10_000
"""The most rows of one export; longer lists are exported in parts."""

_log = structlog.get_logger(__name__)


class Audit:
    """Notes what was done or denied."""

    def __init__(self, writer: Writer, minter: Minter, clock: Clock) -> None:
        self._writer = writer
        self._minter = minter
        self._clock = clock

    async def note(
        self,
        by: str,
        what: str,
        *,
        ticket: TicketId | None = None,
        conversation: ConversationId | None = None,
        **detail: Any,
    ) -> None:
        """Note one thing.

        Args:
            by: an agent's name, or one of ``domain.audit.MACHINES``.
            what: an act's name.
            ticket: what it was done on.
            conversation: where it was done.
            **detail: values of closed lists, numbers and dates; nothing that a person wrote.
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

    async def exported(self, by: str, listing: str, *, rows: int) -> None:
        """Note that somebody exported a list."""
        await self.note(by, "exported", listing=listing, rows=rows)

    async def exporting(
        self, by: str, listing: str, pages: AsyncIterable[Sequence[T]]
    ) -> AsyncGenerator[Sequence[T]]:
        """Yield the pages of a list that is exported, ``MOST_ROWS`` rows at most.

        The start is noted before the first row is yielded, and the number of rows when it ends,
        also if it is aborted.

        Args:
            by: an agent's name.
            listing: the name of the list.
            pages: its rows, in batches.
        """
        await self.note(by, "export_begun", listing=listing)
        rows = 0
        try:
            async for page in pages:
                shown = page[: MOST_ROWS - rows]
                rows += len(shown)
                yield shown
                if rows == MOST_ROWS:
                    break
        finally:
            await self.exported(by, listing, rows=rows)


class Sealer:
    """Chains audit entries. Runs in every process; only one at a time finds work."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def work(self) -> int:
        """Seal all waiting entries; return their number."""
        sealed = 0
        while done := await self._trail.seal():
            sealed += done
        return sealed

    async def anchor(self) -> None:
        """Log the head of the chain: a copy outside the database's reach."""
        report = await self._trail.check()
        if report.fault is not None:
            _log.critical("audit_chain_broken", entry=report.fault.seq, fault=report.fault.what)
        elif report.head.entries:
            _log.info("audit_chain", entries=report.head.entries, head=report.head.code)
