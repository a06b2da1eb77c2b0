"""Lock file that allows only one ``serve`` process per SQLite database.

Two processes would answer the same users without being notified of each other's events. Commands,
which use short transactions, don't take the lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.storage.engines import FILE_SETTING, parse_url, sqlite_file
from privacydesk.system_errors import translate_os_errors

_MAX_BYTES = 256


@contextmanager
def serving_lock(url: str, tags: str = "") -> Iterator[None]:
    """Hold the lock for serving a database; does nothing for PostgreSQL.

    The lock is a locked file beside the database; the system releases it when the process ends.

    Args:
        url: the database's address.
        tags: words that other processes find by ``serving_tags``.

    Raises:
        DeskError: with code IN_USE if another process is serving the file.
    """
    path = sqlite_file(parse_url(url))
    if path is None:
        yield
        return
    with translate_os_errors(FILE_SETTING, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock_file(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _read_lines(handle)[0] or "unknown"
            raise DeskError(
                f"{path} is already served by process {pid}: stop that one first",
                code=ErrorCode.IN_USE,
                file=str(path),
                pid=pid,
            ) from None
        with translate_os_errors(FILE_SETTING, path):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n{tags}".encode(), 0)
        yield
    finally:
        # The file is not removed: then two processes could lock different files of the same name.
        os.close(handle)


def serving_tags(address: sa.URL) -> tuple[str, ...]:
    """Return the tags of the process that serves a SQLite database; nothing if none does."""
    path = sqlite_file(address)
    if path is None or not lock_file(path).exists():
        return ()
    handle = os.open(lock_file(path), os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return (_read_lines(handle)[1],)
    else:
        return ()
    finally:
        os.close(handle)


def _read_lines(handle: int) -> tuple[str, str]:
    """Return the lines of a lock file: the process's id and its tags."""
    pid, _, rest = os.pread(handle, _MAX_BYTES, 0).decode("ascii", "replace").partition("\n")
    return pid.strip(), rest.strip()


def lock_file(path: Path) -> Path:
    """Return the path of a database's lock file."""
    return path.with_name(path.name + ".serve.lock")
