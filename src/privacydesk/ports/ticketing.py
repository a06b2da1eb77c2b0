"""Ports for ticketing systems joined to the desk."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticketing_links import JoinedSystem, LinkCounts, TicketingLink


class TicketingBook(Protocol):
    """Systems, and the links between their tickets and the desk's."""

    async def join(self, system: str, now: datetime) -> JoinedSystem:
        """Return a system's sync state, joining it if it is new."""
        ...

    async def discover(self, system: str, now: datetime) -> int:
        """Create a link for each ticket without one; return how many.

        For a newly joined system these are the open tickets, afterwards all, including those
        closed by the time they are found.
        """
        ...

    async def heard(self, system: str, remotes: Collection[str], cursor: str) -> None:
        """Make links due whose counterparts may have changed, and store the cursor.

        Failed ones, too: the change over there may be their remedy.
        """
        ...

    async def due(self, system: str, now: datetime, *, limit: int) -> tuple[TicketingLink, ...]:
        """Return links to sync: those that are due, and those whose ticket or log has changed.

        A link that failed is not returned before it is due, whatever has changed.
        """
        ...

    async def save(self, link: TicketingLink) -> TicketingLink:
        """Store a link and return it with its revision raised.

        Raises:
            StaleError: it has changed meanwhile.
        """
        ...

    async def link(self, system: str, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link."""
        ...

    async def links(self, system: str, *, failing: bool, limit: int) -> tuple[TicketingLink, ...]:
        """Return active links, the newest tickets first; or only failing ones."""
        ...

    async def counts(self, system: str) -> LinkCounts:
        """Return how many links there are."""
        ...

    async def system(self, system: str) -> JoinedSystem | None:
        """Return a system; None when it was never joined."""
        ...

    async def note_health(self, system: JoinedSystem) -> None:
        """Store since when a system can't be reached, and when staff were alerted."""
        ...

    async def retry(
        self, system: str, now: datetime, *, ticket: TicketId | None = None, anew: bool = False
    ) -> int:
        """Make failing links due now; return how many.

        Args:
            system: the connector's name.
            now: the present.
            ticket: only this one's.
            anew: also those whose counterpart is gone; another is created for them.
        """
        ...
