"""The demo as a whole: it starts, is asked over HTTP, and goes on after a restart."""

from __future__ import annotations

import asyncio
import json
import socket
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from tests.common.policies import CountingEmbedder, bring_sample_policy

from privacydesk.app.process import build_web_app
from privacydesk.calendars import Calendars
from privacydesk.cli.common import command_services
from privacydesk.demo.clock import CLOCK_FILE, DemoClock, until_working_day
from privacydesk.demo.data_folder import import_policy
from privacydesk.demo.files import DATA, make_folder
from privacydesk.demo.run import Demo, open_demo
from privacydesk.demo.staff import PASSWORD
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.agents import STAFF
from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.domain.signin import Stage
from privacydesk.errors import InvalidRequestError, SettingsError
from privacydesk.policy.clauses import CLAUSE_NAMES, cite
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.profile import read_profile
from privacydesk.services.api import Credentials
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.settings import load_settings

START = "2026-09-28T10:00:00+08:00"
SHANGHAI = ZoneInfo("Asia/Shanghai")
PROFILES = (
    DATA / "profile.yaml",
    Path(__file__).parents[2] / "profiles" / "mochat.yaml",
)


@asynccontextmanager
async def running(folder: Path, **given: Any) -> AsyncIterator[tuple[Demo, aiohttp.ClientSession]]:
    make_folder(folder)
    bring_sample_policy(folder)
    async with (
        open_demo(data_dir=folder, **{"now": START, "empty": True, **given}) as demo,
        aiohttp.ClientSession(demo.address) as client,
    ):
        yield demo, client


async def person_of(client: aiohttp.ClientSession, person: str) -> dict[str, Any]:
    async with client.get(f"/demo/people/{person}.json?lang=en") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def posted(client: aiohttp.ClientSession, path: str, body: Any) -> tuple[int, Any]:
    async with client.post(path, json=body) as answer:
        return answer.status, await answer.json()


def test_the_policy_is_imported_with_what_its_passages_are_found_by(tmp_path: Path) -> None:
    first, second = CountingEmbedder(), CountingEmbedder()
    for embedder in (first, second):
        import_policy(tmp_path, "lane", datetime.now(UTC), embedder)()
    version = FilePolicyLibrary(tmp_path).latest("lane")
    with capture_logs() as logged:
        PolicyAnswers(FilePolicyLibrary(tmp_path), version, second).load()
    # Neither another start nor the process that reads has anything left to make.
    assert (first.passages > 0, second.passages, logged) == (True, 0, [])


