"""Copies of the database: one that is whole is made while the desk goes on, and one is put back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from privacydesk.errors import SettingsError
from privacydesk.storage import tables
from privacydesk.storage.engines import parse_url, sqlite_file, writing_engine
from privacydesk.storage.minting import SecretMinter

_AT_ONCE = 1000
_conversation = tables.conversation.c
_SOME = (
    sa.select(_conversation.id)
    .where(_conversation.id > sa.bindparam("after"))
    .order_by(_conversation.id)
    .limit(_AT_ONCE)
)
_RENEW = (
    sa.update(tables.conversation)
    .where(_conversation.id == sa.bindparam("at_id"))
    .values(epoch=sa.bindparam("to_epoch"))
)


def back_up(url: str, target: Path) -> None:
    """Write a whole copy of a SQLite database into a new file that only its owner can read.

    What is committed while it runs is in it or not, but never half of it.

    Raises:
        SettingsError: the database is no file, there is none, or the target exists already.
    """
    source = sqlite_file(parse_url(url))
    if source is None:
        raise SettingsError("this database is PostgreSQL's: use its own ways, pg_dump for one")
    if not source.exists():
        raise SettingsError(f"there is no database in {source}")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise SettingsError(f"{target} exists already; nothing was written") from None
    except OSError as error:
        raise SettingsError(f"{target} can't be written: {error.strerror}") from None
    try:
        # In one step: in several, a desk that writes would have it begin again and again.
        with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(target)) as copy:
            whole.backup(copy)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def renew_epochs(url: str) -> int:
    """Give every conversation a new epoch and return how many there are.

    After an older copy was put back, clients may hold events that it lacks. With another epoch
    they drop their copies and read the log anew.
    """
    engine, minter, count, after = writing_engine(parse_url(url)), SecretMinter(), 0, b""
    try:
        while True:
            with engine.begin() as connection:
                ids = list(connection.scalars(_SOME, {"after": after}))
                if not ids:
                    return count
                fresh = [{"at_id": one, "to_epoch": minter.token()} for one in ids]
                connection.execute(_RENEW, fresh)
            count, after = count + len(ids), ids[-1]
    finally:
        engine.dispose()
