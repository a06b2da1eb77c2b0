"""One ``serve`` a file: a second one on the same SQLite database is refused.

Two would answer the same users without seeing each other's events at once. Commands run beside it
in short transactions and don't take this lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.storage.engines import FILE_SETTING, parse_url, sqlite_file
from privacydesk.system_errors import naming

_PID_BYTES = 32


@contextmanager
def serving_lock(url: str) -> Iterator[None]:
    """Hold the lock for serving a database; PostgreSQL is served by any number of processes.

    The lock is a file beside the database, released with the process, however it ends.

    Raises:
        DeskError: with code IN_USE when another process serves the file.
    """
    path = sqlite_file(parse_url(url))
    if path is None:
        yield
        return
    with naming(FILE_SETTING, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock_file(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(handle, _PID_BYTES, 0).decode("ascii", "replace").strip() or "unknown"
            raise DeskError(
                f"{path} is already served by process {pid}",
                code=ErrorCode.IN_USE,
                file=str(path),
                pid=pid,
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(handle)


def lock_file(path: Path) -> Path:
    """Return the path of a database file's lock."""
    return path.with_name(path.name + ".serve.lock")
