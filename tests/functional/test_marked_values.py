"""Marked values are sent through every door, and searched for in all that the desk writes."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import aiohttp
import psycopg
import pytest
import structlog
from aiohttp import ClientResponse
from PIL import Image, PngImagePlugin
from psycopg import sql
from tests.common import postgresql
from tests.common.api_client import program
from tests.common.authenticator import ORIGIN
from tests.common.console_client import Office, open_office, own_password
from tests.common.kill_server import KillableServer, Outside, environment, open_outside
from tests.common.stories import PEOPLE, Player, enter, steps, token_for
from tests.functional.test_metrics import exported, scrape
from tests.functional.test_secrecy import bytes_on_disk, files_unbinding
from tests.functional.test_tracing import Receiver
from tests.functional.test_understanding import Person
from tests.functional.test_webhooks import send_all

from privacydesk import logs
from privacydesk.app.support_bundle import make_bundle
from privacydesk.clock import MovableClock
from privacydesk.connectors.memory_senders import MemoryMailer
from privacydesk.connectors.webhook_twin import MemoryWebhookSender
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.mail import UnreadMail
from privacydesk.services.staff.case_pages import CasePages
from privacydesk.settings import load_settings
from privacydesk.storage import tables
from privacydesk.storage.backups import back_up

pytestmark = pytest.mark.sqlite("it runs on either database in each mode")

PHONE = "13987650123"
ID_NUMBER = "11010119900307803X"
WORDS = "鎏金犀牛七十七号"
MAIL = "marked.person@example.net"
FILE = "MARKED-BYTES-OF-A-FILE"
PASSWORD = "marked wrong password"
SECRET = "marked-secret-of-a-program"


class Letters:
    """A mailbox with letters that nobody has read."""

    def __init__(self) -> None:
        self.unread: list[UnreadMail] = []

    async def fetch_unread(self, limit: int) -> tuple[UnreadMail, ...]:
        return tuple(self.unread[:limit])

    async def mark_read(self, uid: str) -> None:
        self.unread = [mail for mail in self.unread if mail.uid != uid]

    async def mark_for_review(self, uid: str) -> None:
        await self.mark_read(uid)

    def drop(self, uid: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = MAIL, "desk@example.com", WORDS
        mail["Message-ID"] = f"<{uid}@example.net>"
        mail.set_content(text)
        self.unread.append(UnreadMail(uid, mail.as_bytes()))


@dataclass
class Outputs:
    """What the desk has written, by where."""

    written: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: str | bytes) -> None:
        raw = what.encode() if isinstance(what, str) else what
        self.written[where] = self.written.get(where, b"") + raw

    async def answer(self, answer: ClientResponse, status: int) -> None:
        """Add an answer that refuses something: it repeats nothing of what was asked."""
        assert answer.status == status, (answer.url, answer.status)
        self.add(f"{status} {answer.url.path}", f"{answer.raw_headers}" + await answer.text())

    def found(self, mark: str) -> list[str]:
        forms = {
            mark.encode(),
            mark.encode("utf-16-le"),
            mark.encode("utf-16-be"),
            quote(mark).encode(),
            json.dumps(mark)[1:-1].encode(),
            mark.encode("unicode_escape"),
            mark.encode().hex().encode(),
        }
        return [where for where, raw in self.written.items() if any(one in raw for one in forms)]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The log of the process, as it is written for machines and for people."""
    root, stream = logging.getLogger(), io.StringIO()
    kept, level, configuration = root.handlers[:], root.level, structlog.get_config()
    logs.set_up("debug", as_json=request.param, stream=stream)
    yield stream
    structlog.configure(**configuration)
    root.handlers[:] = kept
    root.setLevel(level)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of programs that the desk starts as well."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _marked_picture() -> bytes:
    told, body = PngImagePlugin.PngInfo(), io.BytesIO()
    told.add_text("Comment", FILE)
    Image.new("RGB", (64, 40), "#8899aa").save(body, "PNG", pnginfo=told)
    return body.getvalue()


