"""What is done to a database beside conversations: claims, chores, the audit, removal."""

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
        """Return a piece of a file, 1 for the first; None where there is none, or no more."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Remove the files whose time is over; return how many that were."""
        ...


class Claims(Protocol):
    """Claiming due rows: each claim moves the row ahead by the lease, so no two work on it."""

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
            lease: how long they are the caller's, unless ``keep`` makes it longer.
            places: how many of each pool at most; none of a pool that is not named.
            without: rows that are being worked on, whenever they are due.
        """
        ...

    async def keep(self, row: Delivery, *, until: datetime) -> bool:
        """Move a claimed row further ahead, because work on it takes longer than its lease.

        One that was made due meanwhile stays so.

        Args:
            row: as it was claimed, with its ``due_at`` as it was last moved.
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
        """Claim tickets that come up by themselves."""
        ...

    async def next_ticket(self) -> datetime | None:
        """Return when the next ticket comes up, so that a worker may rest."""
        ...

    async def hurry_overlooked(self, now: datetime) -> int:
        """Make rows due that are due later than they may be; return how many they were.

        They were claimed or put off by a clock that was ahead and has been set back since.
        """
        ...


class AuditTrail(Protocol):
    """The audit entries as a chain that shows what was changed, removed or moved in it."""

    async def seal(self) -> int:
        """Chain entries that wait, some hundreds at once; return how many that were.

        One process at a time does so; for others there is nothing to do meanwhile.
        """
        ...

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain.

        Args:
            noted: a head that was written down elsewhere, which has to be part of it.
        """
        ...

    async def state(self) -> ChainState:
        """Return how far the chain is; nothing is checked."""
        ...

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all acts there are entries of."""
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
    """Checking that every row is as the desk wrote it."""

    def verify(self) -> AsyncGenerator[CheckedRows]:
        """Go through all rows, page by page, beside whoever is serving.

        A row is named for each thing that is wrong with it: it was changed, an older one was put in
        its place, or a part of its log was taken away.
        """
        ...


class Purging(Protocol):
    """Finding what has been kept long enough, and taking it away for good."""

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
        """Take a conversation away with all that belongs to it and its key.

        Returns:
            Whether that was done: it is not once anything was said since ``version``.
        """
        ...

    async def scrub(self) -> None:
        """Leave nothing of what went in the files of the database, as far as it lies with us."""
        ...


class Chores(Protocol):
    """What is done once in a while by whichever process comes first."""

    async def claim(self, name: str, now: datetime, *, until: datetime, latest: datetime) -> bool:
        """Claim a chore that is due, or was never done.

        Args:
            name: the chore.
            now: the present.
            until: when it is due again.
            latest: one that is due later than that is due now, since nobody puts it off so far.
        """
        ...

    async def move(self, name: str, held: datetime, until: datetime) -> bool:
        """Have a chore due at another time; tell whether it was one's own.

        Args:
            name: the chore.
            held: until when it was claimed; with another claim since then nothing is changed.
            until: when it is due again.
        """
        ...


class Fingerprints(Protocol):
    """What the database last saw of secrets and of configuration that lies in files."""

    async def all(self) -> Mapping[str, Fingerprint]:
        """Return them by name."""
        ...

    async def record(self, fresh: Iterable[Fingerprint]) -> None:
        """Have some be the ones that count from now on."""
        ...


class KeyWrapping(Protocol):
    """Wrapping data keys anew after the ring got another current key."""

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
        """Wrap some data keys with the current ring key; return how many that were.

        Raises:
            SettingsError: the ring key that wraps them isn't at hand.
        """
        ...
