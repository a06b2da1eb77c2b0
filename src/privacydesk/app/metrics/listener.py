"""The listener for Prometheus: a port of its own, which the chat's proxy does not pass on."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import hdrs, web
from prometheus_client import ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from privacydesk.app.container import Services
from privacydesk.app.metrics.instruments import Instruments
from privacydesk.app.metrics.present import PresentState
from privacydesk.app.readiness import NluProcess
from privacydesk.errors import SettingsError
from privacydesk.settings import Settings
from privacydesk.system_errors import describe_listen_error
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.health import Health

_log = structlog.get_logger(__name__)

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@asynccontextmanager
async def serve_metrics(
    services: Services,
    chat: ChatServer,
    health: Health,
    instruments: Instruments,
    *,
    place: int = 0,
    reader: NluProcess | None = None,
) -> AsyncIterator[int]:
    """Answer Prometheus until the block ends; yield the port.

    Args:
        services: the services of the process; ``metrics_port`` of their settings is set.
        chat: the connections of the chat.
        health: what does not work now.
        instruments: what the process counts.
        place: its place among several processes, which is added to the port.
        reader: the process that reads messages; None if this one does.

    Raises:
        SettingsError: the port can't be listened on, or would be open to everybody.
    """
    settings = services.settings
    assert settings.metrics_port is not None
    check_metrics_guard(settings)
    present = PresentState(services, chat, health)
    registry = instruments.registry
    collectors = (
        present,
        ProcessCollector(registry=None),
        *(
            [ProcessCollector("privacydesk_reader", pid=lambda: reader.pid or 0, registry=None)]
            if reader is not None
            else []
        ),
    )
    app = web.Application()
    app.router.add_get("/metrics", _handler(settings, instruments, present), allow_head=False)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    port = settings.metrics_port and settings.metrics_port + place
    site = web.TCPSite(runner, settings.metrics_host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        why = describe_listen_error(error, "PRIVACYDESK_METRICS_HOST", "PRIVACYDESK_METRICS_PORT")
        raise SettingsError(why, key="metrics_port") from None
    for collector in collectors:
        registry.register(collector)
    chosen = runner.addresses[0][1]
    _log.info("metrics_listening", port=chosen)
    try:
        yield chosen
    finally:
        for collector in collectors:
            registry.unregister(collector)
        await runner.cleanup()


def check_metrics_guard(settings: Settings) -> None:
    """Check that the metrics are not open to everybody.

    Raises:
        SettingsError: they are.
    """
    token = settings.metrics_token.get_secret_value()
    if not token and settings.metrics_host not in _LOOPBACK:
        raise SettingsError(
            "PRIVACYDESK_METRICS_TOKEN is missing: PRIVACYDESK_METRICS_HOST is an address that"
            " other machines reach, so Prometheus has to show a token",
            key="metrics_token",
        )


def _handler(
    settings: Settings, instruments: Instruments, present: PresentState
) -> Callable[[web.Request], Awaitable[web.Response]]:
    token = settings.metrics_token.get_secret_value()
    expected = f"Bearer {token}".encode()

    async def answer(request: web.Request) -> web.Response:
        shown = request.headers.get(hdrs.AUTHORIZATION, "").encode()
        if token and not hmac.compare_digest(shown, expected):
            return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
        await present.refresh()
        # In a thread, so that nobody's message waits for it.
        body = await asyncio.to_thread(generate_latest, instruments.registry)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

    return answer
