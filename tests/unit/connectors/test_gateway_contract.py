"""``docs/gateway.openapi.yaml``: the requests of the desk, and the answers that it understands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from openapi_spec_validator import validate

from privacydesk.clock import SystemClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_push import HttpPusher, connect_pusher
from privacydesk.connectors.http_sms import HttpCodeSender, connect_code_sender
from privacydesk.domain.code_delivery import (
    AccountContact,
    MailTarget,
    PhoneTarget,
    SendOutcome,
)
from privacydesk.domain.notices import Notice, NoticeSubject

CONTRACT: Final[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[3] / "docs" / "gateway.openapi.yaml").read_text("utf-8")
)
TARGETS: Final = (PhoneTarget("+8619900001104"), MailTarget("a@b.example"), AccountContact("u-1"))


def check(value: Any, schema: Mapping[str, Any]) -> None:
    """Check a value by a schema of the contract."""
    whole = {**schema, "components": CONTRACT["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


class FakeGateway:
    """Checks each request by the contract and answers with what it is told."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {"outcome": "sent"}
        self.taken = 0

    async def take(self, request: web.Request) -> web.Response:
        """Take a message."""
        operation = CONTRACT["paths"][request.path]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        check(await request.json(), body["schema"])
        for parameter in CONTRACT["components"]["parameters"].values():
            check(request.headers[parameter["name"]], parameter["schema"])
        answer = operation["responses"]["200"]["content"]["application/json"]
        check(self.answer, answer["schema"])
        self.taken += 1
        return web.json_response(self.answer)


@pytest.fixture
async def joined() -> AsyncIterator[tuple[FakeGateway, HttpCodeSender, HttpPusher]]:
    gateway, clock = FakeGateway(), SystemClock()
    app = web.Application()
    for path in CONTRACT["paths"]:
        app.router.add_post(path, gateway.take)
    async with AsyncExitStack() as stack:
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        codes = Endpoint(str(server.make_url("/codes")), "shared")
        pushes = Endpoint(str(server.make_url("/push")), "shared")
        yield (
            gateway,
            await stack.enter_async_context(connect_code_sender(codes, clock=clock)),
            await stack.enter_async_context(connect_pusher(pushes, clock=clock)),
        )


def test_it_is_an_openapi_document() -> None:
    validate(CONTRACT)


async def test_what_the_desk_sends_is_what_it_says(
    joined: tuple[FakeGateway, HttpCodeSender, HttpPusher],
) -> None:
    gateway, sender, pusher = joined
    notices = [
        Notice(
            about,
            "" if about is NoticeSubject.INCIDENT else "PD-1",
            locale,
            "title",
            ("text",),
            link,
        )
        for about in NoticeSubject
        for locale in ("zh-Hans", "zh-Hant", "en")
        for link in ("", "https://app.example.com/desk")
    ]
    answers = [await sender.send(to, "desk_code", "en", "012345", key="k") for to in TARGETS]
    answers += [await sender.notify(to, one, key="k") for to in TARGETS for one in notices]
    answers += [await pusher.push("u-1", one, key="k") for one in notices]
    assert {one.outcome for one in answers} == {SendOutcome.SENT}
    assert gateway.taken == len(answers)


@pytest.mark.parametrize("outcome", list(SendOutcome))
async def test_each_outcome_it_names_is_understood(
    outcome: SendOutcome, joined: tuple[FakeGateway, HttpCodeSender, HttpPusher]
) -> None:
    gateway, sender, _ = joined
    gateway.answer = {"outcome": outcome.value, "masked": "+86199****1104", "reason": "other"}
    assert (await sender.send(TARGETS[0], "desk_code", "en", "012345", key="k")).outcome is outcome
    named = CONTRACT["components"]["schemas"]["Answer"]["properties"]["outcome"]["enum"]
    assert outcome.value in named
