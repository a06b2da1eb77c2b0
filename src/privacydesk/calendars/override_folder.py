"""Imported overrides: ``calendars/<CODE>.yaml`` in the data directory."""

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
"""Where imported overrides live, inside the data directory."""


def load_overrides(data_dir: Path) -> dict[str, Overrides]:
    """Return the imported overrides of ``data_dir`` by calendar; empty where there are none.

    Raises:
        CalendarInvalidError: a file there was damaged by hand.
    """
    return {code: read_overrides(path, calendar=code) for code, path in _imported(data_dir)}


def overrides_stamp(data_dir: Path) -> tuple[tuple[str, int, int], ...]:
    """Return a value that changes whenever imported overrides change; two ``stat`` calls a file.

    For long-running processes that must notice an import made beside them.
    """
    stamp = []
    for code, path in _imported(data_dir):
        with suppress(FileNotFoundError):
            status = path.stat()
            stamp.append((code, status.st_mtime_ns, status.st_size))
    return tuple(stamp)


def overrides_path(data_dir: Path, code: str) -> Path:
    """Return where the overrides of calendar ``code`` live in ``data_dir``."""
    return data_dir / FOLDER / f"{check_code(code)}.yaml"


def import_overrides(
    path: Path,
    data_dir: Path,
    *,
    calendar: str | None = None,
    settled_years: Iterable[int] = (),
    replace: bool = False,
) -> Overrides:
    """Check ``path`` and merge it over what was imported before; return what is in force now.

    The file in ``data_dir`` is replaced as a whole or not at all, so a reader never sees half.

    Args:
        path: the file to import.
        data_dir: where overrides are stored; made if missing.
        calendar: the expected calendar, as in ``read_overrides``.
        settled_years: years to declare final besides those of the file.
        replace: forget what was imported before, instead of keeping days the file is silent on.

    Raises:
        CalendarInvalidError: the file is wrong, or an earlier import is and ``replace`` is off.
        UnknownCalendarError: ``calendar`` doesn't ship.
        OSError: ``data_dir`` can't be written.
    """
    new = read_overrides(path, calendar=calendar)
    new = new.merged(Overrides(new.calendar, {}, frozenset(settled_years)))
    for year in new.settled_years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CalendarInvalidError(
                str(path),
                None,
                f"year {year} can't be settled",
                f"name a year from {FIRST_YEAR} to {LAST_YEAR}",
            )
    target = overrides_path(data_dir, new.calendar)
    if not replace and target.exists():
        new = read_overrides(target, calendar=new.calendar).merged(new)
    _write_whole(target, new.to_yaml())
    return new


def _imported(data_dir: Path) -> Iterator[tuple[str, Path]]:
    for code in CODES:
        path = overrides_path(data_dir, code)
        if path.is_file():
            yield code, path


def _write_whole(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # A schedule is public, and the server may run as another user than the importer.
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
