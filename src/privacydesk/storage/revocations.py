"""Repository of the revocations of app tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.ports import FailedJobError
from privacydesk.storage import tables
from privacydesk.storage.api_results import require_no_result, store_result
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import to_micros
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.hash_forms import as_stored, hash_params, matches
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.app_token import BINDING, read_revocation, revocation_row
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_revocation = tables.app_token_revocation.c
_EXISTING: Final = sa.select(_revocation.hash).where(
    matches(_revocation.hash, "key"), _revocation.revoked_at == sa.bindparam("at")
)
_PAGE_SIZE: Final = 1_000
_STORED_HASH: Final = as_stored(_revocation.hash)
_ORDER: Final = (_revocation.revoked_at, _STORED_HASH)
_NEXT_PAGE: Final = (
    sa.select(tables.app_token_revocation, _STORED_HASH.label("stored"))
    .where(
        sa.tuple_(*_ORDER)
        > sa.tuple_(sa.bindparam("at"), sa.bindparam("key", type_=_STORED_HASH.type))
    )
    .order_by(*_ORDER)
    .limit(sa.bindparam("most"))
)


class SqlRevocationStore:
    """Implements ``ports.RevocationStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def add(
        self,
        revocation: Revocation,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Store a revocation; see ``ports.RevocationStore``."""
        params = {**hash_params("key", revocation.hash), "at": to_micros(revocation.revoked_at)}

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            key = get_or_create_digest_key(connection, self._seals)
            if connection.execute(_EXISTING, params).first() is None:
                row = revocation_row(revocation, key)
                connection.execute(sa.insert(tables.app_token_revocation), row)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        try:
            await self._writer.run(write)
        except FailedJobError:
            # Another process has just inserted the same revocation: now it is found.
            await self._writer.run(write)

    async def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        """Yield revocations made at ``at`` or later, in pages; see ``ports.RevocationStore``."""
        after: tuple[int, bytes] | None = (to_micros(at), b"")
        while after is not None:
            page, after = await self._reader.read(partial(self._read_page, after))
            yield page

    def _read_page(
        self, after: tuple[int, bytes], connection: sa.Connection
    ) -> tuple[Sequence[Revocation], tuple[int, bytes] | None]:
        """Return the revocations after a cursor, and the next cursor; None on the last page."""
        params = {"at": after[0], "key": after[1], "most": _PAGE_SIZE}
        rows = connection.execute(_NEXT_PAGE, params).all()
        page = open_signed_rows(connection, self._seals, rows, BINDING, read_revocation)
        return page, (rows[-1].revoked_at, rows[-1].stored) if len(rows) == _PAGE_SIZE else None

    async def forget(self, before: datetime) -> None:
        """Delete revocations made before an instant."""
        delete_old = sa.delete(tables.app_token_revocation).where(
            _revocation.revoked_at < to_micros(before)
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(delete_old)

        await self._writer.run(write)
