"""Zendesk, Zammad, Jira Cloud and Jira Data Center: the shapes of what the bridge asks them.

Made from their published references. None of the four was there to be asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "webhook secret over there"
TOKEN = "token over there"
US, ZHOU, LIN = "900", "901", "902"
"""The users' ids: the bridge's own, and two of people."""


@dataclass(slots=True)
class Held:
    """A ticket as a fake keeps it."""

    id: str
    ticket: str
    title: str
    text: str
    due_date: str
    state: str = "new"
    assignee: str = ""
    version: int = 1
    comments: list[tuple[str, str, str]] = field(default_factory=list)
    """Id, author and text."""


class Fake(ABC):
    """A system.

    Attributes:
        held: its tickets by id.
        indexed: whether a search finds what was just made.
        lose: called after something was done; what it raises, the answer becomes.
        changes: how often a ticket was changed.
    """

    kind: str
    first_state = "new"

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.indexed = True
        self.lose: Callable[[], None] = lambda: None
        self.changes = 0
        self._comments = 100
        self.app = web.Application(middlewares=[self._signed_in])
        self.routes()

    @abstractmethod
    def routes(self) -> None:
        """Say where it is asked what."""

    @property
    @abstractmethod
    def signs_in_with(self) -> str:
        """The header that its account is known by."""

    @abstractmethod
    def webhook(self, remote: str, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of a webhook about a ticket."""

    def make(self, ticket: str, title: str, text: str, due_date: str) -> Held:
        """Keep a new ticket."""
        number = str(len(self.held) + 1)
        made = Held(self.id_of(number), ticket, title, text, due_date, self.first_state)
        made.comments.append(self.comment(US, text))
        self.held[made.id] = made
        self.lose()
        return made

    def id_of(self, number: str) -> str:
        """Return a ticket's id."""
        return number

    def comment(self, author: str, text: str) -> tuple[str, str, str]:
        """Return a new comment."""
        self._comments += 1
        return str(self._comments), author, text

    def people_write(self, remote: str, author: str, text: str) -> None:
        """Have somebody write on a ticket."""
        self.held[remote].comments.append(self.comment(author, text))

    def found(self, ticket: str) -> list[Held]:
        """Search for the desk's ticket."""
        return [one for one in self.held.values() if self.indexed and one.ticket == ticket]

    def of(self, request: web.Request) -> Held:
        """Return the ticket that a request names."""
        held = self.held.get(request.match_info["id"])
        if held is None:
            raise web.HTTPNotFound
        return held

    def changed(self, held: Held) -> None:
        """Note that a ticket was changed."""
        held.version += 1
        self.changes += 1
        self.lose()

    @web.middleware
    async def _signed_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != self.signs_in_with:
            raise web.HTTPUnauthorized
        answer: web.StreamResponse = await handler(request)
        return answer


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


