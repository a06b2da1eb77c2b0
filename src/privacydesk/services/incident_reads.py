"""Records that recipients have read the notices of incidents."""

from __future__ import annotations

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import UnavailableError
from privacydesk.ports import IncidentStore

_log = structlog.get_logger(__name__)


class IncidentReads:
    """Records what users read, while there is any notice that they can have.

    Args:
        store: stores when recipients have read their notices.
        clock: source of the current time.

    Attributes:
        is_active: whether any notice was released; otherwise, reading costs no query.
    """

    def __init__(self, store: IncidentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.is_active = False

    async def record(self, conversation: ConversationId, offset: int) -> None:
        """Record that a user has read everything up to an offset."""
        if not self.is_active:
            return
        try:
            await self._store.mark_read(conversation, offset, self._clock.now())
        except UnavailableError:
            # Nobody waits for it; what is read later counts for this, too.
            _log.info("incident_read_not_recorded")
