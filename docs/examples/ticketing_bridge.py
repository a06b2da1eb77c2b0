"""A sample bridge between the desk and Zendesk, Zammad or Jira Service Management.

    pip install aiohttp standardwebhooks
    python ticketing_bridge.py bridge.toml

It stores its progress in a SQLite file, so it may be killed at any time.
``docs/ticketing-other-systems.md`` describes what it does and what is left to you, and has a
``bridge.toml`` for each system.

    desk ── webhook ──► /desk ──► links ──► worker ── reads the desk ── writes the system
    system ─ webhook ─► /system ► looks ──► worker ── reads the system ─ writes the desk
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import sqlite3
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from standardwebhooks import Webhook, WebhookVerificationError

log = logging.getLogger("bridge")
SEARCH_DELAY = 120.0
"""Seconds until a new ticket is surely found: two of the systems search an index."""
MAX_COMMENT = 10_000
"""The maximum number of characters of a comment that are copied to the desk."""
TABLES = """
create table if not exists links (
  ticket text primary key, number text not null, version integer not null,
  remote text unique, making real, assignee text not null default '',
  wanted integer not null default 1, pushed integer not null default 0
);
create table if not exists looks (remote text primary key, wanted integer not null);
create table if not exists taken (comment text primary key);
"""


class RetryLaterError(Exception):
    """The request must be tried again; after ``wait`` seconds, if the server said so."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class RefusedError(Exception):
    """The request was refused; a retry would not help."""


@dataclass(frozen=True)
class Comment:
    """A comment in the system."""

    id: str
    own: bool
    text: str


@dataclass(frozen=True)
class RemoteTicket:
    """A ticket of the system, with the system's own values."""

    state: str
    assignee: str
    due_date: str
    comments: tuple[Comment, ...] = ()
    version: str = ""


class Api:
    """A JSON API, used with one account."""

    RETRYABLE = frozenset({401, 403, 408, 409, 412, 425, 429})
    """Statuses to be retried, besides server errors."""

    def __init__(
        self,
        session: ClientSession,
        url: str,
        headers: Mapping[str, str],
        retryable: frozenset[int] = RETRYABLE,
    ) -> None:
        self._session, self._url, self._headers = session, url.rstrip("/"), headers
        self._retryable = retryable

    async def request(
        self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str
    ) -> Any:
        """Send one request; return None for 404."""
        extra_headers = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            async with self._session.request(
                method,
                f"{self._url}/{path}",
                json=body,
                params=query,
                headers={"Accept": "application/json", **self._headers, **extra_headers},
                allow_redirects=False,
            ) as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    return None
                if (
                    answer.status in self._retryable
                    or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                ):
                    wait = answer.headers.get("Retry-After", "")
                    raise RetryLaterError(
                        f"{answer.status}", float(wait) if wait.isdigit() else 0.0
                    )
                if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise RefusedError(f"{answer.status}")
                return await answer.json() if answer.status != HTTPStatus.NO_CONTENT else {}
        except (ClientError, TimeoutError, ValueError) as error:
            raise RetryLaterError(type(error).__name__) from error


class System(Protocol):
    """The interface of a ticketing system for the bridge."""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket of a webhook; None if its signature is invalid."""
        ...

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was created for a ticket of the desk, if any."""
        ...

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Create a ticket and return its id."""
        ...

    async def read(self, remote: str) -> RemoteTicket | None:
        """Return a ticket; None if it doesn't exist."""
        ...

    async def change(self, remote: str, current: RemoteTicket, changes: Mapping[str, str]) -> None:
        """Set the given ones of ``state``, ``assignee`` and ``due_date``."""
        ...


