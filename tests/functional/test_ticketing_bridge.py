"""The bridge of ``docs/examples``, between a real desk and what the three systems look like."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from tests.common.api_client import tokens_of
from tests.common.console_cases import copy_of_data, log_of, now
from tests.common.console_client import Office, open_office
from tests.common.ticketing_fakes import (
    LIN,
    SECRET,
    TOKEN,
    US,
    ZHOU,
    Fake,
    FakeJira,
    FakeJiraDataCenter,
    FakeZammad,
    FakeZendesk,
    Held,
)

from privacydesk.connectors.signing import sign
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ticket import Ticket, TicketState

pytestmark = pytest.mark.by_turns(2)

DOCS = Path(__file__).parents[2] / "docs"
DESK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
STATES = {
    "zendesk": {"in_review": "open", "awaiting_requester": "pending", "closed": "solved"},
    "zammad": {"in_review": "open", "closed": "closed"},
    "jira": {"in_review": "In progress", "closed": "Resolved"},
    "jira-data-center": {"in_review": "In progress", "closed": "Resolved"},
}
QUEUES = {"zendesk": "77", "zammad": "Privacy", "jira": "PRIV", "jira-data-center": "PRIV"}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "ticketing_bridge", DOCS / "examples" / "ticketing_bridge.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bridge_program = _load()


@dataclass
class Scene:
    """A desk with one ticket, a system, and the bridge between them."""

    office: Office
    fake: Fake
    said: dict[str, Any]
    folder: Path
    ticket: Ticket
    session: ClientSession
    bridge: Any = None

    def start(self) -> None:
        """Start the bridge, again where it was killed."""
        if self.bridge is not None:
            self.bridge.close()
        self.bridge = bridge_program.Bridge(self.said, self.session, self.folder)

    def tell(self, ticket: Ticket, version: int) -> None:
        """Tell the bridge what the desk's webhooks tell it."""
        self.bridge.schedule_push(ticket.id.hex(), ticket.number, version)

    async def settle(self) -> None:
        """Have the bridge work until nothing is left to do."""
        for _ in range(5):
            assert await self.bridge.run_scheduled() == 0.0

    @property
    def remote(self) -> Held:
        """The system's ticket, of which there is one."""
        (held,) = self.fake.held.values()
        return held

    async def notes(self) -> list[str]:
        """Return the texts of the notes on the desk's ticket."""
        log = await log_of(self.office, self.ticket)
        return [one.why for one in log if one.what == "note"]


@pytest.fixture(
    params=[FakeZendesk, FakeZammad, FakeJira, FakeJiraDataCenter], ids=lambda fake: fake.kind
)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    fake: Fake = request.param()
    async with (
        open_office(tmp_path / "desk") as office,
        TestServer(fake.app) as server,
        ClientSession() as session,
    ):
        token = await tokens_of(office).add(
            "bridge", (Scope.TICKETS_READ, Scope.TICKETS_WRITE), by="operator"
        )
        _, ticket = await copy_of_data(office)
        said = {
            "desk": {
                "url": str(office.server.make_url("")).rstrip("/"),
                "token": token.secret,
                "webhook_secret": DESK_SECRET,
                "console": "https://desk.example/console/tickets",
            },
            "system": {
                "kind": fake.kind,
                "url": str(server.make_url("")).rstrip("/"),
                "account": "bridge@desk.example",
                "token": TOKEN,
                "webhook_secret": SECRET,
                "queue": QUEUES[fake.kind],
                "issue_type": "Task",
            },
            "states": STATES[fake.kind],
            "users": {"mei": ZHOU, "lao-zhou": LIN},
        }
        made = Scene(office, fake, said, tmp_path, ticket, session)
        made.start()
        yield made
        made.bridge.close()


async def test_a_ticket_goes_over_without_a_word_about_a_person(scene: Scene) -> None:
    scene.tell(scene.ticket, 2)
    await scene.settle()
    held = scene.remote
    assert held.title == f"{scene.ticket.number} access"
    assert held.text == f"{held.title}\nhttps://desk.example/console/tickets/{scene.ticket.number}"
    assert held.state == STATES[scene.fake.kind]["in_review"]
    assert scene.ticket.clock is not None
    assert held.due_date == scene.ticket.clock.due_date.isoformat()
    assert held.assignee == ""
    changes = scene.fake.changes
    scene.tell(scene.ticket, 2)
    scene.tell(scene.ticket, 1)
    scene.bridge.schedule_pull(held.id)
    await scene.settle()
    assert scene.fake.changes == changes, "nothing that is alike is written again"


