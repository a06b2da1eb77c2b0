"""A program at the HTTP API: what a ticketing system does with the desk's requests.

    pip install aiohttp
    TOKEN=pdk_… python api_client.py http://127.0.0.1:8080

Lists what is open, page by page, and takes each request that nobody holds: claims it, notes the
number that it has here, and writes to the requester. What it holds already it goes through again,
in case it was stopped between two steps. All of it may be run again: nothing is done twice.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

LATER = {429, 502, 503, 504}
IDENTITY = "crm"
"""What the token was made for: what the program holds is held under this name."""


class ProblemError(Exception):
    """The desk said no. Its ``code`` and ``reason`` are for programs."""

    def __init__(self, status: int, told: dict) -> None:
        super().__init__(f"{status} {told.get('code')}: {told.get('title')}")
        self.status = status
        self.code = told.get("code", "")
        self.reason = told.get("reason", "")


class Desk:
    """The desk's API.

    Args:
        session: with the address and the token.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **query: str) -> tuple[dict, str]:
        """Return what is there, with its entity tag."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, key: str, tag: str = "", **body: Any) -> tuple[dict, str]:
        """Do something once. ``key`` is your name for it, the same whenever you ask again.

        With ``tag`` it is done only if nothing has changed since you looked.
        """
        headers = {"Idempotency-Key": key} | ({"If-Match": tag} if tag else {})
        return await self._ask("POST", path, headers=headers, json=body)

    async def _ask(self, method: str, path: str, **given: Any) -> tuple[dict, str]:
        for attempt in range(6):
            try:
                async with self._session.request(method, f"/api/v1{path}", **given) as answer:
                    told = await answer.json(content_type=None)
                    if answer.status not in LATER:
                        if answer.status >= 400:
                            raise ProblemError(answer.status, told)
                        return told, answer.headers.get("ETag", "")
                    pause = float(answer.headers.get("Retry-After", 2**attempt))
            except (aiohttp.ClientConnectionError, TimeoutError):
                # Nobody knows whether it was done. Under the same key it is done once.
                pause = 2.0**attempt
            await asyncio.sleep(pause)
        raise TimeoutError("the desk does not answer")

    async def tickets(self, **query: str) -> AsyncIterator[dict]:
        """Go through a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page, _ = await self.get("/tickets", limit="50", **query, **cursor)
            for ticket in page["tickets"]:
                yield ticket
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}


async def take(desk: Desk, number: str) -> None:
    """Take a request over: hold it, note our number on it, and tell the requester."""
    ticket, tag = await desk.get(f"/tickets/{number}")
    # Of the request, not of the person: one person may have several open at a time.
    ours = f"CRM-{number}"
    # 412 and 409: somebody else was quicker.
    await desk.post(f"/tickets/{number}/claim", f"{ours}-claim", tag)
    await desk.post(f"/tickets/{number}/notes", f"{ours}-note", text=f"Synchronised as {ours}.")
    await desk.post(
        f"/tickets/{number}/replies", f"{ours}-hello", text="我们已收到您的申请，正在处理。"
    )
    due = ticket["due"]["date"] if ticket["due"] else "no date yet"
    print(f"{number} {ticket['kind']} {ours} due {due}", flush=True)


async def main(url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        desk = Desk(session)
        for holder in (IDENTITY, ""):
            async for ticket in desk.tickets(state="in_review", holder=holder):
                try:
                    await take(desk, ticket["number"])
                except ProblemError as problem:
                    # Such as an agent who has the conversation; the others don't wait for it.
                    print(f"{ticket['number']}: {problem}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