class Zendesk:
    """The Ticketing API of Zendesk, as an agent with an API token."""

    def __init__(self, session: ClientSession, config: Mapping[str, Any]) -> None:
        login = _basic_auth(f"{config['account']}/token", config["token"])
        self._api = Api(session, f"{config['url']}/api/v2", {"Authorization": login})
        self._group, self._secret = config["queue"], config["webhook_secret"]
        self._me = ""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket of a webhook; None if its signature is invalid."""
        timestamp = headers.get("X-Zendesk-Webhook-Signature-Timestamp", "")
        digest = hmac.new(self._secret.encode(), timestamp.encode() + raw, hashlib.sha256).digest()
        expected = base64.b64encode(digest).decode()
        sent = headers.get("X-Zendesk-Webhook-Signature", "")
        return str(body["ticket_id"]) if hmac.compare_digest(expected, sent) else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was created for a ticket of the desk, if any."""
        results = await self._api.request("GET", "tickets.json", query={"external_id": ticket})
        return next((str(item["id"]) for item in results["tickets"]), None)

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Create a ticket and return its id."""
        fields = {
            "external_id": ticket,
            "subject": title,
            "comment": {"body": text, "public": False},
            "group_id": int(self._group),
            # Only tickets of type "task" have a due date.
            "type": "task",
            **({"due_at": f"{due_date}T12:00:00Z"} if due_date else {}),
        }
        created = await self._api.request(
            "POST", "tickets.json", {"ticket": fields}, Idempotency_Key=ticket
        )
        return str(created["ticket"]["id"])

    async def read(self, remote: str) -> RemoteTicket | None:
        """Return a ticket; None if it doesn't exist."""
        answer = await self._api.request("GET", f"tickets/{remote}.json")
        if answer is None:
            return None
        if not self._me:
            self._me = str((await self._api.request("GET", "users/me.json"))["user"]["id"])
        comments, page = [], f"tickets/{remote}/comments.json"
        query: Any = {"page[size]": "100"}
        while True:
            page_body = await self._api.request("GET", page, query=query)
            comments += [
                Comment(
                    str(comment["id"]), str(comment["author_id"]) == self._me, comment["plain_body"]
                )
                for comment in page_body["comments"]
            ]
            if not page_body.get("meta", {}).get("has_more"):
                break
            query = {"page[size]": "100", "page[after]": page_body["meta"]["after_cursor"]}
        ticket = answer["ticket"]
        return RemoteTicket(
            ticket["status"],
            str(ticket["assignee_id"] or ""),
            (ticket["due_at"] or "")[:10],
            tuple(comments),
            ticket["updated_at"],
        )

    async def change(self, remote: str, current: RemoteTicket, changes: Mapping[str, str]) -> None:
        """Set the given ones of ``state``, ``assignee`` and ``due_date``."""
        # Refused with 409 if somebody has changed the ticket since it was read.
        fields: dict[str, Any] = {"safe_update": True, "updated_stamp": current.version}
        if "state" in changes:
            fields["status"] = changes["state"]
        if "assignee" in changes:
            fields["assignee_id"] = int(changes["assignee"]) if changes["assignee"] else None
        if "due_date" in changes:
            fields |= {"type": "task", "due_at": f"{changes['due_date']}T12:00:00Z"}
        await self._api.request("PUT", f"tickets/{remote}.json", {"ticket": fields})


