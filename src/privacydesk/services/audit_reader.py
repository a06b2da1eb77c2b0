"""Read access to the audit: pages of entries, filtered by ticket, agent and action."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

from msgspec import Struct

from privacydesk.domain.audit import ChainReport, ChainState, SealedEntry
from privacydesk.domain.ids import TicketId
from privacydesk.domain.numbers import canonical_number
from privacydesk.ports import AuditTrail, Cases, Reader
from privacydesk.services.audit import Audit

PAGE_SIZE: Final = 100


class AuditFilter(Struct, frozen=True):
    """A filter of audit entries; an empty field matches all of them.

    Attributes:
        number: number of the ticket concerned, in any spelling that ``canonical_number`` accepts.
        by: name of the agent or machine that acted.
        what: name of the action.
    """

    number: str = ""
    by: str = ""
    what: str = ""


class NumberedEntry(Struct, frozen=True):
    """An audit entry with the number of its ticket; empty if it concerns none."""

    sealed: SealedEntry
    number: str = ""


class AuditPage(Struct, frozen=True):
    """A page of audit entries.

    Attributes:
        entries: the entries, newest first.
        after: cursor of the next page, to pass as ``before``; None on the last page.
    """

    entries: tuple[NumberedEntry, ...]
    after: bytes | None = None


class AuditReader:
    """Reads audit entries and checks their chain."""

    def __init__(self, trail: AuditTrail, reader: Reader, cases: Cases, audit: Audit) -> None:
        self._trail = trail
        self._reader = reader
        self._cases = cases
        self._audit = audit

    async def state(self) -> ChainState:
        """Return the extent of the chain, without checking it."""
        return await self._trail.state()

    async def action_names(self) -> tuple[str, ...]:
        """Return the names of all actions that have entries."""
        return await self._trail.acts()

    async def check(self, by: str) -> ChainReport:
        """Check the whole chain, and record that ``by`` did so."""
        report = await self._trail.check()
        await self._audit.record(by, "audit_checked", sound=report.fault is None)
        return report

    async def page(self, entry_filter: AuditFilter, *, before: bytes | None = None) -> AuditPage:
        """Return a page of entries; an empty one if the filter names an unknown ticket.

        Args:
            entry_filter: which entries to return.
            before: cursor from the previous page's ``after``; None for the first page.
        """
        ticket_id: TicketId | None = None
        if entry_filter.number:
            number = canonical_number(entry_filter.number)
            ticket = await self._reader.ticket_by_number(number) if number else None
            if ticket is None:
                return AuditPage(())
            ticket_id = ticket.id
        # One entry more than fits shows whether there is a next page.
        entries = await self._trail.entries(
            ticket=ticket_id,
            by=entry_filter.by,
            what=entry_filter.what,
            before=before,
            limit=PAGE_SIZE + 1,
        )
        shown = entries[:PAGE_SIZE]
        tickets = {sealed.entry.ticket_id for sealed in shown if sealed.entry.ticket_id is not None}
        numbers = await self._cases.numbers(tickets)
        return AuditPage(
            tuple(NumberedEntry(sealed, _ticket_number(sealed, numbers.get)) for sealed in shown),
            shown[-1].id if len(entries) > PAGE_SIZE else None,
        )

    async def pages(self, entry_filter: AuditFilter) -> AsyncGenerator[tuple[NumberedEntry, ...]]:
        """Yield all matching entries, a page at a time."""
        before: bytes | None = None
        while True:
            page = await self.page(entry_filter, before=before)
            if page.entries:
                yield page.entries
            before = page.after
            if before is None:
                return


def _ticket_number(sealed: SealedEntry, find: Callable[[TicketId], str | None]) -> str:
    ticket_id = sealed.entry.ticket_id
    return "" if ticket_id is None else find(ticket_id) or ""
