"""A shared secret is changed while both sides run: calls and callbacks hold with either secret.

The services are the sample programs of the guide, each in its process.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import SecretStr
from tests.common.stories import open_world
from tests.functional.test_examples import EXAMPLES, Program, _start, listening

from privacydesk.app.connections import connect_accounts, connect_codes
from privacydesk.app.process import build_web_app
from privacydesk.clock import SystemClock
from privacydesk.connectors.signing import signature_headers
from privacydesk.domain.account_terms import AccountAction, AccountOutcome
from privacydesk.domain.code_delivery import AccountContact, SendOutcome
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages
from privacydesk.settings import Settings

BEFORE, AFTER = "the secret that both have had", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "a secret that nobody uses"


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


async def is_taken(at: Settings) -> tuple[bool, bool]:
    """Whether the account service takes a call of the desk, and the gateway a code."""
    clock, taken = SystemClock(), []
    calls: tuple[Any, ...]
    async with (
        connect_accounts(at, clock, Outages(clock)) as accounts,
        connect_codes(at, clock, Outages(clock)) as codes,
    ):
        key = f"{at.account_service_secret.get_secret_value()[:9]}-1".replace(" ", "-")
        calls = (
            lambda: accounts.call(AccountAction.PROFILE, "u-1001", {}, key=key),
            lambda: codes.send(AccountContact("u-1001"), "desk_code", "en", "123456", key=key),
        )
        for call in calls:
            try:
                taken.append((await call()).outcome in {AccountOutcome.OK, SendOutcome.SENT})
            except UnavailableError as error:
                assert error.data["reason"] == "credentials"
                taken.append(False)
    return taken[0], taken[1]


@pytest.mark.parametrize("known", [BEFORE, AFTER])
async def test_a_service_that_knows_either_secret_takes_what_is_signed_with_both(
    tmp_path: Path, known: str
) -> None:
    async with AsyncExitStack() as stack:
        urls = {
            "account_service_url": await started(stack, tmp_path, "account_service.py", known),
            "code_gateway_url": await started(stack, tmp_path, "gateway.py", known) + "/codes",
        }
        assert await is_taken(settings(tmp_path, AFTER, BEFORE, **urls)) == (True, True)
        for secret in (BEFORE, AFTER):
            taken = await is_taken(settings(tmp_path, secret, **urls))
            assert taken == (secret == known, secret == known)


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
