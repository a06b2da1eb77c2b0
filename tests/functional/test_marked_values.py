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
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from aiohttp import ClientResponse
from PIL import Image, PngImagePlugin
from tests.common.api_client import program
from tests.common.authenticator import ORIGIN
from tests.common.console_client import Office, open_office, own_password
from tests.common.stories import PEOPLE, Player, enter, steps, token_for
from tests.functional.test_metrics import exported, scrape
from tests.functional.test_secrecy import bytes_on_disk, files_unbinding
from tests.functional.test_webhooks import send_all

from privacydesk import logs
from privacydesk.app.support_bundle import make_bundle
from privacydesk.connectors.memory_senders import MemoryMailer
from privacydesk.connectors.webhook_twin import MemoryWebhookSender
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.mail import UnreadMail
from privacydesk.services.staff.case_pages import CasePages
from privacydesk.storage.backups import back_up

ABOUT_THE_FILE = pytest.mark.sqlite("what its file holds is searched, byte by byte")

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


@pytest.fixture(params=[True, False], ids=["json", "console"])
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


@ABOUT_THE_FILE
async def test_marked_values_stand_in_nothing_that_the_desk_writes(
    tmp_path: Path, scratch: Path, log: io.StringIO
) -> None:
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
        await asyncio.to_thread(back_up, services.settings.url, folder / "copy.db")
        outputs.add("files", bytes_on_disk(tmp_path))
        assert (folder / "privacydesk.db-wal").exists()
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


def test_a_mark_is_found_in_each_form() -> None:
    for form in (
        WORDS.encode("utf-16-le"),
        quote(WORDS).encode(),
        json.dumps({"words": WORDS}).encode(),
        WORDS.encode().hex().encode(),
        WORDS.encode("unicode_escape"),
    ):
        assert Outputs({"log": b"some " + form + b" more"}).found(WORDS) == ["log"], form
