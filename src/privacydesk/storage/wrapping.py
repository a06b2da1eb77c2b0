"""Rewrapping data keys, so that an old ring key can be destroyed.

Each call is one short transaction of the writer. An interrupted rotation continues where it
stopped, since what still names the old key is what is left to do.
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
_SOME = (
    sa.select(tables.data_key)
    .where(_key.ring_key == sa.bindparam("old"))
    .order_by(_key.conversation_id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
_THOSE_OF = (
    sa.select(tables.data_key)
    .where(_key.ring_key == sa.bindparam("name"), _key.conversation_id > sa.bindparam("after"))
    .order_by(_key.conversation_id)
    .limit(sa.bindparam("count"))
)
_ENDS = tuple(
    sa.select(tables.data_key).order_by(place).limit(1)
    for place in (_key.conversation_id, _key.conversation_id.desc())
)
_AT_ONCE = 1000
_REWRAP = (
    sa.update(tables.data_key)
    .where(_key.conversation_id == sa.bindparam(sql.GUARD_ID), _key.ring_key == sa.bindparam("old"))
    .values(ring_key=sa.bindparam("to_ring_key"), wrapped=sa.bindparam("to_wrapped"))
)


class SqlKeyWrapping:
    """Rewraps data keys when the ring is rotated."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, ring: KeyRing) -> None:
        self._writer = writer
        self._reader = reader
        self._ring = ring

    async def wrapped(self) -> Mapping[str, int]:
        """Return how many data keys each ring key wraps."""
        return await self._reader.read(
            lambda connection: {row.ring_key: row.keys for row in connection.execute(_COUNTS)}
        )

    async def check(self) -> None:
        """Make sure that the ring opens the oldest data key and the newest one.

        Raises:
            SettingsError: it does not; names the ring key.
        """
        ends = await self._reader.read(lambda c: [row for end in _ENDS for row in c.execute(end)])
        for row in ends:
            self._open(row)

    async def check_all(self, ring_key: str) -> None:
        """Make sure that a ring key opens every data key that names it.

        Raises:
            SettingsError: it does not; another key had the same name.
        """
        after = b""
        while True:
            rows = await self._reader.read(partial(_those_of, ring_key=ring_key, after=after))
            for row in rows:
                self._open(row)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].conversation_id

    def _open(self, row: sa.Row[Any]) -> None:
        if row.ring_key not in self._ring.keys:
            raise _missing(row.ring_key)
        try:
            self._ring.unwrap(
                ConversationId(row.conversation_id), WrappedKey(row.ring_key, row.wrapped)
            )
        except SealError:
            raise SettingsError(
                f"the key named {row.ring_key!r} in PRIVACYDESK_RING_KEYS does not open what a key"
                " of that name wrapped: it is another one, or the database is damaged"
            ) from None

    async def rewrap(self, ring_key: str, *, limit: int) -> int:
        """Rewrap some data keys with the current ring key; return how many.

        Raises:
            SettingsError: the ring key that wraps them isn't at hand.
            FailedJobError: a wrapped key is damaged.
        """
        ring = self._ring
        if ring_key not in ring.keys:
            raise _missing(ring_key)

        def rewrap(connection: sa.Connection) -> int:
            rows = connection.execute(_SOME, {"old": ring_key, "count": limit}).all()
            updates = []
            for row in rows:
                home = ConversationId(row.conversation_id)
                fresh = ring.wrap(home, ring.unwrap(home, WrappedKey(ring_key, row.wrapped)))
                updates.append(
                    {
                        sql.GUARD_ID: home,
                        "old": ring_key,
                        "to_ring_key": fresh.ring_key,
                        "to_wrapped": fresh.wrapped,
                    }
                )
            return connection.execute(_REWRAP, updates).rowcount if updates else 0

        return await self._writer.run(rewrap)


def _those_of(connection: sa.Connection, *, ring_key: str, after: bytes) -> Sequence[sa.Row[Any]]:
    wanted = {"name": ring_key, "after": after, "count": _AT_ONCE}
    return connection.execute(_THOSE_OF, wanted).all()


def _missing(ring_key: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_RING_KEYS has no key named {ring_key!r}, which wraps data keys"
    )
