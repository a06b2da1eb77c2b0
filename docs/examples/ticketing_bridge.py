"""A bridge from the desk to Zendesk, Zammad or Jira Service Management, to begin with.

    pip install aiohttp standardwebhooks
    python ticketing_bridge.py bridge.toml

It keeps its place in a file, so it may be killed at any moment. What it does and what it leaves to
you stands in ``docs/ticketing-other-systems.md``, with a ``bridge.toml`` for each system.

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
SETTLING = 120.0
"""Seconds after which a search has to show what was made: two of the systems search an index."""
LONGEST = 10_000
"""Characters of a comment that go over; the rest is read where it was written."""
TABLES = """
create table if not exists links (
  ticket text primary key, number text not null, sequence integer not null,
  remote text unique, making real, assignee text not null default '',
  wanted integer not null default 1, pushed integer not null default 0
);
create table if not exists looks (remote text primary key, wanted integer not null);
create table if not exists taken (comment text primary key);
"""


class NotNowError(Exception):
    """To be tried again; ``wait`` seconds from now, if that was said."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class RefusedError(Exception):
    """Asking again is no use."""


@dataclass(frozen=True)
class Comment:
    """What somebody wrote in the system."""

    id: str
    own: bool
    text: str


@dataclass(frozen=True)
class Seen:
    """A ticket of the system, in its own words."""

    state: str
    assignee: str
    due_date: str
    comments: tuple[Comment, ...] = ()
    version: str = ""


