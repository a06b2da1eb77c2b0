"""A real mail server on this machine, for tests: it keeps what it takes, or refuses as told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "desk", "mail-pass-word"


@dataclass(slots=True)
class Mailbox:
    """What the server took, and how it answers.

    Attributes:
        port: where it listens.
        taken: mails in the order they came.
        sender: its answer to ``MAIL FROM``; empty takes it.
        recipient: the same to ``RCPT TO``.
        data: the same to the mail itself.
        stalls: while true, the mail is taken and never answered for.
    """

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    sender: str = ""
    recipient: str = ""
    data: str = ""
    stalls: bool = False

    async def handle_MAIL(  # noqa: N802 - named by the library
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(  # noqa: N802 - named by the library
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if not self.recipient:
            envelope.rcpt_tos.append(address)
        return self.recipient or "250 OK"

    async def handle_DATA(  # noqa: N802 - named by the library
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.stalls:
            await asyncio.Event().wait()
        if self.data:
            return self.data
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, asks: bool = False
) -> AsyncIterator[Mailbox]:
    """Run a mail server until the block ends.

    Args:
        tls: offered by ``STARTTLS``, or spoken from the first byte.
        implicit: the latter.
        asks: whoever sends has to log in.
    """
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(
            SMTP(
                mailbox,
                hostname="mail.test",
                tls_context=None if implicit else tls,
                require_starttls=bool(tls) and not implicit,
                auth_required=asks,
                authenticator=_authenticate if asks else None,
                loop=loop,
            )
        )
        return protocols[-1]

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        for one in protocols:
            if one.transport is not None:
                one.transport.close()
            if one._handler_coroutine is not None:
                one._handler_coroutine.cancel()
        await server.wait_closed()


@asynccontextmanager
async def imap_server() -> AsyncIterator[int]:
    """Run a real IMAP server in a process of its own; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    program = Path(sys.executable).with_name("pymap")
    account = ("--demo-user", USER, "--demo-password", PASSWORD)
    process = await asyncio.create_subprocess_exec(
        program,
        *("--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict", *account),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while not await _answers(port):  # noqa: ASYNC110 - another process, which tells nobody that it listens
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.kill()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate, which vouches for itself.

    Attributes:
        server: what a server speaks TLS with.
        file: what a client has to trust.
    """

    server: ssl.SSLContext
    file: Path


def certificate(folder: Path) -> Certificate:
    """Make a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "mail.pem", folder / "mail.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return Certificate(context, file)
