"""Databases for tests: a file that is a copy of one that was made once is there at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from privacydesk.storage.engines import parse_url, prepare_file, sqlite_file
from privacydesk.storage.schema import upgrade


def make_database(url: str) -> None:
    """Make a desk's database where there is none yet, as ``db upgrade`` does."""
    file = sqlite_file(parse_url(url))
    if file is not None and not file.exists():
        prepare_file(file)
        file.write_bytes(_fresh())
        return
    upgrade(url)


@cache
def _fresh() -> bytes:
    """Return the file of a database that nothing happened in."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "desk.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()
