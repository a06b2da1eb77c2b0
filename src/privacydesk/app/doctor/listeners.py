"""Checks that the desk can listen, or listens, where browsers and Prometheus ask."""

from __future__ import annotations

import errno
import socket
from typing import Final, NamedTuple

import aiohttp
from aiohttp import hdrs
from yarl import URL

from privacydesk.settings import Settings
from privacydesk.system_errors import describe_listen_error

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
_ENOUGH: Final = 1 << 20
_UNAUTHORIZED: Final = 401


class _Listener(NamedTuple):
    """Where something of the desk listens.

    Attributes:
        host: the address.
        port: the port; not 0.
        prefix: what the names of its settings begin with.
        path: what is asked there.
        mark: what the desk's answer holds.
    """

    host: str
    port: int
    prefix: str
    path: str
    mark: bytes


async def find_listener_faults(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with the desk's port: nobody's, the desk's, or another program's.

    Args:
        settings: those of the desk; ``port`` is not 0.
    """
    where = _Listener(settings.host, settings.port, "PRIVACYDESK_", "/healthz", b'{"status": "')
    return await _find_faults(where)


async def find_metrics_listener_faults(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with the port for metrics: nobody's, the desk's, or another program's.

    Args:
        settings: those of the desk; ``metrics_port`` is set, and not 0.
    """
    prefix, host, port = "PRIVACYDESK_METRICS_", settings.metrics_host, settings.metrics_port or 0
    token = settings.metrics_token.get_secret_value()
    return await _find_faults(_Listener(host, port, prefix, "/metrics", b"privacydesk_"), token)


async def _find_faults(where: _Listener, token: str = "") -> tuple[str, ...]:
    names = f"{where.prefix}HOST", f"{where.prefix}PORT"
    error = _listening_error(where.host, where.port)
    if error is None:
        return ()
    if error.errno != errno.EADDRINUSE:
        return (describe_listen_error(error, *names),)
    status, body = await _ask(where, token)
    if status == _UNAUTHORIZED and token:
        told = f"what listens there refuses {where.prefix}TOKEN: restart `serve` with it"
        return (told,)
    return () if where.mark in body else (describe_listen_error(error, *names),)


def _listening_error(host: str, port: int) -> OSError | None:
    """Return why an address can't be listened on; None if it can. It is for a moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error
    return None


async def _ask(where: _Listener, token: str) -> tuple[int, bytes]:
    """Return the status and the body of an answer; 0 if there is none."""
    url = URL.build(scheme="http", host=where.host, port=where.port, path=where.path)
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.content.read(_ENOUGH)
    except (aiohttp.ClientError, TimeoutError):
        return 0, b""