async def test_who_holds_it_goes_both_ways(scene: Scene) -> None:
    handling = scene.office.world.services.staff.handling
    scene.tell(scene.ticket, 2)
    await scene.settle()
    scene.remote.assignee = LIN
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert (await now(scene.office, scene.ticket)).holder == "lao-zhou"
    await handling.assign(scene.ticket.number, "lao-zhou", "mei")
    scene.tell(scene.ticket, 5)
    await scene.settle()
    assert scene.remote.assignee == ZHOU
    scene.remote.assignee = LIN
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert (await now(scene.office, scene.ticket)).holder == "mei", "not taken from who holds it"
    assert scene.remote.assignee == ZHOU
    scene.remote.assignee = LIN
    await handling.assign(scene.ticket.number, "lao-zhou", "")
    scene.tell(scene.ticket, 6)
    await scene.settle()
    assert (await now(scene.office, scene.ticket)).holder == ""
    assert scene.remote.assignee == "", "where both sides chose, the desk did"


async def test_a_user_that_is_nobody_at_the_desk_does_not_keep_a_ticket(scene: Scene) -> None:
    await scene.office.world.services.staff.handling.assign(scene.ticket.number, "lao-zhou", "mei")
    scene.tell(scene.ticket, 3)
    await scene.settle()
    scene.remote.assignee = "903"
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert scene.remote.assignee == ZHOU
    assert (await now(scene.office, scene.ticket)).holder == "mei"


async def test_what_people_write_becomes_a_note_once(scene: Scene) -> None:
    scene.tell(scene.ticket, 2)
    await scene.settle()
    for number in range(4):
        scene.fake.people_write(scene.remote.id, ZHOU, f"第 {number} 条 & more\nsecond line")
    scene.fake.people_write(scene.remote.id, US, "our own")
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    scene.start()
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert await scene.notes() == [f"第 {number} 条 & more\nsecond line" for number in range(4)]


@pytest.mark.parametrize("scene", [FakeJira, FakeJiraDataCenter], indirect=True)
async def test_what_somebody_without_an_account_writes_at_jira_is_taken_over(scene: Scene) -> None:
    scene.tell(scene.ticket, 2)
    await scene.settle()
    scene.fake.people_write(scene.remote.id, "", "from nobody known")
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert await scene.notes() == ["from nobody known"]


async def test_what_the_desk_refuses_is_put_back_and_not_asked_again(scene: Scene) -> None:
    scene.tell(scene.ticket, 2)
    await scene.settle()
    scene.said["users"]["gone"] = LIN
    del scene.said["users"]["lao-zhou"]
    scene.start()
    scene.remote.assignee = LIN
    scene.bridge.schedule_pull(scene.remote.id)
    await scene.settle()
    assert scene.remote.assignee == ""
    assert (await now(scene.office, scene.ticket)).holder == ""


async def test_an_answer_that_is_lost_makes_no_second_ticket(scene: Scene) -> None:
    def lost() -> None:
        scene.fake.lose = lambda: None
        raise web.HTTPBadGateway

    scene.fake.lose = lost
    scene.tell(scene.ticket, 2)
    assert await scene.bridge.run_scheduled() > 0
    scene.start()
    await scene.settle()
    assert scene.remote.state == _in_review(scene)


async def test_where_a_search_lags_nothing_is_made_before_it_must_have_caught_up(
    scene: Scene,
) -> None:
    def lost() -> None:
        scene.fake.lose = lambda: None
        scene.fake.indexed = False
        raise web.HTTPBadGateway

    scene.fake.lose = lost
    scene.tell(scene.ticket, 2)
    assert await scene.bridge.run_scheduled() > 0
    scene.start()
    assert await scene.bridge.run_scheduled() >= 10.0
    assert len(scene.fake.held) == 1
    scene.fake.indexed = True
    await scene.settle()
    assert len(scene.fake.held) == 1


