"""The receivers of ``docs/examples``, run as they stand there."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from tests.common.npm import with_client
from tests.common.python_client import python_client

from privacydesk.clock import SystemClock
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import HttpWebhookSender, connect_webhooks
from privacydesk.domain.webhooks import DeliveryFault, EndpointResponse

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BODY = b'{"id":"evt_1","type":"ticket.filed","data":{"number":"PD-1"}}'
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


@pytest.fixture(params=["webhook_receiver.py", "webhook_receiver.mjs"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """What starts a receiver; Node.js finds libraries beside its script alone."""
    name: str = request.param
    if name.endswith(".py"):
        return [sys.executable, str(EXAMPLES / name)]
    with_client(request.config.cache.mkdir("npm"), tmp_path)
    shutil.copy(EXAMPLES / name, tmp_path)
    return ["node", str(tmp_path / name)]


@asynccontextmanager
async def receiver(
    command: list[str], folder: Path, port: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ
        | {"WEBHOOK_SECRET": SECRET, "PORT": str(port), "PYTHONPATH": str(python_client())},
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.communicate()


async def send(
    sender: HttpWebhookSender, port: int, *secrets: str, at: datetime | None = None
) -> EndpointResponse:
    """Post a message, as often as it takes until somebody listens."""
    url = f"http://127.0.0.1:{port}/hooks"
    async with asyncio.timeout(30):
        while True:
            answer = await sender.send(
                url, BODY, message_id="evt_1", secrets=secrets, at=at or datetime.now(UTC)
            )
            if answer.fault is not DeliveryFault.UNREACHABLE:
                return answer


async def test_a_receiver_takes_what_is_signed_once_and_nothing_else(
    command: list[str], tmp_path: Path
) -> None:
    port, rules = unused_port(), AddressRules([ip_network("127.0.0.0/8")])
    async with (
        connect_webhooks(rules, SystemClock()) as sender,
        receiver(command, tmp_path, port) as started,
    ):
        statuses = [
            (await send(sender, port, *secrets)).status
            for secrets in ((SECRET,), (OTHER, SECRET), (OTHER,))
        ]
        old = await send(sender, port, SECRET, at=datetime.now(UTC) - timedelta(hours=1))
        assert started.stdout is not None
        line = await started.stdout.readline()
        started.terminate()
        rest = await started.stdout.read()
    assert statuses == [204, 204, 401]
    assert old.status == 401
    assert (line, rest) == (b"ticket.filed PD-1\n", b"")
