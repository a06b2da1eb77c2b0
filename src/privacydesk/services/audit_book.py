"""The audit for oversight: in pages, filtered by request, agent and act."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

from msgspec import Struct

from privacydesk.domain.audit import ChainReport, ChainState, SealedEntry
from privacydesk.domain.ids import TicketId
from privacydesk.domain.numbers import canonical_number
from privacydesk.ports import AuditTrail, Cases, Reader
from privacydesk.services.audit import Audit

PAGE: Final = 100


class Sought(Struct, frozen=True):
    """A filter of entries; an empty field matches any.

    Attributes:
        number: of the request acted on, in any spelling.
        by: who did it.
        what: the act's name.
    """

    number: str = ""
    by: str = ""
    what: str = ""


class Told(Struct, frozen=True):
    """An entry with the number of its request; empty if it concerns none."""

    sealed: SealedEntry
    number: str = ""


class Leaf(Struct, frozen=True):
    """A page of the audit.

    Attributes:
        entries: newest first.
        after: where the next page begins; None on the last one.
    """

    entries: tuple[Told, ...]
    after: bytes | None = None


class AuditBook:
    """Reads the audit, and has it checked."""

    def __init__(self, trail: AuditTrail, reader: Reader, cases: Cases, audit: Audit) -> None:
        self._trail = trail
        self._reader = reader
        self._cases = cases
        self._audit = audit

    async def state(self) -> ChainState:
        """Return how far the chain is, without checking it."""
        return await self._trail.state()

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all acts that have entries."""
        return await self._trail.acts()

    async def check(self, by: str) -> ChainReport:
        """Check the whole chain, and note that somebody did."""
        report = await self._trail.check()
        await self._audit.note(by, "audit_checked", sound=report.fault is None)
        return report

    async def leaf(self, sought: Sought, *, before: bytes | None = None) -> Leaf:
        """Return a page; an empty one for an unknown request.

        Args:
            sought: which entries.
            before: where the previous page ended.
        """
        ticket: TicketId | None = None
        if sought.number:
            canonical = canonical_number(sought.number)
            found = await self._reader.ticket_by_number(canonical) if canonical else None
            if found is None:
                return Leaf(())
            ticket = found.id
        entries = await self._trail.entries(
            ticket=ticket, by=sought.by, what=sought.what, before=before, limit=PAGE + 1
        )
        shown = entries[:PAGE]
        about = {one.entry.ticket_id for one in shown if one.entry.ticket_id is not None}
        numbers = await self._cases.numbers(about)
        return Leaf(
            tuple(Told(one, _number(one, numbers.get)) for one in shown),
            shown[-1].id if len(entries) > PAGE else None,
        )

    async def leaves(self, sought: Sought) -> AsyncGenerator[tuple[Told, ...]]:
        """Yield all entries, a page at a time."""
        before: bytes | None = None
        while True:
            leaf = await self.leaf(sought, before=before)
            if leaf.entries:
                yield leaf.entries
            before = leaf.after
            if before is None:
                return


def _number(sealed: SealedEntry, find: Callable[[TicketId], str | None]) -> str:
    ticket = sealed.entry.ticket_id
    return "" if ticket is None else find(ticket) or ""
