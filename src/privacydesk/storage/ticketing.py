"""Links to a ticketing system, through the writer like every other change.

Changed tickets are found by comparing their version and the place of their log's last entry with
those last synced: so nothing that changes a ticket has to report it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticketing_links import (
    GONE,
    NEVER,
    JoinedSystem,
    LinkCounts,
    TicketingLink,
)
from privacydesk.errors import StaleError
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_micros, to_micros
from privacydesk.storage.damaged import open_signed_rows
from privacydesk.storage.keys import writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.ticketing import BOUND, link_row, read_link, read_system
from privacydesk.storage.sealing import Seals
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_link = tables.ticketing_link.c
_system = tables.ticketing_system.c
_ticket = tables.ticket.c

_MOST_FOUND: Final = 500
_OVERLAP: Final = timedelta(minutes=10)
"""Ids are made before their commit, and clocks of processes differ."""
_MILLIS_BYTES: Final = 6
_ID_BYTES: Final = 16

# A literal: only then is the partial index used.
_OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("ticketing_link.open")
_HERE: Final = _link.system == sa.bindparam("at_system")
_HEAD: Final = (
    sa.select(sa.func.coalesce(sa.func.max(tables.ticket_log.c.seq), NEVER))
    .where(tables.ticket_log.c.ticket_id == _link.ticket_id)
    .scalar_subquery()
)
_CHANGED: Final = sa.and_(
    _link.attempts == 0, sa.or_(_ticket.version != _link.version, _link.log_head != _HEAD)
)
_DUE: Final = (
    sa.select(tables.ticketing_link)
    .join(tables.ticket, _ticket.id == _link.ticket_id)
    .where(_HERE, _OPEN, sa.or_(_link.due_at <= sa.bindparam("now"), _CHANGED))
    .order_by(_link.due_at)
    .limit(sa.bindparam("count"))
)
_SYSTEM: Final = sa.select(tables.ticketing_system).where(_system.name == sa.bindparam("at_system"))
_UNLINKED: Final = (
    sa.select(_ticket.id, _ticket.conversation_id)
    .where(
        ~sa.exists().where(_HERE, _link.ticket_id == _ticket.id),
        _ticket.purged_at.is_(None),
    )
    .order_by(_ticket.id)
    .limit(_MOST_FOUND)
)
_UNLINKED_OPEN: Final = _UNLINKED.where(sa.literal_column("ticket.state <> 'closed'"))
_UNLINKED_NEW: Final = _UNLINKED.where(_ticket.id >= sa.bindparam("floor"))
_SAVE: Final = (
    sa.update(tables.ticketing_link)
    .where(
        _HERE,
        _link.ticket_id == sa.bindparam("at_ticket"),
        _link.revision == sa.bindparam("at_revision"),
    )
)  # fmt: skip
_NAMED: Final = sa.select(tables.ticketing_link).where(
    _HERE, _link.ticket_id == sa.bindparam("at_ticket")
)
_NEWEST: Final = (
    sa.select(tables.ticketing_link)
    .where(_HERE, _OPEN)
    .order_by(_link.ticket_id.desc())
    .limit(sa.bindparam("count"))
)
_HEARD: Final = (
    sa.update(tables.ticketing_link)
    .where(_HERE, _OPEN, _link.remote.in_(sa.bindparam("remotes", expanding=True)))
    .values(due_at=0)
)
_KEEP_CURSOR: Final = (
    sa.update(tables.ticketing_system)
    .where(_system.name == sa.bindparam("at_system"))
    .values(cursor=sa.bindparam("to_cursor"))
)
_COUNTS: Final = sa.select(
    sa.func.count(),
    sa.func.count().filter(_link.fault.not_in(("", GONE))),
    sa.func.count().filter(_link.fault == GONE),
    sa.func.count().filter(_link.synced_at.is_(None)),
).where(_HERE, _OPEN)


class SqlTicketingBook:
    """Implements ``ports.TicketingBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def join(self, system: str, now: datetime) -> JoinedSystem:
        """Return a system, joining it if it is new."""
        known = await self.system(system)
        if known is not None:
            return known

        def write(connection: sa.Connection) -> JoinedSystem:
            row = connection.execute(_SYSTEM, {"at_system": system}).first()
            if row is not None:
                return read_system(row)
            connection.execute(
                sa.insert(tables.ticketing_system),
                {
                    "name": system,
                    "joined_at": to_micros(now),
                    "looked_at": None,
                    "cursor": "",
                    "failing_since": None,
                    "alarmed_at": None,
                    "fault": "",
                },
            )
            return JoinedSystem(system, now)

        return await self._writer.run(write)

    async def discover(self, system: str, now: datetime) -> int:
        """Create a link for each ticket without one; see ``ports.TicketingBook``."""

        def write(connection: sa.Connection) -> int:
            row = connection.execute(_SYSTEM, {"at_system": system}).one()
            at: dict[str, Any] = {"at_system": system}
            if row.looked_at is None:
                found = connection.execute(_UNLINKED_OPEN, at).all()
            else:
                floor = _first_id(row.looked_at)
                found = connection.execute(_UNLINKED_NEW, {**at, "floor": floor}).all()
            if found:
                new = [
                    TicketingLink(
                        system, TicketId(one.id), ConversationId(one.conversation_id), now
                    )
                    for one in found
                ]
                key = writing_key(connection, self._seals)
                rows = [link_row(one, key) for one in new]
                connection.execute(sa.insert(tables.ticketing_link), rows)
            if len(found) < _MOST_FOUND:
                # Otherwise there are more, which are found from the same floor on.
                looked = sa.update(tables.ticketing_system).where(_system.name == system)
                connection.execute(looked.values(looked_at=to_micros(now)))
            return len(found)

        total = 0
        while True:
            found = await self._writer.run(write)
            total += found
            if found < _MOST_FOUND:
                return total

    async def heard(self, system: str, remotes: Collection[str], cursor: str) -> None:
        """Make links due, and store the cursor; see ``ports.TicketingBook``."""
        at = {"at_system": system}

        def write(connection: sa.Connection) -> None:
            ids = list(remotes)
            for begin in range(0, len(ids), _MOST_FOUND):
                some = padded(ids[begin : begin + _MOST_FOUND])
                connection.execute(_HEARD, {**at, "remotes": some})
            connection.execute(_KEEP_CURSOR, {**at, "to_cursor": cursor})

        await self._writer.run(write)

    async def due(self, system: str, now: datetime, *, limit: int) -> tuple[TicketingLink, ...]:
        """Return links to sync; see ``ports.TicketingBook``."""
        at = {"at_system": system, "now": to_micros(now), "count": limit}
        return await self._links(_DUE, at)

    async def save(self, link: TicketingLink) -> TicketingLink:
        """Store a link and return it with its revision raised."""
        kept = replace(link, revision=link.revision + 1)
        at = {
            "at_system": link.system,
            "at_ticket": link.ticket_id,
            "at_revision": link.revision,
        }

        def write(connection: sa.Connection) -> None:
            saved = _SAVE.values(link_row(kept, writing_key(connection, self._seals)))
            if connection.execute(saved, at).rowcount != 1:
                raise StaleError("the link has changed meanwhile")

        await self._writer.run(write)
        return kept

    async def link(self, system: str, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link."""
        found = await self._links(_NAMED, {"at_system": system, "at_ticket": ticket})
        return found[0] if found else None

    async def links(self, system: str, *, failing: bool, limit: int) -> tuple[TicketingLink, ...]:
        """Return active links, the newest tickets first."""
        wanted = _NEWEST.where(_link.fault != "") if failing else _NEWEST
        return await self._links(wanted, {"at_system": system, "count": limit})

    async def counts(self, system: str) -> LinkCounts:
        """Return how many links there are."""

        def look(connection: sa.Connection) -> LinkCounts:
            return LinkCounts(*connection.execute(_COUNTS, {"at_system": system}).one())

        return await self._reader.read(look)

    async def system(self, system: str) -> JoinedSystem | None:
        """Return a system; None when it was never joined."""

        def look(connection: sa.Connection) -> JoinedSystem | None:
            row = connection.execute(_SYSTEM, {"at_system": system}).first()
            return None if row is None else read_system(row)

        return await self._reader.read(look)

    async def note_health(self, system: JoinedSystem) -> None:
        """Store since when a system can't be reached, and when staff were alerted."""
        noted = (
            sa.update(tables.ticketing_system)
            .where(_system.name == system.name)
            .values(
                failing_since=opt_micros(system.failing_since),
                alarmed_at=opt_micros(system.alarmed_at),
                fault=system.fault,
            )
        )
        await self._writer.run(lambda connection: connection.execute(noted).rowcount)

    async def retry(
        self, system: str, now: datetime, *, ticket: TicketId | None = None, anew: bool = False
    ) -> int:
        """Make failing links due now; see ``ports.TicketingBook``."""
        failing = [_HERE, _OPEN] if ticket is None else [_HERE, _OPEN, _link.ticket_id == ticket]
        at = {"at_system": system}
        now_due = {"due_at": to_micros(now), "attempts": 0, "revision": _link.revision + 1}
        here = sa.update(tables.ticketing_link).where(*failing)
        others = here.where(_link.fault.not_in(("", GONE))).values(**now_due)
        gone = sa.select(tables.ticketing_link).where(*failing, _link.fault == GONE)

        def write(connection: sa.Connection) -> int:
            count = connection.execute(others, at).rowcount
            if not anew:
                return count
            key = writing_key(connection, self._seals)
            found = open_signed_rows(
                connection, self._seals, connection.execute(gone, at), BOUND, read_link
            )
            for link in found:
                # Found by its key if it still exists after all; else another is created.
                bare = link_row(replace(link, remote="", label="", url="", fault=""), key)
                named = {**at, "at_ticket": link.ticket_id, "at_revision": link.revision}
                connection.execute(_SAVE.values({**bare, **now_due}), named)
            return count + len(found)

        return await self._writer.run(write)

    async def _links(self, wanted: Any, at: dict[str, Any]) -> tuple[TicketingLink, ...]:
        def look(connection: sa.Connection) -> tuple[TicketingLink, ...]:
            rows = connection.execute(wanted, at)
            return tuple(open_signed_rows(connection, self._seals, rows, BOUND, read_link))

        return await self._reader.read(look)


def _first_id(micros: int) -> bytes:
    """Return the lowest id that can have been made since shortly before an instant."""
    millis = max(0, micros - _OVERLAP // timedelta(microseconds=1)) // 1000
    return millis.to_bytes(_MILLIS_BYTES, "big").ljust(_ID_BYTES, b"\0")
