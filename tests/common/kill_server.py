"""A real ``privacydesk serve`` that can be killed, and the outside that outlives it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from aiohttp.typedefs import Handler
from joserfc.jwk import OctKey
from tests.common.stories import HASHING_SECRET, RING_SECRET, ROOT, TOKEN_SECRET
from yarl import URL

from privacydesk.clock import SystemClock
from privacydesk.demo.accounts import make_account_app
from privacydesk.demo.people import sample_people

OUTSIDE_SECRET = "what the kill test and the outside share"
PROFILE = ROOT / "src" / "privacydesk" / "demo" / "data" / "profile.yaml"
CONTACTS = 50
"""To how many contacts of its choice a client is sent codes in a day; no profile may allow more."""
_CODES = {"daily_contacts": CONTACTS, "daily_codes": 200, "hourly_contacts": 100_000}
"""A client names one contact after the other; each shall get its code."""
_LISTENING = re.compile(rb"Listening on http://[^:]+:(\d+)/")
_START_PATIENCE = 120.0
_HANGS = 3.0


class OutsideFault(Enum):
    """What an outside service does instead of what it should."""

    REFUSES = "refuses"
    HANGS = "hangs"
    VANISHES = "vanishes"
    """It does what it is asked, and the answer is lost."""
    BABBLES = "babbles"
    """It does what it is asked, and its answer can't be read."""


@dataclass(slots=True)
class Outside:
    """The account service and the code gateway, in the test's own process.

    Attributes:
        url: where both are.
        codes: of each destination, idempotency key to the codes received under it.
        notices: of each destination, the idempotency keys of the notices received.
        fault: what fails at present.
        has_failed: whether anything ever did.
    """

    url: str = ""
    codes: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    notices: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    fault: OutsideFault | None = None
    has_failed: bool = False

    def code_for(self, destination: str) -> str:
        """Return the code last sent to a mail address, or to an account's phone."""
        keys = self.codes.get(destination)
        return list(keys.values())[-1][0] if keys else ""

    async def take(self, request: web.Request) -> web.Response:
        """Take a code or a notice as a gateway would; repetitions are not forgotten either."""
        body = json.loads(await request.read())
        (destination,) = body["to"].values()
        key = request.headers["Idempotency-Key"]
        if "code" in body:
            self.codes[destination][key].append(body["code"])
        else:
            self.notices[destination].append(key)
        return web.json_response({"outcome": "sent", "masked": "***"})

    @web.middleware
    async def fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer as the fault of the moment says."""
        self.has_failed |= self.fault is not None
        if self.fault is OutsideFault.REFUSES:
            return web.Response(status=503)
        if self.fault is OutsideFault.HANGS:
            await asyncio.sleep(_HANGS)
        answer = await handler(request)
        if self.fault is OutsideFault.BABBLES:
            return web.Response(body=b"<html>")
        if self.fault is OutsideFault.VANISHES and request.transport is not None:
            request.transport.close()
        return answer


@asynccontextmanager
async def open_outside(
    outside: Outside | None = None, *, secret: str = OUTSIDE_SECRET
) -> AsyncIterator[Outside]:
    """Serve the sample accounts and a gateway on a free port, or where they were before."""
    outside = outside or Outside()
    port = URL(outside.url).port or 0
    app = make_account_app(sample_people(datetime.now(UTC)), secret=secret, clock=SystemClock())
    gateway = web.Application()
    gateway.router.add_post("/codes", outside.take)
    app.add_subapp("/gateway/", gateway)
    app.middlewares.append(outside.fail)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        outside.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield outside
    finally:
        await runner.cleanup()


def environment(folder: Path, outside: Outside) -> Mapping[str, str]:
    """Return the settings of the server as environment variables."""
    token_key: dict[str, Any] = OctKey.import_key(TOKEN_SECRET, {"kid": "t"}).as_dict(private=True)
    mine = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "PRIVACYDESK_DATA_DIR": str(folder),
        "PRIVACYDESK_PROFILE": str(_profile(folder)),
        "PRIVACYDESK_RING_KEYS": json.dumps({"one": base64.b64encode(RING_SECRET).decode()}),
        "PRIVACYDESK_RING_KEY": "one",
        "PRIVACYDESK_HASHING_SECRET": base64.b64encode(HASHING_SECRET).decode(),
        "PRIVACYDESK_APP_TOKEN_KEYS": json.dumps([token_key]),
        "PRIVACYDESK_ACCOUNT_SERVICE_URL": outside.url,
        "PRIVACYDESK_ACCOUNT_SERVICE_SECRET": OUTSIDE_SECRET,
        "PRIVACYDESK_CODE_GATEWAY_URL": f"{outside.url}/gateway/codes",
        "PRIVACYDESK_CODE_GATEWAY_SECRET": OUTSIDE_SECRET,
        "PRIVACYDESK_MESSAGES_PER_SECOND": "1000",
        "PRIVACYDESK_MESSAGE_BURST": "1000",
        "PRIVACYDESK_LOG_LEVEL": "error",
    }
    # Compiled once, not at each of the many starts.
    mine.pop("PYTHONDONTWRITEBYTECODE", None)
    return mine


class KillableServer:
    """Starts ``serve`` on a free port and kills it without warning.

    Args:
        env: its settings.
        patience: seconds that it may take to listen.
        log: the file that its log is added to; None for the test's own.
        arguments: further arguments of ``serve``.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        patience: float = _START_PATIENCE,
        log: Path | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.log = log
        self._arguments = arguments
        self._env = env
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0
        self.up = asyncio.Event()

    async def start(self) -> None:
        """Start it and wait until it listens."""
        with contextlib.ExitStack() as opened:
            log = None if self.log is None else opened.enter_context(self.log.open("ab"))
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "privacydesk", "serve", "--port", "0", *self._arguments,
                env=self._env, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._process.stdout is not None
        async with asyncio.timeout(self._patience):
            found = _LISTENING.search(await self._process.stdout.readline())
        assert found is not None, "the server did not start"
        self.port = int(found[1])
        self.up.set()

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether its process has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""
        await self._end(signal.SIGKILL)

    async def abort(self) -> int:
        """SIGABRT it, as a fault of a library would, and return its exit code."""
        return await self._end(signal.SIGABRT)

    async def stop(self) -> int:
        """SIGTERM it, wait until it is gone, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        assert self._process is not None
        async with asyncio.timeout(self._patience):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode

    async def _end(self, number: signal.Signals) -> int:
        self.up.clear()
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


def _profile(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kill-profile.yaml"
    profile = yaml.safe_load(PROFILE.read_text("utf-8"))
    # Nothing waits for the morning: what is left over at the end is an error.
    profile |= {"codes": _CODES, "notices": {**profile["notices"], "quiet": None}}
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), "utf-8")
    return path
