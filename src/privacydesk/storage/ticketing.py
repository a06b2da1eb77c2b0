"""Repository of links between tickets and their counterparts in a ticketing system.

Changed tickets are found by comparing their version and the number of their last log entry with
those at the last sync, so code that changes tickets need not report it.
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
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.ticketing import BINDING, link_row, read_link, read_system
from privacydesk.storage.sealing import Seals
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_link = tables.ticketing_link.c
_system = tables.ticketing_system.c
_ticket = tables.ticket.c

_PAGE_SIZE: Final = 500
_OVERLAP: Final = timedelta(minutes=10)
"""How far back new tickets are searched: ids precede their commit, and clocks differ."""
_MILLIS_BYTES: Final = 6
_ID_BYTES: Final = 16

# A literal instead of a bound parameter: only then is the partial index used.
_OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("ticketing_link.open")
_OF_SYSTEM: Final = _link.system == sa.bindparam("at_system")
_LOG_HEAD: Final = (
    sa.select(sa.func.coalesce(sa.func.max(tables.ticket_log.c.seq), NEVER))
    .where(tables.ticket_log.c.ticket_id == _link.ticket_id)
    .scalar_subquery()
)
_CHANGED: Final = sa.and_(
    _link.attempts == 0, sa.or_(_ticket.version != _link.version, _link.log_head != _LOG_HEAD)
)
_DUE: Final = (
    sa.select(tables.ticketing_link)
    .join(tables.ticket, _ticket.id == _link.ticket_id)
    .where(_OF_SYSTEM, _OPEN, sa.or_(_link.due_at <= sa.bindparam("now"), _CHANGED))
    .order_by(_link.due_at)
    .limit(sa.bindparam("count"))
)
_SYSTEM: Final = sa.select(tables.ticketing_system).where(_system.name == sa.bindparam("at_system"))
_UNLINKED: Final = (
    sa.select(_ticket.id, _ticket.conversation_id)
    .where(
        ~sa.exists().where(_OF_SYSTEM, _link.ticket_id == _ticket.id),
        _ticket.purged_at.is_(None),
    )
    .order_by(_ticket.id)
    .limit(_PAGE_SIZE)
)
_UNLINKED_OPEN: Final = _UNLINKED.where(sa.literal_column("ticket.state <> 'closed'"))
_UNLINKED_NEW: Final = _UNLINKED.where(_ticket.id >= sa.bindparam("floor"))
_UPDATE_LINK: Final = (
    sa.update(tables.ticketing_link)
    .where(
        _OF_SYSTEM,
        _link.ticket_id == sa.bindparam("at_ticket"),
        _link.revision == sa.bindparam("at_revision"),
    )
)  # fmt: skip
_LINK_OF_TICKET: Final = sa.select(tables.ticketing_link).where(
    _OF_SYSTEM, _link.ticket_id == sa.bindparam("at_ticket")
)
_NEWEST_LINKS: Final = (
    sa.select(tables.ticketing_link)
    .where(_OF_SYSTEM, _OPEN)
    .order_by(_link.ticket_id.desc())
    .limit(sa.bindparam("count"))
)
_MAKE_DUE: Final = (
    sa.update(tables.ticketing_link)
    .where(_OF_SYSTEM, _OPEN, _link.remote.in_(sa.bindparam("remotes", expanding=True)))
    .values(due_at=0)
)
_UPDATE_CURSOR: Final = (
    sa.update(tables.ticketing_system)
    .where(_system.name == sa.bindparam("at_system"))
    .values(cursor=sa.bindparam("to_cursor"))
)
_COUNT_LINKS: Final = sa.select(
    sa.func.count(),
    sa.func.count().filter(_link.fault.not_in(("", GONE))),
    sa.func.count().filter(_link.fault == GONE),
    sa.func.count().filter(_link.synced_at.is_(None)),
).where(_OF_SYSTEM, _OPEN)


class SqlTicketingLinkStore:
    """Implements ``ports.TicketingLinkStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def join(self, system: str, now: datetime) -> JoinedSystem:
        """Return a ticketing system, adding it if it is new."""
        existing = await self.system(system)
        if existing is not None:
            return existing

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
        """Create the missing links of tickets; see ``ports.TicketingLinkStore``."""

        def write(connection: sa.Connection) -> int:
            row = connection.execute(_SYSTEM, {"at_system": system}).one()
            params: dict[str, Any] = {"at_system": system}
            if row.looked_at is None:
                tickets = connection.execute(_UNLINKED_OPEN, params).all()
            else:
                floor = _lowest_id_since(row.looked_at)
                tickets = connection.execute(_UNLINKED_NEW, {**params, "floor": floor}).all()
            if tickets:
                links = [
                    TicketingLink(
                        system, TicketId(ticket.id), ConversationId(ticket.conversation_id), now
                    )
                    for ticket in tickets
                ]
                key = get_or_create_digest_key(connection, self._seals)
                rows = [link_row(link, key) for link in links]
                connection.execute(sa.insert(tables.ticketing_link), rows)
            if len(tickets) < _PAGE_SIZE:
                # On a full page there may be more: the next call searches from the same id.
                update = sa.update(tables.ticketing_system).where(_system.name == system)
                connection.execute(update.values(looked_at=to_micros(now)))
            return len(tickets)

        total = 0
        while True:
            created = await self._writer.run(write)
            total += created
            if created < _PAGE_SIZE:
                return total

    async def record_changes(self, system: str, remotes: Collection[str], cursor: str) -> None:
        """Make the links of changed counterparts due; see ``ports.TicketingLinkStore``."""
        params = {"at_system": system}

        def write(connection: sa.Connection) -> None:
            ids = list(remotes)
            for start in range(0, len(ids), _PAGE_SIZE):
                page = padded(ids[start : start + _PAGE_SIZE])
                connection.execute(_MAKE_DUE, {**params, "remotes": page})
            connection.execute(_UPDATE_CURSOR, {**params, "to_cursor": cursor})

        await self._writer.run(write)

    async def due(self, system: str, now: datetime, *, limit: int) -> tuple[TicketingLink, ...]:
        """Return links to sync; see ``ports.TicketingLinkStore``."""
        params = {"at_system": system, "now": to_micros(now), "count": limit}
        return await self._links(_DUE, params)

    async def save(self, link: TicketingLink) -> TicketingLink:
        """Store a link; return it with its revision incremented."""
        saved = replace(link, revision=link.revision + 1)
        params = {
            "at_system": link.system,
            "at_ticket": link.ticket_id,
            "at_revision": link.revision,
        }

        def write(connection: sa.Connection) -> None:
            key = get_or_create_digest_key(connection, self._seals)
            update = _UPDATE_LINK.values(link_row(saved, key))
            if connection.execute(update, params).rowcount != 1:
                raise StaleError("the link has changed meanwhile")

        await self._writer.run(write)
        return saved

    async def link(self, system: str, ticket: TicketId) -> TicketingLink | None:
        """Return a ticket's link."""
        links = await self._links(_LINK_OF_TICKET, {"at_system": system, "at_ticket": ticket})
        return links[0] if links else None

    async def links(self, system: str, *, failing: bool, limit: int) -> tuple[TicketingLink, ...]:
        """Return active links, newest tickets first."""
        query = _NEWEST_LINKS.where(_link.fault != "") if failing else _NEWEST_LINKS
        return await self._links(query, {"at_system": system, "count": limit})

    async def counts(self, system: str) -> LinkCounts:
        """Return the numbers of active links, by status."""

        def fetch(connection: sa.Connection) -> LinkCounts:
            return LinkCounts(*connection.execute(_COUNT_LINKS, {"at_system": system}).one())

        return await self._reader.read(fetch)

    async def system(self, system: str) -> JoinedSystem | None:
        """Return a ticketing system; None if it was never added."""

        def fetch(connection: sa.Connection) -> JoinedSystem | None:
            row = connection.execute(_SYSTEM, {"at_system": system}).first()
            return None if row is None else read_system(row)

        return await self._reader.read(fetch)

    async def note_health(self, system: JoinedSystem) -> None:
        """Store since when a system has been unreachable, and when staff were alerted."""
        update = (
            sa.update(tables.ticketing_system)
            .where(_system.name == system.name)
            .values(
                failing_since=opt_micros(system.failing_since),
                alarmed_at=opt_micros(system.alarmed_at),
                fault=system.fault,
            )
        )
        await self._writer.run(lambda connection: connection.execute(update).rowcount)

    async def retry(
        self, system: str, now: datetime, *, ticket: TicketId | None = None, anew: bool = False
    ) -> int:
        """Make failing links due now; see ``ports.TicketingLinkStore``."""
        conditions = [_OF_SYSTEM, _OPEN]
        if ticket is not None:
            conditions.append(_link.ticket_id == ticket)
        params = {"at_system": system}
        due_now = {"due_at": to_micros(now), "attempts": 0, "revision": _link.revision + 1}
        update = sa.update(tables.ticketing_link).where(*conditions)
        update_failing = update.where(_link.fault.not_in(("", GONE))).values(**due_now)
        select_gone = sa.select(tables.ticketing_link).where(*conditions, _link.fault == GONE)

        def write(connection: sa.Connection) -> int:
            count = connection.execute(update_failing, params).rowcount
            if not anew:
                return count
            key = get_or_create_digest_key(connection, self._seals)
            rows = connection.execute(select_gone, params)
            gone = open_signed_rows(connection, self._seals, rows, BINDING, read_link)
            for link in gone:
                # The next sync searches for the counterpart by key, and creates one if needed.
                reset = link_row(replace(link, remote="", label="", url="", fault=""), key)
                by_revision = {**params, "at_ticket": link.ticket_id, "at_revision": link.revision}
                connection.execute(_UPDATE_LINK.values({**reset, **due_now}), by_revision)
            return count + len(gone)

        return await self._writer.run(write)

    async def _links(self, query: Any, params: dict[str, Any]) -> tuple[TicketingLink, ...]:
        def fetch(connection: sa.Connection) -> tuple[TicketingLink, ...]:
            rows = connection.execute(query, params)
            return tuple(open_signed_rows(connection, self._seals, rows, BINDING, read_link))

        return await self._reader.read(fetch)


def _lowest_id_since(micros: int) -> bytes:
    """Return the lowest possible id of a ticket created since shortly before an instant."""
    millis = max(0, micros - _OVERLAP // timedelta(microseconds=1)) // 1000
    return millis.to_bytes(_MILLIS_BYTES, "big").ljust(_ID_BYTES, b"\0")
