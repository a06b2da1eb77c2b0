"""The logs of receipts: append-only Merkle trees, numbered by one operation under a lock.

    ticket closed ─► row without a log ─► append: numbered, signed, sealed; the log's head moves

A log belongs to a ring key, from which its signing key is derived. With another ring key a new log
begins, and so it does after a copy of the database was restored: entries that the copy lacks may
have been given out, and their places must not be given out again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from privacydesk.clock import Clock, SystemClock
from privacydesk.domain.receipts import (
    DescribeItems,
    LogState,
    ReceiptFault,
    ReceiptReport,
    Standing,
)
from privacydesk.domain.ticket import Ticket
from privacydesk.receipts.cose import PublicKey, ReceiptError, SigningKey, write_key_set
from privacydesk.receipts.merkle import GrowingTree, hash_leaf
from privacydesk.receipts.receipt import (
    TreeHead,
    attach_proof,
    sign_head,
    sign_statement,
    verify,
    verify_head,
)
from privacydesk.receipts.statement import SALT_BYTES, disclose, hash_disclosure, statement_of
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_micros, to_micros
from privacydesk.storage.data_keys import (
    get_or_create_digest_key,
    load_digest_key,
    load_seals,
    lock_seals,
)
from privacydesk.storage.database_errors import LockedRowChangedError
from privacydesk.storage.engines import parse_url, writing_engine
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import (
    open_rows_to_write,
    open_signed_rows,
    open_tickets_to_write,
)
from privacydesk.storage.rows.receipt import (
    BINDING,
    LOG_BINDING,
    StoredReceipt,
    pending_row,
    read_receipt,
    receipt_body,
    split_peaks,
)
from privacydesk.storage.sealing import KeyRing, Seal, SealError, Seals
from privacydesk.storage.writer import BatchWriter

Row = sa.Row[Any]

_BATCH_SIZE: Final = 100
_CHECK_PAGE_SIZE: Final = 1000
_ID_BYTES: Final = 16
_HASH_BYTES: Final = 32
_receipt = tables.receipt.c
_log = tables.receipt_log.c
_IS_PENDING = _receipt.log_id.is_(None)
_LOCK_PENDING = (
    sa.select(tables.receipt)
    .where(_IS_PENDING)
    .order_by(_receipt.closed_at, _receipt.ticket_id)
    .limit(_BATCH_SIZE)
    .with_for_update(skip_locked=True)
)
_ANY_PENDING = sa.select(_receipt.ticket_id).where(_IS_PENDING).limit(1)
_COUNT_PENDING = sa.select(sa.func.count()).select_from(tables.receipt).where(_IS_PENDING)
_IS_ROW = sa.and_(
    _receipt.ticket_id == sa.bindparam(sql.GUARD_ID),
    _receipt.version == sa.bindparam(sql.GUARD_VERSION),
    _IS_PENDING,
)
_ADD_ENTRY = (
    sa.update(tables.receipt)
    .where(_IS_ROW)
    .values(
        log_id=sa.bindparam("to_log_id"),
        entry=sa.bindparam("to_entry"),
        leaf=sa.bindparam("to_leaf"),
        body=sa.bindparam("to_body"),
    )
)
_DROP_PENDING = sa.delete(tables.receipt).where(_IS_ROW)
_OF_TICKET = (
    sa.select(tables.receipt)
    .where(_receipt.ticket_id == sa.bindparam("ticket"))
    .order_by(_receipt.version.desc())
    .limit(1)
)
_ENTRIES = (
    sa.select(tables.receipt)
    .where(_receipt.log_id == sa.bindparam("log"), _receipt.entry >= sa.bindparam("first"))
    .order_by(_receipt.entry)
    .limit(_CHECK_PAGE_SIZE)
)
_TICKETS = sql.TICKETS.where(tables.ticket.c.id.in_(sa.bindparam("ids", expanding=True)))
_LOGS = sa.select(tables.receipt_log).order_by(_log.created_at, _log.id)
_OPEN_LOG = _LOGS.where(_log.ring_key == sa.bindparam("ring_key"), _log.ended_at.is_(None))
_LOCK_OPEN_LOG = _OPEN_LOG.with_for_update(skip_locked=True)
_SET_LOG = (
    sa.update(tables.receipt_log)
    .where(_log.id == sa.bindparam(sql.GUARD_ID))
    .values(
        ended_at=sa.bindparam("to_ended_at"),
        size=sa.bindparam("to_size"),
        peaks=sa.bindparam("to_peaks"),
        head=sa.bindparam("to_head"),
        signature=sa.bindparam("to_signature"),
        mac=sa.bindparam("to_mac"),
    )
)


class _NewEntry(NamedTuple):
    """A signed statement that is added to a log, and the row that it is stored in."""

    row: Row
    seal: Seal
    entry: bytes
    items: tuple[bytes, ...]


class SqlReceiptLog:
    """Implements ``ports.ReceiptLog``."""

    def __init__(
        self, writer: BatchWriter, reader: SqlReader, seals: Seals, ring: KeyRing, clock: Clock
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._ring = ring
        self._clock = clock

    # -- adding outcomes -------------------------------------------------------------------

    async def append(self, issuer: str, describe: DescribeItems) -> int:
        """Add pending outcomes to the log, a hundred at most; see ``ports.ReceiptLog``."""
        if await self._reader.read(lambda connection: connection.scalar(_ANY_PENDING)) is None:
            return 0
        now = self._clock.now()
        return await self._writer.run(
            lambda connection: self._append(connection, issuer, describe, now)
        )

    def _append(
        self, connection: sa.Connection, issuer: str, describe: DescribeItems, now: datetime
    ) -> int:
        key = SigningKey(self._ring.keys[self._ring.current])
        log = self._lock_log(connection, key.public, now)
        if log is None:
            return 0
        tree, new = GrowingTree(log["size"], split_peaks(log["peaks"])), list[_NewEntry]()
        for row, seal, ticket in self._pending_tickets(connection):
            items = tuple(_disclose(item) for item in describe(ticket))
            hashes = map(hash_disclosure, items)
            statement = statement_of(ticket, log=log["id"], entry=tree.size, items=hashes)
            entry = sign_statement(statement, issuer, now, key)
            tree.append(hash_leaf(entry))
            new.append(_NewEntry(row, seal, entry, items))
        if new:
            head = sign_head(log["id"], tree.size, tree.root, issuer=issuer, at=now, key=key)
            updates = list(_entry_updates(new, log, tree, head))
            _check_matched(connection.execute(_ADD_ENTRY, updates), len(updates))
            grown = {"size": tree.size, "peaks": b"".join(tree.peaks)}
            signed = {"head": head.protected, "signature": head.signature}
            self._set_log(connection, {**log, **grown, **signed})
        return len(new)

    def _lock_log(
        self, connection: sa.Connection, key: PublicKey, now: datetime
    ) -> dict[str, Any] | None:
        """Return the row of the log that is open for the current ring key; begin one if none is.

        Returns None while another process appends to it.
        """
        params = {"ring_key": self._ring.current}
        row = connection.execute(_LOCK_OPEN_LOG, params).first()
        if row is not None:
            LOG_BINDING.check(row, load_digest_key(connection, self._seals))
            return dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
        if connection.execute(_OPEN_LOG, params).first() is not None:
            return None
        # If two processes do this at once, one of them fails on the unique index and retries.
        log = {
            "id": os.urandom(_ID_BYTES),
            "ring_key": self._ring.current,
            "public_key": key.point,
            "created_at": to_micros(now),
            "ended_at": None,
            "size": 0,
            "peaks": b"",
            "head": b"",
            "signature": b"",
        }
        signed = LOG_BINDING.sign(log, get_or_create_digest_key(connection, self._seals))
        connection.execute(sa.insert(tables.receipt_log), signed)
        return signed

    def _pending_tickets(self, connection: sa.Connection) -> Iterator[tuple[Row, Seal, Ticket]]:
        """Yield pending outcomes in order, with their tickets.

        An outcome that no longer holds is dropped: its ticket was opened again within seconds.
        """
        rows = connection.execute(_LOCK_PENDING).all()
        opened, _ = open_rows_to_write(connection, self._seals, rows, BINDING, read_receipt)
        if not opened:
            return
        ids = sql.padded({row.ticket_id for row, *_ in opened})
        selected = connection.execute(_TICKETS, {"ids": ids}).all()
        found, _ = open_tickets_to_write(connection, self._seals, selected)
        tickets = {ticket.id: ticket for *_, ticket in found}
        for row, seal, _ in opened:
            ticket = tickets.get(row.ticket_id)
            if ticket is None:
                continue  # it can't be read, and is reported as such
            if opt_micros(ticket.closed_at) == row.closed_at:
                yield row, seal, ticket
            else:
                connection.execute(_DROP_PENDING, _row_guard(row))

    def _set_log(self, connection: sa.Connection, log: dict[str, Any]) -> None:
        signed = LOG_BINDING.sign(log, load_digest_key(connection, self._seals))
        connection.execute(_SET_LOG, _log_update(signed))

    async def register(self, ticket: Ticket) -> None:
        """Make the outcome of a closed ticket pending that has none; see ``ports.ReceiptLog``."""

        def register(connection: sa.Connection) -> None:
            if connection.execute(_OF_TICKET, {"ticket": ticket.id}).first() is None:
                conversation = ticket.conversation_id
                seal = lock_seals(connection, self._seals, [conversation])[conversation]
                connection.execute(sa.insert(tables.receipt), pending_row(ticket, seal))

        await self._writer.run(register)

    # -- reading ---------------------------------------------------------------------------

    async def receipt(self, ticket: Ticket) -> bytes | None:
        """Return the receipt of a ticket's last outcome; see ``ports.ReceiptLog``."""

        def fetch(connection: sa.Connection) -> bytes | None:
            row = connection.execute(_OF_TICKET, {"ticket": ticket.id}).first()
            if row is None or row.log_id is None:
                return None
            conversation = ticket.conversation_id
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            return None if seal is None else read_receipt(row, seal).file

        return await self._reader.read(fetch)

    async def keys(self) -> bytes:
        """Return all public keys; see ``ports.ReceiptLog``."""
        logs = await self._reader.read(self._logs)
        own = [SigningKey(ring_key).public for ring_key in self._ring.keys.values()]
        keys = [PublicKey(log.public_key) for log in logs] + own
        return write_key_set({key.id: key for key in keys})

    def _logs(self, connection: sa.Connection) -> list[Row]:
        rows = connection.execute(_LOGS).all()
        return open_signed_rows(connection, self._seals, rows, LOG_BINDING, _check_log)

    # -- checking --------------------------------------------------------------------------

    async def standing(
        self, log: bytes, entry: int, leaf: bytes, *, size: int, root: bytes
    ) -> Standing:
        """Compare a genuine receipt with the log; see ``ports.ReceiptLog``."""

        def compare(connection: sa.Connection) -> Standing:
            tree, found = GrowingTree(), None
            for row in _entries(connection, log):
                found = row.leaf if row.entry == entry else found
                tree = _grown(tree, row.leaf)
                if tree.size == size:
                    same = found == leaf and tree.root == root
                    return Standing.RECORDED if same else Standing.CONTRADICTED
            # Too short to compare roots, but an entry in its place may be another one.
            return Standing.LOST if found in {None, leaf} else Standing.CONTRADICTED

        return await self._reader.read(compare)

    async def check(self) -> ReceiptReport:
        """Check all logs and receipts; see ``ports.ReceiptLog``."""

        def check(connection: sa.Connection) -> ReceiptReport:
            logs = self._logs(connection)
            states = tuple(
                LogState(log.id.hex(), log.size, _root_of(log).hex(), log.ended_at is not None)
                for log in logs
            )
            faults = [fault for log in logs for fault in self._check_log(connection, log)]
            if len(logs) != len(connection.execute(_LOGS).all()):
                faults.append(ReceiptFault("", None, "changed"))
            return ReceiptReport(states, connection.scalar(_COUNT_PENDING) or 0, tuple(faults))

        return await self._reader.read(check)

    def _check_log(self, connection: sa.Connection, log: Row) -> Iterator[ReceiptFault]:
        key, tree, name = PublicKey(log.public_key), GrowingTree(), log.id.hex()
        for row in _entries(connection, log.id):
            for missing in range(tree.size, row.entry):
                yield ReceiptFault(name, missing, "missing")
                tree = _grown(tree, bytes(_HASH_BYTES))
            if not self._is_intact(connection, row, key):
                yield ReceiptFault(name, row.entry, "changed")
            tree = _grown(tree, row.leaf)
        for missing in range(tree.size, log.size):
            yield ReceiptFault(name, missing, "missing")
        if tree.size == log.size and not _is_head(log, tree, key):
            yield ReceiptFault(name, None, "changed")

    def _is_intact(self, connection: sa.Connection, row: Row, key: PublicKey) -> bool:
        conversation = row.conversation_id
        try:
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            if seal is None:
                return False
            receipt = verify(read_receipt(row, seal).file, {key.id: key})
        except (SealError, ReceiptError):
            return False
        said = receipt.statement
        return (said.log, said.entry, receipt.leaf) == (row.log_id, row.entry, row.leaf)


