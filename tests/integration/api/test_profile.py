"""Programs read the operator profile, put another one in force, and go back to an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.common.api_client import Answer, Program, program
from tests.common.console_client import Office
from tests.common.stories import PROFILE

from privacydesk.domain.api_tokens import Scope
from privacydesk.profile import parse_profile
from privacydesk.storage.store import SqlStore

PATH = "/profile/versions"


@pytest.fixture
async def keeper(office: Office) -> Program:
    return await program(office, Scope.PROFILE_READ, Scope.PROFILE_WRITE, name="keeper")


def changed(**keys: Any) -> dict[str, Any]:
    return {"profile": {**PROFILE, **keys}, "comment": "  New \n hours "}


async def versions(keeper: Program) -> list[tuple[int, str, int | None]]:
    listed = (await keeper.get(PATH)).body["versions"]
    return [(one["version"], one["by"], one["restored"]) for one in listed]


async def put(keeper: Program, tag: str, body: Any, **more: str) -> Answer:
    return await keeper.post(PATH, body, tag=tag, **more)


async def test_a_profile_is_replaced_and_restored(office: Office, keeper: Program) -> None:
    first = await keeper.get("/profile")
    assert (first.status, first.headers["ETag"]) == (200, '"1"')
    assert parse_profile(first.body["profile"], "p") == office.world.services.profile
    assert {one["kind"] for one in first.body["gaps"]} >= {"no_policy", "no_helplines"}
    second = await put(keeper, '"1"', changed(fresh_minutes=9))
    assert (second.status, second.headers["ETag"]) == (200, '"2"')
    assert second.body["profile"]["fresh_minutes"] == 9
    assert second.body["comment"] == "New hours"
    told = office.world.services.saved_profile
    assert told.superseded.is_set()
    assert told.newest.fresh_minutes == 9
    third = await keeper.post(f"{PATH}/1/restore", {"comment": ""}, tag='"2"')
    assert (third.body["version"], third.body["restored"]) == (3, 1)
    assert (await keeper.get(f"{PATH}/2")).body == second.body
    assert await versions(keeper) == [(3, "keeper", 1), (2, "keeper", None), (1, "operator", None)]
    audited = await office.world.services.maintenance.trail.entries(by="keeper")
    assert [str(one.entry.detail) for one in audited if one.entry.what == "setting_saved"]


async def test_nobody_overwrites_a_version_that_they_have_not_seen(keeper: Program) -> None:
    assert (await put(keeper, '"1"', changed(fresh_minutes=9))).status == 200
    late = await put(keeper, '"1"', changed(fresh_minutes=8))
    assert (late.status, late.code, late.reason) == (412, "precondition_failed", "setting_changed")
    back = await keeper.post(f"{PATH}/1/restore", {}, tag='"1"')
    assert back.status == 412
    unseen = await put(keeper, "", changed(fresh_minutes=8))
    assert unseen.status == 400
    assert unseen.body["faults"] == [{"where": "header.If-Match", "what": "no_tag"}]
    assert len(await versions(keeper)) == 2
    assert (await put(keeper, "*", changed(fresh_minutes=8))).body["version"] == 3


async def test_numbers_beyond_all_bounds_are_faults(keeper: Program) -> None:
    answer = await put(keeper, '"1"', {"profile": {"verification_hours": 10**30, "?": -(10**40)}})
    assert (answer.status, answer.reason) == (422, "profile_invalid")


async def test_the_same_request_makes_one_version(keeper: Program) -> None:
    body = changed(fresh_minutes=9)
    first = await put(keeper, '"1"', body, key="profile-change-1")
    again = await put(keeper, '"1"', body, key="profile-change-1")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    same = await put(keeper, '"2"', body)
    assert same.body["version"] == 2
    assert len(await versions(keeper)) == 2


async def test_a_request_whose_answer_was_lost_is_not_carried_out_again(
    office: Office, keeper: Program
) -> None:
    body = changed(fresh_minutes=9)
    await put(keeper, '"1"', body, key="profile-change-1")
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    rows = "update api_answer set status = 0, body = x'32' where agent = 'keeper'"
    await store.writer.run(lambda connection: connection.exec_driver_sql(rows))
    again = await put(keeper, '"1"', body, key="profile-change-1")
    assert (again.status, again.body["version"]) == (200, 2)
    assert len(await versions(keeper)) == 2


async def test_faults_are_named_and_nothing_is_changed(keeper: Program) -> None:
    refused = await put(
        keeper, '"1"', changed(codes={"entries": 0}, brand={"logo": "/etc/hostname"})
    )
    assert (refused.status, refused.code, refused.reason) == (
        422,
        "unprocessable",
        "profile_invalid",
    )
    assert {fault["where"] for fault in refused.body["faults"]} == {
        "body.profile.codes.entries",
        "body.profile.brand.logo",
    }
    assert {one["what"] for one in refused.body["faults"]} == {"not_valid"}
    assert all(one["message"] for one in refused.body["faults"])
    assert len(await versions(keeper)) == 1


@pytest.mark.parametrize("version", ["2", "0", "x", "9999999999"])
async def test_there_is_no_other_version(keeper: Program, version: str) -> None:
    assert (await keeper.get(f"{PATH}/{version}")).status == 404
    assert (await keeper.post(f"{PATH}/{version}/restore", {}, tag='"1"')).status == 404


async def test_a_version_of_another_release_is_shown_and_not_restored(
    office: Office, keeper: Program
) -> None:
    saved = office.world.services.saved_settings
    saved.on_profile = lambda _: None
    await saved.save_profile('{"unheard": 1}', by="command", seen=1)
    shown = await keeper.get("/profile")
    assert (shown.body["profile"], shown.body["gaps"]) == ({"unheard": 1}, None)
    assert (await put(keeper, '"2"', changed(fresh_minutes=9))).status == 200
    refused = await keeper.post(f"{PATH}/2/restore", {}, tag='"3"')
    assert (refused.status, refused.reason) == (422, "profile_invalid")