class Api:
    """JSON over HTTP with one account."""

    LATER = frozenset({401, 403, 408, 409, 412, 425, 429})
    """What may be otherwise later, besides faults of a server."""

    def __init__(
        self,
        session: ClientSession,
        url: str,
        headers: Mapping[str, str],
        later: frozenset[int] = LATER,
    ) -> None:
        self._session, self._url, self._headers = session, url.rstrip("/"), headers
        self._later = later

    async def ask(
        self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str
    ) -> Any:
        """Ask once; None for 404."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            async with self._session.request(
                method,
                f"{self._url}/{path}",
                json=body,
                params=query,
                headers={"Accept": "application/json", **self._headers, **named},
                allow_redirects=False,
            ) as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    return None
                if (
                    answer.status in self._later
                    or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                ):
                    wait = answer.headers.get("Retry-After", "")
                    raise NotNowError(f"{answer.status}", float(wait) if wait.isdigit() else 0.0)
                if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise RefusedError(f"{answer.status}")
                return await answer.json() if answer.status != HTTPStatus.NO_CONTENT else {}
        except (ClientError, TimeoutError, ValueError) as error:
            raise NotNowError(type(error).__name__) from error


class System(Protocol):
    """What the bridge needs of a system."""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket that a genuine webhook is about."""
        ...

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was made for one of the desk's, if any."""
        ...

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Make a ticket and return its id."""
        ...

    async def read(self, remote: str) -> Seen | None:
        """Return a ticket; None where there is none."""
        ...

    async def change(self, remote: str, seen: Seen, told: Mapping[str, str]) -> None:
        """Set what is told of ``state``, ``assignee`` and ``due_date``."""
        ...


class Zendesk:
    """The Ticketing API of Zendesk, as an agent with an API token."""

    def __init__(self, session: ClientSession, said: Mapping[str, Any]) -> None:
        login = _basic(f"{said['account']}/token", said["token"])
        self._api = Api(session, f"{said['url']}/api/v2", {"Authorization": login})
        self._group, self._secret = said["queue"], said["webhook_secret"]
        self._me = ""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket that a genuine webhook is about."""
        stamp = headers.get("X-Zendesk-Webhook-Signature-Timestamp", "")
        made = hmac.new(self._secret.encode(), stamp.encode() + raw, hashlib.sha256).digest()
        right = base64.b64encode(made).decode()
        sent = headers.get("X-Zendesk-Webhook-Signature", "")
        return str(body["ticket_id"]) if hmac.compare_digest(right, sent) else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was made for one of the desk's, if any."""
        found = await self._api.ask("GET", "tickets.json", query={"external_id": ticket})
        return next((str(one["id"]) for one in found["tickets"]), None)

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Make a ticket and return its id."""
        told = {
            "external_id": ticket,
            "subject": title,
            "comment": {"body": text, "public": False},
            "group_id": int(self._group),
            # Only a task has a due date.
            "type": "task",
            **({"due_at": f"{due_date}T12:00:00Z"} if due_date else {}),
        }
        made = await self._api.ask("POST", "tickets.json", {"ticket": told}, Idempotency_Key=ticket)
        return str(made["ticket"]["id"])

    async def read(self, remote: str) -> Seen | None:
        """Return a ticket; None where there is none."""
        found = await self._api.ask("GET", f"tickets/{remote}.json")
        if found is None:
            return None
        if not self._me:
            self._me = str((await self._api.ask("GET", "users/me.json"))["user"]["id"])
        comments, page = [], f"tickets/{remote}/comments.json"
        query: Any = {"page[size]": "100"}
        while True:
            listed = await self._api.ask("GET", page, query=query)
            comments += [
                Comment(str(one["id"]), str(one["author_id"]) == self._me, one["plain_body"])
                for one in listed["comments"]
            ]
            if not listed.get("meta", {}).get("has_more"):
                break
            query = {"page[size]": "100", "page[after]": listed["meta"]["after_cursor"]}
        ticket = found["ticket"]
        return Seen(
            ticket["status"],
            str(ticket["assignee_id"] or ""),
            (ticket["due_at"] or "")[:10],
            tuple(comments),
            ticket["updated_at"],
        )

    async def change(self, remote: str, seen: Seen, told: Mapping[str, str]) -> None:
        """Set what is told of ``state``, ``assignee`` and ``due_date``."""
        # Refused with 409 where somebody changed the ticket since it was read.
        change: dict[str, Any] = {"safe_update": True, "updated_stamp": seen.version}
        if "state" in told:
            change["status"] = told["state"]
        if "assignee" in told:
            change["assignee_id"] = int(told["assignee"]) if told["assignee"] else None
        if "due_date" in told:
            change |= {"type": "task", "due_at": f"{told['due_date']}T12:00:00Z"}
        await self._api.ask("PUT", f"tickets/{remote}.json", {"ticket": change})


class Zammad:
    """The REST API of Zammad, as an agent with an access token."""

    _NOBODY = "1"
    """The user that owns what nobody owns."""

    def __init__(self, session: ClientSession, said: Mapping[str, Any]) -> None:
        login = {"Authorization": f"Token token={said['token']}"}
        self._api = Api(session, f"{said['url']}/api/v1", login)
        self._group, self._customer = said["queue"], said["account"]
        self._secret = said["webhook_secret"]
        self._me = ""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the ticket that a genuine webhook is about."""
        right = "sha1=" + hmac.new(self._secret.encode(), raw, hashlib.sha1).hexdigest()
        genuine = hmac.compare_digest(right, headers.get("X-Hub-Signature", ""))
        return str(body["ticket"]["id"]) if genuine else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was made for one of the desk's, if any."""
        query = {"query": f'privacydesk_id:"{ticket}"', "expand": "true", "limit": "5"}
        for one in await self._api.ask("GET", "tickets/search", query=query):
            # The index may find what is only alike.
            if one["privacydesk_id"] == ticket:
                return str(one["id"])
        return None

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Make a ticket and return its id."""
        told = {
            "title": title,
            "group": self._group,
            # Each ticket has a customer: the desk's own user, so that nobody is written to.
            "customer": self._customer,
            "privacydesk_id": ticket,
            "privacydesk_due": due_date or None,
            "article": {"subject": title, "body": text, "type": "note", "internal": True},
        }
        return str((await self._api.ask("POST", "tickets", told))["id"])

    async def read(self, remote: str) -> Seen | None:
        """Return a ticket; None where there is none."""
        ticket = await self._api.ask("GET", f"tickets/{remote}", query={"expand": "true"})
        if ticket is None:
            return None
        if not self._me:
            self._me = str((await self._api.ask("GET", "users/me"))["id"])
        articles = await self._api.ask("GET", f"ticket_articles/by_ticket/{remote}")
        comments = tuple(
            Comment(str(one["id"]), str(one["created_by_id"]) == self._me, _words(one))
            for one in articles or ()
        )
        owner = str(ticket["owner_id"])
        assignee = "" if owner == self._NOBODY else owner
        return Seen(ticket["state"], assignee, ticket["privacydesk_due"] or "", comments)

    async def change(self, remote: str, seen: Seen, told: Mapping[str, str]) -> None:
        """Set what is told of ``state``, ``assignee`` and ``due_date``."""
        del seen
        change: dict[str, Any] = {}
        if "state" in told:
            change["state"] = told["state"]
        if "assignee" in told:
            change["owner_id"] = int(told["assignee"] or self._NOBODY)
        if "due_date" in told:
            change["privacydesk_due"] = told["due_date"]
        await self._api.ask("PUT", f"tickets/{remote}", change)


class Jira:
    """The REST API of Jira Cloud, on the project of a service desk."""

    def __init__(self, session: ClientSession, said: Mapping[str, Any]) -> None:
        login = _basic(said["account"], said["token"])
        self._api = Api(session, f"{said['url']}/rest/api/3", {"Authorization": login})
        self._project, self._type = said["queue"], said["issue_type"]
        self._secret = said["webhook_secret"]
        self._me = ""

    def remote_of(self, headers: Mapping[str, str], raw: bytes, body: Any) -> str | None:
        """Return the issue that a genuine webhook is about."""
        right = "sha256=" + hmac.new(self._secret.encode(), raw, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(right, headers.get("X-Hub-Signature", ""))
        return str(body["issue"]["key"]) if genuine else None

    async def find(self, ticket: str) -> str | None:
        """Return the ticket that was made for one of the desk's, if any."""
        asked = {"jql": f'labels = "privacydesk-{ticket}"', "fields": ["labels"], "maxResults": 5}
        found = await self._api.ask("POST", "search/jql", asked)
        return next((str(one["key"]) for one in found["issues"]), None)

    async def make(self, ticket: str, title: str, text: str, due_date: str) -> str:
        """Make a ticket and return its id."""
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": title,
            "description": _document(text),
            "labels": [f"privacydesk-{ticket}"],
            **({"duedate": due_date} if due_date else {}),
        }
        return str((await self._api.ask("POST", "issue", {"fields": fields}))["key"])

    async def read(self, remote: str) -> Seen | None:
        """Return a ticket; None where there is none."""
        query = {"fields": "status,assignee,duedate"}
        issue = await self._api.ask("GET", f"issue/{remote}", query=query)
        if issue is None:
            return None
        if not self._me:
            self._me = str((await self._api.ask("GET", "myself"))["accountId"])
        comments: list[Comment] = []
        while True:
            query = {"startAt": str(len(comments)), "maxResults": "100"}
            listed = await self._api.ask("GET", f"issue/{remote}/comment", query=query)
            comments += [
                Comment(one["id"], one["author"]["accountId"] == self._me, _text_of(one["body"]))
                for one in listed["comments"]
            ]
            if not listed["comments"] or len(comments) >= listed["total"]:
                break
        fields = issue["fields"]
        return Seen(
            fields["status"]["name"],
            (fields["assignee"] or {}).get("accountId", ""),
            fields["duedate"] or "",
            tuple(comments),
        )

    async def change(self, remote: str, seen: Seen, told: Mapping[str, str]) -> None:
        """Set what is told of ``state``, ``assignee`` and ``due_date``."""
        del seen
        if "due_date" in told:
            fields = {"duedate": told["due_date"]}
            await self._api.ask("PUT", f"issue/{remote}", {"fields": fields})
        if "assignee" in told:
            account = {"accountId": told["assignee"] or None}
            await self._api.ask("PUT", f"issue/{remote}/assignee", account)
        if "state" in told:
            ways = await self._api.ask("GET", f"issue/{remote}/transitions")
            for way in ways["transitions"]:
                if way["to"]["name"] == told["state"]:
                    asked = {"transition": {"id": way["id"]}}
                    await self._api.ask("POST", f"issue/{remote}/transitions", asked)
                    return
            raise RefusedError(f"no way leads to {told['state']}")