def end_logs(url: str, ring: KeyRing) -> int:
    """End all logs, so that new ones begin; return how many were open.

    After a copy of the database was restored, entries that it lacks may have been given out. Their
    places in the log must not be given to others.
    """
    engine, clock = writing_engine(parse_url(url)), SystemClock()
    seals = Seals(ring, clock)
    try:
        with engine.begin() as connection:
            rows = connection.execute(_LOGS.where(_log.ended_at.is_(None))).all()
            for log in open_signed_rows(connection, seals, rows, LOG_BINDING, _check_log):
                ended = {**log._mapping, "ended_at": to_micros(clock.now())}  # noqa: SLF001 - as above
                signed = LOG_BINDING.sign(ended, load_digest_key(connection, seals))
                connection.execute(_SET_LOG, _log_update(signed))
            return len(rows)
    finally:
        engine.dispose()


def _disclose(item: Mapping[str, Any]) -> bytes:
    return disclose(item, os.urandom(SALT_BYTES))


def _entry_updates(
    new: Sequence[_NewEntry], log: Mapping[str, Any], tree: GrowingTree, head: TreeHead
) -> Iterator[dict[str, Any]]:
    for index, one in enumerate(new, start=log["size"]):
        place = {"log_id": log["id"], "entry": index, "leaf": hash_leaf(one.entry)}
        path = tree.path(index)
        receipt = attach_proof(one.entry, head, size=tree.size, index=index, path=path)
        bound = BINDING.associated_data({**one.row._mapping, **place})  # noqa: SLF001 - as above
        yield {
            **_row_guard(one.row),
            **{f"to_{name}": value for name, value in place.items()},
            "to_body": receipt_body(StoredReceipt(receipt, one.items), one.seal, bound),
        }


