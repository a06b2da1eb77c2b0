"""The audit trail: a hash chain of audit entries, authenticated with a key of its own.

    entry 1 ─code─► entry 2 ─code─► … ─code─► entry n ◄─ head: n, its code, and a code over both

An entry's code is an HMAC of the previous code and all fields of the entry. The key is random,
wrapped by the operator's key ring and stored among the data keys, so that rotating the ring rewraps
it like any other. Write access to the database is not enough to compute a code: without the key,
nobody can change, remove, add or move an entry, or truncate the chain, without being detected.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from privacydesk.domain.audit import ChainFault, ChainHead, ChainReport, ChainState, SealedEntry
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, to_micros
from privacydesk.storage.data_keys import load_own_seal
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows, read_full_page
from privacydesk.storage.rows.audit import BINDING, read_audit
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.writer import BatchWriter

CHAIN_KEY: Final = ConversationId(b"audit-chain-key\0")
"""The id of the chain's key among the data keys; no conversation has it, as theirs are UUIDs."""

_SEAL_BATCH_SIZE = 500
_CHECK_PAGE_SIZE = 2000
_FIRST_PREVIOUS_CODE = bytes(32)
_HEAD_ID = 1

_audit = tables.audit.c
_head = tables.audit_head.c
_LOCK_HEAD = (
    sa.select(tables.audit_head).where(_head.id == _HEAD_ID).with_for_update(skip_locked=True)
)
_READ_HEAD = sa.select(tables.audit_head).where(_head.id == _HEAD_ID)
_UNSEALED_ENTRIES = (
    sa.select(tables.audit)
    .where(_audit.seq.is_(None), _audit.id > sa.bindparam("after", type_=_audit.id.type))
    .order_by(_audit.id)
    .limit(sa.bindparam("count"))
)
_COUNT_UNSEALED = sa.select(sa.func.count()).select_from(tables.audit).where(_audit.seq.is_(None))
_SEAL_ENTRY = (
    sa.update(tables.audit)
    .where(_audit.id == sa.bindparam(sql.GUARD_ID), _audit.seq.is_(None))
    .values(seq=sa.bindparam("to_seq"), code=sa.bindparam("to_code"))
)
_MOVE_HEAD = (
    sa.update(tables.audit_head)
    .where(_head.id == _HEAD_ID, _head.entries == sa.bindparam("before"))
    .values(
        entries=sa.bindparam("to_entries"),
        last=sa.bindparam("to_last"),
        code=sa.bindparam("to_code"),
    )
)
_SEALED_ENTRIES = (
    sa.select(tables.audit)
    .where(_audit.seq > sa.bindparam("after"))
    .order_by(_audit.seq)
    .limit(sa.bindparam("count"))
)
_SEALED_ENTRY_AT = sa.select(_audit.at).where(_audit.seq == sa.bindparam("seq"))
_HASHED_COLUMNS = ("at", "by", "what", "ticket_id", "conversation_id", "evidence_id", "detail")


def _select_action_names() -> sa.Select[Any]:
    """Return the query for all distinct action names, as a skip scan over an index.

    ``DISTINCT`` would read every entry ever written, to find some thirty names.
    """
    first = sa.select(sa.func.min(_audit.what).label("what")).cte("acts", recursive=True)
    next_one = sa.select(sa.func.min(_audit.what)).where(_audit.what > first.c.what)
    steps = first.union_all(sa.select(next_one.scalar_subquery()).where(first.c.what.is_not(None)))
    return sa.select(steps.c.what)


_ACTION_NAMES = _select_action_names()


