"""Loads data keys: of conversations, to read or to write, and of rows outside any conversation.

A purge replaces the key of a conversation that goes on, in any process. So

- who reads may use a cached key, and reads again if a value does not open with it;
- who writes holds a lock that a replacement needs, too, until the commit: on the conversation
  (``locked_rows``) or on the row of its key (``lock_seals``).

The desk's own keys, under ids that no conversation has, are never replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.storage import tables
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.sealing import Opener, Seal, SealError, Seals, UnlockedSeal, WrappedKey
from privacydesk.storage.statements import padded

LAST_TRY: Final = "privacydesk_last_try"
"""The execution option of a connection on which nothing is read again."""

_SELECT_KEYS = sa.select(
    tables.data_key.c.conversation_id, tables.data_key.c.ring_key, tables.data_key.c.wrapped
).where(tables.data_key.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))
# In the same order in all processes, so that they can't deadlock. SQLite omits FOR SHARE.
_SHARE_KEYS = _SELECT_KEYS.order_by(tables.data_key.c.conversation_id).with_for_update(read=True)
_LOCK_KEY = _SELECT_KEYS.with_for_update(skip_locked=True)


def load_seals(
    connection: sa.Connection, seals: Seals, conversations: Iterable[ConversationId]
) -> dict[ConversationId, Opener]:
    """Return what opens the values of conversations, leaving out those without a key.

    Args:
        connection: one of ``SqlReader``, which reads again after an ``OutdatedKeyError``.
        seals: the cached keys.
        conversations: new and erased ones have no key.

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
    loaded |= _read_keys(connection, seals, _SELECT_KEYS, uncached)
    is_last_try = connection.get_execution_options().get(LAST_TRY, False)
    return {
        conversation: UnlockedSeal(conversation, seal, is_last_try=is_last_try)
        for conversation, seal in loaded.items()
    }


def lock_seals(
    connection: sa.Connection, seals: Seals, conversations: Iterable[ConversationId]
) -> dict[ConversationId, Seal]:
    """Return the seals of conversations, whose keys stay as they are until the transaction ends.

    Leaves out conversations without a key. Waits for a process that is replacing a key.

    Args:
        connection: in a transaction that may write.
        seals: the cached keys; the stored ones are read in any case.
        conversations: of which values are written.

    Raises:
        SealError: a stored key can't be unwrapped.
    """
    return _read_keys(connection, seals, _SHARE_KEYS, conversations)


def read_locked_seals(
    connection: sa.Connection, seals: Seals, epochs: Mapping[ConversationId, str]
) -> dict[ConversationId, Seal]:
    """Return the seals of conversations that this transaction has locked.

    Args:
        connection: in a transaction that may write.
        seals: the cached keys; the stored ones are read in any case.
        epochs: by conversation, as read under the lock.

    Raises:
        SealError: a stored key can't be unwrapped.
    """
    return _read_keys(connection, seals, _SELECT_KEYS, epochs, epochs)


def lock_key(connection: sa.Connection, conversation: ConversationId) -> bool:
    """Lock a conversation's key to replace it; return False if another process uses it now."""
    return connection.execute(_LOCK_KEY, {"ids": [conversation]}).first() is not None


def load_own_seal(connection: sa.Connection, seals: Seals, key_id: ConversationId) -> Seal | None:
    """Return a seal for values outside any conversation; None if it has no key yet.

    Args:
        connection: used if the key is not cached.
        seals: the cached keys.
        key_id: the id of the key in ``data_key``; an id that no conversation has.

    Raises:
        SealError: the stored key can't be unwrapped.
    """
    return seals.get(key_id) or _read_keys(connection, seals, _SELECT_KEYS, [key_id]).get(key_id)


def get_or_create_seal(connection: sa.Connection, seals: Seals, key_id: ConversationId) -> Seal:
    """Return a seal for values outside any conversation, creating its key if there is none.

    Args:
        connection: in a transaction that may write.
        seals: the cached seals; a new seal is cached only when it is loaded again.
        key_id: as in ``load_own_seal``.
    """
    existing = load_own_seal(connection, seals, key_id)
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
    key = load_own_seal(connection, seals, ROWS_KEY)
    if key is None:
        raise SealError("the key of the rows' digests is missing", place="data_key")
    return key


def get_or_create_digest_key(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the key of the rows' digests, creating it if there is none.

    If the key was deleted, the new one matches no earlier row.
    """
    return get_or_create_seal(connection, seals, ROWS_KEY)


def _read_keys(
    connection: sa.Connection,
    seals: Seals,
    query: sa.Select[Any],
    conversations: Iterable[ConversationId],
    epochs: Mapping[ConversationId, str] | None = None,
) -> dict[ConversationId, Seal]:
    ids = dict.fromkeys(conversations)
    if not ids:
        return {}
    read: dict[ConversationId, Seal] = {}
    for row in connection.execute(query, {"ids": padded(ids)}).all():
        conversation = ConversationId(row.conversation_id)
        epoch = epochs[conversation] if epochs else ""
        wrapped = WrappedKey(row.ring_key, row.wrapped)
        read[conversation] = seals.unwrap(conversation, wrapped, epoch)
    return read
