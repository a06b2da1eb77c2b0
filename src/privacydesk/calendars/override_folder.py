"""Overrides in ``calendars/<CODE>.yaml`` of a data directory that has no database yet."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from privacydesk.calendars.override_files import read_overrides
from privacydesk.calendars.overrides import Overrides
from privacydesk.calendars.schedules import CODES, check_code

FOLDER: Final = "calendars"
"""The folder of imported overrides in the data directory."""


def load_overrides(data_dir: Path) -> dict[str, Overrides]:
    """Return the imported overrides in ``data_dir`` by code of the calendar.

    Raises:
        CalendarInvalidError: a stored file is invalid, as it was edited by hand.
    """
    return {code: read_overrides(path, calendar=code) for code, path in _override_files(data_dir)}


def overrides_path(data_dir: Path, code: str) -> Path:
    """Return the path of the overrides of a calendar in ``data_dir``."""
    return data_dir / FOLDER / f"{check_code(code)}.yaml"


def store_overrides(overrides: Overrides, data_dir: Path, *, replace: bool = False) -> Overrides:
    """Store overrides in a data directory that has no database yet; return what is stored then.

    The stored file is replaced atomically, so readers never see a partial file.

    Args:
        overrides: the overrides.
        data_dir: the data directory; created if missing.
        replace: whether to discard what is stored instead of merging the overrides over it.

    Raises:
        CalendarInvalidError: the stored file is invalid, and ``replace`` is off.
        OSError: the file in ``data_dir`` can't be written.
    """
    target = overrides_path(data_dir, overrides.calendar)
    if not replace and target.exists():
        overrides = read_overrides(target, calendar=overrides.calendar).merged(overrides)
    _write_atomically(target, overrides.to_yaml())
    return overrides


def _override_files(data_dir: Path) -> Iterator[tuple[str, Path]]:
    for code in CODES:
        path = overrides_path(data_dir, code)
        if path.is_file():
            yield code, path


def _write_atomically(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # Readable by all: schedules are public, and the server may run as another user.
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