async def _by_chat(office: Office, outputs: Outputs) -> str:
    """Go through the chat's HTTP interface: right, wrong and broken; return the app token."""
    client = (await office.browser()).client
    token = token_for(str(office.world.people[PEOPLE["wu"]].account), office.clock)
    answer = await client.post("/chat/v1/session", json={"token": token})
    assert answer.status == 200
    headers = {"Authorization": f"Bearer {token}"}
    said = {"type": "send", "id": "m1", "text": f"{WORDS} {PHONE} {ID_NUMBER} {MAIL}"}
    answer = await client.post("/chat/v1/messages", json=said, headers=headers)
    assert answer.status == 200, await answer.text()
    upload = headers | {"Content-Type": "image/png", "X-File-Name": quote(f"{WORDS}.png")}
    answer = await client.post("/chat/v1/uploads", data=FILE.encode() * 9, headers=upload)
    await outputs.answer(answer, answer.status)
    assert answer.status >= 400
    for sent in (
        {"type": WORDS, "id": "m2"},
        {"type": "send", "id": WORDS * 99, "text": PHONE},
        {"type": "choose", "id": "m3", "offset": WORDS, "choice": WORDS},
    ):
        answer = await client.post("/chat/v1/messages", json=sent, headers=headers)
        assert answer.status >= 400, sent
        await outputs.answer(answer, answer.status)
    answer = await client.post("/chat/v1/messages", data=f'{{"{PHONE}'.encode(), headers=headers)
    await outputs.answer(answer, 400)
    for path in (
        f"/chat/v1/packages/{WORDS}/{SECRET}",
        f"/chat/{WORDS}",
        f"/{PHONE}?token={token}",
    ):
        answer = await client.get(path, headers=headers)
        assert answer.status in {403, 404}, path
        outputs.add(path.partition("?")[0][:9], await answer.text())
    stolen = {"Authorization": f"Bearer {token}{SECRET}"}
    await outputs.answer(await client.get("/chat/v1/events", headers=stolen), 401)
    return token


async def _by_console(office: Office, outputs: Outputs, number: str) -> None:
    """Sign in wrongly and rightly, and let forms and pages fail."""
    wrong = await office.browser()
    page = await wrong.enter(PHONE, PASSWORD)
    assert page.status == 401
    agent = await office.signed_in("mei")
    secret = office.secrets["mei"]
    for path in (f"/console/tickets/{WORDS}", f"/console/{PHONE}", "/console/conversations/00"):
        page = await agent.get(path)
        assert page.status in {400, 404}
        outputs.add("console page", page.text)
    page = await agent.get(f"/console/tickets/{number}")
    assert page.status == 200
    outputs.add("redirect", str(page.headers))
    page = await agent.post(f"/console/tickets/{number}/decide", {"reason": WORDS, "x": SECRET})
    outputs.add("console form", page.to)
    outputs.add("own secrets", "")
    for own in (secret, own_password("mei")):
        assert not outputs.found(own)


async def _by_api(office: Office, outputs: Outputs, number: str) -> str:
    desk = await program(office, *Scope)
    for path, body in (
        (f"/tickets/{number}/notes", {"text": WORDS, WORDS: PHONE}),
        (f"/tickets/{number}/nothing", {"text": WORDS}),
        ("/app-tokens/revoke-account", {"account": [PHONE]}),
        (f"/tickets/{WORDS}/notes", {"text": PHONE}),
    ):
        answer = await desk.post(path, body)
        assert answer.status >= 400, path
        outputs.add(f"problem {path[:9]}", str(answer.body))
    answer = await desk.post(f"/tickets/{number}/notes", text=f'{{"text": "{WORDS}')
    assert answer.status == 400
    outputs.add("problem", str(answer.body))
    return desk.made.secret


async def _complaint(office: Office) -> Player:
    """Complain with a picture, in marked words."""
    player = await enter(office.world, "chen")
    await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": WORDS})
    assert player.person is not None
    headers = {
        "Authorization": f"Bearer {token_for(str(player.person.account), office.clock)}",
        "Content-Type": "image/png",
        "X-File-Name": quote(f"{WORDS}.png"),
    }
    client = (await office.browser()).client
    answer = await client.post("/chat/v1/uploads", data=_marked_picture(), headers=headers)
    assert answer.status in {200, 201}, await answer.text()
    await player.step({"upload": f"{WORDS}.png"})
    await player.step({"choose": "desk.ask_done"})
    return player


async def _by_staff(office: Office, player: Player) -> None:
    await player.step({"agent": {"ask": f"{WORDS}?"}})
    await player.step({"user": f"{WORDS} {ID_NUMBER}"})
    await player.step({"agent": {"refuse": {"reason": WORDS}}})
    await office.world.work()


