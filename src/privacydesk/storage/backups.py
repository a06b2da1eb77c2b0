"""Backups of a SQLite database while the desk runs, and the steps after a restore."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.clock import SystemClock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.errors import DeskError, ErrorCode, SettingsError
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.engines import parse_url, sqlite_file, writing_engine
from privacydesk.storage.event_log import renew_log
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.key_wrapping import check_ring
from privacydesk.storage.resilient_reads import open_rows_to_write
from privacydesk.storage.rows.conversation import BINDING, conversation_row, open_conversation
from privacydesk.storage.sealing import KeyRing, Seal, Seals
from privacydesk.storage.statements import CONVERSATIONS

_PAGE_SIZE = 1000
_MAX_FAULTS = 5
_ANY_TABLE = "SELECT 1 FROM sqlite_master LIMIT 1"
_conversation = tables.conversation.c
_NEXT_CONVERSATIONS = (
    CONVERSATIONS.where(_conversation.id > sa.bindparam("after"))
    .order_by(_conversation.id)
    .limit(_PAGE_SIZE)
)
_UPDATE_EPOCH = (
    sa.update(tables.conversation)
    .where(_conversation.id == sa.bindparam("at_id"))
    .values(epoch=sa.bindparam("to_epoch"), state=sa.bindparam("to_state"))
)


def back_up(url: str, target: Path) -> None:
    """Write a complete copy of a SQLite database to a new file that only its owner can read.

    A transaction committed meanwhile is in the copy completely or not at all. The copy gets its
    final name only after a check, because a copy of a damaged database would be worthless.

    Args:
        url: of the database.
        target: the file to create.

    Raises:
        SettingsError: the database is not a file or is missing, or the target already exists.
        DeskError: the database is damaged, or the copy can't be written; no copy is left behind.
    """
    source = sqlite_file(parse_url(url))
    if source is None:
        raise SettingsError("this database is PostgreSQL's: use its own ways, pg_dump for one")
    if not source.exists():
        raise SettingsError(f"there is no database in {source}")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        # Created first to reserve the name.
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
        # In a single step: with several, each write of the desk would restart the backup.
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
    except sqlite3.Error as error:
        raise DeskError(
            f"the database {source} can't be copied: {error}", code=ErrorCode.FAILED
        ) from None


def _check(copy: Path) -> None:
    with closing(_open_immutable(copy)) as connection:
        faults = find_damage(connection, quick=True)
        is_empty = not faults and connection.execute(_ANY_TABLE).fetchone() is None
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


def _open_immutable(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)


def find_damage(connection: sqlite3.Connection, *, quick: bool) -> tuple[str, ...]:
    """Check an open SQLite database; return descriptions of the first few faults.

    Args:
        connection: to the database, or to a copy of it.
        quick: whether to skip comparing indexes with their tables: the full check takes several
            times as long.
    """
    pragma = "quick_check" if quick else "integrity_check"
    try:
        rows = connection.execute(f"PRAGMA {pragma}({_MAX_FAULTS})").fetchall()
    except sqlite3.DatabaseError as error:
        return (str(error),)
    # Some faults are reported in several lines.
    lines = [line for (text,) in rows for line in str(text).splitlines() if line.strip("* ")]
    return () if lines == ["ok"] else tuple(lines)


def renew_epochs(url: str, ring: KeyRing) -> int:
    """Give every conversation, and the event log, a new epoch; return how many were changed.

    After a backup is restored, clients may have events that the database lacks. A new epoch makes
    them drop their copies and fetch the log again. A conversation that can't be read keeps its
    epoch.

    Raises:
        SettingsError: the key ring does not open this copy; the message names the ring key.
    """
    engine = writing_engine(parse_url(url))
    id_generator, seals = SecureIdGenerator(), Seals(ring, SystemClock())
    count, after = 0, b""
    try:
        with engine.begin() as connection:
            check_ring(connection, ring)
            renew_log(connection)
            entry = AuditEntry(SystemClock().now(), "operator", "database_restored")
            write_audit_entries(connection, seals, [entry])
        while True:
            with engine.begin() as connection:
                rows = connection.execute(_NEXT_CONVERSATIONS, {"after": after}).all()
                if not rows:
                    return count
                opened, _ = open_rows_to_write(
                    connection, seals, rows, BINDING, open_conversation, conversation_column="id"
                )
                updates = [
                    _renewed_row(conversation, seal, id_generator.token())
                    for _, seal, conversation in opened
                ]
                if updates:
                    connection.execute(_UPDATE_EPOCH, updates)
            count, after = count + len(updates), rows[-1].id
    finally:
        engine.dispose()


def _renewed_row(conversation: Conversation, seal: Seal, epoch: str) -> dict[str, Any]:
    row = conversation_row(replace(conversation, epoch=epoch), seal)
    return {"at_id": row["id"], "to_epoch": row["epoch"], "to_state": row["state"]}
