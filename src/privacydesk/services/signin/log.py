"""The access log: who got in, who was refused, and how access was changed."""

from __future__ import annotations

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.signin import DENIALS, AccessEntry, AccessKind
from privacydesk.ports import AccessChanges, Minter, StaffAccess

_log = structlog.get_logger(__name__)


class AccessLog:
    """Writes entries to the database and, without the address, to the process's log.

    Other code that refuses staff something calls ``note``; code that commits a change of access
    together with its entry calls ``entry``.
    """

    def __init__(self, store: StaffAccess, minter: Minter, clock: Clock) -> None:
        self._store = store
        self._minter = minter
        self._clock = clock

    def entry(
        self, kind: AccessKind, *, agent: str = "", by: str = "", origin: str = "", about: str = ""
    ) -> AccessEntry:
        """Return an entry for now, and write it to the process's log.

        Args:
            kind: what happened.
            agent: who it concerns; empty if the name typed is unknown.
            by: who did it, where that is somebody else.
            origin: the address it came from.
            about: a route's pattern, or what was changed; no personal data.
        """
        now = self._clock.now()
        tell = _log.warning if kind in DENIALS else _log.info
        tell("staff_access", kind=kind.value, agent=agent, by=by, about=about)
        identity = AccessEntryId(self._minter.id(now))
        return AccessEntry(identity, now, kind, agent, by, origin, about)

    async def note(
        self, kind: AccessKind, *, agent: str = "", by: str = "", origin: str = "", about: str = ""
    ) -> None:
        """Save an entry by itself; the arguments are those of ``entry``."""
        entry = self.entry(kind, agent=agent, by=by, origin=origin, about=about)
        await self._store.commit(AccessChanges(entries=(entry,)))

    async def newest(
        self,
        *,
        agent: str | None = None,
        before: AccessEntryId | None = None,
        limit: int = 50,
    ) -> tuple[AccessEntry, ...]:
        """Return entries, the newest first, of one agent or of all, a page at a time."""
        return await self._store.entries(agent=agent, before=before, limit=limit)
