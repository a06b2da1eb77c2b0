"""Ports for background work: claims, periodic tasks, audit, integrity, purging and keys."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from privacydesk.domain.audit import (
    AuditEntry,
    ChainHead,
    ChainReport,
    ChainState,
    CheckedRows,
    SealedEntry,
)
from privacydesk.domain.deliveries import Delivery, Pool
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.domain.ids import (
    ConversationId,
    DeliveryId,
    PackageId,
    TicketId,
)
from privacydesk.domain.receipts import DescribeItems, ReceiptReport, Standing
from privacydesk.domain.retention import StoredContent
from privacydesk.domain.ticket import Ticket


class PackageFiles(Protocol):
    """The files of access packages."""

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a part of a file, the first part being 1; None if missing or removed."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Remove expired files; return their number."""
        ...


class RowClaims(Protocol):
    """Claims of due rows. A claim postpones the row by a lease, so only one worker has it."""

    async def deliveries(
        self,
        now: datetime,
        *,
        lease: timedelta,
        places: Mapping[Pool, int],
        without: Collection[DeliveryId] = (),
    ) -> tuple[Delivery, ...]:
        """Claim due outbox rows, only the oldest open row of each lane.

        Args:
            now: the current time.
            lease: duration of the claim, unless ``extend`` extends it.
            places: the maximum number of rows by pool; other pools are not claimed from.
            without: rows to leave out, as they are already being delivered.
        """
        ...

    async def extend(self, row: Delivery, *, until: datetime) -> bool:
        """Extend the lease of a claimed row, unless it was made due meanwhile.

        Args:
            row: the claimed row, with the ``due_at`` that was set last.
            until: the new ``due_at``.

        Returns:
            False if another worker has claimed the row since.
        """
        ...

    async def next_delivery(
        self, pools: Collection[Pool], *, without: Collection[DeliveryId] = ()
    ) -> datetime | None:
        """Return when the next outbox row of some pools is due; None for no row."""
        ...

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets with a scheduled event that is due."""
        ...

    async def next_ticket(self) -> datetime | None:
        """Return when the next scheduled event of a ticket is due; None for none."""
        ...

    async def reset_excessive_delays(self, now: datetime) -> int:
        """Make rows due that are postponed for longer than the maximum; return their number.

        They were claimed or postponed by a clock that has been set back since.
        """
        ...


class ReceiptLog(Protocol):
    """The logs of receipts, each an append-only Merkle tree with a signed head."""

    async def append(self, issuer: str, describe: DescribeItems) -> int:
        """Sign pending outcomes and add them to the log, oldest first; return how many.

        Up to a hundred per call. Only one process does this at a time; for others, the number is 0
        meanwhile.

        Args:
            issuer: the operator's app, as receipts name who signs.
            describe: returns the items of a ticket.
        """
        ...

    async def register(self, ticket: Ticket) -> None:
        """Make the outcome of a closed ticket pending, if it was closed before there were logs."""
        ...

    async def receipt(self, ticket: Ticket) -> bytes | None:
        """Return the receipt of a ticket's last outcome; None if that is in no log yet."""
        ...

    async def keys(self) -> bytes:
        """Return all public keys that receipts were or will be signed with, as a COSE_KeySet."""
        ...

    async def standing(
        self, log: bytes, entry: int, leaf: bytes, *, size: int, root: bytes
    ) -> Standing:
        """Compare a genuine receipt with its log.

        Args:
            log: the id of the log.
            entry: the place in it.
            leaf: the hash of the entry.
            size: the size of the log when the receipt was given out.
            root: the root of the log at that size.
        """
        ...

    async def check(self) -> ReceiptReport:
        """Check that all entries are there and genuine, and that the heads are those of them."""
        ...


class AuditTrail(Protocol):
    """The hash chain of audit entries, which detects changed, removed or moved entries."""

    async def seal(self) -> int:
        """Add up to some hundred waiting entries to the chain; return their number.

        Only one process does this at a time; for others, the number is 0 meanwhile.
        """
        ...

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain.

        Args:
            noted: a head recorded earlier elsewhere, which must be part of the chain.
        """
        ...

    async def state(self) -> ChainState:
        """Return the state of the chain, without checking it."""
        ...

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all actions that occur in entries."""
        ...

    async def entries(
        self,
        *,
        ticket: TicketId | None = None,
        by: str = "",
        what: str = "",
        before: bytes | None = None,
        limit: int = 100,
    ) -> tuple[SealedEntry, ...]:
        """Return entries, newest first.

        Args:
            ticket: only entries about this ticket.
            by: only actions of this agent.
            what: only actions with this name.
            before: ID of the last entry of the previous page.
            limit: the maximum number of entries.
        """
        ...

    async def between(
        self, since: datetime, until: datetime, actions: Collection[str]
    ) -> tuple[SealedEntry, ...]:
        """Return the entries of some actions from ``since``, and before ``until``; oldest first."""
        ...


class Integrity(Protocol):
    """Integrity checks of database rows."""

    def verify(self) -> AsyncGenerator[CheckedRows]:
        """Check all rows, page by page; the server may be running.

        Reported faults are changed rows, rows replaced by an older version, and removed log
        entries.
        """
        ...


