"""The connector against answers as a Request Tracker 5.0.7 gave them, cut to what is looked at."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from aiohttp import web
from tests.common.answering import Asked, Server

from privacydesk.clock import MovableClock
from privacydesk.connectors.breaker import BreakerState
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.request_tracker import RequestTracker, connect_request_tracker
from privacydesk.connectors.request_tracker_wire import KEY_FIELD
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
from privacydesk.errors import SettingsError, UnavailableError

NOON = datetime(2026, 5, 4, 4, tzinfo=UTC)
TOKEN = "1-31-b28d49feec63db1d88ad126d4f8e0da8"
KEY = "0123456789abcdef"
Connect = Callable[..., Awaitable[RequestTracker]]


def refusal(status: int, message: str = "Permission Denied") -> web.Response:
    return web.json_response({"message": message}, status=status)


def user(name: str) -> dict[str, str]:
    return {"id": name, "type": "user", "_url": f"http://rt.test/REST/2.0/user/{name}"}


def ticket(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "Type": "ticket",
        "Status": "new",
        "Owner": user("Nobody"),
        "Due": "1970-01-01T00:00:00Z",
        "EffectiveId": {"id": str(number), "type": "ticket"},
        "Creator": user("desk"),
        "CustomFields": [
            {"id": "2", "type": "customfield", "name": KEY_FIELD, "values": [f"privacydesk-{KEY}"]},
            {"id": "3", "type": "customfield", "name": "Number", "values": []},
        ],
        "_hyperlinks": [{"ref": "self", "id": number, "type": "ticket"}],
    } | changed


def queue(*fields: str) -> dict[str, Any]:
    return {
        "id": 3,
        "Name": "Privacy",
        "Lifecycle": "default",
        "TicketCustomFields": [
            {"ref": "customfield", "id": "2", "name": name, "type": "customfield"}
            for name in fields
        ],
        "_hyperlinks": [{"ref": "create", "type": "ticket"}],
    }


def items(*found: dict[str, Any], more: bool = False) -> dict[str, Any]:
    page: dict[str, Any] = {"items": list(found), "total": None, "pages": None, "page": 1}
    return page | ({"next_page": "http://rt.test/next"} if more else {})


def change_of(number: int, who: str, kind: str, *, at: str = "10:00:00") -> dict[str, Any]:
    return {
        "id": str(number),
        "Type": kind,
        "Creator": user(who),
        "Created": f"2026-05-04T{at}Z",
        "ObjectId": "1",
    }


def part(number: int, of: int, sort: str = "text/plain", **more: str) -> dict[str, str]:
    return {"id": str(number), "TransactionId": str(of), "ContentType": sort, "Filename": ""} | more


@pytest.fixture
def server() -> Server:
    return Server("/rt/REST/2.0/")


@pytest.fixture
async def connect(server: Server) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(server.running())

        async def start(secret: str = TOKEN, **said: Any) -> RequestTracker:
            endpoint = Endpoint(str(running.make_url("/rt")), secret, max_answer=4_000)
            mapped = TicketingMap(queue="Privacy", **said)
            clock = MovableClock(NOON, frozen=True)
            return await stack.enter_async_context(
                connect_request_tracker(endpoint, "desk", mapped, clock=clock)
            )

        yield start


def new(**changed: Any) -> NewRemoteTicket:
    told: dict[str, Any] = {
        "key": KEY,
        "title": "PD-1 access",
        "body": f"A request.\n{key_marker(KEY)}",
        "queue": "Privacy",
        "state": "new",
    }
    return NewRemoteTicket(**told | changed)


def ready_to_make(server: Server, **changed: Any) -> None:
    server.answers |= {
        "GET queue/Privacy": queue(KEY_FIELD, "Number"),
        "POST ticket": {"id": "1", "type": "ticket"},
        "GET ticket/1": ticket(**changed),
        "PUT ticket/1": ["Ticket 1: Status changed from 'new' to 'stalled'"],
    }


async def test_it_is_a_ticketing_system(connect: Connect) -> None:
    tracker = await connect()
    system: TicketingSystem = tracker
    assert system.name == "request_tracker"
    assert {system.states["closed"], system.states["closed.refused"]} <= set(system.closed_states)
    assert set(system.states) <= STATE_NAMES
    assert tracker.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("secret", "sent"),
    [
        (TOKEN, f"token {TOKEN}"),
        ("pass-word", "Basic " + base64.b64encode(b"desk:pass-word").decode()),
    ],
)
async def test_the_desk_signs_in_by_token_or_password(
    server: Server, connect: Connect, secret: str, sent: str
) -> None:
    server.answers["GET tickets"] = items()
    assert await (await connect(secret)).find(KEY, NOON) == ()
    assert server.asked[0].headers["Authorization"] == sent


async def test_without_a_name_for_the_account_nothing_is_connected(connect: Connect) -> None:
    endpoint = Endpoint("https://rt.example", "secret")
    with pytest.raises(SettingsError, match="TICKETING_USERNAME"):
        async with connect_request_tracker(endpoint, "", TicketingMap(), clock=MovableClock(NOON)):
            raise AssertionError


async def test_plain_http_beyond_this_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match="PRIVACYDESK_TICKETING_URL"):
        async with connect_request_tracker(
            Endpoint("http://rt.example", "secret"),
            "desk",
            TicketingMap(),
            clock=MovableClock(NOON),
        ):
            raise AssertionError


async def test_a_ticket_is_made_with_its_key_and_nobody_to_write_to(
    server: Server, connect: Connect
) -> None:
    ready_to_make(server)
    due = datetime(2026, 5, 13, 23, 59, tzinfo=timezone(timedelta(hours=8)))
    made = new(assignee="zhou", due_at=due, priority="40", fields={"Number": "PD-1"})
    assert await (await connect()).create(made) == "1"
    (posted,) = server.of("POST")
    assert posted.body == {
        "Queue": "Privacy",
        "Subject": "PD-1 access",
        "Content": f"A request.\n{key_marker(KEY)}",
        "ContentType": "text/plain",
        "Requestor": [],
        "CustomFields": {KEY_FIELD: f"privacydesk-{KEY}", "Number": "PD-1"},
        "Owner": "zhou",
        "Due": "2026-05-13 15:59:00",
        "Priority": "40",
    }
    assert server.of("PUT") == []


async def test_a_state_that_no_new_ticket_may_have_is_set_afterwards(
    server: Server, connect: Connect
) -> None:
    ready_to_make(server)
    await (await connect()).create(new(state="stalled"))
    assert "Status" not in server.of("POST")[0].body
    (put,) = server.of("PUT")
    assert put.body == {"Status": "stalled"}
    assert put.headers["If-Match"] == '"84"'


async def test_without_the_field_for_keys_no_ticket_is_made(
    server: Server, connect: Connect
) -> None:
    ready_to_make(server)
    server.answers["GET queue/Privacy"] = (queue("Number"), queue(KEY_FIELD))
    tracker = await connect()
    with pytest.raises(RemoteRefusedError) as refused:
        await tracker.create(new())
    assert refused.value.data["reason"] == "key_field"
    assert server.of("POST") == []
    assert await tracker.create(new()) == "1", "made as soon as the field is there"


async def test_an_unknown_queue_takes_no_ticket(server: Server, connect: Connect) -> None:
    with pytest.raises(RemoteRefusedError):
        await (await connect()).create(new())
    assert server.of("POST") == []


async def test_where_the_key_was_not_kept_one_ticket_is_made_and_no_other(
    server: Server, connect: Connect
) -> None:
    ready_to_make(server, CustomFields=[])
    tracker = await connect()
    assert await tracker.create(new()) == "1", "its number is known, so it is not lost"
    with pytest.raises(RemoteRefusedError):
        await tracker.create(new())
    assert len(server.of("POST")) == 1


async def test_a_ticket_is_found_by_its_key(server: Server, connect: Connect) -> None:
    server.answers["GET tickets"] = items({"id": "4"}, {"id": "9"})
    assert await (await connect()).find("it's", NOON) == ("4", "9")
    assert server.asked[0].query["query"] == f"CF.{{{KEY_FIELD}}} = 'privacydesk-it\\'s'"


async def test_a_ticket_is_read_with_who_wrote_what(server: Server, connect: Connect) -> None:
    server.answers |= {
        "GET ticket/1": ticket(
            Status="open", Owner=user("zhou"), Due="2026-05-13T15:59:00Z", CustomFields=[
                {"id": "3", "name": "Number", "values": ["PD-1"]},
            ],
        ),
        "GET ticket/1/history": (
            items(
                change_of(84, "desk", "Create"),
                change_of(85, "zhou", "Set", at="10:00:30"),
                change_of(87, "desk", "Comment", at="10:01:00"),
                more=True,
            ),
            items(
                change_of(88, "zhou", "Correspond", at="10:02:00"),
                change_of(89, "RT_System", "Status", at="10:05:00"),
                change_of(90, "lin", "Comment", at="10:03:00"),
                change_of(91, "lin", "Comment", at="10:02:30"),
            ),
        ),
        "GET ticket/1/attachments": items(
            part(1, 84), part(2, 87), part(3, 88),
            part(4, 90, "multipart/mixed"), part(5, 90, "text/html"),
            part(6, 90, "text/plain", Filename="图 a.txt"), part(7, 90, "image/png"),
            part(8, 90, "application/octet-stream"),
        ),
        "POST ticket/1/attachments": items(
            part(1, 84, Content=f"A request.\n{key_marker(KEY)}"),
            part(2, 87, Content=f"noted {key_marker('aaaaaaaaaaaaaaaa')}"),
            part(3, 88, Content="您好\r\n再见"),
            part(5, 90, "text/html", Content="<p>So &amp; <b>so</b></p><blockquote>x</blockquote>"),
        ),
    }  # fmt: skip
    read = await (await connect(fields={"Number": Fact.NUMBER})).read("1")
    assert (read.id, read.label, read.state, read.assignee) == ("1", "#1", "open", "zhou")
    assert read.url.endswith("/rt/Ticket/Display.html?id=1")
    assert read.due_at == datetime(2026, 5, 13, 15, 59, tzinfo=UTC)
    assert read.fields == {"Number": "PD-1"}
    assert read.touched_at == datetime(2026, 5, 4, 10, 3, tzinfo=UTC)
    told = [(one.id, one.author, one.text, one.public, one.own, one.key) for one in read.entries]
    assert told == [
        ("84", "desk", f"A request.\n{key_marker(KEY)}", False, True, KEY),
        ("87", "desk", f"noted {key_marker('aaaaaaaaaaaaaaaa')}", False, True, "aaaaaaaaaaaaaaaa"),
        ("88", "zhou", "您好\n再见", True, False, ""),
        ("90", "lin", "So & so", False, False, ""),
    ]
    names = [(one.name, one.url.partition("/rt/")[2]) for one in read.entries[-1].files]
    assert names == [
        ("图 a.txt", "Ticket/Attachment/90/6/%E5%9B%BE%20a.txt"),
        ("image/png 7", "Ticket/Attachment/90/7"),
    ]


async def test_what_only_quotes_is_read_as_its_quotation(server: Server, connect: Connect) -> None:
    server.answers |= {
        "GET ticket/1": ticket(),
        "GET ticket/1/history": items(change_of(90, "lin", "Comment")),
        "GET ticket/1/attachments": items(part(5, 90, "text/html")),
        "POST ticket/1/attachments": items(
            part(5, 90, "text/html", Content="<blockquote>old words</blockquote>")
        ),
    }
    (entry,) = (await (await connect()).read("1")).entries
    assert entry.text == "old words"


async def test_a_text_that_is_far_too_long_is_read_as_a_file(
    server: Server, connect: Connect
) -> None:
    def single(said: str) -> dict[str, Any]:
        content = base64.encodebytes(said.encode()).decode()
        return {"id": 2, "TransactionId": {"id": "87"}, "Content": content}

    server.answers |= {
        "GET ticket/1": ticket(),
        "GET ticket/1/history": items(
            change_of(87, "desk", "Comment"), change_of(88, "lin", "Comment")
        ),
        "GET ticket/1/attachments": items(part(2, 87), part(3, 88)),
        "POST ticket/1/attachments": web.Response(body=b"x" * ((16 << 20) + 1)),
        "GET attachment/2": single(f"短 {key_marker(KEY)}"),
        "GET attachment/3": single("x" * 4_000),
    }
    tracker = await connect()
    mine, theirs = (await tracker.read("1")).entries
    assert (mine.text, mine.key) == (f"短 {key_marker(KEY)}", KEY)
    assert theirs.text == ""
    assert theirs.files[0].name == "text/plain 3"
    assert tracker.state is BreakerState.CLOSED


async def test_a_change_names_the_version_that_was_read(server: Server, connect: Connect) -> None:
    server.answers |= {
        "GET ticket/1": (ticket(), ticket(Status="open", Owner=user("lin"))),
        "GET ticket/1/history": items(),
        "GET ticket/1/attachments": items(),
        "PUT ticket/1": ["Ticket 1: Status changed"],
    }
    tracker = await connect()
    await tracker.read("1")
    await tracker.change("1", RemoteChange(state="open", assignee="lin"))
    (put,) = server.of("PUT")
    assert put.body == {"Status": "open", "Owner": "lin"}
    assert put.headers["If-Match"] == '"84"'


async def test_what_somebody_changed_since_is_not_overwritten(
    server: Server, connect: Connect
) -> None:
    server.answers |= {
        "GET ticket/1": ticket(),
        "PUT ticket/1": refusal(412, "Precondition Failed"),
    }
    tracker = await connect()
    with pytest.raises(UnavailableError) as found:
        await tracker.change("1", RemoteChange(state="open"))
    assert found.value.data["reason"] == "changed_meanwhile"
    assert tracker.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    "change",
    [
        RemoteChange(state="bogus"),
        RemoteChange(assignee="nobody-there"),
        RemoteChange(due_at=NOON),
        RemoteChange(fields={"Number": "PD-1"}),
        RemoteChange(fields={"No such field": "PD-1"}),
    ],
)
async def test_a_change_that_does_not_stand_there_was_refused(
    server: Server, connect: Connect, change: RemoteChange
) -> None:
    server.answers |= {"GET ticket/1": ticket(), "PUT ticket/1": ["Permission Denied"]}
    with pytest.raises(RemoteRefusedError):
        await (await connect()).change("1", change)


async def test_taking_a_ticket_away_leaves_it_with_nobody(server: Server, connect: Connect) -> None:
    server.answers |= {"GET ticket/1": ticket(), "PUT ticket/1": []}
    await (await connect()).change("1", RemoteChange(assignee="", due_at=None))
    assert server.of("PUT")[0].body == {"Owner": "Nobody"}


async def test_an_owner_given_while_the_desk_wrote_is_not_overwritten(
    server: Server, connect: Connect
) -> None:
    server.answers |= {
        "GET ticket/1": (ticket(), ticket(Owner=user("lin"))),
        "GET ticket/1/history": items(),
        "GET ticket/1/attachments": items(),
        "POST ticket/1/comment": ["Comments added"],
        "PUT ticket/1": ["Ticket 1: Owner changed"],
    }
    tracker = await connect()
    await tracker.read("1")
    await tracker.write("1", "Deadline extended")
    with pytest.raises(UnavailableError) as found:
        await tracker.change("1", RemoteChange(assignee="zhou"))
    assert found.value.data["reason"] == "changed_meanwhile"
    assert not server.of("PUT")


@pytest.mark.parametrize(
    ("kind", "field", "told"),
    [
        ("Set", "Owner", True),
        ("Give", "Owner", True),
        ("Take", "Owner", True),
        ("Set", "Due", False),
        ("Comment", "", False),
    ],
)
async def test_when_it_was_assigned_is_told_from_when_something_else_was_done(
    server: Server, connect: Connect, kind: str, field: str, *, told: bool
) -> None:
    server.answers |= {
        "GET ticket/1": ticket(Owner=user("zhou")),
        "GET ticket/1/history": items(
            change_of(84, "desk", "Set", at="09:00:00") | {"Field": "Owner"},
            change_of(85, "zhou", kind, at="10:00:00") | {"Field": field},
            change_of(86, "lin", "Comment", at="11:00:00"),
        ),
        "GET ticket/1/attachments": items(),
    }
    read = await (await connect()).read("1")
    assert read.assigned_at == (datetime(2026, 5, 4, 10, tzinfo=UTC) if told else None)
    assert read.touched_at == datetime(2026, 5, 4, 11, tzinfo=UTC)
    assert "Field" in server.of("GET")[1].query["fields"].split(",")


async def test_words_for_colleagues_are_a_comment(server: Server, connect: Connect) -> None:
    server.answers["POST ticket/1/comment"] = web.json_response(["Comments added"], status=201)
    await (await connect()).write("1", f"<b>&</b> {key_marker(KEY)}")
    (posted,) = server.of("POST")
    assert posted.body == {"Content": f"<b>&</b> {key_marker(KEY)}", "ContentType": "text/plain"}


async def test_a_comment_is_refused_where_the_account_may_not_and_gone_where_no_ticket_is(
    server: Server, connect: Connect
) -> None:
    server.answers |= {
        "POST ticket/1/comment": refusal(400),
        "GET ticket/1": ticket(),
        "POST ticket/2/comment": refusal(400),
    }
    tracker = await connect()
    with pytest.raises(RemoteRefusedError):
        await tracker.write("1", "words")
    with pytest.raises(RemoteGoneError):
        await tracker.write("2", "words")


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "Not Found"),
        refusal(403, "Forbidden"),
        ticket(2, EffectiveId={"id": "2"}),
        ticket(Status="deleted"),
    ],
    ids=["missing", "of others", "merged", "deleted"],
)
async def test_a_ticket_that_is_no_longer_its_own_is_gone(
    server: Server, connect: Connect, answer: Any
) -> None:
    server.answers["GET ticket/1"] = answer
    with pytest.raises(RemoteGoneError):
        await (await connect()).read("1")


async def test_one_that_was_made_twice_is_merged_once(server: Server, connect: Connect) -> None:
    merged = ticket(1)
    server.answers |= {"GET ticket/2": (ticket(2), merged), "PUT ticket/2": ["Merge Successful"]}
    tracker = await connect()
    await tracker.retire("2", "1")
    await tracker.retire("2", "1")
    (put,) = server.of("PUT")
    assert put.body == {"MergeInto": 1}


async def test_a_merge_that_was_refused_is_told(server: Server, connect: Connect) -> None:
    server.answers |= {"GET ticket/2": ticket(2), "PUT ticket/2": ["Permission Denied"]}
    with pytest.raises(RemoteRefusedError):
        await (await connect()).retire("2", "1")


async def test_what_changed_is_told_once_though_it_comes_to_light_late(
    server: Server, connect: Connect
) -> None:
    def listed(asked: Asked) -> dict[str, Any]:
        assert asked.query["query"].startswith("TicketQueue = 'Privacy'")
        floor = int(asked.query["query"].rpartition("> ")[2]) if ">" in asked.query["query"] else 0
        found = [one for one in happened if int(one["id"]) > floor]
        return items(*(found[-1:] if asked.query.get("order") == "DESC" else found))

    server.answers["GET transactions"] = listed
    happened = [change_of(84, "zhou", "Create")]
    tracker = await connect()
    first = await tracker.changed("")
    assert first.ids == ()
    happened.append(change_of(86, "zhou", "Set", at="10:00:10") | {"ObjectId": "7"})
    second = await tracker.changed(first.cursor)
    assert second.ids == ("7",)
    happened.insert(1, change_of(85, "lin", "Set", at="10:00:09") | {"ObjectId": "8"})
    third = await tracker.changed(second.cursor)
    assert third.ids == ("8",)
    happened.append(change_of(90, "lin", "Set", at="11:00:00") | {"ObjectId": "7"})
    fourth = await tracker.changed(third.cursor)
    assert fourth.ids == ("7",)
    assert (await tracker.changed(fourth.cursor)).ids == ()
    assert fourth.cursor == "86+4", "what has settled is not kept"


async def test_a_look_finds_what_an_operator_forgot(server: Server, connect: Connect) -> None:
    server.answers |= {
        "GET rt": {"Version": "5.0.7"},
        "GET user/31": {"id": 31, "Name": "root"},
        "GET queue/Privacy": queue() | {"_hyperlinks": []},
        "GET user/Zhou": {"id": 33, "Name": "zhou"},
        "GET user/lin": {"id": 34, "Name": "lin"},
    }
    users = {"a": "Zhou", "b": "lin", "c": "nobody"}
    found = await (await connect(users=users, fields={"Number": Fact.NUMBER})).check()
    assert len(found) == 6
    for fault, about in zip(
        found, ("token", "CreateTicket", KEY_FIELD, "'Number'", "'zhou'", "'nobody'"), strict=True
    ):
        assert about in fault
    assert all(one.method == "GET" for one in server.asked)


async def test_a_look_is_content_with_what_is_right(server: Server, connect: Connect) -> None:
    server.answers |= {
        "GET rt": {"Version": "5.0.7"},
        "GET user/31": {"id": 31, "Name": "desk"},
        "GET queue/Privacy": queue(KEY_FIELD),
    }
    assert await (await connect()).check() == ()


@pytest.mark.parametrize(("status", "found"), [(401, "refuses"), (404, "address")])
async def test_a_look_tells_a_wrong_secret_from_a_wrong_address(
    server: Server, connect: Connect, status: int, found: str
) -> None:
    server.answers["GET rt"] = refusal(status)
    (fault,) = await (await connect()).check()
    assert found in fault


@pytest.mark.parametrize("status", [301, 401, 429, 500, 503])
async def test_what_may_be_otherwise_later_is_unavailable(
    server: Server, connect: Connect, status: int
) -> None:
    server.answers["GET ticket/1"] = web.Response(status=status, headers={"Retry-After": "7"})
    tracker = await connect()
    for _ in range(5):
        with pytest.raises(UnavailableError) as found:
            await tracker.read("1")
    assert found.value.data["retry_after"] == 7.0
    assert tracker.state is BreakerState.OPEN


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id": 1, "Status": null}'])
async def test_what_is_no_answer_of_a_request_tracker_is_unavailable(
    server: Server, connect: Connect, body: bytes
) -> None:
    server.answers["GET ticket/1"] = web.Response(body=body)
    with pytest.raises(UnavailableError) as found:
        await (await connect()).read("1")
    assert found.value.data["reason"] == "contract"


async def test_names_can_not_lead_elsewhere(server: Server, connect: Connect) -> None:
    server.answers["GET rt"] = {"Version": "5.0.7"}
    server.answers["GET user/31"] = {"id": 31, "Name": "desk"}
    server.answers["GET queue/Privacy"] = queue(KEY_FIELD)
    await (await connect(users={"a": "../../ticket/1?x#y"})).check()
    assert server.asked[-1].path == "user/..%2F..%2Fticket%2F1%3Fx%23y"
