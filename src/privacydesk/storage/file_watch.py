"""Detects that a database file was moved, replaced or removed while it is open.

The open handles of such a file, for example after a backup was restored, remain valid: writes seem
to succeed, and are lost when the process ends.
"""

from __future__ import annotations

import os
from pathlib import Path


class FileGoneError(Exception):
    """The database file is gone from the path where it was opened, or is another file."""


class FileWatch:
    """Remembers the file that was opened first, and checks whether it is still at its path.

    Args:
        path: of the database; None if it is not a local file, which disables the check.
    """

    def __init__(self, path: Path | None) -> None:
        # A string: converting a Path takes longer than the check itself.
        self._path = None if path is None else str(path)
        self._opened: tuple[int, int] | None = None

    def remember_opened(self) -> None:
        """Remember the identity of the file that has just been opened, the first time only."""
        if self._opened is None:
            self._opened = self._identify()

    def check(self) -> None:
        """Check that the opened file is still at its path.

        Raises:
            FileGoneError: it is not. Later checks succeed once the file is back.
        """
        if self._opened is not None and self._identify() != self._opened:
            raise FileGoneError("the database file was moved, replaced or removed")

    def _identify(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            stat = os.stat(self._path)  # noqa: PTH116 - see ``__init__``
        except OSError:
            return None
        return stat.st_dev, stat.st_ino
