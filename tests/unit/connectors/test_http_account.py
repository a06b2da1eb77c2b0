from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import MovableClock
from privacydesk.connectors.breaker import Breakers
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import HttpAccountService, connect_account_service
from privacydesk.connectors.signing import read_signed
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    ItemOutcome,
)
from privacydesk.errors import SettingsError, UnavailableError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Connect = Callable[..., Awaitable[HttpAccountService]]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON, frozen=True)


@pytest.fixture
async def connect(clock: MovableClock) -> AsyncIterator[Connect]:
    """Start a server around one handler and return a client of it."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, **limits: Any) -> HttpAccountService:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            server = TestServer(app)
            await server.start_server()
            stack.push_async_callback(server.close)
            endpoint = Endpoint(str(server.make_url("/base/")), "s3cret", **limits)
            breakers = Breakers("account_service", clock, failures=2)
            return await stack.enter_async_context(
                connect_account_service(endpoint, clock=clock, breakers=breakers)
            )

        yield start


def answering(body: object, **more: Any) -> Handler:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(body, **more)

    return handler


async def test_a_call_carries_key_secret_account_and_payload(connect: Connect) -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(
            path=request.path,
            key=request.headers["Idempotency-Key"],
            auth=request.headers["Authorization"],
            signed=read_signed(("s3cret",), request.headers, await request.read()),
            body=await request.json(),
        )
        return web.json_response(
            {"outcome": "ok", "items": [{"scope": "wechat", "outcome": "done", "count": 1}]}
        )

    service = await connect(handler)
    answer = await service.call(AccountAction.UNBIND, "u/1 ?", {"provider": "wechat"}, key="k-1")
    assert seen == {
        "path": "/base/v1/unbind",
        "key": "k-1",
        "auth": "Bearer s3cret",
        "signed": ("k-1", int(NOON.timestamp())),
        "body": {"account": "u/1 ?", "payload": {"provider": "wechat"}},
    }
    assert answer.outcome is AccountOutcome.OK
    assert [(one.scope, one.outcome) for one in answer.items] == [("wechat", ItemOutcome.DONE)]


async def test_a_reason_that_is_not_known_yet_is_read_as_other(connect: Connect) -> None:
    service = await connect(answering({"outcome": "refused", "reason": "moon_phase"}))
    answer = await service.call(AccountAction.DEREGISTER, "u", {}, key="k")
    assert answer.reason is AccountReason.OTHER
    assert answer.reason_code == "moon_phase", "staff see it as it was sent"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "redirect"),
        (307, "redirect"),
        (401, "credentials"),
        (403, "credentials"),
        (404, "address"),
        (405, "address"),
        (408, "server_error"),
        (429, "rate_limited"),
        (500, "server_error"),
        (503, "server_error"),
        (204, "contract"),
    ],
)
async def test_statuses_that_say_nothing_of_the_wish_are_tried_again(
    connect: Connect, status: int, reason: str
) -> None:
    hits = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal hits
        hits += 1
        # Were the redirect followed, there would be a second hit.
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    service = await connect(handler)
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert failed.value.data["reason"] == reason
    assert hits == 1


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"code": "invalid_payload"}, AccountReason.INVALID_PAYLOAD),
        (422, {"code": "key_reused"}, AccountReason.KEY_REUSED),
        (410, {"code": "who knows"}, AccountReason.REJECTED),
        (400, "plain text", AccountReason.REJECTED),
    ],
)
async def test_other_4xx_are_final(
    connect: Connect, status: int, body: object, reason: AccountReason
) -> None:
    service = await connect(answering(body, status=status))
    answer = await service.call(AccountAction.DELETE, "u", {}, key="k")
    assert (answer.outcome, answer.reason) == (AccountOutcome.REFUSED, reason)
    assert answer.reason_code == (body["code"] if isinstance(body, dict) else "rejected")


@pytest.mark.parametrize("status", [202, 409])
async def test_a_key_still_being_worked_on_is_pending(connect: Connect, status: int) -> None:
    service = await connect(answering({}, status=status, headers={"Retry-After": "7"}))
    answer = await service.call(AccountAction.EXPORT, "u", {}, key="k")
    assert (answer.outcome, answer.retry_after) == (AccountOutcome.PENDING, 7.0)
    assert not answer.final


async def test_not_found_needs_a_body_that_says_so(connect: Connect) -> None:
    service = await connect(answering({"outcome": "not_found"}, status=404))
    answer = await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert answer.outcome is AccountOutcome.NOT_FOUND


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12.0),
        ("Thu, 01 Oct 2026 12:01:00 GMT", 60.0),
        ("-5", 0.0),
        ("99999999", 86_400.0),
        ("nan", None),
        ("soon", None),
        # Numbers that no clock can hold.
        ("Thu, 01 Oct 99999999999999999999 12:01:00 GMT", None),
        ("Thu, 01 Oct 2026 12:01:00 +99999999999999999999", None),
    ],
)
async def test_retry_after_is_read_in_both_forms_and_bounded(
    connect: Connect, header: str, seconds: float | None
) -> None:
    service = await connect(answering({}, status=503, headers={"Retry-After": header}))
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert failed.value.data.get("retry_after") == seconds


ABOUT_ANOTHER = (
    b'{"outcome": "ok", "data": {"profile": '
    b'{"account": "v", "nickname": "Mia", "status": "active"}}}'
)


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        (b"", "", "no_json"),
        (b"<html>", "", "no_json"),
        (b"[]", "", "model_type"),
        (b'{"outcome": "fine"}', "outcome", "enum"),
        (b'{"outcome": "unavailable"}', "outcome", "enum"),
        (b'{"outcome": "ok"}', "data.profile", "missing"),
        (
            b'{"outcome": "ok", "data": {"profile": {"account": "u", "nickname": 7}}}',
            "data.profile.nickname",
            "string_type",
        ),
        (
            b'{"outcome": "ok", "data": {"profile": {"account": "u"}}}',
            "data.profile.nickname",
            "missing",
        ),
        (
            b'{"outcome": "ok", "items": [{"scope": "x", "outcome": "done", "until": "soon"}]}',
            "items.0.until",
            "date_from_datetime_parsing",
        ),
        (
            b'{"outcome": "ok", "items": [{"scope": "x", "outcome": "done", "count": -1}]}',
            "items.0.count",
            "greater_than_equal",
        ),
        (
            b'{"outcome": "ok", "items": [{"scope": "x", "outcome": "done", "count": 9e19}]}',
            "items.0.count",
            "int_parsing_size",
        ),
        (ABOUT_ANOTHER, None, None),
        (b"\xff\xfe", "", "no_json"),
        (b"[" * 100_000, "", "no_json"),
    ],
)
async def test_an_answer_that_breaks_the_contract_is_never_taken_for_done_and_says_where(
    connect: Connect, body: bytes, where: str | None, what: str | None
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    service = await connect(handler)
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert failed.value.data["reason"] == "contract"
    assert (failed.value.data.get("where"), failed.value.data.get("what")) == (where, what)


async def test_a_wrong_answer_leaves_no_personal_data_in_errors_or_logs(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = await connect(
        answering({"outcome": "ok", "data": {"profile": {"nickname": ["Xiaoyu-secret"]}}})
    )
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.PROFILE, "u-1001", {}, key="k")
    shown = f"{failed.value!r} {failed.value.__cause__!s} {caplog.text}"
    assert "Xiaoyu-secret" not in shown
    assert "u-1001" not in shown


EXPORTED = {
    "made_at": "2026-10-01T12:00:00Z",
    "summary": [{"category": "posts", "count": 1, "latest": "9999-12-31T23:59:59Z"}],
    "content": {"posts": [{"text": "9999-12-31T23:59:59Z", "seen": 10**30}]},
}


async def exported(connect: Connect, **other: Any) -> AccountAnswer:
    service = await connect(answering({"outcome": "ok", "data": {**EXPORTED, **other}}))
    return await service.call(AccountAction.EXPORT, "u", {}, key="k")


async def test_an_export_is_read_with_entries_of_any_shape_and_dates_without_an_end(
    connect: Connect,
) -> None:
    answer = await exported(connect)
    (line,) = answer.data["summary"]
    assert (line["count"], line["latest"]) == (1, None)
    assert answer.data["content"] == {"posts": [{"text": "9999-12-31T23:59:59Z", "seen": 1e30}]}


@pytest.mark.parametrize(
    ("other", "where"),
    [
        ({"content": None}, "data.content"),
        ({"content": {"posts": {}}}, "data.content.posts"),
        # A name that is not in the contract may be somebody's.
        ({"content": {"dreams": []}}, "data.content.*.*"),
        ({"summary": [{"category": "posts", "count": 10**30}]}, "data.summary.0.count"),
    ],
)
async def test_an_export_of_another_shape_breaks_the_contract(
    connect: Connect, other: dict[str, Any], where: str
) -> None:
    with pytest.raises(UnavailableError) as failed:
        await exported(connect, **other)
    assert (failed.value.data["reason"], failed.value.data["where"]) == ("contract", where)


async def test_a_long_export_is_read_as_a_short_one(connect: Connect) -> None:
    posts = [{"id": str(place), "text": "words" * 20} for place in range(2_000)]
    answer = await exported(connect, content={"posts": posts})
    assert answer.data["content"] == {"posts": posts}


async def test_an_overlong_answer_is_cut_off(connect: Connect) -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(10_000):
                await response.write(b" " * 65_536)
                sent += 65_536
        except (ConnectionError, asyncio.CancelledError):
            pass
        return response

    service = await connect(handler, max_answer=1_000)
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert failed.value.data["reason"] == "too_long"
    assert sent < 100_000_000


async def test_a_slow_service_is_given_up_after_the_total_time_out(connect: Connect) -> None:
    never = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await never.wait()
        return web.json_response({"outcome": "ok"})

    service = await connect(handler, total_timeout=0.05)
    with pytest.raises(UnavailableError) as failed:
        await service.call(AccountAction.SUSPEND, "u", {}, key="k")
    assert failed.value.data["reason"] == "timeout"
    never.set()


async def test_a_closed_port_is_unavailable(clock: MovableClock, unused_tcp_port: int) -> None:
    endpoint = Endpoint(f"http://127.0.0.1:{unused_tcp_port}", "s")
    async with connect_account_service(endpoint, clock=clock) as service:
        with pytest.raises(UnavailableError) as failed:
            await service.call(AccountAction.PROFILE, "u", {}, key="k")
    assert failed.value.data["reason"] == "unreachable"


async def test_after_repeated_failures_the_service_is_left_alone_until_it_cooled(
    connect: Connect, clock: MovableClock
) -> None:
    hits = 0
    healthy = False

    async def handler(_request: web.Request) -> web.Response:
        nonlocal hits
        hits += 1
        return web.json_response({"outcome": "ok"}, status=200 if healthy else 503)

    service = await connect(handler)
    for number in range(4):
        with pytest.raises(UnavailableError):
            await service.call(AccountAction.RESTORE, f"u-{number}", {}, key="k")
    assert hits == 2
    healthy = True
    clock.move(timedelta(seconds=30))
    for _ in range(2):
        answer = await service.call(AccountAction.RESTORE, "u", {}, key="k")
        assert answer.outcome is AccountOutcome.OK
    assert hits == 4


@pytest.mark.parametrize("fault", ["too long", "malformed", "server error of one"])
async def test_what_is_wrong_with_one_person_s_data_shuts_the_service_to_nobody(
    connect: Connect, fault: str
) -> None:
    async def handler(request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["account"] == "healthy":
            return web.json_response({"outcome": "not_found"}, status=404)
        if fault == "server error of one":
            return web.Response(status=500)
        return web.Response(text="x" * (2_000 if fault == "too long" else 10))

    service = await connect(handler, max_answer=1_000)
    for number in range(6):
        account = "one" if fault == "server error of one" else f"u-{number}"
        with pytest.raises(UnavailableError) as failed:
            await service.call(AccountAction.PROFILE, account, {}, key="k")
        assert failed.value.data["reason"] != "breaker_open"
    answer = await service.call(AccountAction.PROFILE, "healthy", {}, key="k")
    assert answer.outcome is AccountOutcome.NOT_FOUND


async def test_an_action_that_fails_holds_up_no_other(connect: Connect) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path.endswith("/export"):
            return web.Response(status=503)
        return web.json_response({"outcome": "not_found"}, status=404)

    service = await connect(handler)
    for number in range(3):
        with pytest.raises(UnavailableError):
            await service.call(AccountAction.EXPORT, f"u-{number}", {}, key="k")
    answer = await service.call(AccountAction.PROFILE, "u-1", {}, key="k")
    assert answer.outcome is AccountOutcome.NOT_FOUND


async def test_text_that_is_no_text_is_refused_before_it_is_sent(connect: Connect) -> None:
    service = await connect(answering({"outcome": "ok"}))
    answer = await service.call(
        AccountAction.CORRECT, "u", {"changes": {"nickname": "\ud800"}}, key="k"
    )
    assert answer.reason is AccountReason.INVALID_PAYLOAD


@pytest.mark.parametrize(
    ("url", "secret", "complaint"),
    [
        ("ftp://accounts.example.com", "s", "http or https"),
        ("https://", "s", "host"),
        ("http://accounts.example.com", "s", "needs https"),
        ("https://me:pw@accounts.example.com", "s", "not into the address"),
        ("https://accounts.example.com", " ", "secret is missing"),
        ("https://accounts.example.com", "a\nb", "printable"),
    ],
)
def test_an_endpoint_that_can_t_be_used_names_its_setting(
    url: str, secret: str, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=f"PRIVACYDESK_ACCOUNT_SERVICE_.*{complaint}"):
        Endpoint(url, secret).checked("account_service")


def test_an_endpoint_never_shows_its_secret() -> None:
    assert "s3cret" not in repr(Endpoint("https://accounts.example.com", "s3cret"))
    assert Endpoint("http://127.0.0.1:9", "s").checked("x").url == "http://127.0.0.1:9"
    assert Endpoint("http://mesh", "s", allow_plain=True).checked("x").allow_plain
