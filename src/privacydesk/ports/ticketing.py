"""What is kept of ticketing systems that are joined to the desk."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticketing_links import JoinedSystem, LinkCounts, TicketingLink


class TicketingBook(Protocol):
    """Systems, and the links between their tickets and the desk's."""

    async def join(self, system: str, now: datetime) -> JoinedSystem:
        """Return a system as far as the desk has come with it; joined now if it was not before."""
        ...

    async def discover(self, system: str, now: datetime) -> int:
        """Make a link for each ticket without one; return how many that were.

        With a system that was joined just now these are the open tickets, from then on all, also
        those that are closed by the time they are found.
        """
        ...

    async def heard(self, system: str, remotes: Collection[str], cursor: str) -> None:
        """Have links looked at whose counterparts may have changed, and keep the cursor.

        One that failed is looked at, too: what is changed there may be its remedy.
        """
        ...

    async def due(self, system: str, now: datetime, *, limit: int) -> tuple[TicketingLink, ...]:
        """Return links to look at: those that are due, and those whose ticket or log has changed.

        A link that failed is not returned before it is due, whatever has changed.
        """
        ...

    async def save(self, link: TicketingLink) -> TicketingLink:
        """Keep a link and return it, its revision raised.

        Raises:
            StaleError: it has changed meanwhile.
        """
        ...

    async def link(self, system: str, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link."""
        ...

    async def links(self, system: str, *, failing: bool, limit: int) -> tuple[TicketingLink, ...]:
        """Return links that are looked after, the newest tickets first; or only failing ones."""
        ...

    async def counts(self, system: str) -> LinkCounts:
        """Return how many links there are."""
        ...

    async def system(self, system: str) -> JoinedSystem | None:
        """Return a system; None when it was never joined."""
        ...

    async def note_health(self, system: JoinedSystem) -> None:
        """Keep since when a system can't be reached, and when that was called out."""
        ...

    async def retry(
        self, system: str, now: datetime, *, ticket: TicketId | None = None, anew: bool = False
    ) -> int:
        """Have failing links looked at now; return how many.

        Args:
            system: the connector's name.
            now: the present.
            ticket: only this one's.
            anew: also those whose counterpart is gone, for which another is made.
        """
        ...