async def test_the_panel_is_served_in_three_languages_under_a_strict_policy(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        for tag, word in (("zh-Hans", "扮演谁"), ("zh-Hant", "扮演誰"), ("en", "Who to play")):
            async with client.get("/demo/", params={"lang": tag}) as answer:
                text = await answer.text()
                policy = answer.headers["Content-Security-Policy"]
            assert answer.status == 200
            assert f'<html lang="{tag}">' in text
            assert word in text
            assert "unsafe" not in policy
            assert "frame-src 'self'" in policy
        async with client.get("/demo") as answer:
            assert str(answer.url).endswith("/demo/")


async def test_the_console_may_be_framed_by_the_demos_own_pages(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        async with client.get("/console/sign-in") as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        # Without the demo nobody may.
        app = build_web_app(demo.services)
        async with (
            TestClient(TestServer(app)) as other,
            other.get("/console/sign-in") as answer,
        ):
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_button_signs_an_agent_in_to_the_console(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        sent: dict[str, str] = {}
        for _ in range(2):
            # The second time there is a session already: a code works once.
            async with client.post(
                "/demo/console", json={"agent": "mei", "lang": "zh-Hant"}
            ) as answer:
                assert answer.status == 204
            # By itself the client sends no cookies to an address without a name.
            sent = {name: morsel.value for name, morsel in answer.cookies.items()}
        async with client.get("/console/inbox", cookies=sent) as answer:
            text = await answer.text()
        assert answer.status == 200
        assert 'lang="zh-Hant"' in text
        assert "小美" in text
        status, _ = await posted(client, "/demo/console", {"agent": "nobody"})
        assert status == 404


async def test_an_agent_whose_access_was_changed_has_to_sign_in_by_hand(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        await demo.services.signin.agents.reset_access("mei")
        status, _ = await posted(client, "/demo/console", {"agent": "mei"})
        assert status in {401, 409}


async def test_the_clock_says_beforehand_what_will_happen(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        status, written = await posted(client, "/demo/tour/write", {"lang": "zh-Hans"})
        assert status == 200
        async with client.get("/demo/clock?lang=en") as answer:
            presets = {one["name"]: one for one in (await answer.json())["presets"]}
        assert list(presets) == ["minute", "hour", "tomorrow", "working_days", "deadline"]
        assert presets["hour"]["events"] == []
        events = presets["deadline"]["events"]
        assert {one["number"] for one in events} == {written["number"]}
        assert [one["text"] for one in events] == [
            "Reminder: two working days left",
            "Reminder: one working day left",
            "Overdue: supervisors are alerted",
        ]


async def test_the_tour_goes_through_the_dialogs_and_the_services(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        _, written = await posted(client, "/demo/tour/write", {"lang": "en"})
        number = written["number"]
        ticket = await demo.services.staff.tickets.by_number(number)
        assert (ticket.kind, ticket.locale) == (RequestKind.DELETION, "en")
        assert ticket.verified_at is not None
        for action in ("claim", "decide", "decide"):
            status, _ = await posted(client, f"/demo/tour/{action}", {"number": number})
            assert status == 200
        ticket = await demo.services.staff.tickets.by_number(number)
        assert (ticket.holder, ticket.items[0].decision) == ("mei", "grant")
        # Asked for again, it is a request of its own.
        status, again = await posted(client, "/demo/tour/write", {"lang": "en"})
        assert status == 200
        assert again["number"] != number
        status, _ = await posted(client, "/demo/tour/claim", {"number": "PD-0000-0000-000"})
        assert status == 404
        status, _ = await posted(client, "/demo/tour/dance", {})
        assert status == 404


async def test_page_and_chat_change_their_language_together(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        body = {"person": "wu-min", "agent": "mei", "lang": "en"}
        async with client.post("/demo/language", json=body) as answer:
            assert answer.status == 204
        _, token = await posted(client, "/demo/token", {"person": "wu-min"})
        admission = await demo.services.desk.open(
            Credentials(token=token["token"]), languages="zh-Hans"
        )
        assert admission.session.locale == "en"
        status, _ = await posted(client, "/demo/language", {**body, "lang": "fr"})
        assert status == 400


async def test_a_token_of_the_panel_opens_the_persons_chat(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        status, token = await posted(client, "/demo/token", {"person": "lin-xiaoyu"})
        assert status == 200
        async with client.post(
            "/chat/v1/session",
            json={"type": "hello"},
            headers={"Authorization": f"Bearer {token['token']}"},
        ) as answer:
            assert answer.status == 200
            assert (await answer.json())["type"] == "welcome"


@pytest.mark.parametrize("person", ["wang-fang", "nobody", "no-such-person"])
async def test_whoever_has_no_account_gets_no_token(tmp_path: Path, person: str) -> None:
    async with running(tmp_path / "demo") as (_, client):
        status, _ = await posted(client, "/demo/token", {"person": person})
        assert status == 404


async def test_a_page_of_another_origin_cannot_post_without_asking(tmp_path: Path) -> None:
    async with (
        running(tmp_path / "demo") as (_, client),
        client.post("/demo/token", data='{"person": "lin-xiaoyu"}') as answer,
    ):
        assert answer.status == 415


async def test_codes_reach_the_phone_of_the_account_over_http(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        sender = demo.services.external.codes
        await sender.send(AccountContact("u-1001"), "verify", "zh_Hans", "123456", key="row-1")
        shown = (await person_of(client, "lin-xiaoyu"))["messages"]
        assert [one["code"] for one in shown] == ["123456"]
        assert "123456" in shown[0]["text"]
        assert not (await person_of(client, "wu-min"))["messages"]


async def test_a_number_that_is_nobodys_is_a_phone_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        gateway = demo.services.external.codes
        for key, number, code in (
            ("row-1", "+8613900000001", "111111"),
            ("row-2", "+8613900000002", "222222"),
        ):
            await gateway.send(PhoneTarget(number), "verify", "zh_Hans", code, key=key)
        for person in ("lin-xiaoyu", "nobody"):
            shown = await person_of(client, person)
            assert not shown["messages"]
            phones = {
                one["to"]: [message["code"] for message in one["messages"]]
                for one in shown["others"]
            }
            assert phones == {"+8613900000002": ["222222"], "+8613900000001": ["111111"]}


async def test_notices_reach_the_phone_they_went_to_and_bring_no_code(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        sender = demo.services.external.codes
        to, number = MailTarget("xiaoyu@example.com"), "PD-XQR9-9DWK-XFG"
        await sender.notify(to, Notice(NoticeSubject.ANSWER, number, "zh-Hans"), key="row-4")
        (shown,) = (await person_of(client, "lin-xiaoyu"))["messages"]
        assert number in shown["text"]
        assert shown["code"] == ""
        assert not (await person_of(client, "wu-min"))["messages"]


async def test_an_unsigned_code_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        body = {"to": {"account": "u-1001"}, "template": "v", "locale": "en", "code": "1"}
        status, problem = await posted(client, "/demo/codes", body)
        assert (status, problem["code"]) == (401, "unauthenticated")


async def test_the_phone_tells_of_a_code_as_it_arrives(tmp_path: Path) -> None:
    async with (
        running(tmp_path / "demo") as (demo, client),
        client.get("/demo/phone/lin-xiaoyu/events?lang=en") as stream,
    ):
        assert (await _event(stream))[0] == "clock"
        name, before = await _event(stream)
        assert (name, before["messages"]) == ("panel", [])
        sender = demo.services.external.codes
        await sender.send(AccountContact("u-1001"), "verify", "en", "246810", key="row-2")
        name, after = await _event(stream)
        assert after["messages"][0]["code"] == "246810"


async def test_a_change_in_the_account_service_shows_in_the_panel(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        accounts = demo.services.external.accounts
        await accounts.call(AccountAction.UNBIND, "u-1001", {"provider": "google"}, key="row-3")
        groups = (await person_of(client, "lin-xiaoyu"))["account"]
        bindings = next(group for group in groups if group["name"] == "bindings")
        assert [row["name"] for row in bindings["rows"]] == ["phone", "wechat"]


async def test_the_clock_moves_over_a_holiday_by_working_days(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (demo, client):
        status, clock = await posted(client, "/demo/clock", {"working_days": 7})
        assert status == 200
        # 1 to 7 October are off, and 10 October is worked: 29, 30, 8, 9, 10, 12, 13.
        moved = datetime.fromisoformat(clock["now"]).astimezone(SHANGHAI)
        assert (moved.month, moved.day, moved.hour) == (10, 13, 10)
        assert demo.clock.now() >= moved


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seconds": -1},
        {"seconds": 1e12},
        {"seconds": "1"},
        {"working_days": 0},
        {"working_days": True},
    ],
)
async def test_the_clock_refuses_what_it_cannot_do(tmp_path: Path, body: Any) -> None:
    async with running(tmp_path / "demo") as (_, client):
        status, _ = await posted(client, "/demo/clock", body)
        assert status == 400


async def test_starting_again_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with running(folder) as (demo, client):
        accounts = demo.services.external.accounts
        await accounts.call(AccountAction.UNBIND, "u-1001", {"provider": "google"}, key="row-4")
        await posted(client, "/demo/clock", {"seconds": 86_400})
        seen = demo.clock.now()
    secrets = tomllib.loads((folder / "privacydesk.toml").read_text("utf-8"))["ring_keys"]
    async with running(folder, now=None) as (demo, client):
        assert demo.clock.now() >= seen
        assert set(demo.services.agents) >= {"mei", "lao-zhou"}
        groups = (await person_of(client, "lin-xiaoyu"))["account"]
        assert "google" not in [row["name"] for group in groups for row in group["rows"]]
    again = tomllib.loads((folder / "privacydesk.toml").read_text("utf-8"))["ring_keys"]
    assert again == secrets
    async with running(folder) as (demo, _):
        assert demo.clock.kept
        assert demo.clock.now() >= seen


async def test_staff_commands_find_settings_that_only_their_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with running(folder) as (demo, _):
        file = folder / "privacydesk.toml"
        assert file.stat().st_mode & 0o777 == 0o600
        settings = load_settings(file)
        assert settings.url == demo.services.settings.url
        assert settings.operator().unbinding_window_minutes == 1


async def test_staff_commands_go_by_the_moved_clock(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with running(folder) as (demo, client):
        await posted(client, "/demo/clock", {"working_days": 1})
        async with command_services(folder) as beside:
            assert abs(beside.clock.now() - demo.clock.now()) < timedelta(seconds=5)
            assert beside.agents["lao-zhou"].display_name == "老周"


async def test_staff_of_every_role_sign_in_with_what_the_demo_shows(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with running(folder) as (demo, client):
        signin = demo.services.signin
        assert signin is not None
        staff = {one["name"]: one for one in (await person_of(client, "lin-xiaoyu"))["staff"]}
        roles = {demo.services.agents[name].role for name in staff}
        assert roles == set(STAFF)
        for name, shown in staff.items():
            entered = await signin.sign_in.enter_password(name, PASSWORD, ClientInfo())
            holder = await signin.sign_in.find_session(entered.token)
            assert holder is not None
            entered = await signin.sign_in.enter_code(holder, shown["code"], ClientInfo())
            assert entered.stage is Stage.OPEN
        # Days ahead, everybody is signed in still.
        await posted(client, "/demo/clock", {"working_days": 7})
        assert await signin.sign_in.find_session(entered.token) is not None


async def test_access_that_somebody_changed_in_the_demo_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with running(folder) as (demo, client):
        signin = demo.services.signin
        assert signin is not None
        given = await signin.agents.reset_access("mei")
        (mei,) = [
            one for one in (await person_of(client, "wu-min"))["staff"] if one["name"] == "mei"
        ]
        assert mei["code"] == ""
    async with running(folder) as (demo, client):
        signin = demo.services.signin
        assert signin is not None
        entered = await signin.sign_in.enter_password("mei", given.password, ClientInfo())
        holder = await signin.sign_in.find_session(entered.token)
        assert holder is not None
        entered = await signin.sign_in.choose_password(holder, "seven quiet herons", ClientInfo())
        # The panel shows the code of an authenticator that is just being added.
        (mei,) = [
            one for one in (await person_of(client, "wu-min"))["staff"] if one["name"] == "mei"
        ]
        holder = await signin.sign_in.find_session(entered.token)
        assert holder is not None
        assert (
            await signin.sign_in.add_authenticator(holder, mei["code"], ClientInfo())
        ).stage is Stage.OPEN


async def test_sentences_cite_the_sample_policy_by_document_and_number(tmp_path: Path) -> None:
    # A folder that nothing was brought into: the demo imports its policy itself.
    async with open_demo(data_dir=tmp_path / "demo", now=START, empty=True) as demo:
        cited = {"clause_children_guardian": {"$clause": "children_guardian"}}
        told = demo.services.catalogs.text("zh_Hans", "guardian.young", cited)
        assert "《小巷儿童隐私声明》一、2." in told


async def test_a_port_in_use_is_told_by_its_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="--port"):
            async with running(tmp_path / "demo", port=taken.getsockname()[1]):
                pass


async def test_an_open_panel_does_not_hold_up_stopping(tmp_path: Path) -> None:
    async with running(tmp_path / "demo") as (_, client):
        stream = await client.get("/demo/phone/lin-xiaoyu/events")
        await _event(stream)
        stopping = asyncio.get_running_loop().time()
    # Pages that stay open would be waited for, for a minute.
    assert asyncio.get_running_loop().time() - stopping < 30
    stream.close()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_names_every_clause_and_path(path: Path) -> None:
    profile = read_profile(path)
    assert set(profile.clauses) == set(CLAUSE_NAMES)
    assert set(profile.mailboxes) == {"policy", "children"}
    assert set(profile.remedies) == {"zh_Hans", "zh_Hant", "en"}
    assert set(profile.lawsuit) == {"zh_Hans", "zh_Hant", "en"}
    assert profile.paths.keys() == read_profile(PROFILES[0]).paths.keys()


def test_both_profiles_cite_the_same_numbers() -> None:
    ours, theirs = (read_profile(path).clauses for path in PROFILES)
    assert ours == theirs


def test_the_sample_policy_reads_cleanly_and_holds_every_clause() -> None:
    profile = read_profile(DATA / "profile.yaml")
    report = read_policy(decode_policy((DATA / "policy.md").read_bytes()).text, name="lane")
    version = report.version(datetime(2026, 9, 28, tzinfo=UTC))
    assert [document.key for document in report.documents] == ["privacy", "children"]
    assert report.notes == ()
    clauses = profile.clause_map()
    for name, clause in clauses.clauses.items():
        cited = cite(clauses, version, name)
        assert cited.text, name
        assert cited.reference == clause.article


def test_the_unbinding_window_is_the_demos_alone() -> None:
    windows = [read_profile(path).unbinding_window_minutes for path in PROFILES]
    assert windows == [1, None]


def test_a_broken_clock_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / CLOCK_FILE
    file.write_text(json.dumps({"ahead": 1}), "utf-8")
    with pytest.raises(SettingsError, match="holds no clock"):
        DemoClock(file)


def test_working_days_keep_the_time_of_day() -> None:
    friday = datetime(2026, 11, 27, 23, 30, tzinfo=SHANGHAI)
    calendar = Calendars().get("CN")
    assert until_working_day(friday, 1, calendar, SHANGHAI) == timedelta(days=3)
    with pytest.raises(InvalidRequestError):
        until_working_day(friday, 61, calendar, SHANGHAI)


async def _event(stream: aiohttp.ClientResponse) -> tuple[str, Any]:
    """Read one server-sent event, passing over comments."""
    name = ""
    async with asyncio.timeout(10):
        while line := (await stream.content.readline()).decode():
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")
