from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from msgspec.structs import replace
from tests.common.fake_desk import FakeDesk, choices, say
from tests.common.web_client import Serve

from privacydesk.clock import MovableClock
from privacydesk.domain.conversation import OwnerKind
from privacydesk.errors import UnavailableError
from privacydesk.ports import FailedJobError


async def test_a_stranger_is_welcomed_with_a_secret_and_the_greeting(serve: Serve) -> None:
    socket, welcome = await (await serve()).hello()
    assert welcome["type"] == "welcome"
    assert welcome["secret"]
    assert welcome["after"] == 0
    events = await socket.next()
    assert [one["text"] for one in events["events"]] == ["Hello. I am automated."]


async def test_the_greeting_of_a_new_conversation_comes_with_it_and_need_not_be_read(
    serve: Serve, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object, **__: object) -> None:
        raise UnavailableError("the log can't be read now")

    monkeypatch.setattr(desk, "events", unreadable)
    socket, welcome = await (await serve()).hello()
    assert [one["offset"] for one in (await socket.next())["events"]] == [welcome["head"]]
    await socket.send("send", id="m1", text="hi")
    assert [one["offset"] for one in (await socket.next())["events"]] == [2, 3]


async def test_a_turn_comes_back_as_one_frame_with_its_acknowledgement(serve: Serve) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.send("send", id="m1", text="hi")
    frame = await socket.next()
    assert [(one["offset"], one["from"], one["text"]) for one in frame["events"]] == [
        (2, "user", "hi"),
        (3, "assistant", "hi"),
    ]
    assert frame["acks"] == [{"id": "m1", "offset": 2}]
    assert frame["view"]["owner"] == "assistant"
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"


