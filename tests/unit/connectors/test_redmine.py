"""The connector against answers of the shapes that Redmine 6.0.5 gives, cut to what is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.common.answering import Asked, Server

from privacydesk.clock import MovableClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.redmine import Redmine, connect_redmine
from privacydesk.domain.ticketing import (
    STATE_NAMES,
    Fact,
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    TicketingMap,
    TicketingSystem,
    key_marker,
)
from privacydesk.errors import UnavailableError

NOON = datetime(2026, 5, 4, 4, tzinfo=UTC)
DUE = datetime(2026, 5, 13, 15, 59, tzinfo=UTC)
CLOCK = MovableClock(NOON, frozen=True)
SECRET = "b28d49feec63db1d88ad126d4f8e0da8b28d49fe"
KEY = "0123456789abcdef"
PERMISSIONS = (
    "view_issues", "add_issues", "edit_issues", "add_issue_notes", "view_private_notes",
    "set_notes_private", "manage_issue_relations",
)  # fmt: skip
Connect = Callable[..., Awaitable[Redmine]]


def named(number: int, name: str = "", **more: Any) -> dict[str, Any]:
    return {"id": number, "name": name, **more}


def issue(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "issue": {
            "id": number,
            "project": named(3, "Privacy"),
            "status": named(2, "In Progress"),
            "author": named(5, "Desk"),
            "description": f"A request.\r\n{key_marker(KEY)}",
            "due_date": "2026-05-13",
            "custom_fields": [named(9, "Number", value="PD-1")],
            "created_on": "2026-05-04T01:00:00Z",
            "updated_on": "2026-05-04T02:00:00Z",
            "journals": [],
        }
        | changed
    }


def journal(number: int, user: int, notes: str = "", *details: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "user": named(user, "Somebody"),
        "notes": notes,
        "created_on": f"2026-05-04T02:00:{number:02}Z",
        "private_notes": False,
        "details": list(details),
    } | more


def assigned(old: str | None, new: str | None) -> dict[str, Any]:
    return {"property": "attr", "name": "assigned_to_id", "old_value": old, "new_value": new}


def refusal(status: int, **headers: str) -> web.Response:
    return web.json_response({"errors": ["不可用"]}, status=status, headers=headers)


@pytest.fixture
def server() -> Server:
    made = Server("/redmine/")
    memberships = [{"id": 1, "project": named(3), "roles": [named(6)]}]
    made.answers = {
        "GET users/current.json": {"user": {"id": 5, "login": "desk", "memberships": memberships}},
        "GET projects/privacy.json": {
            "project": {
                "id": 3,
                "trackers": [named(1, "Support")],
                "issue_custom_fields": [named(9, "Number")],
                "enabled_modules": [named(1, "issue_tracking")],
            }
        },
        "GET issue_statuses.json": {
            "issue_statuses": [
                named(1, "New", is_closed=False),
                named(2, "In Progress", is_closed=False),
                named(4, "Feedback", is_closed=False),
                named(5, "Closed", is_closed=True),
                named(6, "Rejected", is_closed=True),
            ]
        },
        "GET enumerations/issue_priorities.json": {"issue_priorities": [named(2, "Normal")]},
        "GET roles/6.json": {"role": {"assignable": False, "permissions": PERMISSIONS}},
        "GET roles/7.json": {"role": {"assignable": True, "permissions": []}},
        "GET projects/3/memberships.json": {
            "memberships": [{"project": named(3), "user": named(8), "roles": [named(7)]}],
            "total_count": 1,
        },
        "PUT issues/1.json": web.Response(status=204),
        "GET issues/1.json": issue(),
    }
    return made


@pytest.fixture
async def connect(server: Server) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(server.running())

        async def start(secret: str = SECRET, username: str = "", **said: Any) -> Redmine:
            endpoint = Endpoint(str(running.make_url("/redmine")), secret)
            mapped = TicketingMap(**{"queue": "privacy/Support", **said})
            return await stack.enter_async_context(
                connect_redmine(endpoint, username, mapped, clock=CLOCK)
            )

        yield start


def new(**changed: Any) -> NewRemoteTicket:
    told: dict[str, Any] = {
        "key": KEY,
        "title": "PD-1 access",
        "body": f"A request.\n{key_marker(KEY)}",
        "queue": "privacy/Support",
        "state": "In Progress",
    }
    return NewRemoteTicket(**told | changed)


async def test_it_is_a_ticketing_system_whose_states_are_the_desks(connect: Connect) -> None:
    system: TicketingSystem = await connect()
    assert system.name == "redmine"
    assert set(system.states) <= STATE_NAMES


@pytest.mark.parametrize(
    ("secret", "username", "header"),
    [
        (SECRET, "", "X-Redmine-API-Key"),
        (SECRET, "desk", "X-Redmine-API-Key"),
        ("a password, which is long", "desk", "Authorization"),
    ],
)
async def test_a_key_is_told_from_a_password(
    server: Server, connect: Connect, secret: str, username: str, header: str
) -> None:
    assert await (await connect(secret, username)).check() == ()
    assert all(header in one.headers for one in server.asked)


async def test_an_issue_is_made_of_ids(server: Server, connect: Connect) -> None:
    made = issue(status=named(1, "New"))
    server.answers["POST issues.json"] = web.json_response(made, status=201)
    desk = await connect(fields={"Number": Fact.NUMBER})
    assert (
        await desk.create(
            new(assignee="8", due_at=DUE, priority="Normal", fields={"Number": "PD-1"})
        )
        == "1"
    )
    (posted,) = server.of("POST")
    assert posted.body["issue"] == {
        "project_id": 3, "tracker_id": 1, "subject": "PD-1 access",
        "description": new().body, "start_date": "", "due_date": "2026-05-13", "status_id": 2,
        "priority_id": 2, "assigned_to_id": "8", "custom_fields": [{"id": 9, "value": "PD-1"}],
    }  # fmt: skip
    (put,) = server.of("PUT")
    assert put.body["issue"] == {"status_id": 2}, "the first status was not the one that is wanted"


@pytest.mark.parametrize(
    "changed", [{"queue": "nowhere"}, {"queue": "privacy/No"}, {"states": {"in_review": "Doing"}}]
)
async def test_an_issue_is_not_made_of_names_that_are_not_there(
    server: Server, connect: Connect, changed: dict[str, Any]
) -> None:
    desk = await connect(**changed)
    with pytest.raises(RemoteRefusedError):
        await desk.create(new(state=changed.get("states", {}).get("in_review", "In Progress")))
    assert not server.of("POST")


async def test_its_history_tells_who_did_what(server: Server, connect: Connect) -> None:
    file = {"property": "attachment", "name": "12", "old_value": None, "new_value": "图 a.png"}
    gone = {"property": "attachment", "name": "11", "old_value": "b.png", "new_value": None}
    server.answers["GET issues/1.json"] = issue(
        assigned_to=named(8, "Lin"),
        journals=[
            # The account may have asked for the newest first.
            journal(7, 8, "内部", private_notes=True),
            journal(6, 8, "您好\r\n再见", file, gone),
            journal(5, 5, "", assigned("8", None)),
            journal(4, 8, "", assigned(None, "8")),
            journal(3, 5, f"noted {key_marker('a' * 16)}", private_notes=True),
        ],
    )
    read = await (await connect(fields={"Number": Fact.NUMBER})).read("1")
    assert (read.label, read.state, read.assignee, read.due_at) == ("#1", "In Progress", "8", DUE)
    assert read.url.endswith("/redmine/issues/1")
    assert read.fields == {"Number": "PD-1"}
    assert read.assigned_at == NOON.replace(hour=2, second=4)
    assert read.touched_at == NOON.replace(hour=2, second=7)
    told = [(one.id, one.author, one.text, one.public, one.own, one.key) for one in read.entries]
    assert told == [
        ("description", "5", f"A request.\n{key_marker(KEY)}", False, True, KEY),
        ("3", "5", f"noted {key_marker('a' * 16)}", False, True, "a" * 16),
        ("6", "8", "您好\n再见", True, False, ""),
        ("7", "8", "内部", False, False, ""),
    ]
    (one,) = read.entries[2].files
    assert (one.name, one.url.partition("/redmine/")[2]) == ("图 a.png", "attachments/12")


async def test_an_assignee_who_was_set_in_between_is_put_back(
    server: Server, connect: Connect
) -> None:
    server.answers["GET issues/1.json"] = (
        issue(),
        issue(assigned_to=named(7), journals=[journal(2, 5, "", assigned("8", "7"))]),
    )
    with pytest.raises(UnavailableError) as found:
        await (await connect()).change("1", RemoteChange(assignee="7"))
    assert found.value.data["reason"] == "changed_meanwhile"
    assert [put.body["issue"] for put in server.of("PUT")] == [
        {"assigned_to_id": "7"},
        {"assigned_to_id": "8"},
    ]


async def test_what_was_changed_since_it_was_read_is_not_overwritten(
    server: Server, connect: Connect
) -> None:
    server.answers["GET issues/1.json"] = (issue(), issue(assigned_to=named(8)))
    desk = await connect()
    await desk.read("1")
    with pytest.raises(UnavailableError):
        await desk.change("1", RemoteChange(assignee="7"))
    assert not server.of("PUT")


async def test_one_value_that_is_refused_keeps_no_other_from_being_set(
    server: Server, connect: Connect
) -> None:
    def put(asked: Asked) -> web.Response:
        return refusal(422) if "assigned_to_id" in asked.body["issue"] else web.Response(status=204)

    server.answers["PUT issues/1.json"] = put
    desk = await connect()
    with pytest.raises(RemoteRefusedError):
        await desk.change("1", RemoteChange(state="Closed", assignee="9"))
    assert server.of("PUT")[-2].body["issue"] == {"status_id": 5}


async def test_without_the_permission_no_note_is_written_for_all_to_read(
    server: Server, connect: Connect
) -> None:
    allowed = [name for name in PERMISSIONS if name != "set_notes_private"]
    server.answers["GET roles/6.json"] = (
        {"role": {"permissions": allowed}},
        {"role": {"permissions": PERMISSIONS}},
    )
    desk = await connect()
    with pytest.raises(RemoteRefusedError):
        await desk.write("1", "words")
    assert not server.of("PUT")
    await desk.write("1", "words")
    assert server.of("PUT")[0].body["issue"] == {"notes": "words", "private_notes": True}


@pytest.mark.parametrize("status", [403, 404])
async def test_an_issue_that_can_not_be_seen_is_gone(
    server: Server, connect: Connect, status: int
) -> None:
    server.answers |= {"GET issues/1.json": refusal(status), "PUT issues/1.json": refusal(status)}
    desk = await connect()
    for call in (desk.read("1"), desk.write("1", "x"), desk.change("1", RemoteChange(state="New"))):
        with pytest.raises(RemoteGoneError):
            await call


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (refusal(401), "refuses the API key"),
        (refusal(403), "REST web service"),
        (refusal(404), "address"),
        (web.Response(body=b"<html>"), "address"),
    ],
)
async def test_a_look_tells_ordinary_mistakes_apart(
    server: Server, connect: Connect, answer: web.Response, found: str
) -> None:
    server.answers["GET users/current.json"] = answer
    desk = await connect()
    (fault,) = await desk.check()
    assert found in fault
    # None of these may look as if all issues were removed.
    with pytest.raises(UnavailableError):
        await desk.changed("2026-05-04T01:00:00Z")


async def test_a_look_finds_what_an_operator_forgot(server: Server, connect: Connect) -> None:
    server.answers["GET roles/6.json"] = {
        "role": {"assignable": False, "permissions": PERMISSIONS[1:]}
    }
    server.answers["GET projects/3/memberships.json"]["memberships"].append(
        {"project": named(3), "user": named(5), "roles": [named(6)]}
    )
    desk = await connect(
        username="other",
        queue="privacy/Bug",
        users={"a": "8", "b": "5", "c": "9"},
        states={"closed": "Done"},
        fields={"Nothing": Fact.NUMBER},
    )
    faults = await desk.check()
    parts = ("'desk'", "'Bug'", "'View issues'", "'Done'", "'Nothing'", "user 5", "user 9")
    assert len(faults) == len(parts)
    for fault, part in zip(faults, parts, strict=True):
        assert part in fault
    assert all(one.method == "GET" for one in server.asked)


async def test_updates_are_reported_once_though_they_come_to_light_late(
    server: Server, connect: Connect
) -> None:
    updated: list[tuple[int, datetime]] = [(1, NOON)]

    def listed(asked: Asked) -> dict[str, Any]:
        found = [issue(number, updated_on=at.isoformat())["issue"] for number, at in updated]
        floor = asked.query.get("updated_on", ">=2000-01-01T00:00:00Z").removeprefix(">=")
        since = datetime.fromisoformat(floor)
        listing = [one for one in found if datetime.fromisoformat(one["updated_on"]) >= since]
        return {"issues": listing, "total_count": len(listing)}

    server.answers["GET issues.json"] = listed
    desk = await connect()
    first = await desk.changed("")
    assert first.ids == ()
    cursor = (await desk.changed(first.cursor)).cursor
    CLOCK.move(timedelta(seconds=3))
    await desk.changed(first.cursor)
    updated += [(2, NOON + timedelta(seconds=10))]
    second = await desk.changed(cursor)
    assert second.ids == ("2",)
    updated += [(3, NOON + timedelta(seconds=9)), (2, NOON + timedelta(seconds=12))]
    third = await desk.changed(second.cursor)
    assert set(third.ids) == {"2", "3"}
    CLOCK.move(timedelta(seconds=3))
    again = await desk.changed(third.cursor)
    assert set(again.ids) == {"2", "3"}, "a later update of the same second looks like the first"
    assert (await desk.changed(third.cursor)).ids == ()
    assert {one.query["project_id"] for one in server.asked if one.path == "issues.json"} == {"3"}


@pytest.mark.parametrize("status", [301, 401, 429, 500, 503])
async def test_what_may_be_otherwise_later_is_unavailable(
    server: Server, connect: Connect, status: int
) -> None:
    server.answers["GET issues/1.json"] = refusal(status, **{"Retry-After": "7"})
    with pytest.raises(UnavailableError) as found:
        await (await connect()).read("1")
    assert found.value.data["retry_after"] == 7.0
