"""Commits batches: retries and splits a failing batch until each job has its outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import structlog

from privacydesk.clock import Clock
from privacydesk.domain.staff_channels import StaffChannel
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.outages import Outage
from privacydesk.ports import FailedJobError
from privacydesk.storage.batch import AppendedEvents, Batch
from privacydesk.storage.counters import CounterRows
from privacydesk.storage.database_errors import (
    WRITING,
    ErrorClass,
    LockedRowChangedError,
    classify,
    error_name,
    failed_part,
    stack_locations,
)
from privacydesk.storage.engines import BUSY_MILLIS, sqlite_file
from privacydesk.storage.file_watch import FileWatch
from privacydesk.storage.hash_forms import HashForms
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.locked_rows import Snapshots, WrittenVersions
from privacydesk.storage.lru import Lru
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.staging import ClosureError
from privacydesk.storage.transactions import set_busy_timeout, transaction
from privacydesk.storage.writer_queue import DEFERRED, Outcomes, QueueEntry, TakeLateEntries

_log = structlog.get_logger(__name__)

_TRIES = 4
"""How many times a batch is tried when the database interrupts it."""
_PAUSE = 0.05
"""Seconds before the first retry on a lost connection; doubled for each further one."""
_DEFER_PAUSE = 0.002
_DEFER_LIMIT = 2000
"""How many times a job is deferred for a row that another process has locked: some seconds."""
_QUICK = 0.002
"""Seconds; after a commit faster than this, the next batch may commit on the event loop."""
_MAX_WRITTEN_VERSIONS = 100_000
"""The number of rows whose last written version is remembered."""

Report = tuple[Outcomes, list[AppendedEvents]]


class Committer:
    """Commits batches on a connection of its own.

    One caller at a time: the writer's thread, or the event loop while the thread is idle.

    Attributes:
        written_at: the time of the last commit that wrote anything, by the monotonic clock.
    """

    def __init__(
        self,
        engine: sa.Engine,
        seals: Seals,
        clock: Clock,
        snapshots: Snapshots,
        outage: Outage,
        *,
        staff_channels: Sequence[StaffChannel],
        hash_forms: HashForms,
    ) -> None:
        self._engine = engine
        self._hash_forms = hash_forms
        self._seals = seals
        self._clock = clock
        self._snapshots = snapshots
        self._outage = outage
        self._staff_channels = staff_channels
        self._shared = engine.dialect.name != "sqlite"
        self._file_watch = FileWatch(sqlite_file(engine.url))
        self._connection: sa.Connection | None = None
        self._counters = CounterRows()
        self._id_generator = SecureIdGenerator()
        self._written_versions: WrittenVersions = Lru(_MAX_WRITTEN_VERSIONS)
        self._busy_timeout = BUSY_MILLIS
        self._quick = False
        self.written_at = -math.inf
        self.has_webhook_events = False

    def try_commit_now(self, batch: list[QueueEntry]) -> Report | None:
        """Commit a batch without waiting, so that the event loop may call this.

        Returns:
            None if the last commit was slow, another process is writing, or anything fails. Then
            nothing was committed, and ``commit`` is to handle the batch and report any failure.
        """
        if not self._quick or self._connection is None:
            return None
        appended: list[AppendedEvents] = []
        try:
            return self._transaction(batch, appended, busy_timeout=0), appended
        except Exception:  # noqa: BLE001 - ``commit`` will meet the error again and classify it
            self._quick = False
            return None

    def commit(self, batch: list[QueueEntry], take_late: TakeLateEntries | None = None) -> Report:
        """Commit a batch; return the outcome of each entry, and the events that were appended.

        Args:
            batch: the entries to run. Those that join late are appended to this list.
            take_late: returns entries that may still join.
        """
        appended: list[AppendedEvents] = []
        try:
            # With other processes, all rows must be locked at once and in order: nothing may join.
            outcomes = self._commit_with_retries(
                batch, appended, None if self._shared else take_late
            )
        except Exception as error:  # noqa: BLE001 - the thread must survive any error
            _log.critical("writer_failed", error=type(error).__name__, at=stack_locations(error))
            self.close()
            outcomes = _fail_all(batch, FailedJobError)
        for entry, outcome in outcomes:
            if outcome is DEFERRED:
                entry.deferred += 1
        if outcomes and all(outcome is DEFERRED for _, outcome in outcomes):
            time.sleep(_DEFER_PAUSE)
        return [(entry, _limit_deferral(entry, outcome)) for entry, outcome in outcomes], appended

    def record_write(self) -> None:
        """Record that rows were written; an empty commit succeeds even on a full disk."""
        self.written_at = time.monotonic()
        self._outage.end(WRITING)

    def close(self) -> None:
        """Close the connection, whatever state it is in, and clear all caches.

        The next connection may lead to a server that took over without the last commits. The older
        rows there are valid, so the remembered versions must be forgotten.
        """
        self._counters.start_new_rows()
        self._snapshots.clear()
        self._written_versions.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except sa.exc.SQLAlchemyError as error:
                _log.warning("connection_not_closed", error=type(error).__name__)

    def _commit_with_retries(
        self,
        batch: list[QueueEntry],
        appended: list[AppendedEvents],
        take_late: TakeLateEntries | None = None,
    ) -> Outcomes:
        for attempt in range(1, _TRIES + 1):
            try:
                # Nothing joins a batch that failed once: late jobs get their own tries.
                return self._transaction(batch, appended, take_late if attempt == 1 else None)
            except LockedRowChangedError as error:
                _log.critical("guard_broken", rule=str(error), at=stack_locations(error))
                self._snapshots.clear()
                return _fail_all(batch, FailedJobError)
            except Exception as error:  # noqa: BLE001 - handled by class
                fault = classify(error)
                if fault is ErrorClass.JOB_AT_FAULT:
                    # A single job may not have seen a row that another process has just inserted.
                    raced = self._shared and isinstance(error, sa.exc.IntegrityError)
                    if len(batch) == 1 and raced and attempt == 1:
                        continue
                    return self._isolate_failing_job(batch, appended, error)
                if fault is ErrorClass.CONTENDED:
                    _log.warning("batch_interrupted", fault=fault.value, error=error_name(error))
                    continue
                self.close()
                if fault is not ErrorClass.LOST or attempt == _TRIES or self._outage.is_active:
                    self._outage.begin(error_name(error), failed_part(error))
                    return self._refuse_all(batch)
                time.sleep(_PAUSE * 2**attempt)
        return _fail_all(batch, UnavailableError)

    def _refuse_all(self, batch: Sequence[QueueEntry]) -> Outcomes:
        """Refuse all entries; the outage counts only jobs, not storage's own operations."""
        self._outage.refuse(sum(entry.job is not None for entry in batch))
        return [
            (entry, UnavailableError("the database can't take it now", outage=self._outage.what))
            for entry in batch
        ]

    def _transaction(
        self,
        batch: list[QueueEntry],
        appended: list[AppendedEvents],
        take_late: TakeLateEntries | None = None,
        *,
        busy_timeout: int = BUSY_MILLIS,
    ) -> Outcomes:
        # Check before connecting: SQLite would silently create a missing file.
        self._file_watch.check()
        if self._connection is None:
            self._connection = self._engine.connect()
            self._file_watch.remember_opened()
            self._busy_timeout = BUSY_MILLIS
        if not self._shared and busy_timeout != self._busy_timeout:
            set_busy_timeout(self._connection, busy_timeout)
            self._busy_timeout = busy_timeout
        with transaction(self._connection):
            self._hash_forms.prepare_to_write(self._connection)
            runner = Batch(
                self._connection,
                self._seals,
                self._snapshots,
                self._written_versions,
                self._counters,
                id_generator=self._id_generator,
                staff_channels=self._staff_channels,
                now=self._clock.now(),
                shared=self._shared,
            )
            outcomes = runner.run(batch, take_late)
            commit_began = time.monotonic()
        # Never with a server: there the event loop would wait for each statement.
        self._quick = not self._shared and time.monotonic() - commit_began < _QUICK
        if runner.appended:
            self.record_write()
        if runner.has_webhook_events:
            self.has_webhook_events = True
        runner.update_caches()
        appended.extend(runner.appended.values())
        return outcomes

    def _isolate_failing_job(
        self, batch: list[QueueEntry], appended: list[AppendedEvents], error: Exception
    ) -> Outcomes:
        """Commit each half of a failed batch; a single entry that fails is at fault."""
        if len(batch) > 1:
            half = len(batch) // 2
            outcomes = self._commit_with_retries(batch[:half], appended)
            return outcomes + self._commit_with_retries(batch[half:], appended)
        if isinstance(error, SealError):
            self._seals.refused.record(error)
        rule = str(error) if isinstance(error, (ClosureError, SealError)) else ""
        _log.error("job_failed", error=error_name(error), rule=rule, at=stack_locations(error))
        return _fail_all(batch, FailedJobError)


def _fail_all(batch: Sequence[QueueEntry], error: type[DeskError]) -> Outcomes:
    messages = {
        UnavailableError: "the database can't take it now",
        FailedJobError: "the job failed; nothing of it was stored",
    }
    return [(entry, error(messages[error])) for entry in batch]


def _limit_deferral(entry: QueueEntry, outcome: Any) -> Any:
    """Return the outcome; an error in place of ``DEFERRED`` if the entry was deferred too often."""
    if outcome is DEFERRED and entry.deferred > _DEFER_LIMIT:
        return UnavailableError("another process holds the row")
    return outcome
