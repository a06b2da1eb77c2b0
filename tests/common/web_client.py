"""A chat client for tests: frames in and out, with a time limit on every wait."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient
from tests.common.described import check_frame

PATIENCE = 5.0


class ChatSocket:
    """One open socket."""

    def __init__(self, ws: ClientWebSocketResponse[bool]) -> None:
        self.ws = ws

    async def send(self, type_: str, **fields: Any) -> None:
        """Send a frame."""
        await self.ws.send_str(json.dumps({"type": type_, **fields}))

    async def raw(self, text: str) -> None:
        """Send a text frame as it is."""
        await self.ws.send_str(text)

    async def next(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self.ws.receive(PATIENCE)
        assert message.type is WSMsgType.TEXT, message
        answer: dict[str, Any] = json.loads(message.data)
        check_frame(answer)
        return answer

    async def until(self, type_: str) -> dict[str, Any]:
        """Return the next frame of a type, passing over others."""
        while True:
            frame = await self.next()
            if frame["type"] == type_:
                return frame

    async def closed(self) -> int:
        """Wait for the server to close; return its code."""
        while True:
            message = await self.ws.receive(PATIENCE)
            if message.type is not WSMsgType.TEXT:
                assert self.ws.close_code is not None
                return self.ws.close_code

    async def close(self) -> None:
        """Hang up."""
        await self.ws.close()


class ChatClient:
    """Opens sockets and makes requests against a test server."""

    def __init__(self, http: TestClient[Any, Any], app: web.Application) -> None:
        self.http = http
        self.app = app

    async def connect(self, address: str = "") -> ChatSocket:
        """Open a socket and say nothing.

        Args:
            address: where it comes from, as a trusted proxy says; this machine unless given.
        """
        headers = {"X-Forwarded-For": address} if address else {}
        return ChatSocket(await self.http.ws_connect("/chat/v1/socket", headers=headers))

    async def hello(self, address: str = "", **fields: Any) -> tuple[ChatSocket, dict[str, Any]]:
        """Open a socket and say hello; return it with the welcome."""
        socket = await self.connect(address)
        await socket.send("hello", **{"languages": "en", **fields})
        return socket, await socket.next()


Serve = Callable[..., Awaitable[ChatClient]]
"""Starts a server with the given settings and returns a client for it."""
