"""Turning a batch into commits until each job has its outcome."""

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
from privacydesk.storage.locked import Newest, Snapshots
from privacydesk.storage.lru import Lru
from privacydesk.storage.minting import SecretMinter
from privacydesk.storage.pending import DEFERRED, Latecomers, Outcomes, Pending
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.staging import ClosureError
from privacydesk.storage.transactions import transaction, wait_for_others
from privacydesk.storage.whereabouts import Whereabouts

_log = structlog.get_logger(__name__)

_TRIES = 4
"""How often a batch is tried when the database gets in its way."""
_PAUSE = 0.05
"""Seconds before the second try on a lost connection; doubles."""
_DEFER_PAUSE = 0.002
_DEFER_LIMIT = 2000
"""How often a job waits for a row that another process holds: some seconds."""
_QUICK = 0.002
"""Seconds that a commit may take for the next one to be worth no thread."""
_REMEMBERED = 100_000
"""Of how many rows the version is remembered that was written last."""

Report = tuple[Outcomes, list[Appended]]


class Committer:
    """Turns a batch into commits until each job has its outcome.

    One caller at a time: the writer's thread, or the event loop while the thread has nothing to do.

    Attributes:
        written_at: when the last commit of anything was, by the clock that only goes on.
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
        self._whereabouts = Whereabouts(sqlite_file(engine.url))
        self._connection: sa.Connection | None = None
        self._counters = CounterRows()
        self._minter = SecretMinter()
        self._newest: Newest = Lru(_REMEMBERED)
        self._patience = BUSY_MILLIS
        self._quick = False
        self.written_at = -math.inf

    def at_once(self, batch: list[Pending]) -> Report | None:
        """Settle jobs if nothing has to be waited for, so that the event loop may call it.

        Returns:
            None where the last commit was slow, another process is writing, or anything fails:
            then nothing was done, and ``settle`` finds out what there is to be said about it.
        """
        if not self._quick or self._connection is None:
            return None
        appended: list[Appended] = []
        try:
            return self._transaction(batch, appended, patience=0), appended
        except Exception:  # noqa: BLE001 - it will meet ``settle``, too, which tells and sorts it
            self._quick = False
            return None

    def settle(self, batch: list[Pending], latecomers: Latecomers | None = None) -> Report:
        """Return every pending's outcome, and what was appended.

        Args:
            batch: what was there when it began; what joins it is added.
            latecomers: gives what may join.
        """
        appended: list[Appended] = []
        try:
            # Rows that other processes lock, too, are locked all at once, in their order.
            outcomes = self._commit(batch, appended, None if self._shared else latecomers)
        except Exception as error:  # noqa: BLE001 - the thread outlives whatever happens to it
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
        """Note that something was written; a commit of nothing works on a full disk, too."""
        self.written_at = time.monotonic()
        self._outage.end(WRITING)

    def close(self) -> None:
        """Let go of the connection, whatever state it is in.

        What was written last is forgotten with it: the next one may lead to a server that took
        over without the last commits, whose rows are older and yet as they should be.
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
                # Nobody joins what went wrong once: whoever comes now has its own tries.
                return self._transaction(batch, appended, latecomers if attempt == 1 else None)
            except GuardBrokenError as error:
                _log.critical("guard_broken", rule=str(error), at=trace(error))
                self._snapshots.clear()
                return _all(batch, FailedJobError)
            except Exception as error:  # noqa: BLE001 - sorted by ``classify``
                fault = classify(error)
                if fault is Fault.GUILTY:
                    # Alone, a row it believed missing may just have been made by another process.
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
        """Send everybody away; those who are counted are people and programs, not our own looks."""
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
        # Before connecting: SQLite would make a file that is missing anew, without a word in it.
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
        # Never so on a server: every statement has to be waited for there.
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
