"""The store: creates all repositories on one database, and opens and closes them together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from privacydesk.clock import Clock
from privacydesk.domain.staff_channels import StaffChannel
from privacydesk.outages import Outages
from privacydesk.storage import schema
from privacydesk.storage.access import SqlStaffAccess
from privacydesk.storage.agents import SqlAgentStore
from privacydesk.storage.alarms import SqlAlarmStore
from privacydesk.storage.api import SqlApiTokenStore
from privacydesk.storage.audit import SqlAuditTrail
from privacydesk.storage.commit_hints import CommitHints
from privacydesk.storage.counters import SqlCounters
from privacydesk.storage.duties import SqlDutyStore
from privacydesk.storage.engines import (
    committing_engine,
    parse_url,
    reading_engine,
    sqlite_file,
)
from privacydesk.storage.event_log import SqlEventLog
from privacydesk.storage.expired_content import SqlPurgeStore
from privacydesk.storage.figures import SqlFigures
from privacydesk.storage.fingerprints import SqlFingerprints
from privacydesk.storage.hash_forms import HashForms, set_forms
from privacydesk.storage.hash_rotation import SqlHashRotation
from privacydesk.storage.help_visits import SqlHelpVisits
from privacydesk.storage.incidents import SqlIncidentStore
from privacydesk.storage.integrity import SqlIntegrity
from privacydesk.storage.key_wrapping import SqlKeyWrapping
from privacydesk.storage.loop_reads import LoopReads
from privacydesk.storage.packages import SqlPackageFiles
from privacydesk.storage.periodic_tasks import SqlPeriodicTasks
from privacydesk.storage.policy_texts import SqlPolicyTextStore
from privacydesk.storage.probe import SqlProbe
from privacydesk.storage.reader import READERS, SqlReader
from privacydesk.storage.receipts import SqlReceiptLog
from privacydesk.storage.reports import SqlCases
from privacydesk.storage.revocations import SqlRevocationStore
from privacydesk.storage.row_claims import SqlRowClaims
from privacydesk.storage.saved_settings import SqlSavedSettingStore
from privacydesk.storage.saved_views import SqlSavedViewStore
from privacydesk.storage.sealing import KeyRing, Seals
from privacydesk.storage.text_modules import SqlTextModuleStore
from privacydesk.storage.ticketing import SqlTicketingLinkStore
from privacydesk.storage.webhook_queue import SqlWebhookQueue
from privacydesk.storage.webhooks import SqlWebhookStore
from privacydesk.storage.writer import BatchWriter

_CALM_SECONDS: Final = 2.0
"""The time without a failure after which an outage of the database is considered over."""


class SqlStore:
    """Implements ``ports.Store``. Also an asynchronous context manager.

    Args:
        url: the URL of a SQLite file or PostgreSQL database, as SQLAlchemy takes it. The database
            must have been upgraded by ``schema.upgrade``.
        ring: the operator's keys.
        clock: source of the current time.
        readers: the number of reads that run at the same time.
        beside_serve: whether another process may be serving the database.
        outages: records the outages of this process.
        staff_channels: the group chats in which staff are told of alarms and assignments.
        tags: words that tell other processes which secrets this one has.
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
        staff_channels: Sequence[StaffChannel] = (),
        tags: str = "",
    ) -> None:
        address = parse_url(url)
        seals = Seals(ring, clock)
        self._writing = committing_engine(address, beside_serve=beside_serve, tags=tags)
        self._reading = reading_engine(address, readers)
        hash_forms = HashForms()
        for engine in (self._writing, self._reading):
            set_forms(engine, hash_forms)
        loop_reads = None
        # SQLite is served by one process.
        is_served_alone = sqlite_file(address) is not None
        if is_served_alone:
            loop_engine = reading_engine(address, 1, busy_millis=0)
            set_forms(loop_engine, hash_forms)
            loop_reads = LoopReads(loop_engine)
        # An intermittently failing database is reported as one outage.
        outage = (outages or Outages(clock)).of("database", recovery_seconds=_CALM_SECONDS)
        self.writer = BatchWriter(
            self._writing,
            seals,
            clock,
            outage=outage,
            staff_channels=staff_channels,
            hash_forms=hash_forms,
        )
        self.reader = SqlReader(self._reading, seals, readers, outage=outage, loop_reads=loop_reads)
        self.commit_hints = None if is_served_alone else CommitHints(self._writing, seals)
        self.probe = SqlProbe(self.writer, self.reader)
        self.claims = SqlRowClaims(self.writer, self.reader, seals)
        self.text_module_store = SqlTextModuleStore(self.writer, self.reader, seals)
        self.policy_text_store = SqlPolicyTextStore(self.writer, self.reader, seals)
        self.saved_setting_store = SqlSavedSettingStore(self.writer, self.reader, seals)
        self.saved_view_store = SqlSavedViewStore(self.writer, self.reader, seals)
        self.incidents = SqlIncidentStore(self.writer, self.reader, seals)
        self.agent_store = SqlAgentStore(self.writer, seals)
        self.duties = SqlDutyStore(self.writer, self.reader)
        self.alarm_store = SqlAlarmStore(
            self.writer, self.reader, seals, clock, staff_channels=staff_channels
        )
        self.package_files = SqlPackageFiles(self.writer, self.reader, seals)
        self.trail = SqlAuditTrail(self.writer, self.reader, seals)
        self.integrity = SqlIntegrity(self.reader, seals, ring)
        self.receipt_log = SqlReceiptLog(self.writer, self.reader, seals, ring, clock)
        self.purge_store = SqlPurgeStore(self.writer, self.reader, seals, self._writing)
        self.periodic_tasks = SqlPeriodicTasks(self.writer)
        self.fingerprints = SqlFingerprints(self.writer, self.reader)
        self.cases = SqlCases(self.reader, seals)
        self.counters = SqlCounters(self.reader)
        self.figures = SqlFigures(self.reader)
        self.help_visits = SqlHelpVisits(self.reader)
        self.hash_rotation = SqlHashRotation(self.writer, self.reader, seals, hash_forms, address)
        self.key_wrapping = SqlKeyWrapping(self.writer, self.reader, ring)
        self.access = SqlStaffAccess(self.writer, self.reader, seals)
        self.webhook_store = SqlWebhookStore(self.writer, self.reader, seals)
        self.webhook_queue = SqlWebhookQueue(self.writer, self.reader, seals)
        self.event_log = SqlEventLog(self.writer, self.reader, seals)
        self.api_token_store = SqlApiTokenStore(self.writer, self.reader, seals)
        self.revocations = SqlRevocationStore(self.writer, self.reader, seals)
        self.ticketing_link_store = SqlTicketingLinkStore(self.writer, self.reader, seals)

    async def open(self) -> None:
        """Check the schema, and start to accept jobs on this event loop.

        Raises:
            SettingsError: the database can't be opened, or needs ``privacydesk db upgrade``.
        """
        try:
            await asyncio.to_thread(schema.check, self._reading)
        except BaseException:
            # The caller does not close a store that failed to open.
            await self.reader.close()
            raise
        self.writer.start()

    async def close(self) -> None:
        """Commit the queued jobs and close the connections."""
        await self.writer.close()
        if self.commit_hints is not None:
            await self.commit_hints.flush()
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
