"""Checks that the desk can listen, or listens, where Prometheus asks."""

from __future__ import annotations

import socket
from typing import Final

import aiohttp
from aiohttp import hdrs
from yarl import URL

from privacydesk.settings import Settings
from privacydesk.system_errors import describe_listen_error

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
_ENOUGH: Final = 1 << 20
_UNAUTHORIZED: Final = 401


async def find_listener_faults(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with the port for metrics: nobody's, the desk's, or another program's.

    Args:
        settings: those of the desk; ``metrics_port`` is set, and not 0.
    """
    url = URL.build(
        scheme="http",
        host=settings.metrics_host,
        port=settings.metrics_port,
        path="/metrics",
    )
    token = settings.metrics_token.get_secret_value()
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            status, body = answer.status, await answer.content.read(_ENOUGH)
    except aiohttp.ClientConnectorError:
        return _find_binding_faults(settings)
    except (aiohttp.ClientError, TimeoutError):
        return (_OTHER,)
    if status == _UNAUTHORIZED:
        return ("what listens there refuses PRIVACYDESK_METRICS_TOKEN: restart `serve` with it",)
    return () if b"privacydesk_" in body else (_OTHER,)


_OTHER: Final = (
    "another program listens on PRIVACYDESK_METRICS_HOST and PRIVACYDESK_METRICS_PORT: name another"
    " port"
)


def _find_binding_faults(settings: Settings) -> tuple[str, ...]:
    family = socket.AF_INET6 if ":" in settings.metrics_host else socket.AF_INET
    try:
        socket.create_server(
            (settings.metrics_host, settings.metrics_port or 0), family=family
        ).close()
    except OSError as error:
        host, port = "PRIVACYDESK_METRICS_HOST", "PRIVACYDESK_METRICS_PORT"
        return (describe_listen_error(error, host, port),)
    return ()
