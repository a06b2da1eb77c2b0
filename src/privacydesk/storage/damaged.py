"""Opening rows of many conversations, past those that can't be opened."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from privacydesk.domain.ids import ConversationId
from privacydesk.storage.keys import load_seals
from privacydesk.storage.sealing import Seal, SealError, Seals

_log = structlog.get_logger(__name__)
T = TypeVar("T")

Row = sa.Row[Any]
Opened = tuple[Row, Seal, T]
"""A row, what opens it, and what it is."""


def open_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Sequence[Row],
    read: Callable[[Row, Seal], T],
) -> tuple[list[Opened[T]], list[Row]]:
    """Return rows with what they are, and those that can't be read; these are logged.

    Args:
        connection: for the keys that are not at hand.
        seals: the conversations' keys.
        rows: each with the ``id`` and ``conversation_id`` of its table.
        read: makes of a row what it is; raises ``SealError``.
    """
    opened: list[Opened[T]] = []
    damaged: list[Row] = []
    found = _seals_of(connection, seals, {row.conversation_id for row in rows})
    for row in rows:
        try:
            opened.append(_opened(row, found, read))
        except SealError as error:
            _log.error("due_row_unreadable", row=row.id.hex(), fault=error.message)
            damaged.append(row)
    return opened, damaged


def _opened(
    row: Row, seals: Mapping[ConversationId, Seal], read: Callable[[Row, Seal], T]
) -> Opened[T]:
    seal = seals.get(row.conversation_id)
    if seal is None:
        raise SealError("its data key can't be had")
    return row, seal, read(row, seal)


def _seals_of(
    connection: sa.Connection, seals: Seals, conversations: Collection[ConversationId]
) -> dict[ConversationId, Seal]:
    """Return the seals that can be had."""
    try:
        return load_seals(connection, seals, conversations)
    except SealError:
        found: dict[ConversationId, Seal] = {}
        for one in conversations:
            with contextlib.suppress(SealError):
                found |= load_seals(connection, seals, (one,))
        return found