class Zammad:
    """The REST API of Zammad, as an agent with an access token."""

    _NOBODY = "1"
    """The user that owns unassigned tickets."""

    def __init__(self, session: ClientSession, config: Mapping[str, Any]) -> None:
        login = {"Authorization": f"Token token={config['token']}"}
        self._api = Api(session, f"{config['url']}/api/v1", login)
        self._group, self._customer = config["queue"], config["account"]
        self._secret = config["webhook_secret"]
        self._me = ""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket of a webhook; None if its signature is invalid."""
        expected = "sha1=" + hmac.new(self._secret.encode(), raw, hashlib.sha1).hexdigest()
        is_valid = hmac.compare_digest(expected, headers.get("X-Hub-Signature", ""))
        return str(body["ticket"]["id"]) if is_valid else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was created for a ticket of the desk, if any."""
        query = {"query": f'privacydesk_id:"{ticket}"', "expand": "true", "limit": "5"}
        for item in await self._api.request("GET", "tickets/search", query=query):
            # The index may also return similar ids.
            if item["privacydesk_id"] == ticket:
                return str(item["id"])
        return None

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Create a ticket and return its id."""
        fields = {
            "title": title,
            "group": self._group,
            # Each ticket needs a customer. It is the desk's own user, so that nobody gets mail.
            "customer": self._customer,
            "privacydesk_id": ticket,
            "privacydesk_due": due_date or None,
            "article": {"subject": title, "body": text, "type": "note", "internal": True},
        }
        return str((await self._api.request("POST", "tickets", fields))["id"])

    async def read(self, remote: str) -> RemoteTicket | None:
        """Return a ticket; None if it doesn't exist."""
        ticket = await self._api.request("GET", f"tickets/{remote}", query={"expand": "true"})
        if ticket is None:
            return None
        if not self._me:
            self._me = str((await self._api.request("GET", "users/me"))["id"])
        articles = await self._api.request("GET", f"ticket_articles/by_ticket/{remote}")
        comments = tuple(
            Comment(
                str(article["id"]),
                str(article["created_by_id"]) == self._me,
                _article_text(article),
            )
            for article in articles or ()
        )
        owner = str(ticket["owner_id"])
        assignee = "" if owner == self._NOBODY else owner
        return RemoteTicket(ticket["state"], assignee, ticket["privacydesk_due"] or "", comments)

    async def change(self, remote: str, current: RemoteTicket, changes: Mapping[str, str]) -> None:
        """Set the given ones of ``state``, ``assignee`` and ``due_date``."""
        del current
        fields: dict[str, Any] = {}
        if "state" in changes:
            fields["state"] = changes["state"]
        if "assignee" in changes:
            fields["owner_id"] = int(changes["assignee"] or self._NOBODY)
        if "due_date" in changes:
            fields["privacydesk_due"] = changes["due_date"]
        await self._api.request("PUT", f"tickets/{remote}", fields)


class Jira:
    """The REST API of Jira Cloud, on the project of a service desk."""

    _VERSION, _SEARCH, _PERSON = "3", "search/jql", "accountId"

    def __init__(self, session: ClientSession, config: Mapping[str, Any]) -> None:
        base = f"{config['url']}/rest/api/{self._VERSION}"
        self._api = Api(session, base, {"Authorization": self._authorization(config)})
        self._project, self._type = config["queue"], config["issue_type"]
        self._secret = config["webhook_secret"]
        self._me = ""

    def _authorization(self, config: Mapping[str, Any]) -> str:
        return _basic_auth(config["account"], config["token"])

    def _written(self, text: str) -> Any:
        return _document(text)

    def _read_text(self, body: Any) -> str:
        return _document_text(body)

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the issue of a webhook; None if its signature is invalid."""
        expected = "sha256=" + hmac.new(self._secret.encode(), raw, hashlib.sha256).hexdigest()
        is_valid = hmac.compare_digest(expected, headers.get("X-Hub-Signature", ""))
        return str(body["issue"]["key"]) if is_valid else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was created for a ticket of the desk, if any."""
        query = {"jql": f'labels = "privacydesk-{ticket}"', "fields": "labels", "maxResults": "5"}
        results = await self._api.request("GET", self._SEARCH, query=query)
        return next((str(issue["key"]) for issue in results["issues"]), None)

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Create a ticket and return its id."""
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": title,
            "description": self._written(text),
            "labels": [f"privacydesk-{ticket}"],
            **({"duedate": due_date} if due_date else {}),
        }
        return str((await self._api.request("POST", "issue", {"fields": fields}))["key"])

    async def read(self, remote: str) -> RemoteTicket | None:
        """Return a ticket; None if it doesn't exist."""
        query = {"fields": "status,assignee,duedate"}
        issue = await self._api.request("GET", f"issue/{remote}", query=query)
        if issue is None:
            return None
        if not self._me:
            self._me = str((await self._api.request("GET", "myself"))[self._PERSON])
        comments: list[Comment] = []
        while True:
            query = {"startAt": str(len(comments)), "maxResults": "100"}
            page_body = await self._api.request("GET", f"issue/{remote}/comment", query=query)
            comments += [
                Comment(
                    comment["id"],
                    # Where people without an account may write, comments have no author.
                    comment.get("author", {}).get(self._PERSON) == self._me,
                    self._read_text(comment["body"]),
                )
                for comment in page_body["comments"]
            ]
            if not page_body["comments"] or len(comments) >= page_body["total"]:
                break
        fields = issue["fields"]
        return RemoteTicket(
            fields["status"]["name"],
            (fields["assignee"] or {}).get(self._PERSON, ""),
            fields["duedate"] or "",
            tuple(comments),
        )

    async def change(self, remote: str, current: RemoteTicket, changes: Mapping[str, str]) -> None:
        """Set the given ones of ``state``, ``assignee`` and ``due_date``."""
        del current
        if "due_date" in changes:
            fields = {"duedate": changes["due_date"]}
            await self._api.request("PUT", f"issue/{remote}", {"fields": fields})
        if "assignee" in changes:
            account = {self._PERSON: changes["assignee"] or None}
            await self._api.request("PUT", f"issue/{remote}/assignee", account)
        if "state" in changes:
            transitions = await self._api.request("GET", f"issue/{remote}/transitions")
            for transition in transitions["transitions"]:
                if transition["to"]["name"] == changes["state"]:
                    body = {"transition": {"id": transition["id"]}}
                    await self._api.request("POST", f"issue/{remote}/transitions", body)
                    return
            raise RefusedError(f"no transition leads to {changes['state']}")