class PurgeStore(Protocol):
    """Finds content whose retention period is over, and deletes it for good."""

    async def conversations_with_content(
        self, before: datetime, *, after: ConversationId | None, limit: int
    ) -> tuple[tuple[ConversationId, ...], ConversationId | None]:
        """Return a page of the conversations with content from before an instant.

        Returns:
            Their IDs, and the value of ``after`` for the next page; None for the last page.
        """
        ...

    async def stored_content(self, conversation: ConversationId) -> StoredContent | None:
        """Return the stored content of a conversation; None if it doesn't exist."""
        ...

    async def erase(self, conversation: ConversationId, *, version: int) -> bool:
        """Delete a conversation with everything that belongs to it, and its key.

        Returns:
            Whether it was deleted; False if it has changed since ``version``.
        """
        ...

    async def scrub(self) -> None:
        """Remove traces of deleted content from the database files, as far as possible."""
        ...


class PeriodicTasks(Protocol):
    """The schedule of periodic tasks; each run is done by the first process to claim it."""

    async def claim(self, name: str, now: datetime, *, until: datetime, latest: datetime) -> bool:
        """Claim a task that is due or has never run; return whether it was claimed.

        Args:
            name: name of the task.
            now: the current time.
            until: when the task is due again.
            latest: the latest possible due time. A task that is due later was postponed by a clock
                that has been set back since, and counts as due.
        """
        ...

    async def reschedule(self, name: str, held: datetime, until: datetime) -> bool:
        """Change when a claimed task is due; return whether the caller still has the claim.

        Args:
            name: name of the task.
            held: the ``until`` of the caller's claim; if the task was claimed again since, nothing
                changes.
            until: when the task is due again.
        """
        ...


class Fingerprints(Protocol):
    """The recorded fingerprints of secrets and configuration files."""

    async def all(self) -> Mapping[str, Fingerprint]:
        """Return all fingerprints by name."""
        ...

    async def record(self, fingerprints: Iterable[Fingerprint]) -> None:
        """Store fingerprints, replacing those with the same names."""
        ...


RowKey = tuple[Any, ...]
"""A row's primary key as it is stored."""


class RehashedPage(NamedTuple):
    """Rows whose hashes were given the form that is written.

    Attributes:
        last: the key of the last row; None if no rows follow.
        rows: number of rows.
        changed: number of those that had the other form.
    """

    last: RowKey | None
    rows: int
    changed: int


class HashRotation(Protocol):
    """Replacing the hashing secret; ``storage.hash_forms`` describes the stored forms of hashes."""

    def use(
        self, written: bytes | None, other: bytes | None, *, awaited: Fingerprint | None = None
    ) -> None:
        """Choose the forms in which hashes are stored.

        Args:
            written: the secret of the form in which new rows are written; None for hashes as they
                are.
            other: the secret of the form that rows may have besides.
            awaited: the fingerprint from whose recording on the other form is written.
        """
        ...

    async def root(self) -> bytes | None:
        """Return the first secret, with which hashes are made; None until it is replaced.

        Raises:
            SealError: it can't be opened.
        """
        ...

    async def serving_tags(self) -> tuple[str, ...]:
        """Return, of each process that serves the database, the tags of the secrets it has."""
        ...

    async def begin(
        self, root: bytes, before: Fingerprint, new: Iterable[Fingerprint], audit_entry: AuditEntry
    ) -> None:
        """Have all processes write the other form from now on.

        Args:
            root: the first secret, which is kept if none is yet.
            before: the fingerprint that has to be recorded.
            new: the fingerprints to record.
            audit_entry: what is recorded of it.

        Raises:
            StaleError: another fingerprint is recorded.
        """
        ...

    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables with hashes."""
        ...

    async def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        ...

    async def rehash(self, table: str, after: RowKey | None, *, limit: int) -> RehashedPage:
        """Give the next rows of a table the form that is written.

        Args:
            table: one of ``tables``.
            after: the key after which to go on; None for the first rows.
            limit: the number of rows.
        """
        ...

    async def end(self, name: str, audit_entry: AuditEntry) -> None:
        """Delete a fingerprint, that of the secret before; all rows have the form of the new one.

        Args:
            name: the fingerprint's name.
            audit_entry: what is recorded of it.
        """
        ...


class KeyWrapping(Protocol):
    """Rewrapping of data keys after a change of the current ring key."""

    async def wrapped(self) -> Mapping[str, int]:
        """Return the number of data keys that each ring key wraps."""
        ...

    async def check(self) -> None:
        """Check that the ring keys can unwrap the oldest and the newest data key.

        Raises:
            SettingsError: they can't; the message names the ring key.
        """
        ...

    async def check_all(self, ring_key: str) -> None:
        """Check that a ring key can unwrap every data key wrapped under its name.

        Raises:
            SettingsError: it can't, as another key had the same name.
        """
        ...

    async def rewrap(self, ring_key: str, *, limit: int) -> int:
        """Rewrap up to ``limit`` data keys of a ring key with the current one; return the number.

        Raises:
            SettingsError: the ring key that wraps them is not configured.
        """
        ...
