"""Entries of the writer's queue: jobs, and storage's own operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from privacydesk.domain.ids import ConversationId
from privacydesk.ports import Job

Operation = Callable[[sa.Connection], Any]
"""Statements of storage itself, run in a batch's transaction before its jobs, perhaps repeatedly.

Its return value is passed to the submitter. So is a ``DeskError``, which it may only raise before
writing anything.
"""


class QueueEntry(Struct, eq=False):
    """A job or an operation, with the future that its submitter awaits.

    Attributes:
        deferred: how many times the job was deferred because another process had locked a row.
    """

    future: asyncio.Future[Any]
    job: Job | None = None
    operation: Operation | None = None
    deferred: int = 0


TakeLateEntries = Callable[[Container[ConversationId | None]], Sequence[QueueEntry]]
"""Takes entries from the queue that may still join a running batch.

The argument contains the conversations of the batch. An entry may join if it is a job that locks
only a conversation which is not among them.
"""


class Deferred(Struct, frozen=True):
    """The outcome of a job whose rows another process has locked: it is tried in the next batch."""


DEFERRED = Deferred()

Outcomes = list[tuple[QueueEntry, Any]]
"""Each entry with its result, an exception to raise, or ``DEFERRED``."""
