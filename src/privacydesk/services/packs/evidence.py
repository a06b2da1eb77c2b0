"""The evidence of a self-check: what the desk's own records, checks and settings show."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.audit import ChainReport, SealedEntry
from privacydesk.domain.intents import DESTRUCTIVE, RequestKind
from privacydesk.domain.minors import MinorsAudit
from privacydesk.domain.periods import Period
from privacydesk.domain.receipts import ReceiptReport
from privacydesk.domain.reports import Report
from privacydesk.domain.retention import RetentionReport
from privacydesk.domain.ticket import BY_MAIL, Outcome, Ticket
from privacydesk.ports import AlarmStore, AuditTrail, Reader, ReceiptLog
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.reports import Reports
from privacydesk.services.retention_run import Retention

RETENTION_RUN: Final = "retention_run"
_EXPORTS: Final = ("exported", "pack_exported", "words_exported")
_PAGE_SIZE: Final = 500
STEPS: Final = 9
"""The steps of collecting the evidence."""
_T = TypeVar("_T")


class DeskSetup(Struct, frozen=True):
    """What an operator has set up, as a self-check states it.

    Attributes:
        takes_mail: whether requests can be made by mail.
        missing_remedies: the keys of remedies that refusals lack in some language.
        retention_days: how long content is kept after a request was closed.
        two_person_kinds: the kinds of requests whose decision a second agent confirms.
    """

    takes_mail: bool
    missing_remedies: frozenset[str]
    retention_days: int
    two_person_kinds: frozenset[RequestKind]


class RequestCounts(Struct, frozen=True):
    """What a self-check counts among the requests of a period.

    Attributes:
        kinds: the number of requests by kind.
        by_mail: how many were made by mail.
        refused_without_ground: how many were refused without a recorded ground.
        objections: how many object to a decision.
        extended: how many had their deadline extended.
        deletions: the number of closed requests to delete something, by outcome.
    """

    kinds: Mapping[RequestKind, int]
    by_mail: int
    refused_without_ground: int
    objections: int
    extended: int
    deletions: Mapping[Outcome, int]

    @classmethod
    def of(cls, tickets: Collection[Ticket]) -> RequestCounts:
        """Return the counts among tickets."""
        refused = [one for one in tickets if one.outcome is Outcome.REFUSED]
        return cls(
            kinds=Counter(one.kind for one in tickets),
            by_mail=sum(BY_MAIL in one.flags for one in tickets),
            refused_without_ground=sum(not one.grounds for one in refused),
            objections=sum("objection" in one.flags for one in tickets),
            extended=sum(one.work.first_due is not None for one in tickets),
            deletions=Counter(
                one.outcome
                for one in tickets
                if one.kind in DESTRUCTIVE and one.outcome is not None
            ),
        )


class Progress:
    """How far the collection of evidence has come.

    Attributes:
        done: how many steps are done.
        total: how many there are.
    """

    def __init__(self, total: int) -> None:
        self.done = 0
        self.total = total

    async def step(self, work: Awaitable[_T]) -> _T:
        """Do a step."""
        result = await work
        self.done += 1
        return result


class Evidence(Struct, frozen=True):
    """What the desk knows about a period, and about itself now.

    Attributes:
        made_at: when it was collected.
        report: the figures of the period.
        requests: what is counted among the requests received in it.
        minors: those of them that concern minors, and the access to minors' files.
        log: the audit entries of retention runs and exports in it, oldest first.
        overdue: what a retention run would delete now.
        chain: the check of the audit.
        receipts: the check of the logs of receipts.
        changed_rows: the number of rows that failed their integrity check.
        unseen_alarms: the number of alarms that staff have not seen.
        setup: what the operator has set up.
    """

    made_at: datetime
    report: Report
    requests: RequestCounts
    minors: MinorsAudit
    log: tuple[SealedEntry, ...]
    overdue: RetentionReport
    chain: ChainReport
    receipts: ReceiptReport
    changed_rows: int
    unseen_alarms: int
    setup: DeskSetup

    @property
    def retention_runs(self) -> tuple[SealedEntry, ...]:
        """The runs of retention in the period, oldest first."""
        return tuple(one for one in self.log if one.entry.what == RETENTION_RUN)

    @property
    def exports(self) -> int:
        """The number of exports in the period."""
        return len(self.log) - len(self.retention_runs)


class EvidenceCollector:
    """Collects the evidence of a self-check; runs the checks that commands run.

    Args:
        reader: reads which rows were refused.
        trail: reads and checks the audit.
        reports: computes the figures of a period.
        retention: finds what is due for deletion.
        receipt_log: checks the logs of receipts.
        alarms: reads the alarms of staff.
        deadlines: the operator's time zone.
        setup: what the operator has set up.
        clock: source of the current time.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        trail: AuditTrail,
        reports: Reports,
        retention: Retention,
        receipt_log: ReceiptLog,
        alarms: AlarmStore,
        deadlines: Deadlines,
        setup: DeskSetup,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._trail = trail
        self._reports = reports
        self._retention = retention
        self._receipt_log = receipt_log
        self._alarms = alarms
        self._zone = deadlines.zone
        self._setup = setup
        self._clock = clock

    async def collect(
        self,
        period: Period,
        audit_minors: Callable[[Sequence[Ticket]], Awaitable[MinorsAudit]],
        progress: Progress,
    ) -> Evidence:
        """Return the evidence for a period.

        Args:
            period: the period.
            audit_minors: returns the figures of requests that concern minors.
            progress: counts the steps, ``STEPS`` of them.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        since, until = period.since(self._zone), period.until(self._zone)
        made_at, step = self._clock.now(), progress.step
        report = await step(self._reports.report(period))
        tickets = await step(self._received(period))
        return Evidence(
            made_at=made_at,
            report=report,
            requests=await step(asyncio.to_thread(RequestCounts.of, tickets)),
            minors=await step(audit_minors(tickets)),
            log=await step(self._trail.between(since, until, (RETENTION_RUN, *_EXPORTS))),
            overdue=await step(self._retention.preview()),
            chain=await step(self._trail.check()),
            receipts=await step(self._receipt_log.check()),
            changed_rows=len(await self._reader.refused_rows()),
            unseen_alarms=await step(self._count_unseen_alarms()),
            setup=self._setup,
        )

    async def _received(self, period: Period) -> list[Ticket]:
        return [one async for page in self._reports.requests(period) for one in page]

    async def _count_unseen_alarms(self) -> int:
        count, after = 0, b""
        while page := await self._alarms.unseen(after=after, limit=_PAGE_SIZE):
            count += len(page)
            after = page[-1].id
        return count
