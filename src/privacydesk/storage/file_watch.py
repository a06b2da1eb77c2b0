"""Checks that a database file is still where it was opened.

A file that is removed, moved away or replaced, as by a restored backup, stays open under its old
handles: everything would seem to work, and be lost with the process.
"""

from __future__ import annotations

import os
from pathlib import Path


class FileGoneError(Exception):
    """Another file, or none, is where the database was opened."""


class FileWatch:
    """Remembers which file was opened first, and detects when it is no longer there.

    Args:
        path: of the database; None if it is not a local file.
    """

    def __init__(self, path: Path | None) -> None:
        # As text: making it from a path takes longer than the check itself.
        self._path = None if path is None else str(path)
        self._opened: tuple[int, int] | None = None

    def opened(self) -> None:
        """Note which file has just been opened, the first time only."""
        if self._opened is None:
            self._opened = self._now()

    def check(self) -> None:
        """Make sure that the opened file is still there.

        Raises:
            FileGoneError: it is not. Once it is back, everything works again.
        """
        if self._opened is not None and self._now() != self._opened:
            raise FileGoneError("the database file was moved, replaced or removed")

    def _now(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 - see above
        except OSError:
            return None
        return found.st_dev, found.st_ino
