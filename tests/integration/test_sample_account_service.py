from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
import schemathesis
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from privacydesk.clock import MovableClock
from privacydesk.connectors.account_record import AccountRecord
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import HttpAccountService, connect_account_service
from privacydesk.demo import accounts
from privacydesk.demo.accounts import BOOK, make_account_app
from privacydesk.demo.people import sample_people
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    AccountStatus,
    DataCategory,
    Provider,
)
from privacydesk.errors import SettingsError, UnavailableError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECRET = "sample-secret"
CONTRACT = Path(__file__).parents[2] / "docs" / "account-service.openapi.yaml"
Client = TestClient[web.Request, web.Application]
Start = Callable[[Path | None], Awaitable[Client]]


def make(state_path: Path | None = None) -> web.Application:
    return make_account_app(
        sample_people(NOON),
        secret=SECRET,
        clock=MovableClock(NOON, frozen=True),
        state_path=state_path,
    )


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def run(state_path: Path | None) -> Client:
            return await stack.enter_async_context(TestClient(TestServer(make(state_path))))

        yield run


@pytest.fixture
async def client(start: Start) -> Client:
    return await start(None)


@pytest.fixture
async def service(client: Client) -> AsyncIterator[HttpAccountService]:
    endpoint = Endpoint(str(client.make_url("/")), SECRET)
    clock = MovableClock(NOON, frozen=True)
    async with connect_account_service(endpoint, clock=clock) as connected:
        yield connected


def found(client: Client, account: str) -> AccountRecord:
    record = client.app[BOOK].find(account)
    assert record is not None
    return record


async def post(
    client: Client, action: str, account: str, *, key: str = "k", **payload: Any
) -> tuple[int, dict[str, Any]]:
    response = await client.post(
        f"/v1/{action}",
        json={"account": account, "payload": payload},
        headers={"Authorization": f"Bearer {SECRET}", "Idempotency-Key": key},
    )
    return response.status, await response.json()


def parts(document: Any) -> Iterator[Any]:
    yield document
    if isinstance(document, dict | list):
        for one in document.values() if isinstance(document, dict) else document:
            yield from parts(one)


def test_generators_of_clients_can_read_the_contract() -> None:
    """They know no list of they don't know what, and combine no value with a list of values."""
    found = [one for one in parts(yaml.safe_load(CONTRACT.read_text("utf-8"))) if type(one) is dict]
    assert [one for one in found if one.get("type") == "array" and "items" not in one] == []
    narrowed = [part for one in found for part in one.get("allOf", ())]
    assert [one for one in parts(narrowed) if type(one) is dict and "const" in one] == []


@pytest.mark.parametrize("action", [one for one in AccountAction if one.reads])
@pytest.mark.parametrize(
    "account", [one.account for one in sample_people(NOON) if one.account is not None]
)
async def test_the_desk_s_client_understands_every_reading_of_everybody(
    service: HttpAccountService, action: AccountAction, account: str
) -> None:
    answer = await service.call(action, account, {}, key=f"{action}-{account}")
    assert answer.outcome is AccountOutcome.OK
    assert answer.data


async def test_the_desk_s_client_and_the_service_agree_on_changes(
    service: HttpAccountService, client: Client
) -> None:
    async def call(action: AccountAction, account: str, key: str, **payload: Any) -> Any:
        return await service.call(action, account, payload, key=key)

    unbound = await call(AccountAction.UNBIND, "u-1001", "1", provider="google")
    assert unbound.outcome is AccountOutcome.OK
    last = await call(AccountAction.UNBIND, "u-1010", "2", provider="wechat")
    assert last.reason is AccountReason.LAST_LOGIN
    partly = await call(AccountAction.DELETE, "u-1001", "3", categories=["posts", "recharge"])
    assert partly.outcome is AccountOutcome.PARTLY
    assert isinstance(partly.items[1].until, date)
    reused = await call(AccountAction.DELETE, "u-1001", "3", categories=["posts"])
    assert reused.reason is AccountReason.KEY_REUSED
    wrong = await call(AccountAction.DELETE, "u-1001", "4", categories=["all"])
    assert wrong.reason is AccountReason.INVALID_PAYLOAD
    nobody = await call(AccountAction.DEREGISTER, "u-9999", "5")
    assert nobody.outcome is AccountOutcome.NOT_FOUND
    record = found(client, "u-1001")
    assert [one.provider for one in record.bindings] == [Provider.PHONE, Provider.WECHAT]
    assert record.holdings[DataCategory.POSTS] == ()


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Basic abc", "Bearer ", "Bearer é"])
async def test_without_the_secret_nothing_is_told_or_done(
    client: Client, shown: str | None
) -> None:
    headers = {"Idempotency-Key": "k"}
    if shown is not None:
        headers["Authorization"] = shown
    response = await client.post(
        "/v1/deregister", json={"account": "u-1002", "payload": {}}, headers=headers
    )
    assert response.status == 401
    assert await response.json() == {
        "type": "about:blank",
        "status": 401,
        "code": "unauthenticated",
    }
    assert found(client, "u-1002").status is AccountStatus.ACTIVE


