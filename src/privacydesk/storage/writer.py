"""The writer: collects jobs on the event loop, commits them in batches on a thread of its own.

    loop     submit ─► pending ──────────────► hooks, then answers
                          │  one batch at a time   ▲
    thread                └─► decide, write, commit ┘

While the thread works, and for some more iterations of the loop, the next batch gathers; so the
higher the load, the more jobs share a commit. A job that comes before a batch's rows are written
still joins it, unless the batch has its conversation. Nothing is answered before it is on disk.

A small batch is settled on the loop if that takes no waiting: waking the thread, and then the loop
again, takes longer than a quick disk needs, and loop and thread compete for the GIL meanwhile. A
single job does not even wait for the rest of the loop's iteration.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Container
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from privacydesk.clock import Clock
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage
from privacydesk.ports import CommitHook, Committed, Job
from privacydesk.storage.batch import Appended
from privacydesk.storage.committer import Committer, Report
from privacydesk.storage.faults import trace
from privacydesk.storage.locked import Snapshots
from privacydesk.storage.lru import Lru
from privacydesk.storage.pending import DEFERRED, Pending
from privacydesk.storage.sealing import Seals

T = TypeVar("T")

_log = structlog.get_logger(__name__)

BATCH_LIMIT = 256
_GATHER = 6
"""Iterations of the loop without a new message after which no more are waited for."""
_AT_ONCE = 64
"""How many jobs are settled on the loop at most: they block it for some milliseconds."""
_ALONE = 0.01
"""Seconds without a commit after which a submitter counts as alone."""


class BatchWriter:
    """The only way to change anything.

    Attributes:
        taken: how many jobs were submitted since the start.
        outage: whether the database accepts nothing now.

    Args:
        engine: whose transactions may write; the writer's thread opens its own connection.
        seals: the conversations' keys.
        clock: for rows that note when they were removed.
        batch_limit: how many jobs share a commit at most.
        cached_conversations: how many states are cached.
        outage: told whether the database accepts anything.
    """

    def __init__(
        self,
        engine: sa.Engine,
        seals: Seals,
        clock: Clock,
        *,
        batch_limit: int = BATCH_LIMIT,
        cached_conversations: int = 20_000,
        outage: Outage | None = None,
    ) -> None:
        self._seals = seals
        self._clock = clock
        self._limit = batch_limit
        self._snapshots: Snapshots = Lru(cached_conversations)
        self.outage = outage or Outage("database", clock)
        self._committer = Committer(engine, seals, clock, self._snapshots, self.outage)
        self._hooks: list[CommitHook] = []
        self._pending: deque[Pending] = deque()
        self.taken = 0
        self._working = False
        # How many may still join the thread's current batch.
        self._room = 0
        # The conversation of the last batch, if that was a single job.
        self._alone: ConversationId | None = None
        self._finished_at = 0.0
        self._open = False
        self._idle = asyncio.Event()
        self._batches: queue.SimpleQueue[list[Pending] | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def start(self) -> None:
        """Start; called on the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._idle.set()
        self._thread.start()

    async def close(self) -> None:
        """Accept no more jobs, commit those that wait, and close the connection."""
        if not self._open:
            return
        self._open = False
        await self._idle.wait()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    async def submit(self, job: Job) -> Committed:
        """Run a job and return after its commit.

        Raises:
            UnavailableError: the database can't take it; nothing was stored.
            DeskError, Reobserve: as the job's closure raised.
            FailedJobError: the closure or its rows were at fault; nothing was stored.
        """
        self.taken += 1
        future = self._put(job=job)
        if future.done():
            # Settled without waiting: let other tasks run before this submitter goes on.
            await asyncio.sleep(0)
        committed: Committed = await future
        return committed

    async def probe(self, errand: Callable[[sa.Connection], None]) -> None:
        """Run an errand that is sure to write, to see whether the database accepts it.

        Raises:
            UnavailableError, FailedJobError: as ``submit``.
        """
        await self._put(errand=errand)
        self._committer.took_a_write()

    async def run(self, errand: Callable[[sa.Connection], T]) -> T:
        """Run storage's own statements in the next batch and return after the commit.

        Raises:
            UnavailableError, FailedJobError: as ``submit``.
            DeskError: as the errand raised.
        """
        result: T = await self._put(errand=errand)
        return result

    @property
    def written_at(self) -> float:
        """When anything was last committed, by the monotonic clock."""
        return self._committer.written_at

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return the state after the last commit if it is cached; may be slightly stale."""
        return self._snapshots.get(conversation)

    def on_commit(self, hook: CommitHook) -> None:
        """Register a hook, called after each commit, before the submitters are answered."""
        self._hooks.append(hook)

    def _put(
        self, *, job: Job | None = None, errand: Callable[[sa.Connection], Any] | None = None
    ) -> asyncio.Future[Any]:
        loop = self._loop
        if loop is None or not self._open:
            raise UnavailableError("the writer is closed")
        pending = Pending(loop.create_future(), job, errand)
        self._pending.append(pending)
        if not self._working:
            self._working = True
            self._idle.clear()
            if job is not None and self._is_alone(job) and self._settle_at_once(1):
                return pending.future
            # Not at once: other jobs of this iteration of the loop share the commit.
            loop.call_soon(self._send)
        return pending.future

    def _send(self) -> None:
        pending = self._pending
        size = min(len(pending), self._limit)
        if size <= _AT_ONCE and self._settle_at_once(size):
            return
        self._room = self._limit - size
        self._batches.put([pending.popleft() for _ in range(size)])

    def _is_alone(self, job: Job) -> bool:
        """Return whether the submitter of a single job seems to be alone."""
        assert self._loop is not None
        follows = job.locks.conversation == self._alone
        return follows or self._loop.time() - self._finished_at >= _ALONE

    def _settle_at_once(self, size: int) -> bool:
        """Settle the first waiting jobs if all are small; return whether that was done."""
        batch = list(islice(self._pending, size))
        if not all(one.job is not None and one.job.small for one in batch):
            return False
        report = self._committer.at_once(batch)
        if report is None:
            return False
        for _ in batch:
            self._pending.popleft()
        self._finish(report)
        return True

    def _gather(self, quiet: int, before: int) -> None:
        """Send what waits once no more comes in.

        Users who have just been answered are about to write again. Without a pause for them two
        halves take turns, loop and thread compete, and each commit serves one half.

        Args:
            quiet: iterations that brought nothing; one reads, and a later one submits.
            before: how many waited at the last iteration.
        """
        size = len(self._pending)
        quiet = quiet + 1 if size == before else 0
        if size < self._limit and quiet <= _GATHER:
            assert self._loop is not None
            self._loop.call_soon(self._gather, quiet, size)
        elif size:
            self._send()
        else:
            self._rest()

    def _rest(self) -> None:
        self._working = False
        self._idle.set()

    def _finish(self, report: Report) -> None:
        outcomes, appended = report
        for one in appended:
            self._tell(one)
        again: list[Pending] = []
        for pending, outcome in outcomes:
            future = pending.future
            if outcome is DEFERRED:
                again.append(pending)
            elif future.done():
                continue  # the submitter has gone; its job is committed all the same
            elif isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._pending.extendleft(reversed(again))
        assert self._loop is not None
        self._finished_at = self._loop.time()
        only = outcomes[0][0].job if len(outcomes) == 1 else None
        self._alone = None if only is None else only.locks.conversation
        if self._pending or len(outcomes) > 1:
            self._gather(0, len(self._pending))
        else:
            # Nobody else is there: the next submitter is served at once.
            self._rest()

    def _tell(self, appended: Appended) -> None:
        conversation = appended.conversation
        for hook in self._hooks:
            try:
                hook(conversation.id, tuple(appended.events), conversation)
            except Exception as error:  # noqa: BLE001 - a listener can't undo a commit
                _log.error("commit_hook_failed", error=type(error).__name__, at=trace(error))

    def _latecomers(self, about: Container[ConversationId | None]) -> list[Pending]:
        """Take waiting jobs that may join the thread's current batch, from the front.

        Called on the thread; meanwhile the loop only adds to the end.
        """
        pending, late = self._pending, list[Pending]()
        while pending and len(late) < self._room and _may_join(pending[0], about):
            late.append(pending.popleft())
        return late

    def _work(self) -> None:
        assert self._loop is not None
        committer = self._committer
        while (batch := self._batches.get()) is not None:
            report = committer.settle(batch, self._latecomers)
            try:
                self._loop.call_soon_threadsafe(self._finish, report)
            except RuntimeError:
                break  # the loop is gone, and with it everybody who waited
        committer.close()


def _may_join(pending: Pending, about: Container[ConversationId | None]) -> bool:
    """Return whether a job decides only on a conversation that is not in a batch."""
    job = pending.job
    if job is None or job.once_per_ticket is not None:
        return False
    locks = job.locks
    if locks.conversation is None or locks.conversation in about:
        return False
    return not (locks.tickets or locks.challenges or locks.deliveries)
