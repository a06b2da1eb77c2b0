"""Backups of the database: whole copies made while the desk runs, and what a restore needs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.clock import SystemClock
from privacydesk.domain.conversation import Conversation
from privacydesk.errors import DeskError, ErrorCode, SettingsError
from privacydesk.storage import tables
from privacydesk.storage.damaged import open_rows
from privacydesk.storage.engines import parse_url, sqlite_file, writing_engine
from privacydesk.storage.random_ids import SecretMinter
from privacydesk.storage.rows.conversation import BOUND, conversation_row, open_conversation
from privacydesk.storage.sealing import KeyRing, Seal, Seals
from privacydesk.storage.statements import CONVERSATIONS

_AT_ONCE = 1000
_FAULTS_AT_MOST = 5
_ANY_TABLE = "SELECT 1 FROM sqlite_master LIMIT 1"
_conversation = tables.conversation.c
_SOME = (
    CONVERSATIONS.where(_conversation.id > sa.bindparam("after"))
    .order_by(_conversation.id)
    .limit(_AT_ONCE)
)
_RENEW = (
    sa.update(tables.conversation)
    .where(_conversation.id == sa.bindparam("at_id"))
    .values(epoch=sa.bindparam("to_epoch"), state=sa.bindparam("to_state"))
)


def back_up(url: str, target: Path) -> None:
    """Write a whole copy of a SQLite database into a new file that only its owner can read.

    What is committed meanwhile is in it wholly or not at all. The copy is checked before it gets
    its name: one of a damaged database would be worthless.

    Raises:
        SettingsError: the database is no file or is missing, or the target exists already.
        DeskError: the database is damaged, or the copy can't be written; no copy is left.
    """
    source = sqlite_file(parse_url(url))
    if source is None:
        raise SettingsError("this database is PostgreSQL's: use its own ways, pg_dump for one")
    if not source.exists():
        raise SettingsError(f"there is no database in {source}")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        # Created first, so that nothing else gets this name meanwhile.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise SettingsError(f"{target} exists already; nothing was written") from None
    except OSError as error:
        raise SettingsError(f"{target} can't be written: {error.strerror}") from None
    try:
        _copy(source, unfinished)
        _check(unfinished)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        # In one step: in several, the desk's writes would make it restart again and again.
        with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(target)) as copy:
            whole.backup(copy)
    except sqlite3.Error as error:
        raise DeskError(
            f"the database {source} can't be copied: {error}", code=ErrorCode.FAILED
        ) from None


def _check(copy: Path) -> None:
    with closing(_opened(copy)) as opened:
        faults = damage_in(opened, quick=True)
        is_empty = not faults and opened.execute(_ANY_TABLE).fetchone() is None
    if is_empty:
        raise DeskError(
            "there is nothing to copy: the database has no tables; see `privacydesk db check`",
            code=ErrorCode.FAILED,
        )
    for fault in faults:
        raise DeskError(
            f"the database is damaged, so there is no new copy: {fault}."
            " Keep the older copies, and run `privacydesk db check`",
            code=ErrorCode.FAILED,
        )


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)


def damage_in(connection: sqlite3.Connection, *, quick: bool) -> tuple[str, ...]:
    """Return what is wrong inside an open SQLite database, a few faults at most.

    Args:
        connection: to the database, or to a copy of it.
        quick: whether to skip comparing each index with its table, which takes several times as
            long.
    """
    pragma = "quick_check" if quick else "integrity_check"
    try:
        rows = connection.execute(f"PRAGMA {pragma}({_FAULTS_AT_MOST})").fetchall()
    except sqlite3.DatabaseError as error:
        return (str(error),)
    # Some faults are reported in several lines.
    lines = [line for (told,) in rows for line in str(told).splitlines() if line.strip("* ")]
    return () if lines == ["ok"] else tuple(lines)


def renew_epochs(url: str, ring: KeyRing) -> int:
    """Give every conversation a new epoch and return how many.

    After an older copy was restored, clients may hold events that it lacks. With another epoch
    they drop their copies and read the log anew. A conversation that can't be read keeps its epoch.
    """
    engine, minter, seals = (
        writing_engine(parse_url(url)),
        SecretMinter(),
        Seals(ring, SystemClock()),
    )
    count, after = 0, b""
    try:
        while True:
            with engine.begin() as connection:
                rows = connection.execute(_SOME, {"after": after}).all()
                if not rows:
                    return count
                opened, _ = open_rows(connection, seals, rows, BOUND, open_conversation, home="id")
                fresh = [_renewed(one, seal, minter.token()) for _, seal, one in opened]
                if fresh:
                    connection.execute(_RENEW, fresh)
            count, after = count + len(fresh), rows[-1].id
    finally:
        engine.dispose()


def _renewed(conversation: Conversation, seal: Seal, epoch: str) -> dict[str, Any]:
    row = conversation_row(replace(conversation, epoch=epoch), seal)
    return {"at_id": row["id"], "to_epoch": row["epoch"], "to_state": row["state"]}
