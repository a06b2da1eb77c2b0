"""A sample client of the HTTP API, which takes over tickets as a ticketing system would.

    pip install aiohttp
    TOKEN=pdk_… python api_client.py http://127.0.0.1:8080

It lists open tickets page by page, and takes over each one that is unassigned: it claims the
ticket, adds a note with its own number for it, and replies to the requester. Tickets that it holds
already are processed again, in case it was stopped between two steps. Every step is idempotent.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

RETRYABLE = {429, 502, 503, 504}
IDENTITY = "crm"
"""The identity of the token, which is the holder of tickets that this program claims."""


class ProblemError(Exception):
    """The desk refused a request; ``code`` and ``reason`` are for programs."""

    def __init__(self, status: int, content: dict) -> None:
        super().__init__(f"{status} {content.get('code')}: {content.get('title')}")
        self.status = status
        self.code = content.get("code", "")
        self.reason = content.get("reason", "")


class Desk:
    """The desk's API.

    Args:
        session: an HTTP session with the base URL and the token.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **query: str) -> tuple[dict, str]:
        """Send a GET; return the body and its entity tag."""
        return await self._request("GET", path, params=query)

    async def post(self, path: str, key: str, tag: str = "", **body: Any) -> tuple[dict, str]:
        """Send a POST that is performed once.

        Args:
            path: the path below ``/api/v1``.
            key: the idempotency key; use the same one for a retry.
            tag: an entity tag; with it, the request is refused if the object has changed.
            **body: the fields of the JSON body.
        """
        headers = {"Idempotency-Key": key} | ({"If-Match": tag} if tag else {})
        return await self._request("POST", path, headers=headers, json=body)

    async def _request(self, method: str, path: str, **arguments: Any) -> tuple[dict, str]:
        for attempt in range(6):
            try:
                async with self._session.request(method, f"/api/v1{path}", **arguments) as answer:
                    content = await answer.json(content_type=None)
                    if answer.status not in RETRYABLE:
                        if answer.status >= 400:
                            raise ProblemError(answer.status, content)
                        return content, answer.headers.get("ETag", "")
                    pause = float(answer.headers.get("Retry-After", 2**attempt))
            except (aiohttp.ClientConnectionError, TimeoutError):
                # It is unknown whether the request was performed; the key makes a retry safe.
                pause = 2.0**attempt
            await asyncio.sleep(pause)
        raise TimeoutError("the desk does not answer")

    async def tickets(self, **query: str) -> AsyncIterator[dict]:
        """Yield all tickets of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page, _ = await self.get("/tickets", limit="50", **query, **cursor)
            for ticket in page["tickets"]:
                yield ticket
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}


async def take_over(desk: Desk, number: str) -> None:
    """Take over a ticket: claim it, add a note with our number, and reply to the requester."""
    ticket, tag = await desk.get(f"/tickets/{number}")
    # A number for the ticket, not the person, who may have several open tickets.
    our_number = f"CRM-{number}"
    # Fails with 412 or 409 if somebody else was faster.
    await desk.post(f"/tickets/{number}/claim", f"{our_number}-claim", tag)
    await desk.post(
        f"/tickets/{number}/notes", f"{our_number}-note", text=f"Synchronised as {our_number}."
    )
    await desk.post(
        f"/tickets/{number}/replies", f"{our_number}-hello", text="我们已收到您的申请，正在处理。"
    )
    due = ticket["due"]["date"] if ticket["due"] else "no date yet"
    print(f"{number} {ticket['kind']} {our_number} due {due}", flush=True)


async def main(url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        desk = Desk(session)
        for holder in (IDENTITY, ""):
            async for ticket in desk.tickets(state="in_review", holder=holder):
                try:
                    await take_over(desk, ticket["number"])
                except ProblemError as problem:
                    # For example, an agent has taken over the conversation. Go on with the others.
                    print(f"{ticket['number']}: {problem}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