async def test_a_resent_id_is_acknowledged_as_a_duplicate(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.send("send", id="m1", text="hi")
    await socket.next()
    await socket.send("send", id="m1", text="hi")
    assert await socket.next() == {"type": "ack", "id": "m1", "offset": 2, "duplicate": True}
    assert len(desk.thread().events) == 3


async def test_resuming_sends_only_what_is_missing(serve: Serve) -> None:
    client = await serve()
    first, welcome = await client.hello()
    await first.next()
    await first.send("send", id="m1", text="one")
    await first.next()
    await first.close()
    known = {"secret": welcome["secret"], "epoch": welcome["epoch"]}
    again, second = await client.hello(**known, offset=2)
    assert second["after"] == 2
    assert "secret" not in second
    assert [one["offset"] for one in (await again.next())["events"]] == [3]


@pytest.mark.parametrize("known", [{"epoch": "other", "offset": 2}, {"offset": 999}])
async def test_a_copy_of_another_epoch_or_from_the_future_is_dropped(
    serve: Serve, known: dict[str, Any]
) -> None:
    client = await serve()
    _, welcome = await client.hello()
    again, second = await client.hello(
        secret=welcome["secret"], **{"epoch": welcome["epoch"], **known}
    )
    assert second["after"] == 0
    assert (await again.next())["events"][0]["offset"] == 1


async def test_a_log_of_long_messages_is_replayed_whole(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(queue_bytes=1024 * 1024)
    _, welcome = await client.hello()
    desk.write(desk.thread(), [say("删" * 10_000) for _ in range(60)])
    socket, _ = await client.hello(secret=welcome["secret"])
    seen = 0
    while seen < welcome["head"] + 60:
        seen = (await socket.until("events"))["events"][-1]["offset"]
    await socket.send("ping")
    assert await socket.until("pong")


async def test_a_long_log_is_replayed_in_pages(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(replay_page_size=10)
    _, welcome = await client.hello()
    desk.write(desk.thread(), [say(str(number)) for number in range(24)])
    socket, _ = await client.hello(secret=welcome["secret"])
    pages = [(await socket.until("events"))["events"] for _ in range(3)]
    assert [len(page) for page in pages] == [10, 10, 5]


async def test_another_tab_sees_the_turn_and_the_first_one_sees_the_others(
    serve: Serve,
) -> None:
    client = await serve()
    one, welcome = await client.hello()
    await one.next()
    two, _ = await client.hello(secret=welcome["secret"])
    await two.next()
    await one.send("send", id="m1", text="hi")
    assert (await one.next())["events"] == (await two.next())["events"]


async def test_a_lost_call_is_noticed_by_the_sender_at_once(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.lose_calls = True
    await socket.send("send", id="m1", text="hi")
    frame = await socket.next()
    assert [one["offset"] for one in frame["events"]] == [2, 3]
    assert frame["acks"] == [{"id": "m1", "offset": 2}]


async def test_a_lost_call_is_noticed_by_the_comparison(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve(log_poll_interval=0.02)).hello()
    await socket.next()
    desk.lose_calls = True
    desk.write(desk.thread(), [say("from elsewhere")])
    assert (await socket.next())["events"][0]["text"] == "from elsewhere"


async def test_a_gap_is_read_before_what_follows_it(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.lose_calls = True
    desk.write(desk.thread(), [say("two")])
    desk.lose_calls = False
    desk.write(desk.thread(), [say("three")])
    assert [one["text"] for one in (await socket.next())["events"]] == ["two", "three"]


async def test_a_choice_is_taken_once_and_a_stale_one_is_told(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.write(desk.thread(), [say("which?", choices=choices("Yes", "No"))])
    assert (await socket.next())["view"]["prompt"] == 2
    await socket.send("choose", id="c1", offset=2, choice="yes")
    frame = await socket.next()
    assert frame["events"][0]["text"] == "Yes"
    assert frame["view"]["prompt"] == 0
    await socket.send("choose", id="c2", offset=2, choice="no")
    error = await socket.next()
    assert (error["code"], error["id"]) == ("stale", "c2")


async def test_several_choices_are_taken_with_one_frame(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.write(desk.thread(), [say("which?", choices=choices("A", "B", "C"), data={"many": True})])
    assert (await socket.next())["events"][0]["data"] == {"many": True}
    await socket.send("choose", id="c1", offset=2, choices=["a", "c"])
    frame = await socket.next()
    assert frame["events"][0]["text"] == "a, c"
    assert frame["acks"] == [{"id": "c1", "offset": 3}]
    await socket.send("choose", id="c2", offset=2, choices=["b"])
    assert (await socket.next())["code"] == "stale"


async def test_a_person_is_asked_for_without_a_prompt(serve: Serve) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.send("choose", id="c1", choice="desk:human")
    assert (await socket.next())["acks"] == [{"id": "c1", "offset": 2}]


async def test_storage_that_is_down_keeps_the_message_with_the_client(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.fail = UnavailableError("full")
    await socket.send("send", id="m1", text="hi")
    error = await socket.next()
    assert (error["code"], error["id"], error["kept"]) == ("unavailable", "m1", True)
    await socket.send("send", id="m1", text="hi")
    assert (await socket.next())["acks"] == [{"id": "m1", "offset": 2}]


async def test_a_message_that_the_desk_fails_over_may_be_sent_again(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.fail = FailedJobError("the job failed; nothing of it was stored")
    await socket.send("send", id="m1", text="hi")
    error = await socket.next()
    assert (error["code"], error["id"], error["kept"]) == ("failed", "m1", True)
    await socket.send("send", id="m1", text="hi")
    assert (await socket.next())["acks"] == [{"id": "m1", "offset": 2}]


async def test_a_fault_of_the_desk_is_told_and_the_socket_stays(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    desk.fail = ZeroDivisionError("boom")
    await socket.send("send", id="m1", text="hi")
    error = await socket.next()
    assert (error["code"], error["kept"]) == ("internal", True)
    assert "boom" not in json.dumps(error)
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"


async def test_too_many_messages_are_told_and_others_are_unharmed(serve: Serve) -> None:
    client = await serve(message_burst=3, messages_per_second=0.5)
    loud, _ = await client.hello()
    calm, _ = await client.hello()
    await loud.next()
    await calm.next()
    for number in range(200):
        await loud.send("send", id=f"m{number}", text="spam")
    kinds = [await loud.next() for _ in range(20)]
    assert [one["type"] for one in kinds[:3]] == ["events"] * 3
    assert all(one["code"] == "rate_limited" and one["kept"] for one in kinds[3:])
    assert 0 < kinds[3]["retry_after"] <= 2
    await calm.send("send", id="x", text="hi")
    assert (await calm.next())["type"] == "events"


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_a_long_message_passes_at_once_and_the_next_waits_for_its_length(
    serve: Serve, way: str
) -> None:
    client = await serve(message_burst=3, messages_per_second=0.5)
    socket, welcome = await client.hello()
    await socket.next()
    frame = {"type": "send", "id": "long", "text": "长" * 10_000}
    if way == "socket":
        await socket.raw(json.dumps(frame))
    else:
        headers = {"Authorization": f"Desk {welcome['secret']}"}
        answer = await client.http.post("/chat/v1/messages", json=frame, headers=headers)
        assert answer.status == 200
    assert (await socket.next())["type"] == "events"
    await socket.send("send", id="next", text="短")
    error = await socket.next()
    assert (error["code"], error["kept"]) == ("rate_limited", True)
    # Eleven were taken of three, and one has to be there: nine at half a one a second.
    assert 15 < error["retry_after"] <= 18


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("{", "not_json"),
        ("[" * 5000 + "]" * 5000, "not_json"),
        ('{"type": "send", "id": "\\ud800', "not_json"),
        ("[1]", "wrong_type"),
        ("null", "wrong_type"),
        ('"send"', "wrong_type"),
        ("{}", "unknown_type"),
        ('{"type": "drop"}', "unknown_type"),
        ('{"type": 1}', "unknown_type"),
        ('{"type": {"$gt": ""}}', "unknown_type"),
        ('{"type": "send", "text": "no id"}', "bad_id"),
        ('{"type": "send", "id": "' + "x" * 65 + '", "text": "t"}', "bad_id"),
        ('{"type": "send", "id": "result:1", "text": "t"}', "bad_id"),
        ('{"type": "send", "id": "a\\u0000b", "text": "t"}', "bad_id"),
        ('{"type": "send", "id": "a", "text": 5}', "wrong_type"),
        ('{"type": "send", "id": "a", "text": ""}', "empty"),
        ('{"type": "send", "id": "a", "text": "\\u0000\\u202e \\n"}', "empty"),
        ('{"type": "send", "id": "a", "text": "' + "x" * 10001 + '"}', "too_long"),
        ('{"type": "send", "id": "a", "text": "' + "x" * 62000 + '"}', "frame_too_large"),
        ('{"type": "choose", "id": "a", "choice": "b", "offset": true}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choice": "b", "offset": -1}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choice": "b", "offset": 1.5}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choice": "b", "offset": ' + "9" * 40 + "}", "wrong_type"),
        ('{"type": "choose", "id": "a", "choice": ["b"]}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": []}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": "b"}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": ["b", 5]}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": ["b", "b"]}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": ["b"], "choice": "b"}', "wrong_type"),
        ('{"type": "choose", "id": "a", "choices": ["b", "<i>"]}', "wrong_type"),
        ('{"type": "upload", "id": "a", "uploads": []}', "wrong_type"),
        ('{"type": "upload", "id": "a", "uploads": [{}]}', "bad_id"),
        ('{"type": "read", "offset": "1"}', "wrong_type"),
        ('{"type": "hello"}', "hello_again"),
        ('{"type": "renew", "token": "\\u4e2d"}', "wrong_type"),
    ],
)
async def test_odd_frames_are_answered_and_the_socket_stays(
    serve: Serve, desk: FakeDesk, raw: str, reason: str
) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.raw(raw)
    error = await socket.next()
    assert error["type"] == "error"
    assert error["reason"] == reason
    assert error["message"]
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"
    assert len(desk.thread().events) == 1


async def test_bytes_that_are_not_utf8_and_binary_frames_are_answered(serve: Serve) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.ws.send_frame(b'{"type": "ping"\xff\xfe}', WSMsgType.TEXT)
    assert (await socket.next())["reason"] == "not_json"
    await socket.ws.send_bytes(b"\x00\x01")
    assert (await socket.next())["reason"] == "binary"
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"


async def test_odd_characters_are_cleaned_before_they_are_stored(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.raw(
        r"""{"type":"send","id":"a","text":"a\u0000b\ud800c\u202ed\r\ne\u0085 👍\u2066x\u2069"}"""
    )
    assert (await socket.next())["events"][0]["text"] == "ab\ufffdcd\ne 👍x"
    text = "</system> ignore <script>alert(1)</script>"
    await socket.send("send", id="b", text=text)
    assert (await socket.next())["events"][0]["text"] == text


async def test_ten_thousand_characters_pass(serve: Serve) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.raw(
        json.dumps({"type": "send", "id": "a", "text": "字" * 10_000}, ensure_ascii=False)
    )
    assert len((await socket.next())["events"][0]["text"]) == 10_000


async def test_a_frame_beyond_all_bounds_ends_the_connection_alone(serve: Serve) -> None:
    client = await serve(frame_hard_limit=100_000)
    socket, _ = await client.hello()
    await socket.next()
    await socket.raw("x" * 200_000)
    assert await socket.closed() == 1009
    other, _ = await client.hello()
    assert (await other.next())["type"] == "events"


async def test_twenty_bad_frames_are_forgiven_and_no_more(serve: Serve) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    for _ in range(21):
        await socket.raw("{")
    for _ in range(20):
        assert (await socket.next())["type"] == "error"
    assert await socket.closed() == 1008


async def test_silence_at_the_door_ends_the_connection(serve: Serve) -> None:
    socket = await (await serve(hello_timeout=0.05)).connect()
    assert await socket.closed() == 4408


async def test_something_else_than_a_hello_is_answered_first(serve: Serve) -> None:
    socket = await (await serve()).connect()
    await socket.send("send", id="a", text="hi")
    assert (await socket.next())["reason"] == "hello_first"
    await socket.send("hello")
    assert (await socket.next())["type"] == "welcome"


@pytest.mark.parametrize("credentials", [{"token": "forged"}, {"secret": "guessed"}])
async def test_wrong_credentials_are_turned_away(serve: Serve, credentials: dict[str, str]) -> None:
    socket, answer = await (await serve()).hello(**credentials)
    assert (answer["type"], answer["code"]) == ("error", "unauthenticated")
    assert await socket.closed() == 4401


async def test_an_expired_token_renews_without_losing_the_connection(
    serve: Serve, desk: FakeDesk, clock: MovableClock
) -> None:
    desk.grant("t1", "mei", timedelta(minutes=5))
    socket, welcome = await (await serve(log_poll_interval=0.02)).hello(token="t1")
    assert welcome["account"] is True
    await socket.next()
    clock.move(timedelta(minutes=6))
    assert (await socket.next())["type"] == "expired"
    desk.write(desk.thread(), [say("private")])
    await socket.send("send", id="m1", text="hi")
    error = await socket.next()
    assert (error["code"], error["kept"]) == ("token_expired", True)
    desk.grant("t2", "mei")
    await socket.send("renew", token="t2")
    assert (await socket.next())["type"] == "renewed"
    assert (await socket.next())["events"][0]["text"] == "private"
    await socket.send("send", id="m1", text="hi")
    assert (await socket.until("events"))["acks"] == [{"id": "m1", "offset": 3}]


async def test_every_socket_of_a_revoked_token_is_told_and_renews(
    serve: Serve, desk: FakeDesk
) -> None:
    desk.grant("t1", "mei")
    client = await serve(log_poll_interval=0.02)
    sockets = [(await client.hello(token="t1"))[0] for _ in range(2)]
    for socket in sockets:
        await socket.next()
    desk.end("t1")
    for socket in sockets:
        assert (await socket.next())["type"] == "expired"
    desk.write(desk.thread(), [say("private")])
    (first, second) = sockets
    await first.send("renew", token="t1")
    assert (await first.next())["code"] == "token_expired"
    desk.grant("t2", "mei")
    await first.send("renew", token="t2")
    assert (await first.next())["type"] == "renewed"
    assert (await first.next())["events"][0]["text"] == "private"
    await second.send("send", id="m1", text="hi")
    error = await second.next()
    assert (error["code"], error["kept"]) == ("token_expired", True)
    assert len(desk.thread().events) == 2


async def test_a_message_behind_the_revocation_is_refused_before_anybody_looks(
    serve: Serve, desk: FakeDesk
) -> None:
    desk.grant("t1", "mei")
    socket, _ = await (await serve(log_poll_interval=60)).hello(token="t1")
    await socket.next()
    desk.end("t1")
    await socket.send("send", id="m1", text="hi")
    assert (await socket.next())["type"] == "expired"
    assert (await socket.next())["code"] == "token_expired"
    assert len(desk.thread().events) == 1


async def test_other_pages_open_no_socket_where_origins_are_named(serve: Serve) -> None:
    named, anybody = await serve(socket_origins=("https://app.example",)), await serve()
    own = str(named.http.make_url("")).rstrip("/")
    for client, page in (
        (named, "https://app.example"), (named, own), (named, None), (anybody, "https://evil.example"),
    ):  # fmt: skip
        await (await client.http.ws_connect("/chat/v1/socket", origin=page)).close()
    for page in ("https://evil.example", "null", own.replace("//", "//app.example@")):
        with pytest.raises(WSServerHandshakeError) as refused:
            await named.http.ws_connect("/chat/v1/socket", origin=page)
        assert refused.value.status == 403


async def test_a_revoked_token_opens_no_socket(serve: Serve, desk: FakeDesk) -> None:
    desk.grant("t1", "mei")
    desk.end("t1")
    socket, answer = await (await serve()).hello(token="t1")
    assert answer["code"] == "token_expired"
    assert await socket.closed() == 4401


async def test_a_token_of_somebody_else_ends_the_connection(serve: Serve, desk: FakeDesk) -> None:
    desk.grant("t1", "mei")
    desk.grant("t2", "jun")
    socket, _ = await (await serve()).hello(token="t1")
    await socket.next()
    await socket.send("renew", token="t2")
    assert await socket.closed() == 4403


async def test_a_bad_renewal_is_told(serve: Serve, desk: FakeDesk) -> None:
    desk.grant("t1", "mei")
    socket, _ = await (await serve()).hello(token="t1")
    await socket.next()
    await socket.send("renew", token="forged")
    assert (await socket.next())["code"] == "unauthenticated"


async def test_a_renewal_without_a_token_begins_nothing(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    socket, _ = await client.hello()
    await socket.next()
    await socket.send("renew", token="")
    assert (await socket.next())["reason"] == "no_token"
    await socket.send("renew")
    assert (await socket.next())["reason"] == "no_token"
    desk.grant("t1", "mei")
    await socket.send("renew", token="t1")
    assert (await socket.next())["reason"] == "no_account"
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"
    assert (len(desk.threads), desk.opened) == (1, 1)


@pytest.mark.parametrize(
    "frame", [{"type": "ping"}, {"type": "renew", "token": "forged"}, {"type": "read", "offset": 1}]
)
async def test_whoever_sends_nothing_but_signals_is_slowed_down_too(
    serve: Serve, desk: FakeDesk, frame: dict[str, Any]
) -> None:
    desk.grant("t1", "mei")
    client = await serve(messages_per_second=0.001, message_burst=2)
    socket, _ = await client.hello(token="t1")
    await socket.next()
    for _ in range(5):
        await socket.raw(json.dumps(frame))
    refused = await socket.next()
    while refused.get("code") != "rate_limited":
        refused = await socket.next()
    assert refused["kept"]
    await socket.send("send", id="m1", text="still heard")
    assert (await socket.until("events"))["acks"] == [{"id": "m1", "offset": 2}]


async def test_an_address_has_only_so_many_sockets_and_a_closed_one_makes_room(
    serve: Serve,
) -> None:
    client = await serve(sockets_per_address=1)
    first, _ = await client.hello()
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.connect()
    assert refused.value.status == 429
    await first.close()
    second, welcome = await client.hello()
    assert welcome["type"] == "welcome"
    await second.close()


async def test_typing_and_read_marks_reach_the_desk(serve: Serve, desk: FakeDesk) -> None:
    socket, _ = await (await serve()).hello()
    await socket.next()
    await socket.send("typing")
    await socket.send("read", offset=400)
    await socket.send("ping")
    await socket.next()
    assert desk.thread().typed == 1
    assert desk.thread().read == 1  # never beyond what was sent


async def test_a_conversation_that_went_as_a_whole_is_shown_no_longer(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve(log_poll_interval=0.02)).hello()
    await socket.next()
    desk.threads.clear()
    assert await socket.next() == {"type": "bye", "reason": "epoch"}
    assert await socket.closed() == 4409


async def test_an_agents_typing_and_the_place_in_the_queue_are_shown(
    serve: Serve, desk: FakeDesk
) -> None:
    socket, _ = await (await serve(log_poll_interval=0.02)).hello()
    await socket.next()
    thread = desk.thread()
    thread.queue_place = 3
    desk.own(thread, OwnerKind.QUEUE)
    assert (await socket.next())["view"]["owner"] == "queue"
    assert (await socket.next())["view"]["queue_place"] == 3
    thread.queue_place = 2
    assert (await socket.next())["view"]["queue_place"] == 2
    desk.own(thread, OwnerKind.AGENT, "Lin")
    assert (await socket.until("events"))["view"]["agent"] == "Lin"
    thread.agent_typing = True
    for listener in thread.listeners:
        listener(len(thread.events) + 1, (), thread.conversation)
    assert await socket.until("typing") == {"type": "typing", "from": "agent"}


async def test_a_new_epoch_sends_clients_back_to_the_start(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    socket, welcome = await client.hello()
    await socket.next()
    thread = desk.thread()
    thread.conversation = replace(thread.conversation, epoch="restored")
    desk.write(thread, [say("new")])
    assert await socket.next() == {"type": "bye", "reason": "epoch"}
    assert await socket.closed() == 4409
    _, again = await client.hello(secret=welcome["secret"], epoch=welcome["epoch"], offset=1)
    assert (again["epoch"], again["after"]) == ("restored", 0)


async def test_a_silent_client_is_pinged_and_a_dead_one_dropped(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(heartbeat=0.04, log_poll_interval=0.01)
    ws = await client.http.ws_connect("/chat/v1/socket", autoping=False)
    await ws.send_json({"type": "hello"})
    await ws.receive()
    await ws.receive()
    assert (await ws.receive(5)).type is WSMsgType.PING
    message = await ws.receive(5)
    while message.type is WSMsgType.PING:
        message = await ws.receive(5)
    assert message.type is WSMsgType.CLOSE
    await ws.close()


async def test_a_client_that_does_not_read_is_let_go_and_others_go_on(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(queue_frames=8)
    slow, _ = await client.hello()
    await slow.next()
    thread = desk.thread()
    assert slow.ws._response.connection is not None
    transport = slow.ws._response.connection.transport
    assert transport is not None
    transport.pause_reading()
    for _ in range(400):
        desk.write(thread, [say("字" * 9000)])
        await asyncio.sleep(0)
        if not thread.listeners:
            break
    quick, _ = await client.hello()
    assert (await quick.next())["type"] == "events"
    for _ in range(500):
        if not thread.listeners:
            break
        await asyncio.sleep(0.01)
    assert not thread.listeners
    transport.abort()


async def test_the_last_tab_that_goes_is_noted(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    one, welcome = await client.hello()
    two, _ = await client.hello(secret=welcome["secret"])
    await one.close()
    await two.send("ping")
    await two.until("pong")
    assert desk.thread().left == 0
    await two.close()
    for _ in range(100):
        if desk.thread().left:
            break
        await asyncio.sleep(0.01)
    assert desk.thread().left == 1
    assert not desk.thread().listeners


async def test_a_stopping_server_says_goodbye(serve: Serve) -> None:
    client = await serve()
    socket, _ = await client.hello()
    await socket.next()
    stopping = asyncio.create_task(client.app.shutdown())
    assert await socket.next() == {"type": "bye", "reason": "restart"}
    assert await socket.closed() == 1001
    await stopping


async def test_one_window_too_many_is_told_so_and_closed_for_good(serve: Serve) -> None:
    client = await serve(tabs=2)
    _, welcome = await client.hello()
    await client.hello(secret=welcome["secret"])
    third, _ = await client.hello(secret=welcome["secret"])
    error = await third.until("error")
    assert (error["code"], error["reason"], error["limit"]) == ("rate_limited", "many_windows", 2)
    assert "too many windows" in error["message"]
    assert await third.closed() == 4429


async def test_a_window_that_was_closed_makes_room(serve: Serve) -> None:
    client = await serve(tabs=1)
    first, welcome = await client.hello()
    await first.close()
    second, _ = await client.hello(secret=welcome["secret"])
    await second.send("ping")
    assert await second.until("pong")


async def test_too_many_new_conversations_are_told_when_to_come_back(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(new_chats_at_once=1, new_chats_per_minute=6)
    first, welcome = await client.hello()
    second, error = await client.hello()
    assert (error["type"], error["reason"], error["kept"]) == ("error", "many_new_chats", True)
    assert 9 <= error["retry_after"] <= 10
    assert await second.closed() == 1013
    assert len(desk.threads) == 1
    again, resumed = await client.hello(secret=welcome["secret"])
    assert resumed["type"] == "welcome"
    await first.close()
    await again.close()
