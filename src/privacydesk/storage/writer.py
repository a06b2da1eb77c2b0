"""The writer: queues jobs on the event loop, and commits them in batches on its own thread.

    loop     submit ─► queue ─────────────────► hooks, then results
                          │  one batch at a time   ▲
    thread                └─► decide, write, commit ┘

While the thread commits a batch, and for some more iterations of the loop, the next batch is
collected: the higher the load, the more jobs share a commit. A job that is submitted before a
batch's rows are written still joins it, unless the batch already contains its conversation. No
result is returned before its changes are on disk.

A small batch is committed on the event loop if this needs no waiting. With a fast disk that takes
less time than waking the thread and then the loop again, and the two don't compete for the GIL. A
single job is committed at once, without waiting for the rest of the loop's iteration.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Container, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from privacydesk.clock import Clock
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.staff_channels import StaffChannel
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage
from privacydesk.ports import CommitHook, Committed, Job
from privacydesk.storage.batch import AppendedEvents
from privacydesk.storage.committer import Committer, Report
from privacydesk.storage.database_errors import stack_locations
from privacydesk.storage.hash_forms import HashForms
from privacydesk.storage.locked_rows import Snapshots
from privacydesk.storage.lru import Lru
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer_queue import DEFERRED, QueueEntry

T = TypeVar("T")

_log = structlog.get_logger(__name__)

BATCH_LIMIT = 256
_GATHER_ITERATIONS = 6
"""Iterations of the event loop without a new job after which the collected batch is sent."""
_MAX_JOBS_ON_LOOP = 64
"""The maximum number of jobs committed on the event loop, which they block for milliseconds."""
_ALONE = 0.01
"""Seconds since the last commit after which a submitter is assumed to be the only one."""


class BatchWriter:
    """Implements ``ports.Writer``: the only component that changes the database.

    Attributes:
        taken: the number of jobs submitted since the start.
        outage: records whether the database accepts writes.

    Args:
        engine: an engine whose transactions may write; the writer opens one connection.
        seals: the conversations' keys.
        clock: source of the current time.
        batch_limit: the maximum number of jobs that share a commit.
        cached_conversations: the number of conversations that are cached.
        outage: records whether the database accepts writes; created if None.
        staff_channels: the group chats in which staff are told of alarms and assignments.
        hash_forms: the forms in which hashes are written; those of ``engine``.
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
        staff_channels: Sequence[StaffChannel] = (),
        hash_forms: HashForms | None = None,
    ) -> None:
        self._seals = seals
        self._clock = clock
        self._limit = batch_limit
        self._snapshots: Snapshots = Lru(cached_conversations)
        self.outage = outage or Outage("database", clock)
        self._committer = Committer(
            engine,
            seals,
            clock,
            self._snapshots,
            self.outage,
            staff_channels=staff_channels,
            hash_forms=hash_forms or HashForms(),
        )
        self._hooks: list[CommitHook] = []
        self._event_hooks: list[Callable[[], None]] = []
        self._queue: deque[QueueEntry] = deque()
        self.taken = 0
        self._working = False
        # The number of jobs that may still join the thread's current batch.
        self._free_places = 0
        # The conversation of the last batch, if it consisted of a single job.
        self._last_single: ConversationId | None = None
        self._finished_at = 0.0
        self._open = False
        self._idle = asyncio.Event()
        self._batches: queue.SimpleQueue[list[QueueEntry] | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run_thread, name="writer", daemon=True)

    def start(self) -> None:
        """Start the thread; called on the event loop that will submit jobs."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._idle.set()
        self._thread.start()

    async def close(self) -> None:
        """Accept no more jobs, commit the queued ones, and close the connection."""
        if not self._open:
            return
        self._open = False
        await self._idle.wait()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    async def submit(self, job: Job) -> Committed:
        """Run a job; return after its commit.

        Raises:
            UnavailableError: the database can't be written now; nothing was stored.
            DeskError, Reobserve: raised by the job's closure.
            FailedJobError: the job's closure or rows were at fault; nothing was stored.
        """
        self.taken += 1
        future = self._enqueue(job=job)
        if future.done():
            # Committed already: let other tasks run before this submitter continues.
            await asyncio.sleep(0)
        committed: Committed = await future
        return committed

    async def probe(self, operation: Callable[[sa.Connection], None]) -> None:
        """Run an operation that writes a row, to see whether the database accepts writes.

        Raises:
            UnavailableError, FailedJobError: as ``submit``.
        """
        await self._enqueue(operation=operation)
        self._committer.record_write()

    async def run(self, operation: Callable[[sa.Connection], T]) -> T:
        """Run an operation of storage in the next batch; return its result after the commit.

        Args:
            operation: executes statements, before the jobs of its batch; may be called again.

        Raises:
            UnavailableError, FailedJobError: as ``submit``.
            DeskError: raised by the operation before it wrote anything.
        """
        result: T = await self._enqueue(operation=operation)
        return result

    @property
    def waiting(self) -> int:
        """The number of jobs and operations that wait for a batch."""
        return len(self._queue)

    @property
    def written_at(self) -> float:
        """The time of the last commit that wrote anything, by the monotonic clock."""
        return self._committer.written_at

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return a conversation as of its last commit if it is cached; may be slightly stale."""
        return self._snapshots.get(conversation)

    def on_commit(self, hook: CommitHook) -> None:
        """Register a hook to be called after each commit, before submitters get their results."""
        self._hooks.append(hook)

    def on_webhook_events(self, hook: Callable[[], None]) -> None:
        """Register a hook to be called after commits of jobs that caused webhook events."""
        self._event_hooks.append(hook)

    def _enqueue(
        self, *, job: Job | None = None, operation: Callable[[sa.Connection], Any] | None = None
    ) -> asyncio.Future[Any]:
        loop = self._loop
        if loop is None or not self._open:
            raise UnavailableError("the writer is closed")
        entry = QueueEntry(loop.create_future(), job, operation)
        self._queue.append(entry)
        if not self._working:
            self._working = True
            self._idle.clear()
            if job is not None and self._is_only_submitter(job) and self._try_commit_now(1):
                return entry.future
            # Later: other jobs of this iteration of the loop can share the commit.
            loop.call_soon(self._send_batch)
        return entry.future

    def _send_batch(self) -> None:
        size = min(len(self._queue), self._limit)
        if size <= _MAX_JOBS_ON_LOOP and self._try_commit_now(size):
            return
        self._free_places = self._limit - size
        self._batches.put([self._queue.popleft() for _ in range(size)])

    def _is_only_submitter(self, job: Job) -> bool:
        """Return whether no other submitters seem to be active."""
        assert self._loop is not None
        same_conversation = job.locks.conversation == self._last_single
        return same_conversation or self._loop.time() - self._finished_at >= _ALONE

    def _try_commit_now(self, size: int) -> bool:
        """Commit the first entries on the event loop if possible; return whether they were."""
        batch = list(islice(self._queue, size))
        if not all(entry.job is not None and entry.job.small for entry in batch):
            return False
        report = self._committer.try_commit_now(batch)
        if report is None:
            return False
        for _ in batch:
            self._queue.popleft()
        self._finish(report)
        return True

    def _gather_batch(self, quiet: int, before: int) -> None:
        """Send the queued jobs as a batch once no more are being submitted.

        Users who have just got their replies are about to write again. Without waiting for them,
        half of the users would be served while the other half write: loop and thread would compete,
        and each commit would serve only one half.

        Args:
            quiet: the number of iterations without new jobs. Several are needed, because a message
                is received in one iteration and submitted in a later one.
            before: the length of the queue at the last iteration.
        """
        size = len(self._queue)
        quiet = quiet + 1 if size == before else 0
        if size < self._limit and quiet <= _GATHER_ITERATIONS:
            assert self._loop is not None
            self._loop.call_soon(self._gather_batch, quiet, size)
        elif size:
            self._send_batch()
        else:
            self._become_idle()

    def _become_idle(self) -> None:
        self._working = False
        self._idle.set()

    def _finish(self, report: Report) -> None:
        outcomes, appended = report
        for events in appended:
            self._call_hooks(events)
        if self._committer.has_webhook_events:
            self._committer.has_webhook_events = False
            for hook in self._event_hooks:
                hook()
        deferred: list[QueueEntry] = []
        for entry, outcome in outcomes:
            future = entry.future
            if outcome is DEFERRED:
                deferred.append(entry)
            elif future.done():
                continue  # the submitter was cancelled; its job is committed nevertheless
            elif isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._queue.extendleft(reversed(deferred))
        assert self._loop is not None
        self._finished_at = self._loop.time()
        single = outcomes[0][0].job if len(outcomes) == 1 else None
        self._last_single = None if single is None else single.locks.conversation
        if self._queue or len(outcomes) > 1:
            self._gather_batch(0, len(self._queue))
        else:
            # There are no other submitters: the next job is committed at once.
            self._become_idle()

    def _call_hooks(self, appended: AppendedEvents) -> None:
        conversation = appended.conversation
        for hook in self._hooks:
            try:
                hook(conversation.id, tuple(appended.events), conversation)
            except Exception as error:  # noqa: BLE001 - a hook can't undo a commit
                _log.error(
                    "commit_hook_failed", error=type(error).__name__, at=stack_locations(error)
                )

    def _take_late(self, conversations: Container[ConversationId | None]) -> list[QueueEntry]:
        """Take jobs that may join the thread's current batch from the front of the queue.

        Called on the thread. Meanwhile the event loop only appends to the queue.

        Args:
            conversations: the conversations of the current batch.
        """
        entries, late = self._queue, list[QueueEntry]()
        while entries and len(late) < self._free_places and _may_join(entries[0], conversations):
            late.append(entries.popleft())
        return late

    def _run_thread(self) -> None:
        assert self._loop is not None
        committer = self._committer
        while (batch := self._batches.get()) is not None:
            report = committer.commit(batch, self._take_late)
            try:
                self._loop.call_soon_threadsafe(self._finish, report)
            except RuntimeError:
                break  # the event loop is closed, and all submitters with it
        committer.close()


def _may_join(entry: QueueEntry, conversations: Container[ConversationId | None]) -> bool:
    """Return whether an entry is a job that locks only a conversation outside the batch."""
    job = entry.job
    if job is None or job.once_per_ticket is not None:
        return False
    locks = job.locks
    if locks.conversation is None or locks.conversation in conversations:
        return False
    return not (locks.tickets or locks.challenges or locks.deliveries)
