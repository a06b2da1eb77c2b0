"""The writer's queue entries: jobs, and errands of storage itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from privacydesk.domain.ids import ConversationId
from privacydesk.ports import Job

Errand = Callable[[sa.Connection], Any]
"""Runs in the batch's transaction, before its jobs; may run again. What it returns is the answer.

A ``DeskError`` it raises before writing anything is its answer, too.
"""


class Pending(Struct, eq=False):
    """A job or an errand with its submitter's future.

    Attributes:
        deferred: how often a row it names was locked by another process.
    """

    future: asyncio.Future[Any]
    job: Job | None = None
    errand: Errand | None = None
    deferred: int = 0


Latecomers = Callable[[Container[ConversationId | None]], Sequence[Pending]]
"""Given a batch's conversations, returns the jobs that came since it began and can join it.

Such a job decides only on a conversation that is not in the batch yet.
"""


class Deferred(Struct, frozen=True):
    """The outcome of a job whose rows another process holds: it goes first in the next batch."""


DEFERRED = Deferred()

Outcomes = list[tuple[Pending, Any]]
"""Each pending with its answer, an exception to raise, or ``DEFERRED``."""