class FakeZendesk(Fake):
    """``/api/v2`` of Zendesk."""

    kind = "zendesk"
    signs_in_with = _basic(f"bridge@desk.example/token:{TOKEN}")

    def routes(self) -> None:
        base = "/api/v2"
        self.app.router.add_get(f"{base}/tickets.json", self._find)
        self.app.router.add_post(f"{base}/tickets.json", self._make)
        self.app.router.add_get(f"{base}/tickets/{{id}}.json", self._read)
        self.app.router.add_put(f"{base}/tickets/{{id}}.json", self._change)
        self.app.router.add_get(f"{base}/tickets/{{id}}/comments.json", self._written)
        self.app.router.add_get(f"{base}/users/me.json", self._me)

    def webhook(self, remote: str, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
        body, stamp = json.dumps({"ticket_id": remote}).encode(), "2026-05-04T08:30:00Z"
        made = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
        return body, {
            "X-Zendesk-Webhook-Signature": base64.b64encode(made).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
        }

    def _told(self, held: Held) -> dict[str, Any]:
        return {
            "id": int(held.id),
            "external_id": held.ticket,
            "status": held.state,
            "assignee_id": int(held.assignee) if held.assignee else None,
            "due_at": f"{held.due_date}T12:00:00Z" if held.due_date else None,
            "updated_at": f"2026-05-04T08:30:{held.version:02}Z",
        }

    async def _find(self, request: web.Request) -> web.Response:
        found = self.found(request.query["external_id"])
        return web.json_response({"tickets": [self._told(one) for one in found]})

    async def _make(self, request: web.Request) -> web.Response:
        told = (await request.json())["ticket"]
        assert request.headers["Idempotency-Key"] == told["external_id"]
        assert told["comment"]["public"] is False
        assert told["type"] == "task"
        assert told["group_id"] == 77
        made = self.make(
            told["external_id"],
            told["subject"],
            told["comment"]["body"],
            told.get("due_at", "")[:10],
        )
        return web.json_response({"ticket": self._told(made)}, status=201)

    async def _read(self, request: web.Request) -> web.Response:
        return web.json_response({"ticket": self._told(self.of(request))})

    async def _change(self, request: web.Request) -> web.Response:
        held, told = self.of(request), (await request.json())["ticket"]
        assert told["safe_update"] is True
        if told["updated_stamp"] != self._told(held)["updated_at"]:
            raise web.HTTPConflict
        held.state = told.get("status", held.state)
        if "assignee_id" in told:
            held.assignee = str(told["assignee_id"] or "")
        held.due_date = told.get("due_at", held.due_date)[:10]
        self.changed(held)
        return web.json_response({"ticket": self._told(held)})

    async def _written(self, request: web.Request) -> web.Response:
        held = self.of(request)
        at = int(request.query.get("page[after]", "0"))
        page = held.comments[at : at + 2]
        return web.json_response(
            {
                "comments": [
                    {"id": int(one), "author_id": int(author), "plain_body": text, "public": False}
                    for one, author, text in page
                ],
                "meta": {"has_more": at + 2 < len(held.comments), "after_cursor": str(at + 2)},
            }
        )

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response({"user": {"id": int(US)}})


class FakeZammad(Fake):
    """``/api/v1`` of Zammad."""

    kind = "zammad"
    signs_in_with = f"Token token={TOKEN}"

    def routes(self) -> None:
        base = "/api/v1"
        self.app.router.add_get(f"{base}/tickets/search", self._find)
        self.app.router.add_post(f"{base}/tickets", self._make)
        self.app.router.add_get(f"{base}/tickets/{{id}}", self._read)
        self.app.router.add_put(f"{base}/tickets/{{id}}", self._change)
        self.app.router.add_get(f"{base}/ticket_articles/by_ticket/{{id}}", self._written)
        self.app.router.add_get(f"{base}/users/me", self._me)

    def webhook(self, remote: str, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
        body = json.dumps({"ticket": {"id": int(remote)}, "article": {}}).encode()
        made = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        return body, {"X-Hub-Signature": f"sha1={made}", "X-Zammad-Delivery": "1"}

    def _told(self, held: Held) -> dict[str, Any]:
        return {
            "id": int(held.id),
            "title": held.title,
            "state": held.state,
            "owner_id": int(held.assignee or "1"),
            "privacydesk_id": held.ticket,
            "privacydesk_due": held.due_date or None,
        }

    async def _find(self, request: web.Request) -> web.Response:
        assert request.query["expand"] == "true"
        ticket = request.query["query"].removeprefix('privacydesk_id:"').removesuffix('"')
        alike = self._told(Held("99", "another", "", "", "")) if self.held else None
        found = [alike] if alike else []
        return web.json_response(found + [self._told(one) for one in self.found(ticket)])

    async def _make(self, request: web.Request) -> web.Response:
        told = await request.json()
        assert told["article"]["internal"] is True
        assert (told["group"], told["customer"]) == ("Privacy", "bridge@desk.example")
        made = self.make(
            told["privacydesk_id"],
            told["title"],
            told["article"]["body"],
            told["privacydesk_due"] or "",
        )
        return web.json_response(self._told(made), status=201)

    async def _read(self, request: web.Request) -> web.Response:
        return web.json_response(self._told(self.of(request)))

    async def _change(self, request: web.Request) -> web.Response:
        held, told = self.of(request), await request.json()
        held.state = told.get("state", held.state)
        if "owner_id" in told:
            held.assignee = "" if told["owner_id"] == 1 else str(told["owner_id"])
        held.due_date = told.get("privacydesk_due", held.due_date)
        self.changed(held)
        return web.json_response(self._told(held))

    async def _written(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "id": int(one),
                    "created_by_id": int(author),
                    "body": "<p>" + text.replace("&", "&amp;").replace("\n", "<br>") + "</p>",
                    "content_type": "text/html",
                    "internal": True,
                }
                for one, author, text in self.of(request).comments
            ]
        )

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": int(US)})