class JiraDataCenter(Jira):
    """The REST API of Jira Data Center: plain texts, people by their names, personal tokens."""

    _VERSION, _SEARCH, _PERSON = "2", "search", "name"

    def _authorization(self, config: Mapping[str, Any]) -> str:
        return f"Bearer {config['token']}"

    def _written(self, text: str) -> Any:
        return text

    def _read_text(self, body: Any) -> str:
        return str(body)


def _basic_auth(login: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()


def _article_text(article: Mapping[str, Any]) -> str:
    if article["content_type"] != "text/html":
        return str(article["body"])
    text = re.sub(r"(?i)<br\s*/?>|</p>|</div>", "\n", article["body"])
    return unescape(re.sub(r"<[^>]*>", "", text))


def _document(text: str) -> dict[str, Any]:
    lines = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
        for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": lines}


def _document_text(node: Mapping[str, Any]) -> str:
    if node["type"] == "text":
        return str(node["text"])
    inner = "".join(_document_text(child) for child in node.get("content", ()))
    return inner + ("\n" if node["type"] in {"paragraph", "heading", "hardBreak"} else "")


SYSTEMS: Mapping[str, Callable[[ClientSession, Mapping[str, Any]], System]] = {
    "zendesk": Zendesk,
    "zammad": Zammad,
    "jira": Jira,
    "jira-data-center": JiraDataCenter,
}


class Bridge:
    """Transfers changes in both directions until both sides agree."""

    def __init__(self, config: Mapping[str, Any], session: ClientSession, folder: Path) -> None:
        desk = config["desk"]
        login = {"Authorization": f"Bearer {desk['token']}"}
        self.verifier = Webhook(desk["webhook_secret"])
        self.system = SYSTEMS[config["system"]["kind"]](session, config["system"])
        # The desk answers 403 and 409 if its rules forbid the action, so these are not retried.
        self._desk = Api(session, f"{desk['url']}/api/v1", login, Api.RETRYABLE - {403, 409})
        self._console = desk["console"]
        self._states, self._agents = config["states"], {v: k for k, v in config["users"].items()}
        self._users = config["users"]
        self._wake = asyncio.Event()
        self._db = sqlite3.connect(folder / "bridge.sqlite", isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=full; {TABLES}")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def schedule_push(self, ticket: str, number: str, version: int) -> None:
        """Schedule a push of a changed ticket of the desk; outdated messages are ignored."""
        self._db.execute(
            "insert into links (ticket, number, version) values (?, ?, ?) on conflict do update"
            " set wanted = wanted + (excluded.version > version),"
            " version = max(version, excluded.version)",
            (ticket, number, version),
        )
        self._wake.set()

    def schedule_pull(self, remote: str) -> None:
        """Schedule a pull of a changed ticket of the system."""
        self._db.execute(
            "insert into looks values (?, 1) on conflict do update set wanted = wanted + 1",
            (remote,),
        )
        self._wake.set()

    async def work(self) -> None:
        """Run scheduled pushes and pulls until cancelled."""
        pause = 1.0
        while True:
            self._wake.clear()
            wait = await self.run_scheduled()
            if wait:
                pause = min(300.0, max(pause * 2, wait))
                await asyncio.sleep(pause)
                continue
            pause = 1.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 60.0)

    async def run_scheduled(self) -> float:
        """Run all scheduled pushes and pulls; return the seconds to wait before retries, or 0."""
        wait = 0.0
        pulls = self._db.execute("select remote, wanted from looks").fetchall()
        pushes = self._db.execute("select ticket, wanted from links where wanted > pushed")
        for transfer, target, wanted in (
            *((self._pull, *row) for row in pulls),
            *((self._push, *row) for row in pushes.fetchall()),
        ):
            try:
                await transfer(target, wanted)
            except RetryLaterError as error:
                log.warning("%s: not now (%s)", target, error)
                wait = max(wait, error.wait, 1.0)
            except RefusedError as error:
                # The mapping has to be fixed; the next change of the ticket is tried again.
                log.error("%s: refused (%s)", target, error)  # noqa: TRY400 - no traceback needed
                self._db.execute("update links set pushed = ? where ticket = ?", (wanted, target))
                self._db.execute("delete from looks where remote = ?", (target,))
            except Exception:
                log.exception("%s: an answer that this was not written for", target)
                wait = max(wait, 60.0)
        return wait

    async def _push(self, ticket: str, wanted: int) -> None:
        number, remote, base = self._db.execute(
            "select number, remote, assignee from links where ticket = ?", (ticket,)
        ).fetchone()
        desk_ticket = await self._desk.request("GET", f"tickets/{quote(number)}")
        if desk_ticket is None:
            raise RefusedError("the desk has no such ticket")
        due_date = (desk_ticket["due"] or {}).get("date", "")
        if remote is None:
            remote = await self._find_or_create(ticket, desk_ticket, due_date)
        current = await self.system.read(remote)
        if current is None:
            raise RefusedError("the system has no such ticket any more")
        changes: dict[str, str] = {}
        state = self._states.get(desk_ticket["state"], current.state)
        if state != current.state:
            changes["state"] = state
        if due_date and due_date != current.due_date:
            changes["due_date"] = due_date
        holder = self._users.get(desk_ticket["holder"], "")
        if holder == current.assignee:
            base = holder
        elif holder != base:
            # Assigned in the desk, which takes precedence if the system has changed it, too.
            changes["assignee"] = base = holder
        else:
            self.schedule_pull(remote)
        if changes:
            await self.system.change(remote, current, changes)
        self._db.execute(
            "update links set pushed = ?, assignee = ? where ticket = ?", (wanted, base, ticket)
        )

    async def _find_or_create(
        self, ticket: str, desk_ticket: Mapping[str, Any], due_date: str
    ) -> str:
        """Return the system's ticket; create it unless it was created before a crash."""
        (making,) = self._db.execute(
            "select making from links where ticket = ?", (ticket,)
        ).fetchone()
        remote = await self.system.find(ticket)
        if remote is None and making is not None and time.time() - making < SEARCH_DELAY:
            raise RetryLaterError("a search may not show yet what was made", 10.0)
        if remote is None:
            self._db.execute("update links set making = ? where ticket = ?", (time.time(), ticket))
            title = f"{desk_ticket['number']} {desk_ticket['kind']}"
            text = f"{title}\n{self._console}/{quote(desk_ticket['number'])}"
            remote = await self.system.make(ticket, title, text, due_date)
        self._db.execute("update links set remote = ? where ticket = ?", (remote, ticket))
        return remote

    async def _pull(self, remote: str, wanted: int) -> None:
        link = self._db.execute(
            "select ticket, number, assignee from links where remote = ?", (remote,)
        ).fetchone()
        current = await self.system.read(remote) if link is not None else None
        if link is not None and current is not None:
            ticket, number, base = link
            for comment in current.comments:
                await self._copy_comment(number, comment)
            if current.assignee != base:
                await self._assign(number, remote, current.assignee)
                # Accepted or refused, the desk's holder counts from now on.
                self._db.execute(
                    "update links set assignee = ?, wanted = wanted + 1 where ticket = ?",
                    (current.assignee, ticket),
                )
        self._db.execute("delete from looks where remote = ? and wanted = ?", (remote, wanted))

    async def _copy_comment(self, number: str, comment: Comment) -> None:
        copied = self._db.execute("select 1 from taken where comment = ?", (comment.id,)).fetchone()
        if copied or comment.own or not comment.text.strip():
            return
        key = f"bridge-comment-{comment.id}"
        with suppress(RefusedError):
            text = {"text": comment.text[:MAX_COMMENT]}
            await self._desk.request("POST", f"tickets/{number}/notes", text, Idempotency_Key=key)
        self._db.execute("insert or ignore into taken values (?)", (comment.id,))

    async def _assign(self, number: str, remote: str, assignee: str) -> None:
        agent = self._agents.get(assignee)
        if assignee and agent is None:
            return
        ticket = await self._desk.request("GET", f"tickets/{quote(number)}")
        if ticket is None or ticket["holder"] == (agent or ""):
            return
        key, path = f"bridge-assign-{remote}-{ticket['version']}", f"tickets/{quote(number)}"
        version, moves = ticket["version"], [("assignment", {"to": agent})]
        if not ticket["holder"]:
            # The bridge can only assign tickets that it holds, and takes none from an agent.
            moves.insert(0, ("claim", {}))
        try:
            for move, body in moves:
                headers = {"Idempotency_Key": f"{key}-{move}", "If_Match": f'"{version}"'}
                answer = await self._desk.request("POST", f"{path}/{move}", body, **headers)
                version = answer["version"]
        except RefusedError as error:
            log.warning("%s: the desk does not give it to them (%s)", number, error)
            with suppress(RefusedError):
                # Unassign the ticket again, if it was claimed before the refusal.
                headers = {"Idempotency_Key": f"{key}-back"}
                await self._desk.request("POST", f"{path}/assignment", {"to": None}, **headers)


def make_app(config: Mapping[str, Any], folder: Path) -> web.Application:
    """Return the bridge as a web application, which also runs the worker."""
    app = web.Application(client_max_size=2 << 20)
    bridges: list[Bridge] = []

    async def desk(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            message = bridges[0].verifier.verify(body, dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401)
        if message["type"].startswith("ticket."):
            data = message["data"]
            bridges[0].schedule_push(data["id"], data["number"], data["version"])
        return web.Response(status=204)

    async def system(request: web.Request) -> web.Response:
        try:
            remote = bridges[0].system.remote_of(
                request.headers, await request.read(), await request.json()
            )
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400)
        if remote is None:
            return web.Response(status=401)
        bridges[0].schedule_pull(remote)
        return web.Response(status=204)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with ClientSession(timeout=ClientTimeout(total=30)) as session:
            bridges.append(Bridge(config, session, folder))
            worker = asyncio.create_task(bridges[0].work())
            yield
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
            bridges[0].close()

    async def context(_: web.Application) -> AsyncIterator[None]:
        async with running():
            yield

    app.cleanup_ctx.append(context)
    app.router.add_post("/desk", desk)
    app.router.add_post("/system", system)
    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    settings = Path(sys.argv[1])
    config = tomllib.loads(settings.read_text("utf-8"))
    port = config.get("port", 9100)
    web.run_app(make_app(config, settings.parent), host="127.0.0.1", port=port, print=None)
