"""A real Redmine 6 on this machine: Debian's package over SQLite, killed at will.

A process loads Redmine once and forks each server, since loading takes seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from tests.common.ticket_sites import SiteTicket
from yarl import URL

_HOME = Path("/usr/share/redmine")
_LOADER = Path(__file__).with_name("redmine_server.rb")
PASSWORD = "pass word:of the desk"
_TRIES = 20
_START_PATIENCE = 90.0
_ZONE = ZoneInfo("Asia/Shanghai")
_DATABASE = """\
production:
  adapter: sqlite3
  database: {folder}/redmine.sqlite
  timeout: 20000
"""
_GEMFILE = f"""\
eval_gemfile '{_HOME}/Gemfile'
gem 'puma'
# There already if the installed instance is on SQLite and its settings can be read.
gem 'sqlite3', '~> 1.7.0' unless dependencies.any? {{ |gem| gem.name == 'sqlite3' }}
"""
_UP = "../" * 16
"""Out of the folder of Redmine's instances, whether or not links are followed."""


def missing() -> str | None:
    """Say why Redmine can't be run here; None when it can."""
    if (_HOME / "config.ru").is_file() and Path("/usr/bin/puma").is_file():
        return None
    return "Redmine is Debian's redmine, redmine-sqlite and puma"


@dataclass(frozen=True, slots=True)
class Account:
    """A user there: id and API key."""

    id: int
    key: str


class Loaded:
    """A loaded Redmine and its database with the project ``privacy`` and its people."""

    def __init__(self, folder: Path) -> None:
        for made in ("config", "files", "log", "plugins", "public", "tmp"):
            (folder / made).mkdir()
        (folder / "config" / "database.yml").write_text(_DATABASE.format(folder=folder), "utf-8")
        (folder / "config" / "secret_key.txt").write_text("0123456789abcdef" * 4, "utf-8")
        (folder / "Gemfile").write_text(_GEMFILE, "utf-8")
        self._database = folder / "redmine.sqlite"
        self._log = folder / "server.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                ("/usr/bin/ruby", _LOADER),
                env=os.environ
                | {
                    "BUNDLE_GEMFILE": str(folder / "Gemfile"),
                    "RAILS_ENV": "production",
                    "REDMINE_INSTANCE": f"{_UP}{str(folder).lstrip('/')}",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.people: Mapping[str, Account] = {}

    def prepare(self) -> None:
        """Make the database, which takes some seconds."""
        made = self._ask({"prepare": PASSWORD})
        self.people = {name: Account(**user) for name, user in made["users"].items()}

    def copy(self, to: Path) -> None:
        """Copy the database."""
        with contextlib.closing(sqlite3.connect(self._database)) as database:
            database.execute("VACUUM INTO ?", (str(to),))

    def fork(self, database: Path, port: int) -> int:
        """Serve a database; return the id of the process."""
        return int(self._ask({"database": str(database), "port": port})["pid"])

    def kill(self, pid: int) -> None:
        """SIGKILL a server, and wait until it is gone."""
        self._ask({"kill": pid})

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, wanted: Mapping[str, Any]) -> Any:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line.strip(), self._log.read_text("utf-8", "replace")[-4000:]
        return json.loads(line)


