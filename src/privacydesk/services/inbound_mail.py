"""Inbound mail: each mail becomes a turn of a conversation, which is answered by mail.

    unread mail ─► parsed ─► automatic? ignored ─► too many from one sender? parked
                ─► conversation of its thread ─► files, then text or a number ─► marked as read

A mail is processed once: the ids of its jobs are derived from its ``Message-ID``, so a mail that is
read again after a crash has no second effect. A mail that can't be processed is flagged for a
person and logged as an error; it delays no other. A sender's address proves nothing: the
conversation has no login, and requires the same proof of identity as the chat before it discloses
anything about an account.
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
from privacydesk.domain.mail import IncomingMail, Mailbox, ReceivedFile, UnreadMail
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.ports import PeriodicTasks
from privacydesk.services.api import Session
from privacydesk.services.chat import ChatDesk
from privacydesk.services.leases import Lease

_log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 20
_EVENT_WINDOW: Final = 20
"""How many events before the end of a reply are searched for the question it asked."""
_LEASE: Final = timedelta(minutes=1)
"""Renewed before each mail; after a crash the mailbox is polled again once it has expired."""
_TASK: Final = "mail_door"
_MAX_TEXT_LENGTH: Final = 4_000
"""In characters, as for a message in the chat; the rest of a mail is cut off."""
_ID_BYTES: Final = 16
_MAX_MAILS_PER_HOUR: Final = 20
"""Per sender address: stops two programs that answer each other."""
_OWN_MESSAGE_ID: Final = re.compile(r"^<desk\.[0-9a-f]{32}\.(\d{1,9})@")
_NUMBER: Final = re.compile(r"^\D?(\d{1,2})\D?$")

ReadMail = Callable[[bytes], Awaitable[IncomingMail]]
"""Parse the bytes of a mail."""


class MailboxPoller:
    """Polls a mailbox and passes its mails to conversations.

    Args:
        mailbox: the mailbox to poll.
        desk: the chat desk, which runs the conversations.
        read: parses a mail.
        tasks: store of periodic tasks, through which only one process at a time polls.
        clock: source of the current time.
        every: the polling interval.
    """

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        desk: ChatDesk,
        read: ReadMail,
        tasks: PeriodicTasks,
        clock: Clock,
        every: timedelta,
    ) -> None:
        self._mailbox = mailbox
        self._desk = desk
        self._read = read
        self._tasks = tasks
        self._clock = clock
        self._every = every
        self._received_at: dict[str, deque[datetime]] = {}

    async def poll(self) -> int:
        """Process the unread mails if polling is due; return how many were processed."""
        lease = await Lease.claim(
            self._tasks,
            self._clock,
            _TASK,
            duration=_LEASE,
            max_postponement=self._every,
        )
        if lease is None:
            return 0
        processed = 0
        try:
            for mail in await self._mailbox.fetch_unread(_BATCH_SIZE):
                if not await lease.renew_if_needed():
                    break
                await self._process_or_park(mail)
                processed += 1
        finally:
            await lease.finish(self._clock.now() + self._every)
        return processed

    async def _process_or_park(self, mail: UnreadMail) -> None:
        try:
            processed = await self._process(mail)
        except UnavailableError:
            # The database is unavailable: the mail stays unread, and is read again.
            raise
        except Exception as error:  # noqa: BLE001 - one bad mail must not block the others
            processed = False
            _log.error("mail_parked", reason=type(error).__name__)
        if processed:
            await self._mailbox.mark_read(mail.uid)
        else:
            await self._mailbox.mark_for_review(mail.uid)

    async def _process(self, mail: UnreadMail) -> bool:
        """Process a mail; return False if it has to be parked."""
        if mail.raw is None:
            _log.error("mail_parked", reason="too_large")
            return False
        incoming = await self._read(mail.raw)
        if incoming.automatic:
            _log.info("mail_left_alone", reason=incoming.automatic)
            return True
        if self._exceeds_rate(incoming.address):
            _log.error("mail_parked", reason="flood")
            return False
        await self._pass_to_conversation(incoming)
        return True

    def _exceeds_rate(self, address: str) -> bool:
        """Count a mail from an address unless that has reached its limit; return whether it has."""
        now = self._clock.now()
        hour_ago = now - timedelta(hours=1)
        # Addresses are easily made up, so those without recent mail are forgotten. So are those
        # with times in the future, recorded before the clock was set back.
        idle = [
            sender for sender, times in self._received_at.items() if not hour_ago < times[-1] <= now
        ]
        for sender in idle:
            del self._received_at[sender]
        times = self._received_at.setdefault(address, deque(maxlen=_MAX_MAILS_PER_HOUR))
        if len(times) == _MAX_MAILS_PER_HOUR and times[0] > hour_ago:
            return True
        times.append(now)
        return False

    async def _pass_to_conversation(self, mail: IncomingMail) -> None:
        thread = MailThread(mail.address, mail.subject, mail.thread_root)
        session = await self._desk.open_mail_thread(thread)
        digest = hashlib.sha256(mail.message_id.encode()).digest()
        job_id = f"mail:{digest.hex()}"
        rejected_files = await self._submit_files(session, mail.files, job_id)
        await self._submit_text(session, mail, job_id)
        notes = (("mail.files_left",) if rejected_files else ()) + (
            ("mail.cut",) if len(mail.text) > _MAX_TEXT_LENGTH else ()
        )
        if notes:
            await self._desk.send_mail_notes(session.conversation, notes, digest[:_ID_BYTES])

    async def _submit_text(self, session: Session, mail: IncomingMail, job_id: str) -> None:
        text = mail.text
        if mail.thread_root == mail.message_id and mail.subject and mail.subject not in text:
            # People put their request, or its number, into the subject.
            text = f"{mail.subject}\n{text}".strip()
        if not text:
            return
        question = await self._find_question(session, mail)
        choice = _selected_choice(question, mail)
        offset = question.offset if question is not None else 0
        if choice is not None:
            await self._desk.choose(session, id=job_id, choice=choice.id, offset=offset)
        else:
            text = text[:_MAX_TEXT_LENGTH]
            await self._desk.say(session, id=job_id, text=text, offset=offset)

    async def _submit_files(
        self, session: Session, files: tuple[ReceivedFile, ...], job_id: str
    ) -> bool:
        """Submit the files that the open form accepts, by the rules of the chat; drop the others.

        Returns:
            Whether any file was dropped.
        """
        accepted = []
        for file in files:
            try:
                receipt = await self._desk.store_upload(
                    session,
                    name=file.name,
                    media_type=file.media_type,
                    content=_stream(file.body),
                )
            except UnavailableError:
                raise
            except DeskError as error:
                _log.info("mail_file_left", code=error.code.value)
            else:
                accepted.append(receipt.id)
        if accepted:
            await self._desk.submit_uploads(session, id=f"{job_id}:files", uploads=accepted)
        return len(accepted) < len(files)

    async def _find_question(self, session: Session, mail: IncomingMail) -> Event | None:
        """Return the question with buttons in the desk's mail that this one answers, if any."""
        own_id = _OWN_MESSAGE_ID.match(mail.in_reply_to)
        if own_id is None:
            return None
        last = int(own_id[1])
        events = await self._desk.events(
            session, after=max(0, last - _EVENT_WINDOW), limit=_EVENT_WINDOW
        )
        questions = [event for event in events if event.choices and event.offset <= last]
        return questions[-1] if questions else None


def _selected_choice(question: Event | None, mail: IncomingMail) -> Choice | None:
    """Return the button of the question whose number is the whole text of the mail, if any."""
    number = _NUMBER.match(unicodedata.normalize("NFKC", mail.text).strip())
    if number is None or question is None or not 1 <= int(number[1]) <= len(question.choices):
        return None
    return question.choices[int(number[1]) - 1]


async def _stream(body: bytes) -> AsyncIterator[bytes]:
    yield body
