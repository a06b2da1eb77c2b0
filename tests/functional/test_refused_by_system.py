"""Mistakes of operators: one sentence each that names the setting and the remedy, exit code 1."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.common import postgresql
from tests.functional.test_commands import (
    OUTSIDE,
    _own_process,  # noqa: F401 - the fixture works by being here
    run_here,
    write_settings,
)

from privacydesk.storage.error_messages import describe_error
from privacydesk.system_errors import describe_os_error

pytestmark = pytest.mark.sqlite("the faults are of files, and of addresses that the tests name")

SERVE = ("serve", "--port", "0")
UPGRADE = ("db", "upgrade")
LIST = ("tickets", "list")
CHECK = ("db", "check")
IMPORT = ("policy", "import", "POLICY", "--name", "sample")

Prepare = Callable[[Path, pytest.MonkeyPatch], None]


def url(address: str) -> Prepare:
    def prepare(_: Path, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("PRIVACYDESK_DATABASE_URL", address)

    return prepare


def a_folder_for_the_file(folder: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PRIVACYDESK_DATABASE_URL", f"sqlite:///{folder}")


def no_driver(_: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setitem(sys.modules, "psycopg", None)
    environment.setenv("PRIVACYDESK_DATABASE_URL", "postgresql://desk:secret@127.0.0.1:9/desk")


def unknown_zone(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "profile.yaml").write_text("zone: Mars/Base", "utf-8")


def no_dialogs(folder: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PRIVACYDESK_DIALOGS", str(folder / "none"))


def no_settings(folder: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PRIVACYDESK_CONFIG", str(folder / "none.toml"))


def other_text(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.toml").write_bytes("host = '广州'".encode("gb18030"))


def no_profile(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "profile.yaml").unlink()


def a_file_for_the_policies(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "profile.yaml").write_text("policy: sample", "utf-8")
    (folder / "policy").write_text("none", "utf-8")


def no_database(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.db").write_text("something else " * 1000, "utf-8")


MISTAKES = [
    (a_folder_for_the_file, "is a folder where a file is expected", (UPGRADE,)),
    (a_folder_for_the_file, "PRIVACYDESK_DATABASE_URL", (SERVE, LIST)),
    (url("postgresql://desk@host:port/x"), "PRIVACYDESK_DATABASE_URL can't be read", None),
    (url("postgres//desk"), "PRIVACYDESK_DATABASE_URL can't be read", None),
    (url("mysql://desk@host/x"), "PRIVACYDESK_DATABASE_URL names mysql", None),
    (url("postgresql://desk:x@127.0.0.1:9/x"), "the server can't be reached", None),
    (no_driver, "its driver is not installed", None),
    (unknown_zone, "zone: is no time zone", (SERVE, LIST)),
    (no_dialogs, "is no folder; name one that is (PRIVACYDESK_DIALOGS)", (LIST,)),
    (no_settings, "there is no", (SERVE, UPGRADE, LIST, CHECK)),
    (other_text, "is not UTF-8 text", (SERVE, UPGRADE, LIST, CHECK)),
    (
        no_profile,
        "PRIVACYDESK_PROFILE: the operator profile can't be read: there is no",
        (SERVE, LIST),
    ),
    (a_file_for_the_policies, "PRIVACYDESK_DATA_DIR", (LIST, IMPORT)),
    (no_database, "it is no database", (UPGRADE, LIST)),
]


@pytest.mark.parametrize(
    ("prepare", "told", "arguments"),
    [
        (prepare, told, arguments)
        for prepare, told, commands in MISTAKES
        for arguments in commands or (SERVE, UPGRADE, LIST)
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    prepare: Prepare,
    told: str,
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_settings(tmp_path, **OUTSIDE)
    policy = tmp_path / "policy.txt"
    policy.write_text("第一条 总则\n\n我们保护您的信息。\n", "utf-8")
    given = [str(policy) if one == "POLICY" else one for one in arguments]
    prepare(tmp_path, monkeypatch)
    if arguments is LIST and prepare in {no_dialogs, a_file_for_the_policies}:
        assert run_here("db", "upgrade", "--data-dir", str(tmp_path)).code == 0
    done = run_here(*given, "--data-dir", str(tmp_path))
    said = done.out if arguments is CHECK and not done.err else done.err
    assert done.code == 1, said
    assert told in said
    assert "internal fault" not in said
    assert "Traceback" not in said
    assert "secret@" not in said


def test_a_file_where_the_data_folder_should_be_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, **OUTSIDE)
    monkeypatch.setenv("PRIVACYDESK_CONFIG", str(tmp_path / "privacydesk.toml"))
    file = tmp_path / "file"
    file.write_text("none", "utf-8")
    for arguments in (SERVE, UPGRADE):
        done = run_here(*arguments, "--data-dir", str(file))
        assert done.code == 1
        assert done.err.startswith("error: PRIVACYDESK_DATA_DIR")
        assert "is a file where a folder is expected" in done.err


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    write_settings(tmp_path, **OUTSIDE)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run_here("serve", "--port", port, "--data-dir", str(tmp_path))
    assert done.code == 1
    assert "PRIVACYDESK_PORT can't be listened on: another program listens there" in done.err


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "the desk's user may not open /data/desk.db"),
        (errno.EROFS, "/data/desk.db lies on a file system that can only be read"),
        (errno.ENOSPC, "the disk of /data/desk.db is full"),
        (errno.EMFILE, "raise LimitNOFILE"),
        (errno.EIO, "/data/desk.db can't be read or written"),
    ],
)
def test_what_the_system_refuses_is_put_into_words(number: int, told: str) -> None:
    assert told in (describe_os_error(OSError(number, "", "/data/desk.db")) or "")


def test_a_full_disk_is_no_fault_of_the_program_even_where_no_file_is_named() -> None:
    told = describe_os_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert told == "the disk of one of the desk's files is full; make room"


def test_a_fault_of_the_program_stays_one() -> None:
    assert describe_os_error(ConnectionResetError()) is None
    assert describe_os_error(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate")) is None


# -- PostgreSQL ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.server_or_reason() as running:
        if isinstance(running, str):
            pytest.skip(running)
        yield running


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('root certificate file "/root.crt" does not exist', "look at sslmode and sslrootcert"),
        ("SSL error: certificate verify failed", "look at sslmode and sslrootcert"),
        ("server does not support SSL, but SSL was required", "look at the server's TLS"),
    ],
)
def test_what_fails_about_tls_is_told(said: str, told: str) -> None:
    error = sa.exc.OperationalError("", {}, psycopg.OperationalError(said))
    assert told in describe_error(error)


def test_what_a_server_refuses_is_told_apart(
    server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, **OUTSIDE)
    there = server.database()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute(
            "CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
        (file,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        rules = Path(file)
        rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
        connection.execute("SELECT pg_reload_conf()")
    for address, told in (
        (there.replace("desk@", "guarded:wrong@"), "does not let this user in"),
        (there.replace("desk@", "nobody@"), "does not let this user in"),
        (server.url("missing"), "no database of that name"),
        (server.url("plain"), "has the encoding SQL_ASCII, which can't hold all languages"),
        (server.database(migrated=False).replace("desk@", "guest@"), "have the user own"),
    ):
        monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", address)
        done = run_here(*UPGRADE, "--data-dir", str(tmp_path))
        assert done.code == 1
        assert told in done.err
        assert "PRIVACYDESK_DATABASE_URL: " in done.err
        assert "wrong" not in done.err