class SqlAuditTrail:
    """Implements ``ports.AuditTrail``: seals through the writer, checks through the reader."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def seal(self) -> int:
        """Append new entries to the chain, some hundreds per call; return how many.

        The lock on the head's row makes this process the only one to seal. Entries and head are
        written in one transaction, so a process that dies leaves the chain as it was.
        """
        return await self._writer.run(self._append_to_chain)

    def _append_to_chain(self, connection: sa.Connection) -> int:
        head = connection.execute(_LOCK_HEAD).first()
        if head is None and connection.execute(_READ_HEAD).first() is not None:
            return 0  # another process is sealing
        rows = self._authentic_entries(connection)
        if not rows:
            return 0
        if head is None:
            key, sealed_count, last_code = self._create_chain(connection), 0, _FIRST_PREVIOUS_CODE
        else:
            key, sealed_count, last_code = self._load_key(connection), head.entries, head.last
        updates = []
        for seq, row in enumerate(rows, start=sealed_count + 1):
            last_code = _entry_code(key, last_code, seq, row)
            updates.append({sql.GUARD_ID: row.id, "to_seq": seq, "to_code": last_code})
        connection.execute(_SEAL_ENTRY, updates)
        new_count = sealed_count + len(rows)
        head_update = {
            "before": sealed_count,
            "to_entries": new_count,
            "to_last": last_code,
            "to_code": _head_code(key, new_count, last_code),
        }
        if connection.execute(_MOVE_HEAD, head_update).rowcount != 1:
            raise SealError("the audit chain's head moved although it was locked")
        return len(rows)

    def _authentic_entries(self, connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
        """Return unsealed entries with a valid digest; no others are added to the chain."""

        def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
            after = b"" if last is None else last.id
            return connection.execute(_UNSEALED_ENTRIES, {"after": after, "count": count}).all()

        def check_rows(rows: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
            return open_signed_rows(connection, self._seals, rows, BINDING, _check_digest)

        return read_full_page(select_page, check_rows, _SEAL_BATCH_SIZE)

    def _create_chain(self, connection: sa.Connection) -> bytes:
        """Insert the head and the key of a new chain, and return the key."""
        # If two processes do this at once, one of them fails on the head's row and retries.
        connection.execute(
            sa.insert(tables.audit_head),
            {
                "id": _HEAD_ID,
                "entries": 0,
                "last": _FIRST_PREVIOUS_CODE,
                "code": _FIRST_PREVIOUS_CODE,
            },
        )
        if connection.execute(_SEALED_ENTRIES, {"after": 0, "count": 1}).first() is not None:
            # The chain's head was removed: a new one would hide that.
            raise SealError("the audit chain has entries and no head: run privacydesk audit verify")
        seal, wrapped = self._seals.make(CHAIN_KEY)
        connection.execute(
            sa.insert(tables.data_key),
            {
                "conversation_id": CHAIN_KEY,
                "ring_key": wrapped.ring_key,
                "wrapped": wrapped.wrapped,
            },
        )
        return seal.key

    def _load_key(self, connection: sa.Connection) -> bytes:
        seal = load_own_seal(connection, self._seals, CHAIN_KEY)
        if seal is None:
            raise SealError("the audit chain has no key: run privacydesk audit verify")
        return seal.key

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain; see ``ports.AuditTrail``."""
        return await self._reader.read(lambda connection: self._check_chain(connection, noted))

    def _check_chain(self, connection: sa.Connection, noted: ChainHead | None) -> ChainReport:
        last_code, seq = _FIRST_PREVIOUS_CODE, 0
        while True:
            head = connection.execute(_READ_HEAD).first()
            unsealed = int(connection.scalar(_COUNT_UNSEALED) or 0)
            reported_head = ChainHead(head.entries, head.last.hex()) if head else ChainHead(0, "")
            any_entry = connection.execute(_SEALED_ENTRIES, {"after": 0, "count": 1}).first()
            if head is None:
                fault = ChainFault(0, "head_missing") if any_entry is not None or noted else None
                return ChainReport(reported_head, unsealed, fault)
            try:
                # Drop the cached key, so that the stored one is checked.
                self._seals.forget(CHAIN_KEY)
                key = self._load_key(connection)
            except SealError:
                return ChainReport(reported_head, unsealed, ChainFault(0, "key_missing"))
            if not hmac.compare_digest(_head_code(key, head.entries, head.last), head.code):
                return ChainReport(reported_head, unsealed, ChainFault(0, "head_changed"))
            if noted is not None and noted.entries > head.entries:
                return ChainReport(reported_head, unsealed, ChainFault(head.entries + 1, "missing"))
            while seq < head.entries:
                params = {"after": seq, "count": _CHECK_PAGE_SIZE}
                rows = connection.execute(_SEALED_ENTRIES, params).all()[: head.entries - seq]
                last_code, fault = _check_page(key, last_code, seq, rows, noted)
                if fault is not None:
                    return ChainReport(reported_head, unsealed, fault)
                seq += len(rows)
            if not hmac.compare_digest(last_code, head.last):
                return ChainReport(reported_head, unsealed, ChainFault(0, "head_changed"))
            added = connection.execute(_SEALED_ENTRIES, {"after": seq, "count": 1}).first()
            latest_head = connection.execute(_READ_HEAD).first()
            if latest_head is not None and latest_head.entries == head.entries:
                fault = None if added is None else ChainFault(added.seq, "added")
                return ChainReport(reported_head, unsealed, fault)
            # Entries were sealed meanwhile: check those, too.

    async def state(self) -> ChainState:
        """Return the state of the chain."""

        def fetch(connection: sa.Connection) -> ChainState:
            head = connection.execute(_READ_HEAD).first()
            unsealed = int(connection.scalar(_COUNT_UNSEALED) or 0)
            if head is None:
                return ChainState(0, unsealed)
            last_at = connection.scalar(_SEALED_ENTRY_AT, {"seq": head.entries})
            return ChainState(head.entries, unsealed, opt_instant(last_at))

        return await self._reader.read(fetch)

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all recorded actions."""
        return await self._reader.read(
            lambda connection: tuple(name for name in connection.scalars(_ACTION_NAMES) if name)
        )

    async def entries(
        self,
        *,
        ticket: TicketId | None = None,
        by: str = "",
        what: str = "",
        before: bytes | None = None,
        limit: int = 100,
    ) -> tuple[SealedEntry, ...]:
        """Return entries, newest first; see ``ports.AuditTrail``."""
        query = sa.select(tables.audit).order_by(_audit.id.desc()).limit(limit)
        if ticket is not None:
            query = query.where(_audit.ticket_id == ticket)
        if by:
            query = query.where(_audit.by == by)
        if what:
            query = query.where(_audit.what == what)
        if before is not None:
            query = query.where(_audit.id < before)
        return await self._reader.read(
            lambda connection: tuple(read_audit(row) for row in connection.execute(query))
        )

    async def between(
        self, since: datetime, until: datetime, actions: Collection[str]
    ) -> tuple[SealedEntry, ...]:
        """Return the entries of some actions in a period; see ``ports.AuditTrail``."""
        query = (
            sa.select(tables.audit)
            .where(
                _audit.what.in_(actions),
                _audit.at >= to_micros(since),
                _audit.at < to_micros(until),
            )
            .order_by(_audit.id)
        )
        return await self._reader.read(
            lambda connection: tuple(read_audit(row) for row in connection.execute(query))
        )


def _check_page(
    key: bytes, previous: bytes, seq: int, rows: Sequence[sa.Row[Any]], noted: ChainHead | None
) -> tuple[bytes, ChainFault | None]:
    """Check the entries after ``seq``; return the last one's code, and the first fault."""
    if not rows:
        return previous, ChainFault(seq + 1, "missing")
    for expected, row in enumerate(rows, start=seq + 1):
        if row.seq != expected:
            return previous, ChainFault(expected, "missing")
        previous = _entry_code(key, previous, expected, row)
        if row.code is None or not hmac.compare_digest(previous, row.code):
            return previous, ChainFault(expected, "changed")
        if noted is not None and noted.entries == expected and noted.code != previous.hex():
            return previous, ChainFault(expected, "head_unknown")
    return previous, None


def _entry_code(key: bytes, previous: bytes, seq: int, row: Any) -> bytes:
    values = (getattr(row, name) for name in _HASHED_COLUMNS)
    fields = [value.hex() if isinstance(value, bytes) else value for value in values]
    if row.anchors is not None:
        # Added only if set: entries sealed before anchors were introduced keep their codes.
        fields.append(row.anchors)
    message = orjson.dumps([seq, row.id.hex(), *fields])
    return hmac.digest(key, previous + message, hashlib.sha256)


def _check_digest(row: sa.Row[Any], key: Seal) -> sa.Row[Any]:
    BINDING.check(row, key)
    return row


def _head_code(key: bytes, entries: int, last: bytes) -> bytes:
    return hmac.digest(key, b"head|%d|" % entries + last, hashlib.sha256)
