"""Revocations of app tokens, through the writer like every other change."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.api_tokens import KeptAnswer
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.ports import FailedJobError
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.damaged import open_signed_rows
from privacydesk.storage.keys import writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.requests import check_open, leave
from privacydesk.storage.rows.app_token import BOUND, read_revocation, revocation_row
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_revocation = tables.app_token_revocation.c
_THERE: Final = sa.select(_revocation.hash).where(
    _revocation.hash == sa.bindparam("key"), _revocation.revoked_at == sa.bindparam("at")
)
_PAGE: Final = 1_000
_PLACE: Final = (_revocation.revoked_at, _revocation.hash)
_PAGE_FROM: Final = (
    sa.select(tables.app_token_revocation)
    .where(sa.tuple_(*_PLACE) > sa.tuple_(sa.bindparam("at"), sa.bindparam("key")))
    .order_by(*_PLACE)
    .limit(sa.bindparam("most"))
)


class SqlRevocationBook:
    """Implements ``ports.RevocationBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def add(
        self, revocation: Revocation, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Store a revocation; see ``ports.RevocationBook``."""
        at = {"key": revocation.hash, "at": to_micros(revocation.revoked_at)}

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            key = writing_key(connection, self._seals)
            if connection.execute(_THERE, at).first() is None:
                row = revocation_row(revocation, key)
                connection.execute(sa.insert(tables.app_token_revocation), row)
            leave(connection, left)
            connection.execute(sa.insert(tables.audit), audit_row(told, told.at, 0, key))

        try:
            await self._writer.run(write)
        except FailedJobError:
            # Another process stored the same at the same instant: now it is there to be found.
            await self._writer.run(write)

    async def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        """Yield revocations made at an instant or later; see ``ports.RevocationBook``."""
        after: tuple[int, bytes] | None = (to_micros(at), b"")
        while after is not None:
            page, after = await self._reader.read(partial(self._page, after))
            yield page

    def _page(
        self, after: tuple[int, bytes], connection: sa.Connection
    ) -> tuple[Sequence[Revocation], tuple[int, bytes] | None]:
        """Return the rows that follow a place, and where the next page begins, if there is one."""
        place = {"at": after[0], "key": after[1], "most": _PAGE}
        rows = connection.execute(_PAGE_FROM, place).all()
        page = open_signed_rows(connection, self._seals, rows, BOUND, read_revocation)
        return page, (rows[-1].revoked_at, rows[-1].hash) if len(rows) == _PAGE else None

    async def forget(self, before: datetime) -> None:
        """Remove revocations made before an instant."""
        old = sa.delete(tables.app_token_revocation).where(
            _revocation.revoked_at < to_micros(before)
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(old)

        await self._writer.run(write)
