from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from privacydesk.clock import MovableClock
from privacydesk.connectors.breaker import Breakers, CircuitBreaker
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import HttpAccountService, connect_account_service
from privacydesk.connectors.http_sms import HttpCodeSender, connect_code_sender
from privacydesk.connectors.start_check import check_services
from privacydesk.domain.account_terms import AccountAction
from privacydesk.errors import UnavailableError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Connect = Callable[[int], Awaitable[tuple[HttpAccountService, HttpCodeSender]]]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON, frozen=True)


@pytest.fixture
async def connect(clock: MovableClock) -> AsyncIterator[Connect]:
    """Start a server that answers everything with one status, and return clients of it."""
    async with AsyncExitStack() as stack:

        async def start(status: int) -> tuple[HttpAccountService, HttpCodeSender]:
            async def handler(_request: web.Request) -> web.Response:
                return web.json_response({"outcome": "not_found"}, status=status)

            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            server = TestServer(app)
            await server.start_server()
            stack.push_async_callback(server.close)
            endpoint = Endpoint(str(server.make_url("/")), "s3cret")
            patient = CircuitBreaker("outside", clock, failures=100)
            each = Breakers("outside", clock, failures=100)
            return (
                await stack.enter_async_context(
                    connect_account_service(endpoint, clock=clock, breakers=each)
                ),
                await stack.enter_async_context(
                    connect_code_sender(endpoint, clock=clock, breaker=patient)
                ),
            )

        yield start


async def fail(accounts: HttpAccountService, clock: MovableClock, seconds: float = 0) -> None:
    clock.move(timedelta(seconds=seconds))
    with pytest.raises(UnavailableError):
        await accounts.call(AccountAction.PROFILE, "u-1", {}, key="k")


def errors(logs: Sequence[Any]) -> list[Any]:
    return [one for one in logs if one["log_level"] == "error"]


def named(logs: Sequence[Any], event: str) -> list[Any]:
    return [one for one in errors(logs) if one["event"] == event]


async def test_a_refused_secret_is_called_out_with_its_setting_once_an_hour(
    connect: Connect, clock: MovableClock
) -> None:
    accounts, _ = await connect(401)
    with capture_logs() as logs:
        for minutes in (0, 20, 39):
            await fail(accounts, clock, minutes * 60)
        assert len(named(logs, "account_service_misconfigured")) == 1
        await fail(accounts, clock, 60)
    first, second = named(logs, "account_service_misconfigured")
    assert len(named(logs, "outage_began")) == 1
    assert first["event"] == second["event"] == "account_service_misconfigured"
    assert "PRIVACYDESK_ACCOUNT_SERVICE_SECRET" in first["hint"]
    assert first["status"] == 401


async def test_a_service_that_is_down_is_no_fault_of_the_operators_settings(
    connect: Connect, clock: MovableClock
) -> None:
    accounts, _ = await connect(503)
    with capture_logs() as logs:
        await fail(accounts, clock)
    assert not errors(logs)


async def test_the_start_names_a_wrong_address_of_either_service(connect: Connect) -> None:
    accounts, codes = await connect(405)
    with capture_logs() as logs:
        await check_services(accounts, codes, pauses=tuple)
    hints = {one["event"]: one["hint"] for one in errors(logs)}
    assert "PRIVACYDESK_ACCOUNT_SERVICE_URL" in hints["account_service_misconfigured"]
    assert "PRIVACYDESK_CODE_GATEWAY_URL" in hints["code_gateway_misconfigured"]
    refused = {one["service"] for one in logs if one["event"] == "outside_not_ready"}
    assert refused == {"account_service", "code_gateway"}


async def test_a_service_that_knows_nobody_of_that_name_is_ready(connect: Connect) -> None:
    accounts, codes = await connect(404)
    with capture_logs() as logs:
        await check_services(accounts, codes, pauses=tuple)
    ready = {one["service"]: one["event"] for one in logs if "service" in one}
    assert ready["account_service"] == "outside_ready"


async def test_a_service_that_starts_later_than_the_desk_is_told_ready(connect: Connect) -> None:
    accounts, codes = await connect(404)
    answers = iter(["network", "network", "credentials"])

    async def provider() -> None:
        reason = next(answers, "")
        if reason:
            raise UnavailableError("the provider does not answer", reason=reason)

    with capture_logs() as logs:
        await check_services(accounts, codes, provider, pauses=lambda: (0, 0, 0, 0))
    told = [(one["event"], one.get("reason")) for one in logs if one.get("service") == "sign_on"]
    assert told == [
        ("outside_not_ready", "network"),
        ("outside_not_ready", "credentials"),
        ("outside_ready", None),
    ]
    assert next(answers, None) is None