class RedmineServer:
    """A server over a copy of the prepared database."""

    system = "redmine"
    username = ""
    solved, waiting, at_work = "Closed", "Feedback", "In Progress"

    def __init__(self, loaded: Loaded, folder: Path) -> None:
        self.people = loaded.people
        self._loaded = loaded
        self._database = folder / "redmine.sqlite"
        loaded.copy(self._database)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._pid = 0

    @property
    def url(self) -> str:
        """The address, as an operator would name it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def secret(self) -> str:
        """The API key of the desk's user."""
        return self.people["desk"].key

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The operator's mapping."""
        return {
            "queue": "privacy/Support",
            "users": {"mei": self.people["zhou"].id, "lao-zhou": self.people["lin"].id},
            "fields": {"Request number": "number"},
            "locale": "en",
        }

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self._pid = self._loaded.fork(self._database, self._port)
        async with asyncio.timeout(_START_PATIENCE), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/issues.json"):
                        return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL the server, and wait until it is gone."""
        pid, self._pid = self._pid, 0
        if not pid:
            return
        self._loaded.kill(pid)

    def set(self, name: str, value: str) -> None:
        """Change a setting as an administrator does, while the server is not running."""
        with contextlib.closing(sqlite3.connect(self._database)) as database, database:
            database.execute("DELETE FROM settings WHERE name = ?", (name,))
            database.execute("INSERT INTO settings (name, value) VALUES (?, ?)", (name, value))

    @asynccontextmanager
    async def as_user(self, name: str) -> AsyncIterator[Agent]:
        """Act as one of its users."""
        headers = {"X-Redmine-API-Key": self.people[name].key}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Agent(session, URL(self.url), self.people)


class Agent:
    """What somebody does in Redmine, through its API."""

    def __init__(
        self, session: aiohttp.ClientSession, base: URL, people: Mapping[str, Account]
    ) -> None:
        self._session = session
        self._base = base
        self._people = people
        self._logins = {account.id: login for login, account in people.items()}

    async def seen(self, number: str = "") -> list[SiteTicket]:
        """Return the issues, oldest first, or those whose subject has a number."""
        query = {"status_id": "*", "sort": "id", "limit": "100"}
        if number:
            query["subject"] = f"~{number}"
        found = await self._ask("GET", "issues.json", params=query)
        return [await self._seen(one["id"]) for one in found["issues"]]

    async def comment(self, ticket: int, text: str) -> None:
        """Write a private note."""
        await self.write(ticket, notes=text, private_notes=True)

    async def reply(self, ticket: int, text: str) -> None:
        """Write a public note."""
        await self.write(ticket, notes=text)

    async def attach(self, ticket: int, name: str, content: bytes) -> None:
        """Put a file on an issue, without words."""
        uploaded = await self._ask(
            "POST", "uploads.json", params={"filename": name}, data=content,
            headers={"Content-Type": "application/octet-stream"},
        )  # fmt: skip
        file = {"token": uploaded["upload"]["token"], "filename": name}
        await self.write(ticket, uploads=[file])

    async def assign(self, ticket: int, login: str) -> None:
        """Assign an issue."""
        await self.write(ticket, assigned_to_id=self._people[login].id if login else "")

    async def move(self, ticket: int, state: str) -> None:
        """Set the status."""
        found = await self._ask("GET", "issue_statuses.json")
        (number,) = (one["id"] for one in found["issue_statuses"] if one["name"] == state)
        await self.write(ticket, status_id=number)

    async def delay(self, ticket: int) -> None:
        """Set the due date to the first day of 2027."""
        await self.write(ticket, due_date="2027-01-01")

    async def write(self, ticket: int, **values: Any) -> None:
        """Change an issue."""
        await self._ask("PUT", f"issues/{ticket}.json", json={"issue": values})

    async def remove(self, ticket: int) -> None:
        """Delete an issue."""
        await self._ask("DELETE", f"issues/{ticket}.json")

    async def _seen(self, number: int) -> SiteTicket:
        found = await self._ask("GET", f"issues/{number}.json", params={"include": "journals"})
        issue = found["issue"]
        due = issue["due_date"]
        opening = (self._logins[issue["author"]["id"]], False, issue["description"])
        return SiteTicket(
            id=number,
            subject=issue["subject"],
            state=issue["status"]["name"],
            assignee=self._logins[issue["assigned_to"]["id"]] if "assigned_to" in issue else "",
            due_at=datetime.combine(datetime.fromisoformat(due), time(23, 59), _ZONE)
            if due
            else None,
            updated=[one["id"] for one in issue["journals"]],
            written=(
                opening,
                *(
                    (self._logins[one["user"]["id"]], not one["private_notes"], one["notes"])
                    for one in issue["journals"]
                    if one["notes"]
                ),
            ),
        )

    async def _ask(self, method: str, path: str, **said: Any) -> Any:
        # SQLite refuses at once who begins to write while another does; all of it is undone then.
        for again in reversed(range(_TRIES)):
            async with self._session.request(method, self._base / path, **said) as response:
                body = await response.read()
            if response.status != 500 or not again:
                break
            await asyncio.sleep(0.3)
        assert response.status < 300, (response.status, body[:300])
        return json.loads(body) if body.strip() else None