async def test_a_system_that_is_away_costs_nothing_but_time(scene: Scene) -> None:
    right, scene.said["system"]["token"] = scene.said["system"]["token"], "expired"
    scene.start()
    scene.tell(scene.ticket, 2)
    assert await scene.bridge.run_scheduled() > 0
    scene.said["system"]["token"] = right
    scene.start()
    await scene.settle()
    assert scene.remote.ticket == scene.ticket.id.hex()


async def test_only_what_is_signed_is_taken(scene: Scene) -> None:
    app = bridge_program.make_app(scene.said, scene.folder)
    body, headers = _told(scene.ticket, 2)
    async with TestClient(TestServer(app)) as client:
        for changed in (headers, headers | {"webhook-id": "evt_2"}):
            async with client.post("/desk", data=body, headers=changed) as answer:
                assert answer.status == (204 if changed is headers else 401)
        async with asyncio.timeout(30):
            while not scene.fake.held:  # noqa: ASYNC110 - its worker tells nobody
                await asyncio.sleep(0.02)
        remote = scene.remote.id
        scene.fake.people_write(remote, ZHOU, "from over there")
        for secret, status in ((SECRET, 204), ("another", 401)):
            raw, signed = scene.fake.webhook(remote, secret)
            async with client.post("/system", data=raw, headers=signed) as answer:
                assert answer.status == status
        for raw in (b"", b"[]", b"{}", b"\xff"):
            async with client.post("/system", data=raw) as answer:
                assert answer.status in {400, 401}
        async with asyncio.timeout(30):
            while not await scene.notes():  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.02)
    assert await scene.notes() == ["from over there"]


async def test_a_bridge_that_is_killed_once_it_made_a_ticket_makes_no_other(scene: Scene) -> None:
    port = unused_port()
    settings = scene.folder / "bridge.toml"
    lines = [f"port = {port}"]
    for table, values in scene.said.items():
        lines += [f"[{table}]", *(f"{name} = {json.dumps(one)}" for name, one in values.items())]
    settings.write_text("\n".join(lines), "utf-8")

    @asynccontextmanager
    async def started() -> AsyncIterator[asyncio.subprocess.Process]:
        program = DOCS / "examples" / "ticketing_bridge.py"
        process = await asyncio.create_subprocess_exec(sys.executable, program, settings)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async with asyncio.timeout(60):
        async with started() as process:
            # As soon as the ticket stands there, before the bridge can have heard of it.
            scene.fake.lose = process.kill
            body, headers = _told(scene.ticket, 2)
            url = f"http://127.0.0.1:{port}/desk"
            while True:
                with contextlib.suppress(ClientConnectionError):
                    async with scene.session.post(url, data=body, headers=headers) as answer:
                        assert answer.status == 204
                        break
                await asyncio.sleep(0.05)
            await process.wait()
        assert len(scene.fake.held) == 1
        scene.fake.lose = lambda: None
        async with started():
            while not (scene.fake.held and scene.remote.state == _in_review(scene)):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
    assert len(scene.fake.held) == 1


def _in_review(scene: Scene) -> str:
    return STATES[scene.fake.kind]["in_review"]


def _told(ticket: Ticket, version: int) -> tuple[bytes, dict[str, str]]:
    """Return what the desk's webhooks tell of a ticket, signed."""
    stamp = int(datetime.now(UTC).timestamp())
    data = {"id": ticket.id.hex(), "number": ticket.number, "version": version}
    body = json.dumps({"id": "evt_1", "type": "ticket.verified", "data": data}).encode()
    return body, {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign((DESK_SECRET,), "evt_1", stamp, body),
    }


async def test_the_settings_on_the_page_are_those_that_are_read(
    scene: Scene, tmp_path: Path
) -> None:
    page = (DOCS / "ticketing-other-systems.md").read_text("utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    (told,) = [block for block in blocks if block["system"]["kind"] == scene.fake.kind]
    assert set(told["states"]) <= {state.value for state in TicketState}
    told["desk"]["webhook_secret"] = DESK_SECRET
    folder = tmp_path / "page"
    folder.mkdir()
    bridge_program.Bridge(told, scene.session, folder).close()