def _basic(login: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()


def _words(article: Mapping[str, Any]) -> str:
    if article["content_type"] != "text/html":
        return str(article["body"])
    lined = re.sub(r"(?i)<br\s*/?>|</p>|</div>", "\n", article["body"])
    return unescape(re.sub(r"<[^>]*>", "", lined))


def _document(text: str) -> dict[str, Any]:
    lines = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
        for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": lines}


def _text_of(node: Mapping[str, Any]) -> str:
    if node["type"] == "text":
        return str(node["text"])
    inner = "".join(_text_of(one) for one in node.get("content", ()))
    return inner + ("\n" if node["type"] in {"paragraph", "heading", "hardBreak"} else "")


SYSTEMS: Mapping[str, Callable[[ClientSession, Mapping[str, Any]], System]] = {
    "zendesk": Zendesk,
    "zammad": Zammad,
    "jira": Jira,
}


class Bridge:
    """Goes over what is wanted until both sides are alike."""

    def __init__(self, said: Mapping[str, Any], session: ClientSession, folder: Path) -> None:
        desk = said["desk"]
        login = {"Authorization": f"Bearer {desk['token']}"}
        self.verifier = Webhook(desk["webhook_secret"])
        self.system = SYSTEMS[said["system"]["kind"]](session, said["system"])
        # The desk says 403 and 409 where its rules forbid what was asked.
        self._desk = Api(session, f"{desk['url']}/api/v1", login, Api.LATER - {403, 409})
        self._console = desk["console"]
        self._states, self._agents = said["states"], {v: k for k, v in said["users"].items()}
        self._users = said["users"]
        self._wake = asyncio.Event()
        self._db = sqlite3.connect(folder / "bridge.sqlite", isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=full; {TABLES}")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def wish(self, ticket: str, number: str, sequence: int) -> None:
        """Note that the desk's ticket has a newer state; an old message changes nothing."""
        self._db.execute(
            "insert into links (ticket, number, sequence) values (?, ?, ?) on conflict do update"
            " set wanted = wanted + (excluded.sequence > sequence),"
            " sequence = max(sequence, excluded.sequence)",
            (ticket, number, sequence),
        )
        self._wake.set()

    def look_at(self, remote: str) -> None:
        """Note that something happened to a ticket of the system."""
        self._db.execute(
            "insert into looks values (?, 1) on conflict do update set wanted = wanted + 1",
            (remote,),
        )
        self._wake.set()

    async def work(self) -> None:
        """Work on what is noted, for ever."""
        pause = 1.0
        while True:
            self._wake.clear()
            wait = await self.once()
            if wait:
                pause = min(300.0, max(pause * 2, wait))
                await asyncio.sleep(pause)
                continue
            pause = 1.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 60.0)

    async def once(self) -> float:
        """Work on all that is noted; returns how long to wait where something has to wait."""
        wait = 0.0
        looks = self._db.execute("select remote, wanted from looks").fetchall()
        pushes = self._db.execute("select ticket, wanted from links where wanted > pushed")
        for work, what, wanted in (
            *((self._pull, *row) for row in looks),
            *((self._push, *row) for row in pushes.fetchall()),
        ):
            try:
                await work(what, wanted)
            except NotNowError as error:
                log.warning("%s: not now (%s)", what, error)
                wait = max(wait, error.wait, 1.0)
            except RefusedError as error:
                # Somebody has to look at the mapping; a newer state of the ticket tries again.
                log.error("%s: refused (%s)", what, error)  # noqa: TRY400 - where says nothing
                self._db.execute("update links set pushed = ? where ticket = ?", (wanted, what))
                self._db.execute("delete from looks where remote = ?", (what,))
            except Exception:
                log.exception("%s: an answer that this was not written for", what)
                wait = max(wait, 60.0)
        return wait

    async def _push(self, ticket: str, wanted: int) -> None:
        number, remote, base = self._db.execute(
            "select number, remote, assignee from links where ticket = ?", (ticket,)
        ).fetchone()
        theirs = await self._desk.ask("GET", f"tickets/{quote(number)}")
        if theirs is None:
            raise RefusedError("the desk has no such ticket")
        due_date = (theirs["due"] or {}).get("date", "")
        if remote is None:
            remote = await self._made(ticket, theirs, due_date)
        seen = await self.system.read(remote)
        if seen is None:
            raise RefusedError("the system has no such ticket any more")
        told: dict[str, str] = {}
        state = self._states.get(theirs["state"], seen.state)
        if state != seen.state:
            told["state"] = state
        if due_date and due_date != seen.due_date:
            told["due_date"] = due_date
        holder = self._users.get(theirs["holder"], "")
        if holder == seen.assignee:
            base = holder
        elif holder != base:
            # The desk gave it to somebody; if the system did, too, the desk's choice stands.
            told["assignee"] = base = holder
        else:
            self.look_at(remote)
        if told:
            await self.system.change(remote, seen, told)
        self._db.execute(
            "update links set pushed = ?, assignee = ? where ticket = ?", (wanted, base, ticket)
        )

    async def _made(self, ticket: str, theirs: Mapping[str, Any], due_date: str) -> str:
        """Return the system's ticket, made now or, before a kill, earlier."""
        (making,) = self._db.execute(
            "select making from links where ticket = ?", (ticket,)
        ).fetchone()
        remote = await self.system.find(ticket)
        if remote is None and making is not None and time.time() - making < SETTLING:
            raise NotNowError("a search may not show yet what was made", 10.0)
        if remote is None:
            self._db.execute("update links set making = ? where ticket = ?", (time.time(), ticket))
            title = f"{theirs['number']} {theirs['kind']}"
            text = f"{title}\n{self._console}/{quote(theirs['number'])}"
            remote = await self.system.make(ticket, title, text, due_date)
        self._db.execute("update links set remote = ? where ticket = ?", (remote, ticket))
        return remote

    async def _pull(self, remote: str, wanted: int) -> None:
        link = self._db.execute(
            "select ticket, number, assignee from links where remote = ?", (remote,)
        ).fetchone()
        seen = await self.system.read(remote) if link is not None else None
        if link is not None and seen is not None:
            ticket, number, base = link
            for comment in seen.comments:
                await self._note(number, comment)
            if seen.assignee != base:
                await self._assign(number, remote, seen.assignee)
                # Whatever came of it, the desk's holder is what is right from here on.
                self._db.execute(
                    "update links set assignee = ?, wanted = wanted + 1 where ticket = ?",
                    (seen.assignee, ticket),
                )
        self._db.execute("delete from looks where remote = ? and wanted = ?", (remote, wanted))

    async def _note(self, number: str, comment: Comment) -> None:
        known = self._db.execute("select 1 from taken where comment = ?", (comment.id,)).fetchone()
        if known or comment.own or not comment.text.strip():
            return
        key = f"bridge-comment-{comment.id}"
        with suppress(RefusedError):
            text = {"text": comment.text[:LONGEST]}
            await self._desk.ask("POST", f"tickets/{number}/notes", text, Idempotency_Key=key)
        self._db.execute("insert or ignore into taken values (?)", (comment.id,))

    async def _assign(self, number: str, remote: str, assignee: str) -> None:
        agent = self._agents.get(assignee)
        if assignee and agent is None:
            return
        ticket = await self._desk.ask("GET", f"tickets/{quote(number)}")
        if ticket is None or ticket["holder"] == (agent or ""):
            return
        key, path = f"bridge-assign-{remote}-{ticket['version']}", f"tickets/{quote(number)}"
        version, moves = ticket["version"], [("assignment", {"to": agent})]
        if not ticket["holder"]:
            # Only what it holds can an identity give away, and what somebody holds is not taken.
            moves.insert(0, ("claim", {}))
        try:
            for move, body in moves:
                headers = {"Idempotency_Key": f"{key}-{move}", "If_Match": f'"{version}"'}
                done = await self._desk.ask("POST", f"{path}/{move}", body, **headers)
                version = done["version"]
        except RefusedError as error:
            log.warning("%s: the desk does not give it to them (%s)", number, error)
            with suppress(RefusedError):
                # Back to nobody, if it was taken for them before the refusal.
                back = {"Idempotency_Key": f"{key}-back"}
                await self._desk.ask("POST", f"{path}/assignment", {"to": None}, **back)


def make_app(said: Mapping[str, Any], folder: Path) -> web.Application:
    """Return the bridge as a web application; its worker runs as long as it does."""
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
            bridges[0].wish(data["ticket_id"], data["number"], data["sequence"])
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
        bridges[0].look_at(remote)
        return web.Response(status=204)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with ClientSession(timeout=ClientTimeout(total=30)) as session:
            bridges.append(Bridge(said, session, folder))
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
    told = tomllib.loads(settings.read_text("utf-8"))
    port = told.get("port", 9100)
    web.run_app(make_app(told, settings.parent), host="127.0.0.1", port=port, print=None)
