"""The access log: sign-ins, refused attempts and changes of access."""

from __future__ import annotations

from collections import Counter

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.signin import DENIALS, AccessEntry, AccessKind
from privacydesk.ports import AccessChanges, IdGenerator, StaffAccess

_log = structlog.get_logger(__name__)


class AccessLog:
    """Writes entries to the database and, without the client's address, to the process log.

    Code that commits a change of access calls ``new_entry`` and includes the entry in its commit.
    Code that only refuses something calls ``record``.

    Attributes:
        denials: how often this process has refused something, by kind.
    """

    def __init__(self, store: StaffAccess, minter: IdGenerator, clock: Clock) -> None:
        self._store = store
        self._minter = minter
        self._clock = clock
        self.denials: Counter[AccessKind] = Counter()

    def new_entry(
        self, kind: AccessKind, *, agent: str = "", by: str = "", origin: str = "", about: str = ""
    ) -> AccessEntry:
        """Return an entry for the current time, and write it to the process log.

        Args:
            kind: what happened.
            agent: the name of the agent concerned; empty if the name entered is unknown.
            by: the name of the actor, if it is somebody else.
            origin: the client's address.
            about: the route pattern, or what was changed; no personal data.
        """
        now = self._clock.now()
        log = _log.warning if kind in DENIALS else _log.info
        if kind in DENIALS:
            self.denials[kind] += 1
        log("staff_access", kind=kind.value, agent=agent, by=by, about=about)
        entry_id = AccessEntryId(self._minter.id(now))
        return AccessEntry(entry_id, now, kind, agent, by, origin, about)

    async def record(
        self, kind: AccessKind, *, agent: str = "", by: str = "", origin: str = "", about: str = ""
    ) -> None:
        """Create an entry and commit it on its own; see ``new_entry`` for the arguments."""
        entry = self.new_entry(kind, agent=agent, by=by, origin=origin, about=about)
        await self._store.commit(AccessChanges(log_entries=(entry,)))

    async def newest(
        self,
        *,
        agent: str | None = None,
        before: AccessEntryId | None = None,
        limit: int = 50,
    ) -> tuple[AccessEntry, ...]:
        """Return a page of entries, newest first.

        Args:
            agent: the agent whose entries are returned; None for all agents.
            before: the last entry of the previous page; None for the first page.
            limit: the size of a page.
        """
        return await self._store.entries(agent=agent, before=before, limit=limit)
