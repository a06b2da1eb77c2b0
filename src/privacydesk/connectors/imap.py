"""The mailbox, by IMAP.

Each poll is a connection of its own in a thread: mail may wait half a minute, and a connection that
is held open dies unnoticed. Mails are read without being marked; marking one as read is the last
step, so a crash in between has it read again, and nothing is done twice under its
``Message-ID``.
"""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar

from imap_tools import (
    AND,
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailboxLoginError,
    MailBoxStartTls,
    MailBoxUnencrypted,
    MailMessageFlags,
)

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import is_this_machine
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.mail import UnreadMail
from privacydesk.errors import SettingsError, UnavailableError

T = TypeVar("T")

LARGEST: Final = 25 * 1024 * 1024
"""Bytes of the largest mail that is read: two pictures of the largest size, encoded for mail."""
AT_ONCE: Final = LARGEST
"""Bytes of all mails read in one poll; the first one is read in any case."""
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where the mailbox is.

    Attributes:
        security: ``tls`` from the first byte, ``starttls``, or ``none``, which only a server on
            this machine may have.
        ca_file: extra certificate authorities to trust for it.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    security: Literal["tls", "starttls", "none"] = "tls"
    timeout: float = 30.0
    ca_file: Path | None = None


class ImapMailbox:
    """Implements ``domain.mail.Mailbox``.

    Raises:
        SettingsError: the server can't be used with these settings.
    """

    def __init__(self, server: ImapServer, clock: Clock) -> None:
        if server.security == "none" and not is_this_machine(server.host):
            raise SettingsError(
                "PRIVACYDESK_IMAP_SECURITY: only a server on this machine may go without TLS",
                key="imap_security",
            )
        self._server = server
        self._trust = ssl.create_default_context()
        if server.ca_file is not None:
            try:
                self._trust.load_verify_locations(server.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(
                    "PRIVACYDESK_IMAP_CA_FILE: the certificates can't be read", key="imap_ca_file"
                ) from error
        self._faults = OperatorFaults("imap", clock, "PASSWORD")

    async def fetch_unread(self, limit: int) -> tuple[UnreadMail, ...]:
        """Return unread mails; see ``domain.mail.Mailbox``."""

        def look(box: BaseMailBox) -> tuple[UnreadMail, ...]:
            found: list[UnreadMail] = []
            left = AT_ONCE
            for uid in box.uids(AND(seen=False), None)[:limit]:
                size = _size(box, uid)
                if size is None:
                    continue
                if size > LARGEST:
                    found.append(UnreadMail(uid, None))
                    continue
                if size > left < AT_ONCE:
                    # The rest waits for the next poll: many large ones would not fit in memory.
                    break
                found.append(UnreadMail(uid, _whole(box, uid)))
                left -= size
            return tuple(found)

        return await self._do(look)

    async def mark_read(self, uid: str) -> None:
        """Mark a mail as read."""
        await self._flag(uid, (MailMessageFlags.SEEN,))

    async def mark_for_review(self, uid: str) -> None:
        """Mark a mail as read and flag it."""
        await self._flag(uid, (MailMessageFlags.SEEN, MailMessageFlags.FLAGGED))

    async def _flag(self, uid: str, flags: tuple[str, ...]) -> None:
        await self._do(lambda box: box.flag(uid, flags, value=True))

    async def _do(self, work: Callable[[BaseMailBox], T]) -> T:
        with self._faults.watch():
            return await asyncio.to_thread(self._connected, work)

    def _connected(self, work: Callable[[BaseMailBox], T]) -> T:
        try:
            return self._logged_in(self._open(), work)
        except MailboxLoginError:
            raise UnavailableError("it refuses the log-in", reason="credentials") from None
        except ssl.SSLError:
            raise UnavailableError("its certificate or TLS is no good", reason="tls") from None
        except TimeoutError:
            raise UnavailableError("it took too long", reason="timeout") from None
        except (OSError, ImapToolsError, imaplib.IMAP4.error):
            # The server's message may quote an address, so it is dropped.
            raise UnavailableError("it can't be reached", reason="unreachable") from None

    def _logged_in(self, box: BaseMailBox, work: Callable[[BaseMailBox], T]) -> T:
        server = self._server
        try:
            with box.login(server.username, server.password, server.folder):
                return work(box)
        finally:
            # After a refused log-in the connection is still open.
            with contextlib.suppress(OSError):
                box.client.shutdown()

    def _open(self) -> BaseMailBox:
        server = self._server
        if server.security == "none":
            return MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
        if server.security == "starttls":
            return MailBoxStartTls(
                server.host, server.port, timeout=server.timeout, ssl_context=self._trust
            )
        return MailBox(server.host, server.port, timeout=server.timeout, ssl_context=self._trust)


def _size(box: BaseMailBox, uid: str) -> int | None:
    """Return the size of a mail; None if it was removed meanwhile.

    Nothing else of it is fetched for that: even its headers may be as large as a mail.
    """
    _, parts = box.client.uid("fetch", uid, "(RFC822.SIZE)")
    told = _SIZE.search(b" ".join(part for part in parts if isinstance(part, bytes)))
    return None if told is None else int(told[1])


def _whole(box: BaseMailBox, uid: str) -> bytes:
    # As received: the library's parsed form may not be written back the same, or at all.
    _, parts = box.client.uid("fetch", uid, "(BODY.PEEK[])")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")
