"""Whether a database file still lies where it was opened.

A file that is removed, moved away or replaced, as by a restored backup, stays open under its old
handles: everything would go on, be answered, and be gone with the process.
"""

from __future__ import annotations

import os
from pathlib import Path


class FileGoneError(Exception):
    """Another file, or none, lies where the database was opened."""


class Whereabouts:
    """Remembers which file was opened first, and tells when it is that no more.

    Args:
        path: of the database; None where it is no file of this machine.
    """

    def __init__(self, path: Path | None) -> None:
        # As text: making it from a path takes longer than the look itself.
        self._path = None if path is None else str(path)
        self._opened: tuple[int, int] | None = None

    def opened(self) -> None:
        """Note which file has just been opened, at the first time."""
        if self._opened is None:
            self._opened = self._now()

    def check(self) -> None:
        """Make sure that what was opened is what lies there.

        Raises:
            FileGoneError: it is not. Once it lies there again, all goes on.
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
