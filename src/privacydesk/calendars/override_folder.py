"""Storage of imported overrides, in ``calendars/<CODE>.yaml`` of the data directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from privacydesk.calendars.override_files import CalendarInvalidError, read_overrides
from privacydesk.calendars.overrides import Overrides
from privacydesk.calendars.schedules import CODES, FIRST_YEAR, LAST_YEAR, check_code

FOLDER: Final = "calendars"
"""The folder of imported overrides in the data directory."""


def load_overrides(data_dir: Path) -> dict[str, Overrides]:
    """Return the imported overrides in ``data_dir`` by code of the calendar.

    Raises:
        CalendarInvalidError: a stored file is invalid, as it was edited by hand.
    """
    return {code: read_overrides(path, calendar=code) for code, path in _override_files(data_dir)}


def overrides_stamp(data_dir: Path) -> tuple[tuple[str, int, int], ...]:
    """Return a value that changes when the imported overrides change, from the files' ``stat``.

    Long-running processes use it to detect an import by another process.
    """
    stamp = []
    for code, path in _override_files(data_dir):
        with suppress(FileNotFoundError):
            status = path.stat()
            stamp.append((code, status.st_mtime_ns, status.st_size))
    return tuple(stamp)


def overrides_path(data_dir: Path, code: str) -> Path:
    """Return the path of the overrides of a calendar in ``data_dir``."""
    return data_dir / FOLDER / f"{check_code(code)}.yaml"


def import_overrides(
    path: Path,
    data_dir: Path,
    *,
    calendar: str | None = None,
    settled_years: Iterable[int] = (),
    replace: bool = False,
) -> Overrides:
    """Import an override file; return the calendar's overrides after that.

    The stored file is replaced atomically, so readers never see a partial file.

    Args:
        path: the file to import.
        data_dir: the data directory; created if missing.
        calendar: code of the expected calendar, as in ``read_overrides``.
        settled_years: years to declare final, besides those in the file.
        replace: whether to discard earlier imports instead of merging the file over them.

    Raises:
        CalendarInvalidError: the file is invalid; or an earlier import is, and ``replace`` is off.
        UnknownCalendarError: there is no calendar with this code.
        OSError: the file in ``data_dir`` can't be written.
    """
    overrides = read_overrides(path, calendar=calendar)
    overrides = overrides.merged(Overrides(overrides.calendar, {}, frozenset(settled_years)))
    for year in overrides.settled_years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CalendarInvalidError(
                str(path),
                None,
                f"year {year} can't be settled",
                f"name a year from {FIRST_YEAR} to {LAST_YEAR}",
            )
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
