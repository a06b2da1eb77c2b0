"""Fetching the data keys of conversations."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.storage import tables
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.sealing import Seal, SealError, Seals, WrappedKey
from privacydesk.storage.statements import padded

_READ = sa.select(
    tables.data_key.c.conversation_id, tables.data_key.c.ring_key, tables.data_key.c.wrapped
).where(tables.data_key.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))


def load_seals(
    connection: sa.Connection, seals: Seals, conversations: Iterable[ConversationId]
) -> dict[ConversationId, Seal]:
    """Return the seals of conversations; those without a key (new or purged) are left out.

    Raises:
        SealError: a stored key can't be unwrapped.
    """
    found: dict[ConversationId, Seal] = {}
    cold: dict[ConversationId, None] = {}
    for conversation in conversations:
        seal = seals.get(conversation)
        if seal is None:
            cold[conversation] = None
        else:
            found[conversation] = seal
    if cold:
        for row in connection.execute(_READ, {"ids": padded(cold)}):
            conversation = ConversationId(row.conversation_id)
            found[conversation] = seals.unwrap(conversation, WrappedKey(row.ring_key, row.wrapped))
    return found


def own_seal(connection: sa.Connection, seals: Seals, identity: ConversationId) -> Seal:
    """Return the seal of values outside any conversation, created with the first of them.

    Args:
        connection: in a transaction that may write.
        seals: the cached seals; a new one is cached once it is read back.
        identity: its id, in place of a conversation's; no conversation has it.
    """
    found = load_seals(connection, seals, [identity]).get(identity)
    if found is not None:
        return found
    seal, key = seals.make(identity)
    row = {"conversation_id": identity, "ring_key": key.ring_key, "wrapped": key.wrapped}
    connection.execute(sa.insert(tables.data_key), row)
    return seal


def reading_key(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the key of the rows' digests, to check existing rows.

    Raises:
        SealError: it is missing, though rows with a digest need it.
    """
    found = load_seals(connection, seals, [ROWS_KEY]).get(ROWS_KEY)
    if found is None:
        raise SealError("the key of the rows' digests is missing", place="data_key")
    return found


def writing_key(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the key of the rows' digests, created with the first row that has one.

    If it was removed, a new one is created, which no earlier row matches.
    """
    return own_seal(connection, seals, ROWS_KEY)
