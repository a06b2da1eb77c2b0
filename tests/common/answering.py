"""A server that gives prepared answers, for tests of clients of JSON APIs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(slots=True)
class Asked:
    """A request that the server got."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass(slots=True)
class Server:
    """Answers by method and path; several are given one after the other, the last for ever.

    Attributes:
        prefix: of all paths, which is left out.
    """

    prefix: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        path = request.raw_path.partition("?")[0].removeprefix(self.prefix)
        asked = Asked(request.method, path, dict(request.query), body, dict(request.headers))
        self.asked.append(asked)
        answer = self.answers.get(f"{asked.method} {path}")
        if isinstance(answer, tuple):
            answer, *later = answer
            self.answers[f"{asked.method} {path}"] = tuple(later) or answer
        if callable(answer):
            answer = answer(asked)
        if answer is None:
            return web.json_response({"message": "Not Found"}, status=404)
        if isinstance(answer, web.Response):
            return web.Response(
                status=answer.status, body=answer.body, headers=answer.headers.copy()
            )
        return web.json_response(answer, headers={"ETag": '"84"'})

    def of(self, method: str) -> list[Asked]:
        """Return the requests of one method."""
        return [one for one in self.asked if one.method == method]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[TestServer]:
        """Serve it on a free port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        server = TestServer(app)
        await server.start_server()
        try:
            yield server
        finally:
            await server.close()
