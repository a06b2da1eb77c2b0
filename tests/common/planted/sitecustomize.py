"""Loaded by each Python program of a desk under test: sets its clock wrong, and plants a fault.

``PLANTED_CLOCK`` names the file with the seconds by which the clock is wrong, ``PLANTED_FAULT`` one
of the faults below, each of which the audit has to find.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

_OF_THE_START = 10


def _set_clock(file: Path) -> None:
    from privacydesk.clock import SystemClock  # noqa: PLC0415 - only in a desk

    def now(self: SystemClock) -> datetime:
        (wrong,) = struct.unpack("d", file.read_bytes())
        return datetime.now(UTC) + timedelta(seconds=wrong)

    setattr(SystemClock, "now", now)  # noqa: B010 - the types forbid it otherwise


def _answer_before_commit() -> None:
    """Commit a batch when the next one begins; the start, which reads its own, at once."""
    from privacydesk.storage import committer, transactions  # noqa: PLC0415

    begin: Callable[[Any], Any] = transactions.transaction
    pending: list[Any] = []
    begun = count()

    @contextmanager
    def transaction(connection: Any) -> Iterator[None]:
        while pending:
            pending.pop().__exit__(None, None, None)
        running = begin(connection)
        running.__enter__()
        try:
            yield
        except BaseException as error:
            running.__exit__(type(error), error, error.__traceback__)
            raise
        if next(begun) < _OF_THE_START:
            running.__exit__(None, None, None)
        else:
            pending.append(running)

    setattr(committer, "transaction", transaction)  # noqa: B010 - the types forbid it otherwise


def _skip_the_lock() -> None:
    """Read rows that are about to change without locking them."""
    import sqlalchemy as sa  # noqa: PLC0415

    def unlocked(self: sa.Select[Any], **_: bool) -> sa.Select[Any]:
        return self

    setattr(sa.Select, "with_for_update", unlocked)  # noqa: B010 - the types forbid it otherwise


def _forget_job_ids() -> None:
    """Look up no id of a job that ran before."""
    from privacydesk.storage.locked_rows import LockedRows  # noqa: PLC0415

    setattr(LockedRows, "_read_known_jobs", lambda *_: None)  # noqa: B010 - as above


_FAULTS = {
    "answer_before_commit": _answer_before_commit,
    "skip_the_lock": _skip_the_lock,
    "forget_job_ids": _forget_job_ids,
}

if "PLANTED_CLOCK" in os.environ:
    _set_clock(Path(os.environ["PLANTED_CLOCK"]))
if "PLANTED_FAULT" in os.environ:
    _FAULTS[os.environ["PLANTED_FAULT"]]()
