"""The mail door: a mail becomes a turn of a conversation, and is answered by mail.

    unread mail ─► read ─► automatic? left alone ─► a flood? parked
                ─► its exchange's conversation ─► files, then words or a number ─► marked as read

A mail is taken once: its jobs are named after its ``Message-ID``, so one that is read again after
a crash does nothing twice. One that can't be taken is flagged for a person, with an alarm, and
delays no other. An address proves nothing: the conversation has no login, and requires the same
proof as the chat before it discloses anything of an account.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.conversation import MailThread
from privacydesk.domain.events import Choice, Event
from privacydesk.domain.mail import Incoming, Mailbox, MailFile, Waiting
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.ports import Chores
from privacydesk.services.api import Session
from privacydesk.services.chat import ChatDesk
from privacydesk.services.leases import Lease

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 20
_LEASE: Final = timedelta(minutes=1)
"""Renewed before each mail; after a kill the mailbox is checked again when it ends."""
_CHORE: Final = "mail_door"
LONGEST: Final = 4_000
"""Most characters taken of a mail, as of a message in the chat."""
_ID_BYTES: Final = 16
_PER_HOUR: Final = 20
"""Most mails taken from one address in an hour: stops two machines that answer each other."""
_OWN_ID: Final = re.compile(r"^<desk\.[0-9a-f]{32}\.(\d{1,9})@")
_NUMBER: Final = re.compile(r"^\D?(\d{1,2})\D?$")

Read = Callable[[bytes], Awaitable[Incoming]]


class MailDoor:
    """Takes mails out of a mailbox into conversations.

    Args:
        mailbox: where they lie.
        desk: what takes them.
        read: parses one.
        chores: lets one process at a time poll.
        clock: the present.
        every: the polling interval.
    """

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        desk: ChatDesk,
        read: Read,
        chores: Chores,
        clock: Clock,
        every: timedelta,
    ) -> None:
        self._mailbox = mailbox
        self._desk = desk
        self._read = read
        self._chores = chores
        self._clock = clock
        self._every = every
        self._came: dict[str, deque[datetime]] = {}

    async def round(self) -> int:
        """Take the waiting mails, if polling is due; return their number."""
        lease = await Lease.claim(
            self._chores, self._clock, _CHORE, lasts=_LEASE, rests=self._every
        )
        if lease is None:
            return 0
        taken = 0
        try:
            for mail in await self._mailbox.waiting(_AT_ONCE):
                if not await lease.goes_on():
                    break
                await self._take(mail)
                taken += 1
        finally:
            await lease.finish(self._clock.now() + self._every)
        return taken

    async def _take(self, mail: Waiting) -> None:
        try:
            taken = await self._taken(mail)
        except UnavailableError:
            # The database is unavailable: the mail stays unread, and is read again.
            raise
        except Exception as error:  # noqa: BLE001 - a poisoned mail must hold no other back
            taken = False
            _log.error("mail_parked", reason=type(error).__name__)
        if taken:
            await self._mailbox.taken(mail.uid)
        else:
            await self._mailbox.parked(mail.uid)

    async def _taken(self, mail: Waiting) -> bool:
        """Take a mail; return whether it is done with, rather than to be parked."""
        if mail.raw is None:
            _log.error("mail_parked", reason="too_large")
            return False
        incoming = await self._read(mail.raw)
        if incoming.automatic:
            _log.info("mail_left_alone", reason=incoming.automatic)
            return True
        if self._floods(incoming.address):
            _log.error("mail_parked", reason="flood")
            return False
        await self._converse(incoming)
        return True

    def _floods(self, address: str) -> bool:
        now = self._clock.now()
        past = now - timedelta(hours=1)
        # Addresses cost nothing to make up: those that are silent are forgotten.
        # So are those with future times, from before the clock was set back.
        for other in [one for one, times in self._came.items() if not past < times[-1] <= now]:
            del self._came[other]
        came = self._came.setdefault(address, deque(maxlen=_PER_HOUR))
        if len(came) == _PER_HOUR and came[0] > past:
            return True
        came.append(now)
        return False

    async def _converse(self, mail: Incoming) -> None:
        thread = MailThread(mail.address, mail.subject, mail.root)
        session = await self._desk.by_mail(thread)
        name = hashlib.sha256(mail.message_id.encode()).digest()
        job = f"mail:{name.hex()}"
        left = await self._hand_in(session, mail.files, job)
        await self._say(session, mail, job)
        notes = (("mail.files_left",) if left else ()) + (
            ("mail.cut",) if len(mail.text) > LONGEST else ()
        )
        if notes:
            await self._desk.note_by_mail(session.conversation, notes, name[:_ID_BYTES])

    async def _say(self, session: Session, mail: Incoming, job: str) -> None:
        text = mail.text
        if mail.root == mail.message_id and mail.subject and mail.subject not in text:
            # People put their request, or its number, into the subject.
            text = f"{mail.subject}\n{text}".strip()
        if not text:
            return
        asked = await self._asked(session, mail)
        chosen = _chosen(asked, mail)
        offset = asked.offset if asked is not None else 0
        if chosen is not None:
            await self._desk.choose(session, id=job, choice=chosen.id, offset=offset)
        else:
            await self._desk.say(session, id=job, text=text[:LONGEST], offset=offset)

    async def _hand_in(self, session: Session, files: tuple[MailFile, ...], job: str) -> bool:
        """Submit the files that the open form asks for, by the chat's rules; keep no others.

        Returns:
            Whether any was left out.
        """
        kept = []
        for file in files:
            try:
                receipt = await self._desk.store_upload(
                    session,
                    name=file.name,
                    media_type=file.media_type,
                    content=_whole(file.body),
                )
            except UnavailableError:
                raise
            except DeskError as error:
                _log.info("mail_file_left", code=error.code.value)
            else:
                kept.append(receipt.id)
        if kept:
            await self._desk.submit_uploads(session, id=f"{job}:files", uploads=kept)
        return len(kept) < len(files)

    async def _asked(self, session: Session, mail: Incoming) -> Event | None:
        """Return the question with buttons in the letter that is answered; None without one."""
        told = _OWN_ID.match(mail.answers)
        if told is None:
            return None
        last = int(told[1])
        events = await self._desk.events(session, after=max(0, last - _AT_ONCE), limit=_AT_ONCE)
        asked = [event for event in events if event.choices and event.offset <= last]
        return asked[-1] if asked else None


def _chosen(asked: Event | None, mail: Incoming) -> Choice | None:
    """Return the button that a number selects, in the letter that is answered and no other."""
    number = _NUMBER.match(unicodedata.normalize("NFKC", mail.text).strip())
    if number is None or asked is None or not 1 <= int(number[1]) <= len(asked.choices):
        return None
    return asked.choices[int(number[1]) - 1]


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body
