"""The audit trail: entries chained one to the next under a key of their own.

    entry 1 ─code─► entry 2 ─code─► … ─code─► entry n ◄─ head: n, its code, and a code over both

An entry's code is an HMAC over the code before it and everything the entry says. The key is random,
wrapped by the operator's ring and kept among the data keys, so that rotating the ring rewraps it
like any other. Write access to the database alone is not enough to make a code, and so to change,
remove, add or move an entry, or to truncate the chain, undetected.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from privacydesk.domain.audit import ChainHead, ChainReport, ChainState, Fault, SealedEntry
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant
from privacydesk.storage.damaged import open_signed_rows, whole_page
from privacydesk.storage.keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.audit import BOUND, read_audit
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.writer import BatchWriter

CHAIN_KEY: Final = ConversationId(b"audit-chain-key\0")
"""The key's id among the data keys; no conversation has it, since their ids are UUIDs."""

_SEALED_AT_ONCE = 500
_CHECKED_AT_ONCE = 2000
_START = bytes(32)
_HEAD_ID = 1

_audit = tables.audit.c
_head = tables.audit_head.c
_LOCK_HEAD = (
    sa.select(tables.audit_head).where(_head.id == _HEAD_ID).with_for_update(skip_locked=True)
)
_READ_HEAD = sa.select(tables.audit_head).where(_head.id == _HEAD_ID)
_WAITING = (
    sa.select(tables.audit)
    .where(_audit.seq.is_(None), _audit.id > sa.bindparam("after", type_=_audit.id.type))
    .order_by(_audit.id)
    .limit(sa.bindparam("count"))
)
_COUNT_WAITING = sa.select(sa.func.count()).select_from(tables.audit).where(_audit.seq.is_(None))
_SEAL = (
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
_SEALED = (
    sa.select(tables.audit)
    .where(_audit.seq > sa.bindparam("after"))
    .order_by(_audit.seq)
    .limit(sa.bindparam("count"))
)
_LAST_AT = sa.select(_audit.at).where(_audit.seq == sa.bindparam("seq"))
_COLUMNS = ("at", "by", "what", "ticket_id", "conversation_id", "evidence_id", "detail")


def _all_acts() -> sa.Select[Any]:
    """Return a query that steps along an index from one name to the next.

    ``DISTINCT`` would read every entry there ever was, to find some thirty names.
    """
    first = sa.select(sa.func.min(_audit.what).label("what")).cte("acts", recursive=True)
    next_one = sa.select(sa.func.min(_audit.what)).where(_audit.what > first.c.what)
    steps = first.union_all(sa.select(next_one.scalar_subquery()).where(first.c.what.is_not(None)))
    return sa.select(steps.c.what)


_ACTS = _all_acts()


class SqlAuditTrail:
    """The chain in the database. Sealing goes through the writer, checking through the reader."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def seal(self) -> int:
        """Chain waiting entries, some hundreds at once; return how many.

        The head's row is the claim: it is locked with the entries it will count, in one
        transaction, so a process that dies leaves the chain as it was.
        """
        return await self._writer.run(self._chain)

    def _chain(self, connection: sa.Connection) -> int:
        head = connection.execute(_LOCK_HEAD).first()
        if head is None and connection.execute(_READ_HEAD).first() is not None:
            return 0  # another process is sealing
        rows = self._written_here(connection)
        if not rows:
            return 0
        if head is None:
            key, before, last = self._begin(connection), 0, _START
        else:
            key, before, last = self._key(connection), head.entries, head.last
        updates = []
        for seq, row in enumerate(rows, start=before + 1):
            last = _code(key, last, seq, row)
            updates.append({sql.GUARD_ID: row.id, "to_seq": seq, "to_code": last})
        connection.execute(_SEAL, updates)
        entries = before + len(rows)
        moved = {
            "before": before,
            "to_entries": entries,
            "to_last": last,
            "to_code": _head_code(key, entries, last),
        }
        if connection.execute(_MOVE_HEAD, moved).rowcount != 1:
            raise SealError("the audit chain's head moved although it was locked")
        return len(rows)

    def _written_here(self, connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
        """Return waiting entries that the desk wrote: no others become part of the chain."""

        def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
            after = b"" if seen is None else seen.id
            return connection.execute(_WAITING, {"after": after, "count": count}).all()

        def read(rows: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
            return open_signed_rows(connection, self._seals, rows, BOUND, _as_written)

        return whole_page(page, read, _SEALED_AT_ONCE)

    def _begin(self, connection: sa.Connection) -> bytes:
        # If two processes begin at once, one of them fails on the head's row, and retries.
        connection.execute(
            sa.insert(tables.audit_head),
            {"id": _HEAD_ID, "entries": 0, "last": _START, "code": _START},
        )
        if connection.execute(_SEALED, {"after": 0, "count": 1}).first() is not None:
            # Its head was removed: a new one would hide that.
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

    def _key(self, connection: sa.Connection) -> bytes:
        seal = load_seals(connection, self._seals, [CHAIN_KEY]).get(CHAIN_KEY)
        if seal is None:
            raise SealError("the audit chain has no key: run privacydesk audit verify")
        return seal.key

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain; see ``ports.AuditTrail``."""
        return await self._reader.read(lambda connection: self._checked(connection, noted))

    def _checked(self, connection: sa.Connection, noted: ChainHead | None) -> ChainReport:
        last, seq = _START, 0
        while True:
            head = connection.execute(_READ_HEAD).first()
            waiting = int(connection.scalar(_COUNT_WAITING) or 0)
            shown = ChainHead(head.entries, head.last.hex()) if head else ChainHead(0, "")
            any_entry = connection.execute(_SEALED, {"after": 0, "count": 1}).first()
            if head is None:
                fault = Fault(0, "head_missing") if any_entry is not None or noted else None
                return ChainReport(shown, waiting, fault)
            try:
                # Not the cached key: the one in the database is to be checked.
                self._seals.forget(CHAIN_KEY)
                key = self._key(connection)
            except SealError:
                return ChainReport(shown, waiting, Fault(0, "key_missing"))
            if not hmac.compare_digest(_head_code(key, head.entries, head.last), head.code):
                return ChainReport(shown, waiting, Fault(0, "head_changed"))
            if noted is not None and noted.entries > head.entries:
                return ChainReport(shown, waiting, Fault(head.entries + 1, "missing"))
            while seq < head.entries:
                rows = connection.execute(_SEALED, {"after": seq, "count": _CHECKED_AT_ONCE}).all()
                last, fault = _follow(key, last, seq, rows[: head.entries - seq], noted)
                if fault is not None:
                    return ChainReport(shown, waiting, fault)
                seq += len(rows[: head.entries - seq])
            if not hmac.compare_digest(last, head.last):
                return ChainReport(shown, waiting, Fault(0, "head_changed"))
            added = connection.execute(_SEALED, {"after": seq, "count": 1}).first()
            again = connection.execute(_READ_HEAD).first()
            if again is not None and again.entries == head.entries:
                fault = None if added is None else Fault(added.seq, "added")
                return ChainReport(shown, waiting, fault)
            # The sealer has added entries meanwhile; check those, too.

    async def state(self) -> ChainState:
        """Return the state of the chain."""

        def look(connection: sa.Connection) -> ChainState:
            head = connection.execute(_READ_HEAD).first()
            waiting = int(connection.scalar(_COUNT_WAITING) or 0)
            if head is None:
                return ChainState(0, waiting)
            last_at = connection.scalar(_LAST_AT, {"seq": head.entries})
            return ChainState(head.entries, waiting, opt_instant(last_at))

        return await self._reader.read(look)

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all acts with entries; see ``_ACTS``."""
        return await self._reader.read(
            lambda connection: tuple(name for name in connection.scalars(_ACTS) if name)
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


def _follow(
    key: bytes, last: bytes, seq: int, rows: Sequence[sa.Row[Any]], noted: ChainHead | None
) -> tuple[bytes, Fault | None]:
    """Check a page; return the code after it, and the first fault."""
    if not rows:
        return last, Fault(seq + 1, "missing")
    for expected, row in enumerate(rows, start=seq + 1):
        if row.seq != expected:
            return last, Fault(expected, "missing")
        last = _code(key, last, expected, row)
        if row.code is None or not hmac.compare_digest(last, row.code):
            return last, Fault(expected, "changed")
        if noted is not None and noted.entries == expected and noted.code != last.hex():
            return last, Fault(expected, "head_unknown")
    return last, None


def _code(key: bytes, before: bytes, seq: int, row: Any) -> bytes:
    values = (getattr(row, name) for name in _COLUMNS)
    said = [value.hex() if isinstance(value, bytes) else value for value in values]
    if row.anchors is not None:
        # Only then, so that entries sealed before anchors existed keep their codes.
        said.append(row.anchors)
    return hmac.digest(key, before + orjson.dumps([seq, row.id.hex(), *said]), hashlib.sha256)


def _as_written(row: sa.Row[Any], key: Seal) -> sa.Row[Any]:
    BOUND.check(row, key)
    return row


def _head_code(key: bytes, entries: int, last: bytes) -> bytes:
    return hmac.digest(key, b"head|%d|" % entries + last, hashlib.sha256)
