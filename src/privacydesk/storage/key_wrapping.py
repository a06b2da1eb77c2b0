"""Rewraps data keys with the current ring key, so that an old ring key can be destroyed.

Each call is one short transaction. An interrupted rotation continues where it stopped, because the
remaining work is the data keys that still name the old ring key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.errors import SettingsError
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.sealing import KeyRing, SealError, WrappedKey
from privacydesk.storage.writer import BatchWriter

_key = tables.data_key.c
_COUNTS = sa.select(_key.ring_key, sa.func.count().label("keys")).group_by(_key.ring_key)
_LOCK_NEXT_KEYS = (
    sa.select(tables.data_key)
    .where(_key.ring_key == sa.bindparam("old"))
    .order_by(_key.conversation_id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
_KEYS_OF_RING_KEY = (
    sa.select(tables.data_key)
    .where(_key.ring_key == sa.bindparam("name"), _key.conversation_id > sa.bindparam("after"))
    .order_by(_key.conversation_id)
    .limit(sa.bindparam("count"))
)
_OLDEST_AND_NEWEST = tuple(
    sa.select(tables.data_key).order_by(place).limit(1)
    for place in (_key.conversation_id, _key.conversation_id.desc())
)
_PAGE_SIZE = 1000
_REWRAP = (
    sa.update(tables.data_key)
    .where(_key.conversation_id == sa.bindparam(sql.GUARD_ID), _key.ring_key == sa.bindparam("old"))
    .values(ring_key=sa.bindparam("to_ring_key"), wrapped=sa.bindparam("to_wrapped"))
)


class SqlKeyWrapping:
    """Implements ``ports.KeyWrapping``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, ring: KeyRing) -> None:
        self._writer = writer
        self._reader = reader
        self._ring = ring

    async def wrapped(self) -> Mapping[str, int]:
        """Return the number of data keys that each ring key wraps."""
        return await self._reader.read(
            lambda connection: {row.ring_key: row.keys for row in connection.execute(_COUNTS)}
        )

    async def check(self) -> None:
        """Check that the key ring unwraps the oldest and the newest data key.

        Raises:
            SettingsError: it does not; the message names the ring key.
        """
        await self._reader.read(partial(check_ring, ring=self._ring))

    async def check_all(self, ring_key: str) -> None:
        """Check that a ring key unwraps every data key that names it.

        Raises:
            SettingsError: it does not; another key had the same name.
        """
        after = b""
        while True:
            rows = await self._reader.read(partial(_select_keys, ring_key=ring_key, after=after))
            for row in rows:
                _check_unwraps(row, self._ring)
            if len(rows) < _PAGE_SIZE:
                return
            after = rows[-1].conversation_id

    async def rewrap(self, ring_key: str, *, limit: int) -> int:
        """Rewrap up to ``limit`` data keys with the current ring key; return how many.

        Raises:
            SettingsError: the ring key that wraps them is missing.
            FailedJobError: a wrapped key is damaged.
        """
        ring = self._ring
        if ring_key not in ring.keys:
            raise SettingsError(missing_key_message(ring_key))

        def rewrap(connection: sa.Connection) -> int:
            rows = connection.execute(_LOCK_NEXT_KEYS, {"old": ring_key, "count": limit}).all()
            updates = []
            for row in rows:
                key_id = ConversationId(row.conversation_id)
                data_key = ring.unwrap(key_id, WrappedKey(ring_key, row.wrapped))
                rewrapped = ring.wrap(key_id, data_key)
                updates.append(
                    {
                        sql.GUARD_ID: key_id,
                        "old": ring_key,
                        "to_ring_key": rewrapped.ring_key,
                        "to_wrapped": rewrapped.wrapped,
                    }
                )
            return connection.execute(_REWRAP, updates).rowcount if updates else 0

        return await self._writer.run(rewrap)


def check_ring(connection: sa.Connection, ring: KeyRing) -> None:
    """Check that a key ring unwraps the oldest and the newest data key.

    Raises:
        SettingsError: it does not; the message names the ring key.
    """
    for query in _OLDEST_AND_NEWEST:
        for row in connection.execute(query):
            _check_unwraps(row, ring)


def _check_unwraps(row: sa.Row[Any], ring: KeyRing) -> None:
    if row.ring_key not in ring.keys:
        raise SettingsError(missing_key_message(row.ring_key))
    try:
        ring.unwrap(ConversationId(row.conversation_id), WrappedKey(row.ring_key, row.wrapped))
    except SealError:
        raise SettingsError(
            f"the key named {row.ring_key!r} in PRIVACYDESK_RING_KEYS does not open what a key of"
            " that name wrapped: it is another one, or the database is damaged"
        ) from None


def _select_keys(
    connection: sa.Connection, *, ring_key: str, after: bytes
) -> Sequence[sa.Row[Any]]:
    params = {"name": ring_key, "after": after, "count": _PAGE_SIZE}
    return connection.execute(_KEYS_OF_RING_KEY, params).all()


def missing_key_message(ring_key: str) -> str:
    """Return a message that says what to do about a ring key that the settings lack."""
    return (
        f"PRIVACYDESK_RING_KEYS has no key named {ring_key!r}, which wraps data: put it back from"
        " where the secrets are kept"
    )
