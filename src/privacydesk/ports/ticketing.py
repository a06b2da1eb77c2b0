"""Port for storing the links to tickets of external ticketing systems."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticketing_links import JoinedSystem, LinkCounts, TicketingLink


class TicketingLinkStore(Protocol):
    """The sync state of external systems, and the links between their tickets and the desk's."""

    async def join(self, system: str, now: datetime) -> JoinedSystem:
        """Return a system's sync state; add the system if it is new."""
        ...

    async def discover(self, system: str, now: datetime) -> int:
        """Create a link for each ticket without one; return their number.

        For a new system only open tickets are linked. Later all new tickets are, even if they are
        already closed.
        """
        ...

    async def record_changes(self, system: str, remotes: Collection[str], cursor: str) -> None:
        """Make the links of changed external tickets due, and store the cursor.

        This includes failed links, since the change may have removed the cause.

        Args:
            system: name of the connector.
            remotes: IDs of external tickets that may have changed.
            cursor: the connector's new cursor.
        """
        ...

    async def due(self, system: str, now: datetime, *, limit: int) -> tuple[TicketingLink, ...]:
        """Return links to sync: due links, and those whose ticket or log has changed.

        Failed links are returned only when they are due.
        """
        ...

    async def save(self, link: TicketingLink) -> TicketingLink:
        """Store a link and return it with its revision raised.

        Raises:
            StaleError: the link has changed meanwhile.
        """
        ...

    async def link(self, system: str, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link; None if it has none."""
        ...

    async def links(self, system: str, *, failing: bool, limit: int) -> tuple[TicketingLink, ...]:
        """Return open links, newest tickets first; only failing ones if ``failing``."""
        ...

    async def counts(self, system: str) -> LinkCounts:
        """Return the numbers of links by status."""
        ...

    async def system(self, system: str) -> JoinedSystem | None:
        """Return a system's sync state; None if it was never connected."""
        ...

    async def note_health(self, system: JoinedSystem) -> None:
        """Store a system's failures: since when it is unreachable, and when staff were alerted."""
        ...

    async def retry(
        self, system: str, now: datetime, *, ticket: TicketId | None = None, anew: bool = False
    ) -> int:
        """Make failing links due now; return their number.

        Args:
            system: name of the connector.
            now: the current time.
            ticket: only the link of this ticket.
            anew: whether to create a new counterpart for links whose counterpart is gone.
        """
        ...
