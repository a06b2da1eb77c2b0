"""Whether something can be written to the data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LEAST_FREE: Final = 1 << 20
"""Free bytes below which a commit, or a policy that is imported, may not fit any more."""


def why_unwritable(folder: Path) -> str:
    """Return why nothing can be written to a folder: a name without a path; empty if it can be."""
    try:
        system = os.statvfs(folder)
    except OSError:
        return "missing"
    if not folder.is_dir():
        return "missing"
    if system.f_flag & os.ST_RDONLY or not os.access(folder, os.W_OK | os.X_OK):
        return "read_only"
    # Some file systems have no fixed number of files.
    has_room_for_files = not system.f_files or system.f_favail > 0
    if system.f_bavail * system.f_frsize < _LEAST_FREE or not has_room_for_files:
        return "full"
    return ""
