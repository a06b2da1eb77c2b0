"""Mail through the operator's mail server (SMTP submission).

A mail is sent over a connection of its own: there are few, and a connection that idles is closed
by every other server. Nothing is ever sent unencrypted to another machine, whatever the server
offers.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from pathlib import Path
from typing import Final, Literal

import aiosmtplib
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import is_this_machine
from privacydesk.connectors.letters import read_address, write_letter
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import SendAnswer, SendOutcome
from privacydesk.domain.masking import mask_mail
from privacydesk.domain.notices import OutgoingMail
from privacydesk.errors import SettingsError, UnavailableError

Security = Literal["starttls", "tls", "none"]

_FOR_GOOD: Final = 500
"""Reply codes from here on are permanent refusals; lower ones may succeed next time."""
_CREDENTIALS: Final = frozenset({530, 534, 535, 538})
_REFUSED: Final = SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server that mail is handed to.

    Attributes:
        sender: the address mail comes from, with or without a name.
        security: ``starttls`` on a plain connection, ``tls`` from the first byte, or ``none``,
            which only a server on this machine may have.
        timeout: seconds for each step.
        ca_file: extra certificate authorities to trust for the server.
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
        """Return itself if it can be used.

        Raises:
            SettingsError: names the setting and what is wrong with it.
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
            SettingsError: it is no mail address.
        """
        try:
            return parse_address(self.sender)
        except ValueError:
            raise SettingsError(
                "PRIVACYDESK_SMTP_FROM: needs an address such as desk@example.com", key="smtp_from"
            ) from None

    def trust(self) -> ssl.SSLContext:
        """Return the context that checks certificates.

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
    """Hands mail to a mail server.

    Args:
        server: where.
        clock: dates the mails.

    Raises:
        SettingsError: the server can't be used with these settings.
    """

    def __init__(self, server: MailServer, clock: Clock) -> None:
        self._server = server.checked()
        self._sender = server.address()
        self._trust = server.trust()
        self._clock = clock
        self._faults = OperatorFaults("smtp", clock, "PASSWORD")

    async def send(self, letter: OutgoingMail, *, key: str) -> SendAnswer:
        """Hand in one mail; see :class:`privacydesk.domain.notices.Mailer`."""
        try:
            to = _in_ascii(letter.to)
            written = replace(letter, to=to)
            mail = write_letter(written, sender=self._sender, key=key, at=self._clock.now())
        except ValueError:
            return _REFUSED
        with self._faults.watch():
            try:
                await self._hand_in(mail.as_bytes(), to)
            except aiosmtplib.SMTPException as error:
                return _refusal(error)
            except (ssl.SSLError, OSError) as error:
                raise _unreachable(error) from None
            except ValueError:
                # Neither this server nor any other can take it: a retry would be no use.
                # Below the others: a wrong certificate is a ValueError, too.
                return _REFUSED
        return SendAnswer(SendOutcome.SENT, masked=mask_mail(letter.to))

    async def _hand_in(self, mail: bytes, to: str) -> None:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=None if server.security == "none" else self._trust,
            timeout=server.timeout,
        )
        async with client:
            await client.ehlo()
            if server.security == "starttls":
                # Never "if it is offered": an attacker in between would not offer it.
                if not client.supports_extension("starttls"):
                    raise UnavailableError("it offers no STARTTLS", reason="tls")
                await client.starttls()
                # Earlier offers are forgotten: an attacker in between may have made them up.
                await client.ehlo()
            if server.username:
                if not client.supports_extension("auth"):
                    raise UnavailableError("it takes no log-in", reason="credentials")
                await client.login(server.username, server.password)
            await client.sendmail(self._sender.addr_spec, [to], mail)


def _in_ascii(address: str) -> str:
    """Return an address with its domain in ASCII, as that of ``a@例子.中国`` is looked up.

    Raises:
        ValueError: the domain can't be one.
    """
    local, at, domain = address.rpartition("@")
    return local + at + domain.encode("idna").decode()


def parse_address(text: str) -> Address:
    """Read an address with or without a name, such as ``Privacy desk <desk@example.com>``.

    Raises:
        ValueError: it is none.
    """
    name, _, spec = text.rpartition("<")
    return read_address(spec.rstrip("> ").strip(), name.strip().strip('"'))


def _refusal(error: aiosmtplib.SMTPException) -> SendAnswer:
    """Return the server's permanent refusal of this mail; anything else is raised.

    Raises:
        UnavailableError: a retry may succeed, perhaps once the operator has fixed it. ``data``
            names the reason and never the server's message: that may quote the address.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        # One address a mail, so there is one answer.
        return _refusal(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        raise UnavailableError("the mail server took too long", reason="timeout") from None
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        raise _unreachable(error) from None
    status = error.code
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or status in _CREDENTIALS:
        raise UnavailableError("it refuses the log-in", reason="credentials", status=status)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and status >= _FOR_GOOD:
        raise UnavailableError("it refuses the sender", reason="sender", status=status)
    of_mail = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    if of_mail and status >= _FOR_GOOD:
        return _REFUSED
    raise UnavailableError("it can't take it now", reason="server_error", status=status)


def _unreachable(error: Exception) -> UnavailableError:
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return UnavailableError("its certificate or TLS is no good", reason="tls")
    if isinstance(error, TimeoutError):
        return UnavailableError("the mail server took too long", reason="timeout")
    return UnavailableError("the mail server can't be reached", reason="unreachable")
