from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import MovableClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_sms import HttpCodeSender, connect_code_sender
from privacydesk.connectors.signing import read_signed
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget, SendOutcome
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.errors import UnavailableError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Connect = Callable[..., Awaitable[HttpCodeSender]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clock = MovableClock(NOON, frozen=True)
    async with AsyncExitStack() as stack:

        async def start(
            handler: Callable[[web.Request], Awaitable[web.Response]], **limits: Any
        ) -> HttpCodeSender:
            app = web.Application()
            app.router.add_post("/codes", handler)
            server = TestServer(app)
            await server.start_server()
            stack.push_async_callback(server.close)
            endpoint = Endpoint(str(server.make_url("/codes")), "shared", **limits)
            return await stack.enter_async_context(connect_code_sender(endpoint, clock=clock))

        yield start


def answering(
    body: object, *, status: int = 200
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return handler


@pytest.mark.parametrize(
    ("to", "named"),
    [
        (PhoneTarget("+8619900001104"), {"phone": "+8619900001104"}),
        (MailTarget("a@example.org"), {"mail": "a@example.org"}),
        (AccountContact("u-1001"), {"account": "u-1001"}),
    ],
)
async def test_a_code_is_posted_signed_with_its_time_and_key(
    connect: Connect, to: PhoneTarget | MailTarget | AccountContact, named: dict[str, str]
) -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen["body"] = await request.json()
        seen["signed"] = read_signed(("shared",), request.headers, await request.read())
        return web.json_response({"outcome": "sent", "masked": "+86199****1104"})

    sender = await connect(handler)
    answer = await sender.send(to, "one_time_code", "zh-Hans", "123456", key="k-1")
    assert seen == {
        "body": {
            "to": named,
            "template": "one_time_code",
            "locale": "zh-Hans",
            "code": "123456",
        },
        "signed": ("k-1", int(NOON.timestamp())),
    }
    assert (answer.outcome, answer.masked) == (SendOutcome.SENT, "+86199****1104")


async def test_a_notice_is_posted_with_the_number_in_the_place_of_a_code(connect: Connect) -> None:
    seen: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(await request.json())
        return web.json_response({"outcome": "sent"})

    sender = await connect(handler)
    notice = Notice(NoticeSubject.ANSWER, "PD-XQR9-9DWK-XFG", "en", link="https://app.example/desk")
    answer = await sender.notify(MailTarget("a@example.org"), notice, key="k-1")
    assert answer.outcome is SendOutcome.SENT
    assert seen == [
        {
            "to": {"mail": "a@example.org"},
            "template": "desk_notice",
            "locale": "en",
            "ticket": "PD-XQR9-9DWK-XFG",
            "about": "answer",
            "link": "https://app.example/desk",
        }
    ]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (404, {"code": "no_contact"}, SendOutcome.NO_CONTACT),
        (400, {"code": "template_unknown"}, SendOutcome.REFUSED),
        (200, {"outcome": "no_contact", "reason": "no_contact"}, SendOutcome.NO_CONTACT),
    ],
)
async def test_refusals_are_final(
    connect: Connect, status: int, body: object, outcome: SendOutcome
) -> None:
    sender = await connect(answering(body, status=status))
    answer = await sender.send(AccountContact("u"), "one_time_code", "en", "1", key="k")
    assert answer.outcome is outcome
    assert answer.reason in {AccountReason.NO_CONTACT, AccountReason.REJECTED}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, "no such page", "address"),
        (405, "no such method", "address"),
        (409, {}, "in_progress"),
        (429, {}, "rate_limited"),
        (502, {}, "server_error"),
        (302, {}, "redirect"),
        (200, {"outcome": "delivered"}, "contract"),
    ],
)
async def test_what_may_pass_is_tried_again(
    connect: Connect, status: int, body: object, reason: str
) -> None:
    sender = await connect(answering(body, status=status))
    with pytest.raises(UnavailableError) as failed:
        await sender.send(AccountContact("u"), "one_time_code", "en", "1", key="k")
    assert failed.value.data["reason"] == reason


async def test_five_time_outs_open_the_breaker(connect: Connect) -> None:
    never = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await never.wait()
        return web.json_response({})

    sender = await connect(handler, total_timeout=0.02)
    for number in range(6):
        with pytest.raises(UnavailableError) as failed:
            await sender.send(AccountContact(f"u-{number}"), "one_time_code", "en", "1", key="k")
        assert failed.value.data["reason"] == ("breaker_open" if number == 5 else "timeout")
    never.set()


def test_targets_hide_what_they_hold() -> None:
    assert "199" not in repr(PhoneTarget("+8619900001104"))
    assert "example" not in repr(MailTarget("a@example.org"))
