from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import standardwebhooks
import time_machine
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from privacydesk.clock import MovableClock
from privacydesk.connectors.addresses import Network
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import HttpWebhookSender, connect_webhooks
from privacydesk.domain.webhooks import MAX_RESPONSE_CHARACTERS, DeliveryFault, EndpointResponse
from privacydesk.errors import InvalidRequestError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receivers:
    """Starts receivers and posts to them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._clock = MovableClock(NOON, frozen=True)

    async def listen(self, handler: Handler, tls: ssl.SSLContext | None = None) -> str:
        app = web.Application()
        app.router.add_post("/in", handler)
        server = TestServer(app, scheme="https" if tls else "http")
        await server.start_server(ssl=tls)
        self._stack.push_async_callback(server.close)
        return str(server.make_url("/in"))

    async def sender(
        self, networks: Sequence[Network] = LOOPBACK, *, total: float = 5.0
    ) -> HttpWebhookSender:
        opened = connect_webhooks(AddressRules(networks), self._clock, total=total)
        return await self._stack.enter_async_context(opened)

    async def post(self, handler: Handler) -> EndpointResponse:
        return await send(await self.sender(), await self.listen(handler))


async def send(sender: HttpWebhookSender, url: str) -> EndpointResponse:
    return await sender.send(url, b"{}", message_id="evt_1", secrets=(SECRET,), at=NOON)


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    async with AsyncExitStack() as stack:
        yield Receivers(stack)


async def test_a_message_arrives_signed_and_its_answer_is_kept(receivers: Receivers) -> None:
    came: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        came.append((dict(request.headers), await request.read()))
        return web.json_response({"ok": True}, status=202)

    answer = await receivers.post(take)
    assert (answer.status, answer.fault, answer.text) == (202, None, '{"ok": true}')
    assert answer.seconds > 0
    ((headers, body),) = came
    assert headers["Content-Type"] == "application/json"
    with time_machine.travel(NOON, tick=False):
        assert standardwebhooks.Webhook(SECRET).verify(body, headers) == {}


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 500, 503])
async def test_anything_but_a_2xx_is_no_delivery_and_redirects_are_not_followed(
    receivers: Receivers, status: int
) -> None:
    followed: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(request.path)
        return web.Response()

    target = await receivers.listen(elsewhere)

    async def refuse(_: web.Request) -> web.Response:
        headers = {"Location": target, "Retry-After": "120"}
        return web.Response(status=status, headers=headers, text="no")

    answer = await receivers.post(refuse)
    assert (answer.status, answer.fault, answer.text) == (status, DeliveryFault.STATUS, "no")
    assert answer.retry_after == 120
    assert answer.is_gone is (status == 410)
    assert followed == []


async def test_a_long_answer_is_cut_and_does_not_undo_the_delivery(receivers: Receivers) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    answer = await receivers.post(flood)
    assert (answer.status, answer.fault) == (200, None)
    assert answer.text == "x" * MAX_RESPONSE_CHARACTERS


async def test_an_answer_is_kept_as_text_that_does_nothing(receivers: Receivers) -> None:
    async def odd(_: web.Request) -> web.Response:
        return web.Response(body=b"ok\x00\x1b[31m\xff\xe2\x80\xae", content_type="text/plain")

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG", content_type="image/png")

    shown = (await receivers.post(odd)).text
    assert shown.startswith("ok")
    assert not set(shown) & {"\x00", "\x1b", "\u202e"}
    assert (await receivers.post(picture)).text == ""


async def test_a_receiver_that_is_silent_or_away_is_given_up(receivers: Receivers) -> None:
    async def wait(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    sender = await receivers.sender(total=0.2)
    assert (await send(sender, await receivers.listen(wait))).fault is DeliveryFault.TIMEOUT
    nobody = f"http://127.0.0.1:{unused_port()}/in"
    assert (await send(sender, nobody)).fault is DeliveryFault.UNREACHABLE


@pytest.mark.parametrize("host", ["a..b", ".example", f"{'a' * 64}.example"])
async def test_a_name_that_can_not_be_looked_up_is_a_try_that_failed(
    receivers: Receivers, host: str
) -> None:
    answer = await send(await receivers.sender(), f"https://{host}/in")
    assert (answer.status, answer.fault) == (None, DeliveryFault.UNREACHABLE)


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate for localhost that only itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    receivers: Receivers, tmp_path: Path
) -> None:
    came: list[str] = []

    async def take(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.Response()

    url = await receivers.listen(take, tls=own_certificate(tmp_path))
    answer = await send(await receivers.sender(), url.replace("127.0.0.1", "localhost"))
    assert (answer.status, answer.fault) == (None, DeliveryFault.CERTIFICATE)
    assert came == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"],  # noqa: S104
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_where_a_name_leads_is_looked_at_when_connecting(
    receivers: Receivers, scheme: str, host: str
) -> None:
    came: list[str] = []

    async def take(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.Response()

    url = await receivers.listen(take)
    port = url.split(":")[2].split("/")[0]
    sender = await receivers.sender((ip_network("10.0.0.0/8"),))
    answer = await send(sender, f"{scheme}://{host}:{port}/in")
    assert (answer.status, answer.fault) == (None, DeliveryFault.ADDRESS_REFUSED)
    assert came == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("example.com/in", "webhook_url"),
        ("ftp://example.com/in", "webhook_url"),
        ("https:///in", "webhook_url"),
        ("https://example.com/in#part", "webhook_url"),
        ("https://example.com/有", "webhook_url"),
        ("https://example.com/a b", "webhook_url"),
        ("https://example.com/\n", "webhook_url"),
        (f"https://example.com/{'x' * 2000}", "webhook_url"),
        ("https://a..b/in", "webhook_url"),
        ("https://.example/in", "webhook_url"),
        (f"https://{'a' * 64}.example/in", "webhook_url"),
        ("https://xn--/in", "webhook_url"),
        ("https://xn--a/in", "webhook_url"),
        ("https://[::1/in", "webhook_url"),
        ("https://mei:secret@example.com/in", "webhook_user"),
        ("http://example.com/in", "webhook_https"),
        ("https://10.0.0.1/in", "webhook_address"),
        ("https://[::1]/in", "webhook_address"),
        ("https://169.254.169.254/latest", "webhook_address"),
    ],
)
def test_an_address_that_can_never_be_called_is_refused_with_its_reason(
    url: str, reason: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        AddressRules().check(url)
    assert refused.value.data["reason"] == reason
    assert "secret" not in refused.value.message


def test_an_operator_may_allow_networks_of_their_own() -> None:
    rules = AddressRules(LOOPBACK)
    rules.check("http://127.0.0.1:9000/in")
    rules.check("https://example.com/in?token=1")
    with pytest.raises(InvalidRequestError):
        rules.check("http://8.8.8.8/in")
    AddressRules().check("https://example.com/in")
