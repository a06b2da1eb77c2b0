"""Access packages: built from the account service's exports, downloaded by link, deleted in time.

    export ─► package built in a thread ─► parts and ticket stored in one commit
    link ─► checked against the session's conversation ─► download logged ─► content sent

A link that is expired, made up or another person's is refused in the same way and after the same
look-ups, so that nobody learns whether such a package exists.
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
from privacydesk.domain.packages import Package, PackagePart, split_file
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.turn import DownloadMessage
from privacydesk.errors import NotFoundError
from privacydesk.ports import Changes, Hashing, IdGenerator, Store, WorkingSet
from privacydesk.services.access_packages.archive import Archive
from privacydesk.services.decision import TurnInput
from privacydesk.services.settlement import SUCCESS_OUTCOMES, Answer, requested_categories
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_NO_CONVERSATION = ConversationId(b"")


class NewPackage(Struct, frozen=True):
    """A package that was built, to be committed with its ticket."""

    package: Package
    parts: tuple[PackagePart, ...]

    def add_to(self, ticket: Ticket) -> Ticket:
        """Return the ticket with this package added."""
        return replace(ticket, packages=(*ticket.packages, self.package))


class Download(Struct, frozen=True):
    """A package that is sent to its requester.

    Attributes:
        name: the name of the file.
        size: in bytes.
        content: the bytes of the file in parts; raises ``NotFoundError`` if the package is deleted
            meanwhile.
    """

    name: str
    size: int
    content: AsyncIterator[bytes]


class Packages:
    """Builds, opens and deletes packages.

    Args:
        archive: builds the file from an export.
        store: stores the parts of packages.
        turns: logs downloads in the conversation.
        minter: generates ids.
        hashing: hashes the secrets of links.
        clock: source of the current time.
        lifetime: how long a package can be downloaded.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        store: Store,
        turns: Turns,
        minter: IdGenerator,
        hashing: Hashing,
        clock: Clock,
        lifetime: timedelta,
    ) -> None:
        self._archive = archive
        self._store = store
        self._turns = turns
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self._lifetime = lifetime

    # -- building ------------------------------------------------------------------------------

    async def build_for_export(self, row: Delivery, answer: Answer) -> NewPackage | None:
        """Build the package if a row was an export for a ticket; return None for other answers."""
        if row.ticket_id is None or not _is_export(row, answer):
            return None
        ticket = await self._store.reader.ticket(row.ticket_id)
        conversation = await self._store.reader.conversation(row.conversation_id)
        if ticket is None or conversation is None:
            return None
        # Packing, splitting and hashing a large file are all slow.
        return await asyncio.to_thread(self._build, ticket, row, answer, conversation.locale)

    def _build(self, ticket: Ticket, row: Delivery, answer: Answer, locale: str) -> NewPackage:
        now = self._clock.now()
        body = self._archive.make(ticket, answer.data, requested_categories(row), locale, now)
        package_id, until = PackageId(self._minter.id(now)), now + self._lifetime
        parts = tuple(
            PackagePart(package_id, number, ticket.conversation_id, ticket.id, until, piece)
            for number, piece in enumerate(split_file(body), start=1)
        )
        package = Package(
            id=package_id,
            made_at=now,
            until=until,
            size=len(body),
            parts=len(parts),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        return NewPackage(package, parts)

    # -- downloading -----------------------------------------------------------------------------

    async def open(self, conversation: ConversationId | None, number: str, secret: str) -> Download:
        """Return the package behind a link; the download is logged before anything is sent.

        Args:
            conversation: the conversation of the session; None without a session.
            number: the ticket number in the link.
            secret: the secret in the link.

        Raises:
            NotFoundError: the link opens nothing in this conversation, for whatever reason.
        """
        conversation = conversation or _NO_CONVERSATION
        secret_hash = self._hashing.lookup("package", secret)
        now = self._clock.now()
        ticket = await self._store.reader.ticket_by_number(number)
        package = None if ticket is None else _find(ticket, secret_hash, conversation, now)
        if ticket is None or package is None:
            raise _not_found()
        await self._log_download(ticket, secret_hash, conversation, now)
        return Download(f"{ticket.number}.zip", package.size, self._content(package))

    async def _log_download(
        self, ticket: Ticket, secret_hash: bytes, conversation: ConversationId, now: datetime
    ) -> None:
        job_id = f"download:{self._minter.token()}"

        def prepare(rows: WorkingSet) -> TurnInput:
            current = rows.tickets.get(ticket.id)
            package = None if current is None else _find(current, secret_hash, conversation, now)
            if current is None or package is None:
                raise _not_found()
            counted = replace(
                current,
                packages=tuple(
                    replace(other, downloads=other.downloads + 1)
                    if other.id == package.id
                    else other
                    for other in current.packages
                ),
                version=current.version + 1,
            )
            entry = LogEntry(ticket.id, now, "requester", "package_downloaded", job_id=job_id)
            changes = Changes(tickets=(counted,), ticket_log=(entry,))
            return TurnInput(DownloadMessage(job_id, counted), changes)

        await self._turns.run(conversation, job_id, prepare, tickets=(ticket.id,))
        if conversation != ticket.conversation_id:
            # The ticket's own conversation shows the download, too: its user may be another person
            # than the one who came back with the ticket's number and a code.
            await self._turns.run(
                ticket.conversation_id,
                f"{job_id}:home",
                lambda rows: TurnInput(DownloadMessage(f"{job_id}:home", rows.tickets[ticket.id])),
                tickets=(ticket.id,),
            )

    async def _content(self, package: Package) -> AsyncIterator[bytes]:
        for number in range(1, package.parts + 1):
            part = await self._store.package_files.part(package.id, number)
            if part is None:
                raise _not_found()
            yield part

    # -- deleting ----------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Delete expired packages; return how many."""
        removed = await self._store.package_files.sweep(self._clock.now())
        if removed:
            _log.info("packages_removed", count=removed)
        return removed


def _is_export(row: Delivery, answer: Answer) -> bool:
    is_export = row.channel is Channel.ACCOUNT and row.action == AccountAction.EXPORT
    return is_export and answer.outcome in SUCCESS_OUTCOMES


def _find(
    ticket: Ticket, secret_hash: bytes, conversation: ConversationId, now: datetime
) -> Package | None:
    """Return the package of a ticket that a link's secret opens in a conversation, if any."""
    packages = ticket.packages
    return next((one for one in packages if one.opens(secret_hash, conversation, now)), None)


def _not_found() -> NotFoundError:
    return NotFoundError("no such file")
