"""Storage as a whole: made from settings, opened on the event loop, closed with it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from privacydesk.clock import Clock
from privacydesk.outages import Outages
from privacydesk.storage import schema
from privacydesk.storage.access import SqlStaffAccess
from privacydesk.storage.agents import SqlAgentBook
from privacydesk.storage.alarms import SqlAlarmBook
from privacydesk.storage.api import SqlApiBook
from privacydesk.storage.audit import SqlAuditTrail
from privacydesk.storage.chores import SqlChores
from privacydesk.storage.claims import SqlClaims
from privacydesk.storage.counters import SqlCounters
from privacydesk.storage.duties import SqlDuties
from privacydesk.storage.engines import committing_engine, parse_url, reading_engine
from privacydesk.storage.fingerprints import SqlFingerprints
from privacydesk.storage.integrity import SqlIntegrity
from privacydesk.storage.packages import SqlPackageFiles
from privacydesk.storage.probe import SqlProbe
from privacydesk.storage.purging import SqlPurging
from privacydesk.storage.reader import READERS, SqlReader
from privacydesk.storage.reports import SqlCases
from privacydesk.storage.revocations import SqlRevocationBook
from privacydesk.storage.sealing import KeyRing, Seals
from privacydesk.storage.text_modules import SqlTextBook
from privacydesk.storage.ticketing import SqlTicketingBook
from privacydesk.storage.webhook_queue import SqlWebhookQueue
from privacydesk.storage.webhooks import SqlWebhookBook
from privacydesk.storage.wrapping import SqlKeyWrapping
from privacydesk.storage.writer import BatchWriter

_CALM: Final = 2.0
"""Seconds without a failure after which the database counts as working again."""


class SqlStore:
    """The database behind the ports of ``Store``. Also an asynchronous context manager.

    Args:
        url: SQLAlchemy's form; a SQLite file or PostgreSQL, already upgraded by
            ``schema.upgrade``.
        ring: the operator's keys.
        clock: the present.
        readers: how many reads run at once.
        beside_serve: whether another process may be serving the database.
        outages: the process's own.
    """

    def __init__(
        self,
        url: str,
        ring: KeyRing,
        clock: Clock,
        *,
        readers: int = READERS,
        beside_serve: bool = False,
        outages: Outages | None = None,
    ) -> None:
        address = parse_url(url)
        seals = Seals(ring, clock)
        self._writing = committing_engine(address, beside_serve=beside_serve)
        self._reading = reading_engine(address, readers)
        # A database that works now and then has one outage, not many.
        outage = (outages or Outages(clock)).of("database", calm=_CALM)
        self.writer = BatchWriter(self._writing, seals, clock, outage=outage)
        self.reader = SqlReader(self._reading, seals, readers, outage=outage)
        self.probe = SqlProbe(self.writer, self.reader)
        self.claims = SqlClaims(self.writer, self.reader, seals)
        self.text_book = SqlTextBook(self.writer, self.reader, seals)
        self.agent_book = SqlAgentBook(self.writer, seals)
        self.duties = SqlDuties(self.writer, self.reader)
        self.alarm_book = SqlAlarmBook(self.writer, self.reader)
        self.package_files = SqlPackageFiles(self.writer, self.reader, seals)
        self.trail = SqlAuditTrail(self.writer, self.reader, seals)
        self.integrity = SqlIntegrity(self.reader, seals, ring)
        self.purging = SqlPurging(self.writer, self.reader, seals, self._writing)
        self.chores = SqlChores(self.writer)
        self.fingerprints = SqlFingerprints(self.writer, self.reader)
        self.cases = SqlCases(self.reader, seals)
        self.counters = SqlCounters(self.reader)
        self.wrapping = SqlKeyWrapping(self.writer, self.reader, ring)
        self.access = SqlStaffAccess(self.writer, self.reader, seals)
        self.webhook_book = SqlWebhookBook(self.writer, self.reader, seals)
        self.webhook_queue = SqlWebhookQueue(self.writer, self.reader, seals)
        self.api_book = SqlApiBook(self.writer, self.reader, seals)
        self.revocations = SqlRevocationBook(self.writer, self.reader, seals)
        self.ticketing_book = SqlTicketingBook(self.writer, self.reader, seals)

    async def open(self) -> None:
        """Check the schema and start accepting jobs from this event loop.

        Raises:
            SettingsError: the database can't be opened, or needs ``privacydesk db upgrade``.
        """
        try:
            await asyncio.to_thread(schema.check, self._reading)
        except BaseException:
            # Nobody closes what was never opened.
            await self.reader.close()
            raise
        self.writer.start()

    async def close(self) -> None:
        """Commit what waits and close the connections."""
        await self.writer.close()
        await self.reader.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
