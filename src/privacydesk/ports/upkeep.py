"""Ports for maintenance: packages, claims, chores, audit, integrity, purging and keys."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from privacydesk.domain.audit import ChainHead, ChainReport, ChainState, CheckedRows, SealedEntry
from privacydesk.domain.deliveries import Delivery, Pool
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.domain.ids import (
    ConversationId,
    DeliveryId,
    PackageId,
    TicketId,
)
from privacydesk.domain.retention import Holdings
from privacydesk.domain.ticket import Ticket


class PackageFiles(Protocol):
    """The files of access packages."""

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a part of a file, counted from 1; None if missing or removed."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Remove expired files; return how many."""
        ...


class Claims(Protocol):
    """Claims on due rows: each postpones the row by the lease, so that no two work on it."""

    async def deliveries(
        self,
        now: datetime,
        *,
        lease: timedelta,
        places: Mapping[Pool, int],
        without: Collection[DeliveryId] = (),
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due: of each lane only its oldest open row.

        Args:
            now: the present.
            lease: how long they are the caller's, unless ``keep`` extends it.
            places: how many of each pool at most; none of a pool that is not named.
            without: rows already being worked on, due or not.
        """
        ...

    async def keep(self, row: Delivery, *, until: datetime) -> bool:
        """Extend the lease of a claimed row.

        One that was made due meanwhile stays due.

        Args:
            row: as it was claimed, with its ``due_at`` as last set.
            until: what ``due_at`` becomes.

        Returns:
            False where another worker has claimed it since.
        """
        ...

    async def next_delivery(
        self, pools: Collection[Pool], *, without: Collection[DeliveryId] = ()
    ) -> datetime | None:
        """Return when the next outbox row of some pools is due, so that a worker may rest."""
        ...

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets with a reminder or deadline that is due."""
        ...

    async def next_ticket(self) -> datetime | None:
        """Return when the next ticket is due, so that a worker may rest."""
        ...

    async def hurry_overlooked(self, now: datetime) -> int:
        """Make rows due that are postponed beyond the longest wait; return how many.

        They were claimed or postponed by a clock that ran ahead and was set back since.
        """
        ...


class AuditTrail(Protocol):
    """The audit entries as a hash chain, which reveals changed, removed or moved entries."""

    async def seal(self) -> int:
        """Chain waiting entries, some hundreds at once; return how many.

        One process at a time does so; others find nothing to do meanwhile.
        """
        ...

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain.

        Args:
            noted: a head recorded elsewhere, which must be part of the chain.
        """
        ...

    async def state(self) -> ChainState:
        """Return the state of the chain, without checking it."""
        ...

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all acts with entries."""
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
            ticket: only what was done on this one.
            by: only what this agent did.
            what: only acts of this name.
            before: the id of the last entry of the page before.
            limit: how many at most.
        """
        ...


class Integrity(Protocol):
    """Checks that every row is as the desk wrote it."""

    def verify(self) -> AsyncGenerator[CheckedRows]:
        """Check all rows, page by page, also while the desk is served.

        A row is reported for each fault: it was changed or replaced by an older one, or a part of
        its log was removed.
        """
        ...


class Purging(Protocol):
    """Finding content past its retention period, and deleting it for good."""

    async def aged(
        self, before: datetime, *, after: ConversationId | None, limit: int
    ) -> tuple[tuple[ConversationId, ...], ConversationId | None]:
        """Return conversations that hold something from before an instant, a page at a time.

        Returns:
            Those found, and where the next page begins; None after the last one.
        """
        ...

    async def holdings(self, conversation: ConversationId) -> Holdings | None:
        """Return what is kept of a conversation."""
        ...

    async def erase(self, conversation: ConversationId, *, version: int) -> bool:
        """Delete a conversation with all that belongs to it and its key.

        Returns:
            Whether it was deleted: not if anything was said since ``version``.
        """
        ...

    async def scrub(self) -> None:
        """Remove traces of deleted content from the database's files, as far as possible."""
        ...


class Chores(Protocol):
    """Periodic tasks, done by the first process to claim them."""

    async def claim(self, name: str, now: datetime, *, until: datetime, latest: datetime) -> bool:
        """Claim a chore that is due, or was never done.

        Args:
            name: the chore.
            now: the present.
            until: when it is due again.
            latest: one due later than this is due now: no chore is postponed so far.
        """
        ...

    async def move(self, name: str, held: datetime, until: datetime) -> bool:
        """Reschedule a claimed chore; return whether the claim was still the caller's.

        Args:
            name: the chore.
            held: until when it was claimed; if claimed anew since, nothing changes.
            until: when it is due again.
        """
        ...


class Fingerprints(Protocol):
    """The last recorded fingerprints of secrets and configuration files."""

    async def all(self) -> Mapping[str, Fingerprint]:
        """Return them by name."""
        ...

    async def record(self, fresh: Iterable[Fingerprint]) -> None:
        """Store new fingerprints, replacing those of the same names."""
        ...


class KeyWrapping(Protocol):
    """Rewrapping data keys after the ring's current key has changed."""

    async def wrapped(self) -> Mapping[str, int]:
        """Return how many data keys each ring key wraps."""
        ...

    async def check(self) -> None:
        """Make sure that the ring opens the oldest data key and the newest one.

        Raises:
            SettingsError: it does not; names the ring key.
        """
        ...

    async def check_all(self, ring_key: str) -> None:
        """Make sure that a ring key opens every data key that names it.

        Raises:
            SettingsError: it does not; another key had the same name.
        """
        ...

    async def rewrap(self, ring_key: str, *, limit: int) -> int:
        """Rewrap some data keys with the current ring key; return how many.

        Raises:
            SettingsError: the ring key that wraps them isn't at hand.
        """
        ...
