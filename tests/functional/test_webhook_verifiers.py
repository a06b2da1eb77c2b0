"""What public libraries, of PyPI and of npm, say to what the desk sent on a bad day.

A receiver that is away for a day, a rotation in the middle of it, an overlap that ends: every try
is kept as it came over the wire, and each library verifies it at the instant at which it came.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import time_machine
from aiohttp import web
from msgspec import Struct, to_builtins
from tests.common.npm import PINNED, packages, with_client
from tests.common.stories import START
from tests.functional.test_webhooks import HOUR, Receiver, desk, file, parts, send_all, subscribe

from privacydesk.clock import MovableClock

DAY = timedelta(days=1)
STRANGER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


class Came(Struct, frozen=True):
    """A try as it came."""

    headers: dict[str, str]
    body: str

    @property
    def at(self) -> int:
        return int(self.headers["webhook-timestamp"])


@dataclass
class Recorder(Receiver):
    """Keeps what comes, to the byte, and verifies nothing by itself."""

    raw: list[Came] = field(default_factory=list)

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.raw.append(Came(headers, (await request.read()).decode()))
        return web.Response(status=self.status)


class Case(Struct, frozen=True):
    """A try, looked at by somebody with a secret at an instant."""

    headers: dict[str, str]
    body: str
    secret: str
    at: int
    good: bool


def looked_at(one: Came, *, good: tuple[str, ...], bad: tuple[str, ...]) -> list[Case]:
    first = good[0]
    return [
        *(Case(one.headers, one.body, secret, one.at, good=True) for secret in good),
        *(Case(one.headers, one.body, secret, one.at, good=False) for secret in (*bad, STRANGER)),
        Case(one.headers, one.body + " ", first, one.at, good=False),
        Case(one.headers | {"webhook-id": "evt_other"}, one.body, first, one.at, good=False),
        Case(one.headers, one.body, first, one.at + 3_600, good=False),
    ]


@pytest.fixture
async def cases(tmp_path: Path) -> list[Case]:
    clock, receiver = MovableClock(START, frozen=True), Recorder(status=503)
    async with desk(tmp_path, clock) as world, receiver.up():
        name = await subscribe(world, receiver)
        old, endpoints = receiver.secret, parts(world)[0].endpoints
        await file(world, 1)
        await send_all(world)
        before = list(receiver.raw)
        endpoint = (await endpoints.find(name)).endpoint
        new = (await endpoints.rotate(endpoint, by="operator", overlap=2 * DAY)).secret
        for _ in range(30):
            clock.move(HOUR)
            receiver.status = 204 if clock.now() - START >= DAY else 503
            await send_all(world)
        during = receiver.raw[len(before) :]
        clock.move(DAY)
        await file(world, 2)
        await send_all(world)
        after = receiver.raw[len(before) + len(during) :]
    ids = {one.headers["webhook-id"] for one in before}
    late = [one for one in during if one.at - before[0].at >= DAY.total_seconds()]
    assert len(before) == 1
    assert ids < {one.headers["webhook-id"] for one in late}
    assert len(after) == 2
    return [
        *(case for one in before for case in looked_at(one, good=(old,), bad=(new,))),
        *(case for one in during for case in looked_at(one, good=(old, new), bad=())),
        *(case for one in after for case in looked_at(one, good=(new,), bad=(old,))),
    ]


def missed(verdicts: list[bool], cases: list[Case]) -> list[tuple[int, bool]]:
    """Return which cases were taken otherwise than they should."""
    assert len(verdicts) == len(cases)
    return [
        (place, case.good)
        for place, (taken, case) in enumerate(zip(verdicts, cases, strict=True))
        if taken is not case.good
    ]


@pytest.mark.parametrize("library", ["standardwebhooks", "svix.webhooks"])
def test_libraries_of_pypi_take_what_is_signed_and_nothing_else(
    library: str, cases: list[Case]
) -> None:
    # Every process imports the tests, and one asks the libraries.
    verifier: Any = import_module(library).Webhook

    def taken(case: Case) -> bool:
        with time_machine.travel(case.at, tick=False):
            try:
                verifier(case.secret).verify(case.body, case.headers)
            except standardwebhooks.WebhookVerificationError:
                return False
        return True

    assert missed([taken(case) for case in cases], cases) == []


def test_libraries_of_npm_take_what_is_signed_and_nothing_else(
    cases: list[Case], pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    cache, folder = pytestconfig.cache.mkdir("npm"), tmp_path / "npm"
    with_client(cache, folder)
    for package in (packages(cache) / "node_modules").iterdir():
        (folder / "node_modules" / package.name).symlink_to(package)
    shutil.copy(PINNED / "verify.mjs", folder)
    ran = subprocess.run(
        ["node", "verify.mjs"],  # noqa: S607 - wherever it is installed
        cwd=folder,
        input=json.dumps(to_builtins(cases)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    verdicts: dict[str, list[bool]] = json.loads(ran.stdout)
    assert set(verdicts) == {"standardwebhooks", "svix", "svixOfItsOwn", "client"}
    for library, taken in verdicts.items():
        assert missed(taken, cases) == [], library
