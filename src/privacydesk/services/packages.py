"""Access packages: made from exports, handed out, and removed in time.

    export answer ─► made off the event loop ─► parts and card in the ticket's own commit
    link ─► opened only for the person it was made for ─► noted in their conversation ─► sent

A link that is someone else's, expired or never made is refused alike and after the same look-ups,
so that nobody learns whether such a file exists.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.ids import ConversationId, PackageId
from privacydesk.domain.packages import Package, PackagePart, pieces
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.turn import Fetched
from privacydesk.errors import NotFoundError
from privacydesk.ports import Changes, Hashing, Minter, Store, WorkingSet
from privacydesk.services.access_packages.archive import Archive
from privacydesk.services.decision import Prepared
from privacydesk.services.settlement import DONE_SOME, Answer, asked_of
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_NOBODY = ConversationId(b"")


class Made(Struct, frozen=True):
    """A file that was made, to be committed with its ticket."""

    package: Package
    parts: tuple[PackagePart, ...]

    def offered_with(self, ticket: Ticket) -> Ticket:
        """Return the ticket with the file added to its packages."""
        return replace(ticket, packages=(*ticket.packages, self.package))


class Download(Struct, frozen=True):
    """A file on its way to a person.

    Attributes:
        name: to save it under.
        size: in bytes.
        content: its bytes in pieces; raises ``NotFoundError`` if it is removed meanwhile.
    """

    name: str
    size: int
    content: AsyncIterator[bytes]


class Packages:
    """Makes, hands out and removes files.

    Args:
        archive: makes the file of an answer.
        store: where parts are kept.
        turns: note downloads in the conversation.
        minter: makes ids.
        hashing: for the secrets of links.
        clock: the present.
        kept_for: how long a file can be downloaded.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        store: Store,
        turns: Turns,
        minter: Minter,
        hashing: Hashing,
        clock: Clock,
        kept_for: timedelta,
    ) -> None:
        self._archive = archive
        self._store = store
        self._turns = turns
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self._kept_for = kept_for

    # -- making --------------------------------------------------------------------------------

    async def made_of(self, row: Delivery, answer: Answer) -> Made | None:
        """Return the file for a ticket's export; None for any other answer."""
        if row.ticket_id is None or not _is_export(row, answer):
            return None
        ticket = await self._store.reader.ticket(row.ticket_id)
        home = await self._store.reader.conversation(row.conversation_id)
        if ticket is None or home is None:
            return None
        # All of it is slow for a large file: packing, splitting and the checksum.
        return await asyncio.to_thread(self._made, ticket, row, answer, home.locale)

    def _made(self, ticket: Ticket, row: Delivery, answer: Answer, locale: str) -> Made:
        now = self._clock.now()
        body = self._archive.make(ticket, answer.data, asked_of(row), locale, now)
        package_id, until = PackageId(self._minter.id(now)), now + self._kept_for
        parts = tuple(
            PackagePart(package_id, place, ticket.conversation_id, ticket.id, until, piece)
            for place, piece in enumerate(pieces(body), start=1)
        )
        package = Package(
            id=package_id,
            made_at=now,
            until=until,
            size=len(body),
            parts=len(parts),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        return Made(package, parts)

    # -- handing out -----------------------------------------------------------------------------

    async def open(self, conversation: ConversationId | None, number: str, secret: str) -> Download:
        """Return the file behind a link; the download is noted before anything is sent.

        Args:
            conversation: the session's; None without a session.
            number: the request's, as in the link.
            secret: the rest of the link.

        Raises:
            NotFoundError: the link opens nothing for them, for whatever reason.
        """
        asks = conversation or _NOBODY
        known = self._hashing.lookup("package", secret)
        now = self._clock.now()
        ticket = await self._store.reader.ticket_by_number(number)
        package = None if ticket is None else _opened(ticket, known, asks, now)
        if ticket is None or package is None:
            raise _nothing()
        await self._note(ticket, known, asks, now)
        return Download(f"{ticket.number}.zip", package.size, self._content(package))

    async def _note(
        self, ticket: Ticket, known: bytes, asks: ConversationId, now: datetime
    ) -> None:
        job_id = f"download:{self._minter.token()}"

        def prepare(rows: WorkingSet) -> Prepared:
            current = rows.tickets.get(ticket.id)
            package = None if current is None else _opened(current, known, asks, now)
            if current is None or package is None:
                raise _nothing()
            counted = replace(
                current,
                packages=tuple(
                    replace(one, downloads=one.downloads + 1) if one.id == package.id else one
                    for one in current.packages
                ),
                version=current.version + 1,
            )
            entry = LogEntry(ticket.id, now, "requester", "package_downloaded", job_id=job_id)
            noted = Changes(tickets=(counted,), ticket_log=(entry,))
            return Prepared(Fetched(job_id, counted), noted)

        await self._turns.run(asks, job_id, prepare, tickets=(ticket.id,))
        if asks != ticket.conversation_id:
            # Someone other than the person who came back by number may read that conversation.
            await self._turns.run(
                ticket.conversation_id,
                f"{job_id}:home",
                lambda rows: Prepared(Fetched(f"{job_id}:home", rows.tickets[ticket.id])),
                tickets=(ticket.id,),
            )

    async def _content(self, package: Package) -> AsyncIterator[bytes]:
        for place in range(1, package.parts + 1):
            part = await self._store.package_files.part(package.id, place)
            if part is None:
                raise _nothing()
            yield part

    # -- removing ----------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Remove expired files; return how many."""
        removed = await self._store.package_files.sweep(self._clock.now())
        if removed:
            _log.info("packages_removed", count=removed)
        return removed


def _is_export(row: Delivery, answer: Answer) -> bool:
    exported = row.channel is Channel.ACCOUNT and row.action == AccountAction.EXPORT
    return exported and answer.outcome in DONE_SOME


def _opened(
    ticket: Ticket, secret_hash: bytes, asks: ConversationId, now: datetime
) -> Package | None:
    return next((one for one in ticket.packages if one.opens(secret_hash, asks, now)), None)


def _nothing() -> NotFoundError:
    return NotFoundError("no such file")
