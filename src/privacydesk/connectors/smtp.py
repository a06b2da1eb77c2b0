"""Sends mail through the operator's mail server (SMTP submission).

Each mail is sent over a new connection: mails are few, and many servers close idle connections.
Nothing is ever sent unencrypted to another machine, whatever the server offers.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from pathlib import Path
from typing import Final, Literal

import aiosmtplib
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import is_this_machine
from privacydesk.connectors.mail_message import build_mail, parse_bare_address
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import SendAnswer, SendOutcome
from privacydesk.domain.masking import mask_mail
from privacydesk.domain.notices import OutgoingMail
from privacydesk.errors import SettingsError, UnavailableError

Security = Literal["starttls", "tls", "none"]

_PERMANENT: Final = 500
"""The lowest code of a permanent refusal; after a lower code, a retry may succeed."""
_CREDENTIALS: Final = frozenset({530, 534, 535, 538})
_REFUSED: Final = SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The address, credentials and sender of the mail server.

    Attributes:
        sender: the ``From`` address, with or without a name.
        security: ``starttls`` on a plain connection, ``tls`` from the first byte, or ``none``,
            which is allowed for a server on this machine only.
        timeout: seconds for each step.
        ca_file: further certificate authorities to trust.
    """

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 20.0
    ca_file: Path | None = None

    def checked(self) -> MailServer:
        """Return itself if it is valid.

        Raises:
            SettingsError: it is not; the message names the setting and the fault.
        """
        if self.security == "none" and not is_this_machine(self.host):
            raise SettingsError(
                "PRIVACYDESK_SMTP_SECURITY: only a mail server on this machine may go without TLS",
                key="smtp_security",
            )
        if bool(self.username) is not bool(self.password):
            raise SettingsError(
                "PRIVACYDESK_SMTP_USERNAME and PRIVACYDESK_SMTP_PASSWORD go together",
                key="smtp_password",
            )
        self.address()
        return self

    def address(self) -> Address:
        """Return the sender address.

        Raises:
            SettingsError: it is not a mail address.
        """
        try:
            return parse_address(self.sender)
        except ValueError:
            raise SettingsError(
                "PRIVACYDESK_SMTP_FROM: needs an address such as desk@example.com", key="smtp_from"
            ) from None

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context.

        Raises:
            SettingsError: the file of certificates can't be read.
        """
        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(
                    "PRIVACYDESK_SMTP_CA_FILE: the certificates can't be read", key="smtp_ca_file"
                ) from error
        return context


class SmtpMailer:
    """Sends mails through a mail server.

    Args:
        server: the mail server.
        clock: source of the current time, for the ``Date`` header.

    Raises:
        SettingsError: the server can't be used with these settings.
    """

    def __init__(self, server: MailServer, clock: Clock) -> None:
        self._server = server.checked()
        self._sender = server.address()
        self._tls_context = server.tls_context()
        self._clock = clock
        self._faults = OperatorFaults("smtp", clock, "PASSWORD")

    async def send(self, letter: OutgoingMail, *, key: str) -> SendAnswer:
        """Send one mail; see :class:`privacydesk.domain.notices.Mailer`."""
        try:
            to = _encode_domain(letter.to)
            addressed = replace(letter, to=to)
            mail = build_mail(addressed, sender=self._sender, key=key, at=self._clock.now())
        except ValueError:
            return _REFUSED
        with self._faults.watch():
            try:
                await self._submit(mail.as_bytes(), to)
            except aiosmtplib.SMTPException as error:
                return _refusal(error)
            except (ssl.SSLError, OSError) as error:
                raise _unreachable(error) from None
            except ValueError:
                # The mail is invalid for any server, so it is not retried. Caught last, since a
                # certificate error is a ValueError, too.
                return _REFUSED
        return SendAnswer(SendOutcome.SENT, masked=mask_mail(letter.to))

    async def check(self) -> None:
        """Connect and log in, and send nothing.

        Raises:
            UnavailableError: the server can't be used; ``data`` has the reason.
        """
        try:
            async with self._logged_in():
                pass
        except aiosmtplib.SMTPException as error:
            _refusal(error)
            raise _unreachable(error) from None
        except (ssl.SSLError, OSError) as error:
            raise _unreachable(error) from None

    async def _submit(self, mail: bytes, to: str) -> None:
        async with self._logged_in() as client:
            await client.sendmail(self._sender.addr_spec, [to], mail)

    @asynccontextmanager
    async def _logged_in(self) -> AsyncIterator[aiosmtplib.SMTP]:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=None if server.security == "none" else self._tls_context,
            timeout=server.timeout,
        )
        async with client:
            await client.ehlo()
            if server.security == "starttls":
                # Required, not optional: an attacker in between could hide the offer.
                if not client.supports_extension("starttls"):
                    raise UnavailableError("it offers no STARTTLS", reason="tls")
                await client.starttls()
                # Extensions offered before TLS may come from an attacker; ask again.
                await client.ehlo()
            if server.username:
                if not client.supports_extension("auth"):
                    raise UnavailableError("it takes no log-in", reason="credentials")
                await client.login(server.username, server.password)
            yield client


def _encode_domain(address: str) -> str:
    """Return an address with its domain in ASCII (IDNA).

    Raises:
        ValueError: the domain is invalid.
    """
    local, at, domain = address.rpartition("@")
    return local + at + domain.encode("idna").decode()


def parse_address(text: str) -> Address:
    """Parse an address with or without a name, such as ``Privacy desk <desk@example.com>``.

    Raises:
        ValueError: it is invalid.
    """
    name, _, spec = text.rpartition("<")
    return parse_bare_address(spec.rstrip("> ").strip(), name.strip().strip('"'))


def _refusal(error: aiosmtplib.SMTPException) -> SendAnswer:
    """Return the answer for a mail that the server refused permanently.

    Raises:
        UnavailableError: for any other error: a retry may succeed, perhaps once the operator has
            fixed it. ``data`` has the reason, but not the server's message, which may quote the
            address.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        # Each mail has one recipient, so there is one error.
        return _refusal(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        raise UnavailableError("the mail server took too long", reason="timeout") from None
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        raise _unreachable(error) from None
    status = error.code
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or status in _CREDENTIALS:
        raise UnavailableError("it refuses the log-in", reason="credentials", status=status)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and status >= _PERMANENT:
        raise UnavailableError("it refuses the sender", reason="sender", status=status)
    concerns_mail = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    if concerns_mail and status >= _PERMANENT:
        return _REFUSED
    raise UnavailableError("it can't take it now", reason="server_error", status=status)


def _unreachable(error: Exception) -> UnavailableError:
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return UnavailableError("its certificate or TLS is no good", reason="tls")
    if isinstance(error, TimeoutError):
        return UnavailableError("the mail server took too long", reason="timeout")
    return UnavailableError("the mail server can't be reached", reason="unreachable")