async def test_a_desk_with_the_wrong_secret_keeps_the_wish(client: Client) -> None:
    endpoint = Endpoint(str(client.make_url("/")), "old")
    clock = MovableClock(NOON, frozen=True)
    async with connect_account_service(endpoint, clock=clock) as service:
        with pytest.raises(UnavailableError) as failed:
            await service.call(AccountAction.PROFILE, "u-1001", {}, key="k")
    assert failed.value.data["reason"] == "credentials"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "invalid_payload"),
        (b"[]", {}, 400, "invalid_payload"),
        (b'{"account": 7}', {}, 400, "invalid_payload"),
        (b'{"account": "", "payload": {}}', {}, 400, "invalid_payload"),
        (b'{"account": "u-1001", "payload": []}', {}, 400, "invalid_payload"),
        (b'{"account": "u-1001", "payload": {}, "x": 1}', {}, 400, "invalid_payload"),
        (b'{"account": "\\ud800", "payload": {}}', {}, 400, "invalid_payload"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media"),
        (b"{}", {"Idempotency-Key": ""}, 400, "key_missing"),
        (b"{}", {"Idempotency-Key": "k" * 201}, 400, "invalid_payload"),
        (b" " * 70_000, {}, 413, "too_large"),
    ],
)
async def test_requests_that_can_t_be_read_are_refused_without_echo(
    client: Client, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = await client.post(
        "/v1/profile",
        data=body,
        headers={
            "Authorization": f"Bearer {SECRET}",
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        }
        | headers,
    )
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert await response.json() == {"type": "about:blank", "status": status, "code": code}


async def test_unknown_actions_and_methods_are_refused(client: Client) -> None:
    assert (await post(client, "explode", "u-1001"))[0] == 404
    assert (await client.get("/nowhere")).status == 404
    response = await client.get("/v1/profile")
    assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_a_restart_forgets_neither_changes_nor_keys(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "deep" / "accounts.json"
    before = await start(state)
    first = await post(before, "delete", "u-1001", key="d", categories=["posts"])
    await post(before, "unbind", "u-1001", key="u", provider="wechat")
    # Not closed: the second one reads what was on the disk when the answers went out.
    after = await start(state)
    assert await post(after, "delete", "u-1001", key="d", categories=["posts"]) == first
    _, bindings = await post(after, "bindings", "u-1001", key="b")
    assert [one["provider"] for one in bindings["data"]["bindings"]] == ["phone", "google"]
    assert state.stat().st_mode & 0o077 == 0
    assert [one.name for one in state.parent.iterdir()] == ["accounts.json"]


async def test_the_service_works_mounted_below_another_application() -> None:
    outer = web.Application()
    outer.add_subapp("/accounts/", make())
    client: Client = TestClient(TestServer(outer))
    async with client:
        endpoint = Endpoint(str(client.make_url("/accounts")), SECRET)
        clock = MovableClock(NOON, frozen=True)
        async with connect_account_service(endpoint, clock=clock) as service:
            answer = await service.call(AccountAction.PROFILE, "u-1001", {}, key="k")
            nobody = await service.call(AccountAction.PROFILE, "u-9999", {}, key="k2")
        assert answer.outcome is AccountOutcome.OK
        assert nobody.outcome is AccountOutcome.NOT_FOUND
        assert (await client.get("/accounts/sample/people")).status == 200
        assert (await client.post("/accounts/v1/profile", json={})).status == 401


_SERVER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from aiohttp import web
from privacydesk.clock import SystemClock
from privacydesk.demo.accounts import make_account_app
from privacydesk.demo.people import sample_people

async def main():
    app = make_account_app(
        sample_people(datetime.now(UTC)), secret=sys.argv[1], clock=SystemClock(),
        state_path=Path(sys.argv[2]),
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.kill
async def test_whatever_was_answered_before_a_kill_is_done_after_it(tmp_path: Path) -> None:
    state = tmp_path / "accounts.json"

    async def run() -> tuple[asyncio.subprocess.Process, Endpoint]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SERVER, SECRET, str(state), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 20))
        return process, Endpoint(f"http://127.0.0.1:{port}", SECRET)

    clock = MovableClock(NOON, frozen=True)
    process, endpoint = await run()
    async with connect_account_service(endpoint, clock=clock) as service:
        first = await service.call(
            AccountAction.DELETE, "u-1001", {"categories": ["posts", "recharge"]}, key="d"
        )
        process.kill()
        await process.wait()
        with pytest.raises(UnavailableError):
            await service.call(AccountAction.PROFILE, "u-1001", {}, key="p")
    process, endpoint = await run()
    try:
        async with connect_account_service(endpoint, clock=clock) as service:
            again = await service.call(
                AccountAction.DELETE, "u-1001", {"categories": ["posts", "recharge"]}, key="d"
            )
            export = await service.call(
                AccountAction.EXPORT, "u-1001", {"categories": ["posts"]}, key="e"
            )
    finally:
        process.kill()
        await process.wait()
    assert again == first
    assert export.data["content"] == {"posts": []}


async def test_a_change_that_could_not_be_written_is_written_with_its_repetition(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "accounts.json"
    client = await start(state)
    with monkeypatch.context() as broken:

        def full(_path: Path, _text: bytes) -> None:
            raise OSError(28, "no space")

        broken.setattr(accounts, "_replace_file", full)
        status, body = await post(client, "unbind", "u-1001", key="u", provider="wechat")
        assert (status, body["code"]) == (503, "unavailable")
        assert not state.exists()
    status, body = await post(client, "unbind", "u-1001", key="u", provider="wechat")
    assert (status, body["outcome"]) == (200, "ok")
    written = json.loads(state.read_text())
    assert [one["provider"] for one in written["accounts"][0]["bindings"]] == ["phone", "google"]


async def test_many_tries_of_one_change_at_once_do_it_once(client: Client) -> None:
    answers = await asyncio.gather(
        *(post(client, "delete", "u-1001", key="d", categories=["posts"]) for _ in range(8))
    )
    assert all(one == answers[0] for one in answers)
    assert answers[0][1]["items"][0]["count"] == 3


@pytest.mark.parametrize("text", ["", "{}", '{"format": 99}', "[1]"])
def test_a_state_file_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    state = tmp_path / "accounts.json"
    state.write_text(text)
    with pytest.raises(SettingsError, match="remove it to begin anew"):
        make(state)
    assert state.read_text() == text


def test_an_empty_secret_stops_the_start() -> None:
    with pytest.raises(SettingsError):
        make_account_app([], secret="", clock=MovableClock(NOON, frozen=True))


async def test_the_panel_shows_people_as_they_are_now(client: Client) -> None:
    await post(client, "deregister", "u-1002")
    listed = {
        one["id"]: one for one in (await (await client.get("/sample/people")).json())["people"]
    }
    assert listed["chen-jiahao"]["status"] == "closed"
    assert listed["wang-fang"]["account"] is None
    assert listed["wang-fang"]["guardian_of"] == ["u-1004"]
    for name in ("lin-xiaoyu", "u-1001"):
        shown = await (await client.get(f"/sample/people/{name}")).json()
        assert shown["record"]["phone"] == "+8619900001001"
    assert (await (await client.get("/sample/people/wang-fang")).json())["record"] is None
    assert (await client.get("/sample/people/nobody")).status == 404


@pytest.mark.parametrize(
    "now", [NOON, datetime(2028, 2, 29, 1, tzinfo=UTC), datetime(2031, 12, 31, 23, tzinfo=UTC)]
)
def test_sample_people_keep_their_ages_and_have_numbers_that_can_be_dialled(
    now: datetime,
) -> None:
    people = {one.id: one for one in sample_people(now)}
    born = people["zhang-zihan"].record
    exactly = people["he-xiaochen"].record
    assert born is not None
    assert born.birthday is not None
    assert (now.date() - born.birthday).days // 365 == 16
    assert exactly is not None
    assert exactly.birthday is not None
    assert now.year - exactly.birthday.year == 14
    accounts_seen = [one.account for one in people.values() if one.account is not None]
    assert len(accounts_seen) == len(set(accounts_seen))
    for person in people.values():
        assert set(person.guardian_of) <= set(accounts_seen)
        if person.phone is not None:
            assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
        if person.record is not None and person.record.phone is not None:
            assert person.record.phone == person.phone
            assert Provider.PHONE in {one.provider for one in person.record.bindings}


@contextmanager
def served() -> Iterator[str]:
    """Run the sample service in a thread of its own, for a client that blocks."""
    ready = threading.Event()
    address: list[str] = []
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        server = TestServer(make())
        await server.start_server()
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        address.append(str(server.make_url("/")).rstrip("/"))
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        await server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield address[0]
    finally:
        stop[0]()
        thread.join(10)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as at:
        yield at


def contract() -> Any:
    return schemathesis.openapi.from_dict(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))


def test_the_contract_names_exactly_the_desk_s_actions_and_words() -> None:
    raw = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    assert list(raw["paths"]) == [f"/v1/{one.value}" for one in AccountAction]
    schemas = raw["components"]["schemas"]
    assert schemas["DataCategory"]["enum"] == [one.value for one in DataCategory]
    assert schemas["Provider"]["enum"] == [one.value for one in Provider]
    for action in AccountAction:
        tag = raw["paths"][f"/v1/{action.value}"]["post"]["tags"]
        assert tag == ["readings" if action.reads else "changes"]


@pytest.mark.parametrize("action", list(AccountAction))
def test_answers_to_whatever_the_contract_allows_keep_the_contract(
    address: str, action: AccountAction
) -> None:
    operation = contract()[f"/v1/{action.value}"]["POST"]
    people = [one.account for one in sample_people(NOON) if one.account is not None]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=15,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keeps_it(case: Any) -> None:
        # Random ids find nobody; every other request is made about somebody who exists.
        if isinstance(case.body, dict) and len(str(case.body)) % 2:
            case.body["account"] = people[len(str(case.body)) % len(people)]
        case.call_and_validate(
            base_url=address,
            headers={"Authorization": f"Bearer {SECRET}"},
            checks=[
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    keeps_it()