async def _crash(office: Office, outputs: Outputs, player: Player) -> None:
    """Let a page fail within the desk while it handles marked words."""

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"{WORDS} {PHONE} {FILE}")

    browser = await office.signed_in("lao-zhou")
    (ticket,) = await player.tickets()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CasePages, "ticket_page", fails)
        page = await browser.get(f"/console/tickets/{ticket.number}?q={PHONE}")
    assert page.status == 500
    outputs.add("fault", page.text)


def _kept(database: str, folder: Path, server: postgresql.Server | None) -> bytes:
    """Return what a desk's database holds, and a backup of it, byte by byte."""
    if server is None:
        back_up(database, folder / "copy.db")
        held = bytes_on_disk(folder)
        (folder / "copy.db").unlink()
        return held
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (own,) = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone() or (None,)
        rows = [
            repr(connection.execute(sql.SQL("TABLE {}").format(sql.Identifier(name))).fetchall())
            for name in tables.metadata.tables
        ]
    # As values, which a large one's file holds compressed; and as the server's own files.
    return "".join(rows).encode() + bytes_on_disk(server.data / "base" / str(own))


@pytest.mark.parametrize(
    ("log", "backend"),
    [(True, "sqlite"), (False, "sqlite"), (True, "postgresql")],
    ids=["json", "console", "postgresql"],
    indirect=True,
)
async def test_marked_values_stand_in_nothing_that_the_desk_writes(
    tmp_path: Path,
    scratch: Path,
    log: io.StringIO,
    backend: str,
    request: pytest.FixtureRequest,
) -> None:
    server = request.getfixturevalue("postgresql_server") if backend == "postgresql" else None
    folder, letters, outputs = tmp_path / "desk", Letters(), Outputs()
    folder.mkdir()
    receiver = MemoryWebhookSender()
    doors = {"mailer": MemoryMailer(), "mailbox": letters, "webhooks": receiver}
    async with open_office(folder, world=doors, origin=ORIGIN) as office:
        world = office.world
        services = world.services
        assert services.webhooks is not None
        await services.webhooks.endpoints.add(
            f"https://receiver.example/{SECRET}", by="xiao-chen", label="receiver"
        )
        token = await _by_chat(office, outputs)
        player = await enter(world, "lin")
        number = await files_unbinding(player)
        await _by_staff(office, player)
        complainer = await _complaint(office)
        letters.drop("1", f"{WORDS} {PHONE}")
        assert services.mailbox_poller is not None
        await services.mailbox_poller.poll()
        await world.work()
        await _by_console(office, outputs, number)
        program_secret = await _by_api(office, outputs, number)
        await _crash(office, outputs, complainer)
        async with exported(world) as (_, address):
            outputs.add("metrics", await scrape(address))
        auditor = await office.signed_in("he-an")
        for path in ("/console/audit/export", "/console/people/access/export"):
            page = await auditor.get(path)
            assert page.status == 200, page.text
            outputs.add(path, page.text)
        kept = await asyncio.to_thread(_kept, services.settings.url, folder, server)
        outputs.add("database and backup", kept)
        assert server or (folder / "privacydesk.db-wal").exists()
        assert len(kept) > 100_000
        await send_all(world)
        assert receiver.posted
        outputs.add("webhooks", repr([posted.body for posted in receiver.posted]))
        codes = [message.code for message in world.codes.messages]
    outputs.add("files afterwards", bytes_on_disk(tmp_path))
    outputs.add("log", log.getvalue())
    bundle = make_bundle(services.settings, None, (), log.getvalue().splitlines())
    outputs.add("support bundle", json.dumps(bundle))
    assert "request_failed" in log.getvalue(), "the fault is logged"
    assert len(log.getvalue()) > 1_000
    assert not _left(scratch), "temporary files are removed"
    marks = (PHONE, PHONE[-8:], ID_NUMBER, WORDS, MAIL, FILE, PASSWORD, SECRET, token)
    signature = token.rpartition(".")[2]
    found = {
        mark: places
        for mark in (*marks, signature, program_secret, *office.secrets.values())
        if (places := outputs.found(mark))
    }
    assert not found
    # Six digits stand in many numbers, such as instants: a code is looked for as a value.
    assert codes
    assert not [code for code in codes if re.search(rf"(?<![\d.]){code}(?!\d)", log.getvalue())]


