"""Reads the mailbox over IMAP.

Each poll opens a new connection, in a thread: mail may wait half a minute, and a connection that is
kept open can break unnoticed. A mail is marked as read only after it was processed. After a crash
it is read again, and its ``Message-ID`` keeps it from being processed twice.
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

MAX_MAIL_BYTES: Final = 25 * 1024 * 1024
"""The largest mail that is read, in bytes: two pictures of the largest size in base64."""
MAX_POLL_BYTES: Final = MAX_MAIL_BYTES
"""The bytes of all mails read in one poll; the first mail is read in any case."""
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True)
class ImapServer:
    """The address and credentials of the mailbox.

    Attributes:
        security: ``tls`` from the first byte, ``starttls``, or ``none``, which is allowed for a
            server on this machine only.
        timeout: seconds for each step.
        ca_file: further certificate authorities to trust.
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
        self._tls_context = ssl.create_default_context()
        if server.ca_file is not None:
            try:
                self._tls_context.load_verify_locations(server.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(
                    "PRIVACYDESK_IMAP_CA_FILE: the certificates can't be read", key="imap_ca_file"
                ) from error
        self._faults = OperatorFaults("imap", clock, "PASSWORD")

    async def check(self) -> None:
        """Log in and open the folder, and read nothing.

        Raises:
            UnavailableError: the mailbox can't be used; ``data`` has the reason.
        """
        await self._run(lambda _: None)

    async def fetch_unread(self, limit: int) -> tuple[UnreadMail, ...]:
        """Return unread mails; see ``domain.mail.Mailbox``."""

        def read_mails(mailbox: BaseMailBox) -> tuple[UnreadMail, ...]:
            mails: list[UnreadMail] = []
            remaining = MAX_POLL_BYTES
            for uid in mailbox.uids(AND(seen=False), None)[:limit]:
                size = _fetch_size(mailbox, uid)
                if size is None:
                    continue
                if size > MAX_MAIL_BYTES:
                    mails.append(UnreadMail(uid, None))
                    continue
                if size > remaining < MAX_POLL_BYTES:
                    # The next poll reads the rest: many large mails would not fit in memory.
                    break
                mails.append(UnreadMail(uid, _fetch_raw(mailbox, uid)))
                remaining -= size
            return tuple(mails)

        return await self._run(read_mails)

    async def mark_read(self, uid: str) -> None:
        """Mark a mail as read."""
        await self._set_flags(uid, (MailMessageFlags.SEEN,))

    async def mark_for_review(self, uid: str) -> None:
        """Mark a mail as read and flag it."""
        await self._set_flags(uid, (MailMessageFlags.SEEN, MailMessageFlags.FLAGGED))

    async def _set_flags(self, uid: str, flags: tuple[str, ...]) -> None:
        await self._run(lambda mailbox: mailbox.flag(uid, flags, value=True))

    async def _run(self, task: Callable[[BaseMailBox], T]) -> T:
        with self._faults.watch():
            return await asyncio.to_thread(self._run_in_thread, task)

    def _run_in_thread(self, task: Callable[[BaseMailBox], T]) -> T:
        try:
            return self._run_logged_in(self._open(), task)
        except MailboxLoginError:
            raise UnavailableError("it refuses the log-in", reason="credentials") from None
        except ssl.SSLError:
            raise UnavailableError("its certificate or TLS is no good", reason="tls") from None
        except TimeoutError:
            raise UnavailableError("it took too long", reason="timeout") from None
        except (OSError, ImapToolsError, imaplib.IMAP4.error):
            # The server's message is dropped, since it may quote an address.
            raise UnavailableError("it can't be reached", reason="unreachable") from None

    def _run_logged_in(self, mailbox: BaseMailBox, task: Callable[[BaseMailBox], T]) -> T:
        server = self._server
        try:
            with mailbox.login(server.username, server.password, server.folder):
                return task(mailbox)
        finally:
            # A refused log-in leaves the connection open.
            with contextlib.suppress(OSError):
                mailbox.client.shutdown()

    def _open(self) -> BaseMailBox:
        server = self._server
        if server.security == "none":
            return MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
        if server.security == "starttls":
            return MailBoxStartTls(
                server.host, server.port, timeout=server.timeout, ssl_context=self._tls_context
            )
        return MailBox(
            server.host, server.port, timeout=server.timeout, ssl_context=self._tls_context
        )


def _fetch_size(mailbox: BaseMailBox, uid: str) -> int | None:
    """Return the size of a mail in bytes; None if it has been removed.

    Nothing else is fetched: the headers alone may be as large as a mail.
    """
    _, parts = mailbox.client.uid("fetch", uid, "(RFC822.SIZE)")
    match = _SIZE.search(b" ".join(part for part in parts if isinstance(part, bytes)))
    return None if match is None else int(match[1])


def _fetch_raw(mailbox: BaseMailBox, uid: str) -> bytes:
    # The raw bytes: the library may not be able to serialise its parsed form.
    _, parts = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")
