"""Commits a batch, retrying and splitting it, until each job has its outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import structlog

from privacydesk.clock import Clock
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.outages import Outage
from privacydesk.ports import FailedJobError
from privacydesk.storage.batch import Appended, Batch
from privacydesk.storage.counters import CounterRows
from privacydesk.storage.engines import BUSY_MILLIS, sqlite_file
from privacydesk.storage.faults import (
    WRITING,
    Fault,
    GuardBrokenError,
    classify,
    code_of,
    part_of,
    trace,
)
from privacydesk.storage.file_watch import FileWatch
from privacydesk.storage.locked import Newest, Snapshots
from privacydesk.storage.lru import Lru
from privacydesk.storage.pending import DEFERRED, Latecomers, Outcomes, Pending
from privacydesk.storage.random_ids import SecretMinter
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.staging import ClosureError
from privacydesk.storage.transactions import transaction, wait_for_others

_log = structlog.get_logger(__name__)

_TRIES = 4
"""How often a batch is tried when the database interrupts it."""
_PAUSE = 0.05
"""Seconds before the second try on a lost connection; doubles."""
_DEFER_PAUSE = 0.002
_DEFER_LIMIT = 2000
"""How often a job is deferred for a row that another process holds: some seconds in all."""
_QUICK = 0.002
"""Seconds; a commit that takes less lets the next one do without the thread."""
_REMEMBERED = 100_000
"""The number of rows whose last written version is remembered."""

Report = tuple[Outcomes, list[Appended]]


class Committer:
    """Commits a batch, retrying and splitting it, until each job has its outcome.

    One caller at a time: the writer's thread, or the event loop while the thread has nothing to do.

    Attributes:
        written_at: when anything was last committed, by the monotonic clock.
    """

    def __init__(
        self, engine: sa.Engine, seals: Seals, clock: Clock, snapshots: Snapshots, outage: Outage
    ) -> None:
        self._engine = engine
        self._seals = seals
        self._clock = clock
        self._snapshots = snapshots
        self._outage = outage
        self._shared = engine.dialect.name != "sqlite"
        self._whereabouts = FileWatch(sqlite_file(engine.url))
        self._connection: sa.Connection | None = None
        self._counters = CounterRows()
        self._minter = SecretMinter()
        self._newest: Newest = Lru(_REMEMBERED)
        self._patience = BUSY_MILLIS
        self._quick = False
        self.written_at = -math.inf

    def at_once(self, batch: list[Pending]) -> Report | None:
        """Settle jobs if that takes no waiting, so that the event loop may call it.

        Returns:
            None if the last commit was slow, another process is writing, or anything fails: then
            nothing was done, and ``settle`` handles and reports the failure.
        """
        if not self._quick or self._connection is None:
            return None
        appended: list[Appended] = []
        try:
            return self._transaction(batch, appended, patience=0), appended
        except Exception:  # noqa: BLE001 - ``settle`` will meet it, too, and classify it
            self._quick = False
            return None

    def settle(self, batch: list[Pending], latecomers: Latecomers | None = None) -> Report:
        """Return every pending's outcome, and what was appended.

        Args:
            batch: what it begins with; what joins it is appended.
            latecomers: returns the jobs that may join.
        """
        appended: list[Appended] = []
        try:
            # Rows that other processes lock, too, must be locked all at once, in order.
            outcomes = self._commit(batch, appended, None if self._shared else latecomers)
        except Exception as error:  # noqa: BLE001 - the thread must survive any error
            _log.critical("writer_failed", error=type(error).__name__, at=trace(error))
            self.close()
            outcomes = _all(batch, FailedJobError)
        for pending, outcome in outcomes:
            if outcome is DEFERRED:
                pending.deferred += 1
        if outcomes and all(outcome is DEFERRED for _, outcome in outcomes):
            time.sleep(_DEFER_PAUSE)
        return [(p, _patient(p, outcome)) for p, outcome in outcomes], appended

    def took_a_write(self) -> None:
        """Note that something was written; an empty commit works even on a full disk."""
        self.written_at = time.monotonic()
        self._outage.end(WRITING)

    def close(self) -> None:
        """Close the connection, whatever state it is in.

        The remembered versions go with it: the next connection may lead to a server that took
        over without the last commits, whose older rows are valid.
        """
        self._counters.begin_anew()
        self._snapshots.clear()
        self._newest.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except sa.exc.SQLAlchemyError as error:
                _log.warning("connection_not_closed", error=type(error).__name__)

    def _commit(
        self,
        batch: list[Pending],
        appended: list[Appended],
        latecomers: Latecomers | None = None,
    ) -> Outcomes:
        for attempt in range(1, _TRIES + 1):
            try:
                # No job joins a batch that failed once: later ones have tries of their own.
                return self._transaction(batch, appended, latecomers if attempt == 1 else None)
            except GuardBrokenError as error:
                _log.critical("guard_broken", rule=str(error), at=trace(error))
                self._snapshots.clear()
                return _all(batch, FailedJobError)
            except Exception as error:  # noqa: BLE001 - sorted by ``classify``
                fault = classify(error)
                if fault is Fault.GUILTY:
                    # A lone job may have missed a row that another process has just inserted.
                    raced = self._shared and isinstance(error, sa.exc.IntegrityError)
                    if len(batch) == 1 and raced and attempt == 1:
                        continue
                    return self._without_guilty(batch, appended, error)
                if fault is Fault.CONTENDED:
                    _log.warning("batch_interrupted", fault=fault.value, error=code_of(error))
                    continue
                self.close()
                if fault is not Fault.LOST or attempt == _TRIES or self._outage.is_on:
                    self._outage.begin(code_of(error), part_of(error))
                    return self._all_refused(batch)
                time.sleep(_PAUSE * 2**attempt)
        return _all(batch, UnavailableError)

    def _all_refused(self, batch: Sequence[Pending]) -> Outcomes:
        """Refuse all; only jobs, of people and programs, are counted, not storage's errands."""
        self._outage.refuse(sum(pending.job is not None for pending in batch))
        return [
            (pending, UnavailableError("the database can't take it now", outage=self._outage.what))
            for pending in batch
        ]

    def _transaction(
        self,
        batch: list[Pending],
        appended: list[Appended],
        latecomers: Latecomers | None = None,
        *,
        patience: int = BUSY_MILLIS,
    ) -> Outcomes:
        # Before connecting: SQLite would silently create a missing file, empty.
        self._whereabouts.check()
        if self._connection is None:
            self._connection = self._engine.connect()
            self._whereabouts.opened()
            self._patience = BUSY_MILLIS
        if not self._shared and patience != self._patience:
            wait_for_others(self._connection, patience)
            self._patience = patience
        with transaction(self._connection):
            run = Batch(
                self._connection,
                self._seals,
                self._snapshots,
                self._newest,
                self._counters,
                minter=self._minter,
                now=self._clock.now(),
                shared=self._shared,
            )
            outcomes = run.run(batch, latecomers)
            decided = time.monotonic()
        # Never on a server: every statement has to be waited for there.
        self._quick = not self._shared and time.monotonic() - decided < _QUICK
        if run.appended:
            self.took_a_write()
        run.keep()
        appended.extend(run.appended.values())
        return outcomes

    def _without_guilty(
        self, batch: list[Pending], appended: list[Appended], error: Exception
    ) -> Outcomes:
        if len(batch) > 1:
            half = len(batch) // 2
            return self._commit(batch[:half], appended) + self._commit(batch[half:], appended)
        if isinstance(error, SealError):
            self._seals.refused.note(error)
        told = str(error) if isinstance(error, (ClosureError, SealError)) else ""
        _log.error("job_failed", error=code_of(error), rule=told, at=trace(error))
        return _all(batch, FailedJobError)


def _all(batch: Sequence[Pending], error: type[DeskError]) -> Outcomes:
    messages = {
        UnavailableError: "the database can't take it now",
        FailedJobError: "the job failed; nothing of it was stored",
    }
    return [(pending, error(messages[error])) for pending in batch]


def _patient(pending: Pending, outcome: Any) -> Any:
    if outcome is DEFERRED and pending.deferred > _DEFER_LIMIT:
        return UnavailableError("another process holds the row")
    return outcome