async def test_marked_values_stand_in_nothing_that_a_process_writes(
    tmp_path: Path, scratch: Path
) -> None:
    outputs, logged, folder = Outputs(), tmp_path / "log", tmp_path / "data"
    with Receiver() as collector:
        async with open_outside() as outside:
            told = {
                "PRIVACYDESK_LOG_LEVEL": "debug",
                "PRIVACYDESK_METRICS_PORT": "0",
                "PRIVACYDESK_TRACES": "yes",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.url,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
                # A process that is brought down says where it was.
                "PYTHONFAULTHANDLER": "1",
            }
            server = KillableServer({**environment(folder, outside), **told}, log=logged)
            await server.start()
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
                code = await _by_http(client, outside, outputs)
                url = f"http://127.0.0.1:{_metrics_port(logged)}/metrics"
                async with client.get(url) as answer:
                    outputs.add("metrics", await answer.text())
                async with asyncio.timeout(60):
                    while not collector.bodies:  # noqa: ASYNC110 - another process sends them
                        await asyncio.sleep(0.05)
                back_up(f"sqlite:///{folder / 'privacydesk.db'}", tmp_path / "copy.db")
                assert await server.abort() < 0
        outputs.add("traces", b"".join(collector.bodies))
    written = logged.read_text("utf-8")
    assert "Fatal Python error: Aborted" in written
    lines = [line for line in written.splitlines() if line.startswith("{")]
    settings = load_settings(data_dir=folder)
    outputs.add("support bundle", json.dumps(make_bundle(settings, None, (), lines)))
    # The files as they were left, temporary ones and the log among them.
    outputs.add("files", bytes_on_disk(tmp_path))
    token = token_for("u-1001", MovableClock(datetime.now(UTC), frozen=True)).partition(".")[0]
    marks = (PHONE, PHONE[-8:], ID_NUMBER, WORDS, MAIL, FILE, PASSWORD, SECRET)
    assert not {mark: places for mark in marks if (places := outputs.found(mark))}
    assert token not in written
    assert not re.search(rf"(?<![\d.]){code}(?!\d)", written)


async def _by_http(client: aiohttp.ClientSession, outside: Outside, outputs: Outputs) -> str:
    """Go through the doors of a process, rightly and wrongly; return the code that was sent."""
    person = Person(client, "u-1001")
    await person.begin()
    await person.says(f"{WORDS} {PHONE} {ID_NUMBER} {MAIL}")
    await person.says("我要导出我的数据")
    async with asyncio.timeout(60):
        while not (code := outside.code_for("u-1001")):  # noqa: ASYNC110 - another process sends it
            await asyncio.sleep(0.05)
    await person.says(code)
    upload = {**person.headers, "Content-Type": "image/png", "X-File-Name": quote(f"{WORDS}.png")}
    wrong = f"/chat/v1/packages/{quote(WORDS)}/{SECRET}?token={SECRET}"
    form = {"name": PHONE, "password": PASSWORD}
    for answer in (
        client.post("/chat/v1/uploads", data=FILE.encode() * 9, headers=upload),
        client.post("/chat/v1/messages", data=f'{{"{PHONE}'.encode(), headers=person.headers),
        client.get(wrong, headers=person.headers),
        client.get(f"/{PHONE}?q={quote(WORDS)}"),
        client.get("/chat/v1/events", headers={"Authorization": f"Bearer {SECRET}"}),
        client.get("/api/v1/tickets", headers={"Authorization": f"Bearer pdt_{SECRET}"}),
        client.post("/console/sign-in", data=form, headers={"Referer": f"http://x/{SECRET}"}),
        client.post("/console/sign-on/logout", data={"logout_token": SECRET}),
        client.post("/callbacks/v1/account", data=WORDS.encode(), headers={"webhook-id": SECRET}),
    ):
        async with answer as refused:
            assert refused.status >= 400, refused.url.path
            # The sign-in page shows once more what was typed as the name.
            body = (await refused.text()).replace(f'value="{PHONE}"', "")
            outputs.add(f"refusal {refused.url.path[:9]}", f"{refused.raw_headers}{body}")
    return code


def _metrics_port(logged: Path) -> int:
    for line in logged.read_text("utf-8").splitlines():
        if '"metrics_listening"' in line:
            return int(json.loads(line)["port"])
    raise AssertionError("no metrics")


def test_a_mark_is_found_in_each_form() -> None:
    for form in (
        WORDS.encode("utf-16-le"),
        quote(WORDS).encode(),
        json.dumps({"words": WORDS}).encode(),
        WORDS.encode().hex().encode(),
        WORDS.encode("unicode_escape"),
    ):
        assert Outputs({"log": b"some " + form + b" more"}).found(WORDS) == ["log"], form
