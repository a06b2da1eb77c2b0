"""A shared secret is changed while both sides run: calls and callbacks hold with either secret.

The services are the sample programs of the guide, each in its process.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import SecretStr
from tests.common.api_client import fresh_key
from tests.common.stories import open_world
from tests.functional.test_examples import EXAMPLES, Program, _start, listening

from privacydesk.app.connections import connect_accounts, connect_codes
from privacydesk.app.process import build_web_app
from privacydesk.clock import SystemClock
from privacydesk.connectors.signing import signature_headers
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import AccountContact
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages
from privacydesk.settings import Settings

BEFORE, AFTER = (
    "the secret that both have had",
    "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
)
OTHER = "a secret that nobody uses"
TAKEN, REFUSED = ("ok", "sent"), ("credentials", "credentials")


async def started(stack: AsyncExitStack, folder: Path, example: str, secret: str) -> str:
    """Start a sample service that knows one secret."""
    port = unused_port()
    env = os.environ | {"ACCOUNT_SECRET": secret, "GATEWAY_SECRET": secret, "PORT": str(port)}
    env["DATABASE"] = str(folder / f"{port}.db")
    program: Program = await _start(stack, folder, env, str(EXAMPLES / example))
    await listening(port)
    assert program.process.returncode is None
    return f"http://127.0.0.1:{port}"


def settings(folder: Path, secret: str, previous: str = "", **urls: str) -> Settings:
    secrets = {
        f"{service}_{name}": SecretStr(value)
        for service in ("account_service", "code_gateway")
        for name, value in (("secret", secret), ("previous_secret", previous))
    }
    return Settings.model_construct(data_dir=folder, **urls, **secrets)  # type: ignore[arg-type]


async def outcomes(at: Settings) -> tuple[str, str]:
    """Return what a call to the account service and a code sent to the gateway come to."""
    clock, found = SystemClock(), []
    async with (
        connect_accounts(at, clock, Outages(clock)) as accounts,
        connect_codes(at, clock, Outages(clock)) as codes,
    ):
        for call in (
            partial(accounts.call, AccountAction.PROFILE, "u-1001", {}),
            partial(codes.send, AccountContact("u-1001"), "desk_code", "en", "123456"),
        ):
            try:
                answer: Any = await call(key=fresh_key())
            except UnavailableError as error:
                found.append(str(error.data["reason"]))
            else:
                found.append(str(answer.outcome.value))
    return found[0], found[1]


@pytest.mark.parametrize("known", [BEFORE, AFTER])
async def test_a_service_that_knows_either_secret_takes_what_is_signed_with_both(
    tmp_path: Path, known: str
) -> None:
    async with AsyncExitStack() as stack:
        urls = {
            "account_service_url": await started(stack, tmp_path, "account_service.py", known),
            "code_gateway_url": await started(stack, tmp_path, "gateway.py", known) + "/codes",
        }
        assert await outcomes(settings(tmp_path, AFTER, BEFORE, **urls)) == TAKEN
        for secret in (BEFORE, AFTER):
            alone = await outcomes(settings(tmp_path, secret, **urls))
            assert alone == (TAKEN if secret == known else REFUSED)


async def test_callbacks_hold_with_either_secret(tmp_path: Path) -> None:
    secrets = {
        "account_service_secret": SecretStr(AFTER),
        "account_service_previous_secret": SecretStr(BEFORE),
    }
    async with open_world(tmp_path, more_settings=secrets) as world:
        app = build_web_app(world.services)
        async with TestClient(TestServer(app)) as desk:
            for secret, status in ((AFTER, 204), (BEFORE, 204), (OTHER, 401)):
                at = int(world.clock.now().timestamp())
                headers = signature_headers((secret,), "00" * 16, at, b"{}")
                answer = await desk.post("/account/v1/finished", data=b"{}", headers=headers)
                assert answer.status == status, secret
