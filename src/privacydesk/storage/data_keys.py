"""Loads the data keys of conversations, and the keys of rows outside any conversation."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.storage import tables
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.sealing import Seal, SealError, Seals, WrappedKey
from privacydesk.storage.statements import padded

_SELECT_KEYS = sa.select(
    tables.data_key.c.conversation_id, tables.data_key.c.ring_key, tables.data_key.c.wrapped
).where(tables.data_key.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))


def load_seals(
    connection: sa.Connection, seals: Seals, conversations: Iterable[ConversationId]
) -> dict[ConversationId, Seal]:
    """Return the seals of conversations, leaving out those without a key (new or purged).

    Raises:
        SealError: a stored key can't be unwrapped.
    """
    loaded: dict[ConversationId, Seal] = {}
    uncached: dict[ConversationId, None] = {}
    for conversation in conversations:
        seal = seals.get(conversation)
        if seal is None:
            uncached[conversation] = None
        else:
            loaded[conversation] = seal
    if uncached:
        for row in connection.execute(_SELECT_KEYS, {"ids": padded(uncached)}):
            conversation = ConversationId(row.conversation_id)
            loaded[conversation] = seals.unwrap(conversation, WrappedKey(row.ring_key, row.wrapped))
    return loaded


def get_or_create_seal(connection: sa.Connection, seals: Seals, key_id: ConversationId) -> Seal:
    """Return a seal for values outside any conversation, creating its key if there is none.

    Args:
        connection: in a transaction that may write.
        seals: the cached seals; a new seal is cached only when it is loaded again.
        key_id: the id of the key in ``data_key``; an id that no conversation has.
    """
    existing = load_seals(connection, seals, [key_id]).get(key_id)
    if existing is not None:
        return existing
    seal, key = seals.make(key_id)
    row = {"conversation_id": key_id, "ring_key": key.ring_key, "wrapped": key.wrapped}
    connection.execute(sa.insert(tables.data_key), row)
    return seal


def load_digest_key(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the key of the rows' digests, for checking existing rows.

    Raises:
        SealError: the key is missing.
    """
    key = load_seals(connection, seals, [ROWS_KEY]).get(ROWS_KEY)
    if key is None:
        raise SealError("the key of the rows' digests is missing", place="data_key")
    return key


def get_or_create_digest_key(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the key of the rows' digests, creating it if there is none.

    If the key was deleted, the new one matches no earlier row.
    """
    return get_or_create_seal(connection, seals, ROWS_KEY)