def _row_guard(row: Row) -> dict[str, Any]:
    return {sql.GUARD_ID: row.ticket_id, sql.GUARD_VERSION: row.version}


def _log_update(log: Mapping[str, Any]) -> dict[str, Any]:
    changing = ("ended_at", "size", "peaks", "head", "signature", "mac")
    return {sql.GUARD_ID: log["id"], **{f"to_{name}": log[name] for name in changing}}


def _check_matched(result: sa.CursorResult[Any], expected: int) -> None:
    if result.rowcount != expected:
        raise LockedRowChangedError(f"{result.rowcount} of {expected} rows of receipt matched")


def _check_log(row: Row, key: Seal) -> Row:
    LOG_BINDING.check(row, key)
    return row


def _entries(connection: sa.Connection, log: bytes) -> Iterator[Row]:
    first = 0
    while rows := connection.execute(_ENTRIES, {"log": log, "first": first}).all():
        yield from rows
        first = rows[-1].entry + 1


def _grown(tree: GrowingTree, leaf: bytes) -> GrowingTree:
    """Return a tree with one more leaf; it keeps its peaks alone, however large it gets."""
    tree.append(leaf)
    return GrowingTree(tree.size, tree.peaks)


def _root_of(log: Row) -> bytes:
    return GrowingTree(log.size, split_peaks(log.peaks)).root


def _is_head(log: Row, tree: GrowingTree, key: PublicKey) -> bool:
    if not tree.size:
        return True
    try:
        head = TreeHead(log.head, log.signature)
        verify_head(head, tree.root, log.id, tree.size, key)
    except ReceiptError:
        return False
    return True