class FakeJira(Fake):
    """``/rest/api/3`` of Jira Cloud."""

    kind = "jira"
    first_state = "Waiting for support"
    signs_in_with = _basic(f"bridge@desk.example:{TOKEN}")
    _STATES = ("Waiting for support", "In progress", "Waiting for customer", "Resolved")
    _VERSION, _SEARCH, _PERSON = "3", "search/jql", "accountId"

    def routes(self) -> None:
        base = f"/rest/api/{self._VERSION}"
        self.app.router.add_get(f"{base}/{self._SEARCH}", self._find)
        self.app.router.add_post(f"{base}/issue", self._make)
        self.app.router.add_get(f"{base}/issue/{{id}}", self._read)
        self.app.router.add_put(f"{base}/issue/{{id}}", self._edit)
        self.app.router.add_put(f"{base}/issue/{{id}}/assignee", self._assign)
        self.app.router.add_get(f"{base}/issue/{{id}}/transitions", self._ways)
        self.app.router.add_post(f"{base}/issue/{{id}}/transitions", self._go)
        self.app.router.add_get(f"{base}/issue/{{id}}/comment", self._written)
        self.app.router.add_get(f"{base}/myself", self._me)

    def id_of(self, number: str) -> str:
        return f"PRIV-{number}"

    def webhook(self, remote: str, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
        told = {"webhookEvent": "jira:issue_updated", "issue": {"id": "1", "key": remote}}
        body = json.dumps(told).encode()
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {"X-Hub-Signature": f"sha256={made}"}

    async def _find(self, request: web.Request) -> web.Response:
        ticket = request.query["jql"].removeprefix('labels = "privacydesk-').removesuffix('"')
        found = [{"id": "1", "key": one.id} for one in self.found(ticket)]
        return web.json_response({"issues": found, "isLast": True})

    async def _make(self, request: web.Request) -> web.Response:
        told = (await request.json())["fields"]
        assert told["project"] == {"key": "PRIV"}
        assert told["issuetype"] == {"name": "Task"}
        (label,) = told["labels"]
        made = self.make(
            label.removeprefix("privacydesk-"),
            told["summary"],
            self._taken(told["description"]),
            told.get("duedate", ""),
        )
        return web.json_response({"id": "1", "key": made.id}, status=201)

    async def _read(self, request: web.Request) -> web.Response:
        held = self.of(request)
        fields = {
            "status": {"name": held.state},
            "assignee": self._person(held.assignee) if held.assignee else None,
            "duedate": held.due_date or None,
        }
        return web.json_response({"id": "1", "key": held.id, "fields": fields})

    async def _edit(self, request: web.Request) -> web.Response:
        held = self.of(request)
        held.due_date = (await request.json())["fields"]["duedate"]
        self.changed(held)
        return web.Response(status=204)

    async def _assign(self, request: web.Request) -> web.Response:
        held = self.of(request)
        held.assignee = (await request.json())[self._PERSON] or ""
        self.changed(held)
        return web.Response(status=204)

    async def _ways(self, request: web.Request) -> web.Response:
        held = self.of(request)
        ways = [
            {"id": str(number), "name": f"to {state}", "to": {"name": state}}
            for number, state in enumerate(self._STATES)
            if state != held.state
        ]
        return web.json_response({"transitions": ways})

    async def _go(self, request: web.Request) -> web.Response:
        held = self.of(request)
        held.state = self._STATES[int((await request.json())["transition"]["id"])]
        self.changed(held)
        return web.Response(status=204)

    async def _written(self, request: web.Request) -> web.Response:
        held, at = self.of(request), int(request.query["startAt"])
        comments = [
            {
                "id": one,
                # Nobody is named where somebody without an account could write.
                **({"author": self._person(author)} if author else {}),
                "body": self._shown(text),
                "jsdPublic": False,
            }
            # What stands first is the description, which is no comment.
            for one, author, text in held.comments[1:]
        ]
        return web.json_response({"comments": comments[at : at + 2], "total": len(comments)})

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(self._person(US))

    def _person(self, name: str) -> dict[str, str]:
        return {"accountId": name, "displayName": "Somebody"}

    def _taken(self, description: Any) -> str:
        """Return the text of a description that was sent."""
        lines = description["content"]
        return "\n".join("".join(part["text"] for part in line["content"]) for line in lines)

    def _shown(self, text: str) -> Any:
        """Return a text as a comment shows it."""
        paragraphs = [
            {"type": "paragraph", "content": [{"type": "text", "text": line}]}
            for line in text.split("\n")
        ]
        return {"type": "doc", "version": 1, "content": paragraphs}


class FakeJiraDataCenter(FakeJira):
    """``/rest/api/2`` of Jira Data Center: plain texts, people by their names."""

    kind = "jira-data-center"
    signs_in_with = f"Bearer {TOKEN}"
    _VERSION, _SEARCH, _PERSON = "2", "search", "name"

    def _person(self, name: str) -> dict[str, str]:
        # The key is another one than the name once somebody was renamed.
        return {"name": name, "key": f"JIRAUSER10{name}", "displayName": "Somebody"}

    def _taken(self, description: Any) -> str:
        if not isinstance(description, str):
            wrong = {
                "errorMessages": [],
                "errors": {"description": "Operation value must be a string"},
            }
            raise web.HTTPBadRequest(text=json.dumps(wrong), content_type="application/json")
        return description

    def _shown(self, text: str) -> Any:
        return text
