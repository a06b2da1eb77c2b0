"""Builds packs of evidence, and exports them; each export is audited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from privacydesk.clock import Clock
from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.minors import FileAct, MinorsAudit, audit_minors, file_accesses
from privacydesk.domain.packs import PackFormat, PackKind
from privacydesk.domain.periods import Period
from privacydesk.domain.reports import ReportBuilder
from privacydesk.domain.tasks import Team
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.ports import AuditTrail, Catalog, Reader
from privacydesk.receipts.cose import read_key_set
from privacydesk.receipts.receipt import Receipt, verify
from privacydesk.services.audit import Audit
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.packs.case_file import CaseData, case_facts, case_sections
from privacydesk.services.packs.evidence import STEPS, Evidence, EvidenceCollector, Progress
from privacydesk.services.packs.files import pack_file
from privacydesk.services.packs.minors import minors_sections
from privacydesk.services.packs.pack import Pack, PackFile, Section
from privacydesk.services.packs.period import period_facts, period_sections
from privacydesk.services.packs.self_check import self_check_sections
from privacydesk.services.packs.self_check_runs import SelfCheckRuns
from privacydesk.services.packs.words import PackWords
from privacydesk.services.receipts import Receipts
from privacydesk.services.reports import Reports
from privacydesk.services.staff.handling import TicketHandling
from privacydesk.services.staff.ticket_lookup import TicketLookup

FIRST_YEAR: Final = 2000
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_PAGE_SIZE: Final = 500


class Packs:
    """Builds packs of evidence.

    Args:
        reader: reads tickets and conversations.
        trail: reads the audit.
        tickets: finds tickets.
        reports: lists the tickets of a period.
        receipts: signs how tickets ended.
        handling: logs that words were exported.
        evidence: collects the evidence of a self-check.
        audit: records exports.
        catalog: the texts.
        deadlines: the operator's calendar and time zone.
        teams: the operator's teams, by name.
        clock: source of the current time.

    Attributes:
        self_checks: collects the evidence of self-checks in the background.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        trail: AuditTrail,
        tickets: TicketLookup,
        reports: Reports,
        receipts: Receipts,
        handling: TicketHandling,
        evidence: EvidenceCollector,
        audit: Audit,
        catalog: Catalog,
        deadlines: Deadlines,
        teams: Mapping[str, Team],
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._trail = trail
        self._tickets = tickets
        self._reports = reports
        self._receipts = receipts
        self._handling = handling
        self._evidence = evidence
        self._audit = audit
        self._catalog = catalog
        self._deadlines = deadlines
        self._teams = teams
        self._clock = clock
        self.self_checks = SelfCheckRuns(self._collect, clock)

    @property
    def last_year(self) -> int:
        """The year before the current one, which an audit is due for in January."""
        return self._deadlines.today(self._clock.now()).year - 1

    async def ticket(self, number: str) -> Ticket:
        """Return the ticket of a case file.

        Raises:
            NotFoundError: there is no ticket with this number.
        """
        return await self._tickets.by_number(number)

    async def minors(self, year: int, locale: str) -> Pack:
        """Return the audit of minors' data of a year.

        Raises:
            InvalidRequestError: the year is yet to come, or long past.
        """
        if not FIRST_YEAR <= year <= self.last_year + 1:
            raise InvalidRequestError("there is no such year", reason="period")
        period = Period(date(year, 1, 1), date(year, 12, 31))
        received = [one async for page in self._reports.requests(period) for one in page]
        audit, words = await self._minors_audit(period, received), await self._words(locale)
        sections = minors_sections(audit, words)
        return self._of_period(PackKind.MINORS, period, words, sections, about=str(year))

    async def self_check(self, period: Period, locale: str) -> Pack:
        """Return the evidence for a self-check of the desk, collected now.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        evidence = await self._collect(period, Progress(STEPS))
        return await self._self_check_pack(period, evidence, locale)

    async def self_check_so_far(self, period: Period, locale: str) -> Pack | Progress:
        """Return a self-check, or how far it has come: on a big desk it takes minutes.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        found = await self.self_checks.look(period)
        if isinstance(found, Progress):
            return found
        return await self._self_check_pack(period, found, locale)

    async def self_check_kept(self, period: Period, locale: str) -> Pack:
        """Return a self-check as its page shows it, however long it takes to collect.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        evidence = await self.self_checks.evidence(period)
        return await self._self_check_pack(period, evidence, locale)

    async def _collect(self, period: Period, progress: Progress) -> Evidence:
        return await self._evidence.collect(
            period, lambda received: self._minors_audit(period, received), progress
        )

    async def _self_check_pack(self, period: Period, evidence: Evidence, locale: str) -> Pack:
        words = await self._words(locale)
        sections = self_check_sections(evidence, words)
        return self._of_period(PackKind.SELF_CHECK, period, words, sections, now=evidence.made_at)

    async def period(self, period: Period, locale: str) -> Pack:
        """Return the report of a period.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        report, words = await self._reports.report(period), await self._words(locale)
        sections, facts = period_sections(report, words), period_facts(report, words)
        return self._of_period(PackKind.PERIOD, period, words, sections, facts=facts)

    async def case_file(self, number: str, locale: str) -> Pack:
        """Return the case file of a ticket, without anything that people wrote.

        Raises:
            NotFoundError: there is no ticket with this number.
        """
        return await self._case_file(await self._tickets.by_number(number), locale)

    async def case_file_with_words(self, number: str, locale: str, by: str, reason: str) -> Pack:
        """Return the case file of a ticket with what people wrote, after logging why.

        Args:
            number: the ticket's number.
            locale: the language of the file; what people wrote stays as it is.
            by: the name of the agent who asks for it.
            reason: why it is needed; it goes to the ticket's log.

        Raises:
            DeskError: as for ``TicketHandling.log_words_export``.
        """
        ticket = await self._handling.log_words_export(number, by, reason)
        return await self._case_file(ticket, locale, with_words=True)

    async def export(self, pack: Pack, file_format: PackFormat, by: str) -> PackFile:
        """Return a pack as a file, after recording who took it.

        Args:
            pack: the pack.
            file_format: the format of the file.
            by: name of the agent, or one of ``domain.audit.NON_STAFF_ACTORS``.
        """
        detail: dict[str, Any] = {"pack": pack.kind.value, "format": file_format.value}
        if pack.ticket_id is None:
            detail["days"] = pack.about
        await self._audit.record(by, "pack_exported", ticket=pack.ticket_id, **detail)
        return await asyncio.to_thread(pack_file, pack, file_format)

    async def _case_file(self, ticket: Ticket, locale: str, *, with_words: bool = False) -> Pack:
        words = await self._words(locale)
        data = CaseData(
            ticket=ticket,
            log=await self._reader.ticket_log(ticket.id),
            files=await self._reader.evidence_of(ticket.id),
            notices=await self._reader.notices_of(ticket.id),
            entries=await self._entries_of(ticket.id),
            receipt=await self._receipt(ticket),
            messages=await self._messages(ticket) if with_words else (),
            with_words=with_words,
        )
        content = words.text("pack.case.with_words" if with_words else "pack.case.without_words")
        return Pack(
            PackKind.CASE_WITH_WORDS if with_words else PackKind.CASE,
            about=ticket.number,
            locale=locale,
            title=words.text("pack.case.title"),
            facts=(
                *case_facts(ticket, words),
                (words.text("pack.case.content"), content),
                *self._facts(words, self._clock.now()),
            ),
            sections=tuple(case_sections(data, words)),
            ticket_id=ticket.id,
        )

    def _of_period(
        self,
        kind: PackKind,
        period: Period,
        words: PackWords,
        sections: Iterable[Section],
        *,
        about: str = "",
        facts: Iterable[tuple[str, str]] = (),
        now: datetime | None = None,
    ) -> Pack:
        return Pack(
            kind,
            about=about or f"{period.first} {period.last}",
            locale=words.locale,
            title=words.text(f"pack.{kind.value}.title"),
            facts=(
                (words.text("web.report.presets"), _days(period, words)),
                *facts,
                *self._facts(words, now or self._clock.now()),
            ),
            sections=tuple(sections),
        )

    def _facts(self, words: PackWords, now: datetime) -> tuple[tuple[str, str], ...]:
        return (
            (words.text("pack.made"), words.timestamp(now)),
            (words.text("pack.zone"), self._deadlines.zone.key),
        )

    async def _words(self, locale: str) -> PackWords:
        names = {agent.name: agent.display_name for agent in await self._reader.agents()}
        return PackWords(self._catalog, locale, self._deadlines.zone, names, self._teams)

    async def _minors_audit(self, period: Period, received: Sequence[Ticket]) -> MinorsAudit:
        zone, now = self._deadlines.zone, self._clock.now()
        entries = await self._file_entries(period)
        tickets = await self._tickets_of(entries, received)
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)

        def count() -> MinorsAudit:
            accesses = file_accesses(entries, tickets, period.since(zone))
            return audit_minors(received, accesses, ReportBuilder(calendar, zone), now)

        # Counting a busy year takes a while, and must not block the event loop.
        return await asyncio.to_thread(count)

    async def _file_entries(self, period: Period) -> tuple[SealedEntry, ...]:
        """Return the acts on files in a period, after those that allowed access before it."""
        since, until = (at(self._deadlines.zone) for at in (period.since, period.until))
        earlier = await self._trail.between(_EPOCH, since, (FileAct.ALLOWED.value,))
        acts = tuple(act.value for act in FileAct)
        return (*earlier, *await self._trail.between(since, until, acts))

    async def _tickets_of(
        self, entries: Iterable[SealedEntry], known: Sequence[Ticket]
    ) -> dict[TicketId, Ticket]:
        tickets = {ticket.id: ticket for ticket in known}
        named = {one.entry.ticket_id for one in entries if one.entry.ticket_id is not None}
        for ticket_id in named - tickets.keys():
            ticket = await self._reader.ticket(ticket_id)
            if ticket is not None:
                tickets[ticket_id] = ticket
        return tickets

    async def _entries_of(self, ticket: TicketId) -> tuple[SealedEntry, ...]:
        entries: list[SealedEntry] = []
        while True:
            before = entries[-1].id if entries else None
            page = await self._trail.entries(ticket=ticket, before=before, limit=_PAGE_SIZE)
            entries += page
            if len(page) < _PAGE_SIZE:
                return tuple(reversed(entries))

    async def _receipt(self, ticket: Ticket) -> Receipt | None:
        if ticket.is_open:
            return None
        file = await self._receipts.of(ticket)
        return verify(file.content, read_key_set(await self._receipts.keys()))

    async def _messages(self, ticket: Ticket) -> tuple[Event, ...]:
        """Return what was said from a ticket's receipt to its closing."""
        events = await self._all_events(ticket.conversation_id)
        end = ticket.closed_at or self._clock.now()
        return tuple(event for event in events if ticket.received_at <= event.at <= end)

    async def _all_events(self, conversation: ConversationId) -> list[Event]:
        events: list[Event] = []
        while True:
            after = events[-1].offset if events else 0
            page = await self._reader.events(conversation, after=after, limit=_PAGE_SIZE)
            events += page
            if len(page) < _PAGE_SIZE:
                return events


def _days(period: Period, words: PackWords) -> str:
    first, last = words.day(period.first), words.day(period.last)
    return words.text("web.report.period", first=first, last=last)
