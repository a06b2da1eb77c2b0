"""A real Request Tracker 5 on this machine: Debian's package over SQLite, killed at will."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from tests.common.ticket_sites import SiteTicket
from yarl import URL

_HOME = Path("/usr/share/request-tracker5")
_SERVER = _HOME / "libexec" / "rt-server"
_SET_UP_DATABASE = Path("/usr/sbin/rt-setup-database-5")
_SET_UP_DESK = Path(__file__).with_name("request_tracker_setup.pl")
PASSWORD = "pass word:of the desk"
_START_PATIENCE = 90.0
_ZONE = "Asia/Shanghai"
"""Not UTC: dates that are read in the server's zone by mistake show."""
_SITE = """\
Set($rtname, 'tickets.test');
Set($Organization, 'tickets.test');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($Timezone, '{zone}');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
$RT::VarPath = '{folder}/var';
$RT::MasonDataDir = '{folder}/mason';
$RT::MasonSessionDir = '{folder}/sessions';
1;
"""


def missing() -> str | None:
    """Say why Request Tracker can't be run here; None when it can."""
    if _SERVER.is_file() and _SET_UP_DATABASE.is_file():
        return None
    return "Request Tracker is Debian's request-tracker5, rt5-standalone and rt5-db-sqlite"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with the queue ``Privacy``, its field, and the users ``desk``, ``zhou``, ``lin``.

    Attributes:
        database: the file, to be copied.
        tokens: by user.
    """

    database: Path
    tokens: Mapping[str, str]


def prepare(folder: Path) -> Prepared:
    """Make a database, which takes some ten seconds of processor time."""
    environment = _site(folder, port=1)
    root = folder / "root-password"
    root.write_text("a long password of nobody\n", "utf-8")
    made = (_SET_UP_DATABASE, "--action", "init", "--skip-create", "--root-password-file", root)
    subprocess.run(made, env=environment, check=True, capture_output=True)  # noqa: S603 - our own arguments
    desk = subprocess.run(  # noqa: S603
        ("/usr/bin/perl", _SET_UP_DESK, PASSWORD), env=environment, check=True, capture_output=True
    )
    return Prepared(folder / "rt.sqlite", json.loads(desk.stdout))


def _site(folder: Path, port: int) -> dict[str, str]:
    """Write the settings into a folder and return the environment that leads there."""
    nothing_else = folder / "none"
    for made in (nothing_else, folder / "mason", folder / "sessions", folder / "var"):
        made.mkdir(parents=True, exist_ok=True)
    settings = folder / "RT_SiteConfig.pm"
    settings.write_text(_SITE.format(folder=folder, port=port, zone=_ZONE), "utf-8")
    return os.environ | {
        "RT_SITE_CONFIG": str(settings),
        "RT_SITE_CONFIG_DIR": str(nothing_else),
    }


class RequestTrackerServer:
    """A server over a copy of a prepared database."""

    system = "request_tracker"
    username = "desk"
    solved, waiting, at_work = "resolved", "stalled", "open"
    mapping: Mapping[str, Any] = {
        "queue": "Privacy",
        "users": {"mei": "zhou", "lao-zhou": "lin"},
        "fields": {"Request number": "number"},
        "locale": "en",
    }

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        self.tokens = prepared.tokens
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._environment = _site(folder, self._port)
        self._log = folder / "server.log"
        self._process: asyncio.subprocess.Process | None = None
        shutil.copyfile(prepared.database, folder / "rt.sqlite")

    @property
    def secret(self) -> str:
        """The token of the desk's user."""
        return self.tokens["desk"]

    @property
    def password(self) -> str:
        """The password of the desk's user."""
        return PASSWORD

    @property
    def url(self) -> str:
        """The address, as an operator would name it."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                _SERVER, "--host", "127.0.0.1", "--port", str(self._port), "--max-workers", "2",
                env=self._environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(_START_PATIENCE):
            while not await self._answers():
                assert self._process.returncode is None, self._log.read_text("utf-8", "replace")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL the server and its workers, and wait until they are gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    @asynccontextmanager
    async def as_user(self, name: str) -> AsyncIterator[Agent]:
        """Act as one of its users."""
        headers = {"Authorization": f"token {self.tokens[name]}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Agent(session, URL(self.url) / "REST" / "2.0")

    async def _answers(self) -> bool:
        headers = {"Authorization": f"token {self.tokens['desk']}"}
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(f"{self.url}/REST/2.0/rt") as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            return False


class Agent:
    """What somebody does in Request Tracker, through its REST 2 interface."""

    def __init__(self, session: aiohttp.ClientSession, base: URL) -> None:
        self._session = session
        self._base = base

    async def tickets(self, query: str = "Queue = 'Privacy'") -> list[dict[str, Any]]:
        """Return the tickets of a search, oldest first, with all their fields."""
        found = await self._get("tickets", query=query, orderby="id", per_page="100")
        return [await self._get(f"ticket/{one['id']}") for one in found["items"]]

    async def seen(self, number: str = "") -> list[SiteTicket]:
        """Return the tickets, oldest first, or those whose subject has a number."""
        query = f"Queue = 'Privacy' AND Subject LIKE '{number}'" if number else "Queue = 'Privacy'"
        return [
            SiteTicket(
                id=int(one["id"]),
                subject=one["Subject"],
                state=one["Status"],
                assignee=one["Owner"]["id"].replace("Nobody", ""),
                due_at=datetime.fromisoformat(one["Due"]),
                updated=(one["LastUpdated"], one["LastUpdatedBy"]),
                written=tuple(
                    (who, kind == "Correspond", text)
                    for who, kind, text in await self.written(one["id"])
                ),
            )
            for one in await self.tickets(query)
        ]

    async def assign(self, ticket: int, login: str) -> None:
        """Give a ticket to somebody, or to nobody."""
        await self.write(ticket, Owner=login or "Nobody")

    async def move(self, ticket: int, state: str) -> None:
        """Set the status."""
        await self.write(ticket, Status=state)

    async def delay(self, ticket: int) -> None:
        """Set the due date to the first day of 2027."""
        await self.write(ticket, Due="2027-01-01 00:00:00")

    async def history(self, ticket: int) -> list[dict[str, Any]]:
        """Return what happened to a ticket, oldest first."""
        return await self._items(
            f"ticket/{ticket}/history", fields="Type,Creator,Data,Field,OldValue,NewValue"
        )

    async def written(self, ticket: int) -> list[tuple[str, str, str]]:
        """Return who wrote what on a ticket, oldest first: user, kind of transaction, text."""
        found = await self._items(
            f"ticket/{ticket}/attachments", fields="Content,ContentType,TransactionId,Creator"
        )
        kinds = {one["id"]: one["Type"] for one in await self.history(ticket)}
        return [
            (one["Creator"]["id"], kinds[one["TransactionId"]], one["Content"])
            for one in found
            if one["ContentType"] == "text/plain"
        ]

    async def write(self, ticket: int, **fields: Any) -> list[str]:
        """Change fields of a ticket; returns what the server says about it."""
        async with self._session.put(self._base / f"ticket/{ticket}", json=fields) as response:
            said: list[str] = await response.json()
            return said

    async def comment(self, ticket: int, text: str) -> None:
        """Write an internal note."""
        await self._message(ticket, "comment", {"Content": text, "ContentType": "text/plain"})

    async def reply(self, ticket: int, text: str) -> None:
        """Write to the requester."""
        await self._message(ticket, "correspond", {"Content": text, "ContentType": "text/plain"})

    async def attach(self, ticket: int, name: str, content: bytes) -> None:
        """Put a file on a ticket, without words."""
        encoded = base64.b64encode(content).decode()
        file = {"FileName": name, "FileType": "image/png", "FileContent": encoded}
        await self._message(ticket, "comment", {"Attachments": [file]})

    async def _message(self, ticket: int, sort: str, said: Mapping[str, Any]) -> None:
        async with self._session.post(self._base / f"ticket/{ticket}/{sort}", json=said) as done:
            assert done.status == 201, await done.text()

    async def _items(self, path: str, **query: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for page in itertools.count(1):
            found = await self._get(path, per_page="100", page=str(page), **query)
            items += found["items"]
            if not found.get("next_page"):
                break
        return items

    async def _get(self, path: str, **query: str) -> Any:
        async with self._session.get(self._base / path, params=query) as response:
            assert response.status == 200, await response.text()
            return await response.json()
