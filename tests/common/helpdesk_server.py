"""A real django-helpdesk on this machine, in an environment and a process of its own.

The environment is made once and kept in the cache of the test runner.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import unused_port
from tests.common.npm import give_up, locked

SITE = Path(__file__).parent / "helpdesk"
PASSWORD = "a password of the test 7Q"
_PATIENCE = 90.0
_INSTALLING = 600


def helpdesk_python(cache: Path) -> Path:
    """Return the interpreter of an environment with django-helpdesk, made if need be.

    Skips, and says why, where it can't be installed; in CI that is a failure.
    """
    wanted = (SITE / "requirements.txt").read_bytes() + sys.version.encode()
    folder = cache / hashlib.sha256(wanted).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    python, done = folder / "env" / "bin" / "python", folder / "installed"
    # Workers of one run share the folder.
    with locked(folder / "lock"):
        if not done.exists():
            _install(folder / "env")
            done.touch()
    return python


def _install(environment: Path) -> None:
    python = str(environment / "bin" / "python")
    try:
        venv.create(environment, clear=True)
        subprocess.run(  # noqa: S603 - pip, with what stands in this repository
            [
                sys.executable, "-m", "pip", "--python", python, "install",
                "--quiet", "--disable-pip-version-check", "--no-deps",
                "-r", str(SITE / "requirements.txt"),
            ],
            check=True, capture_output=True, text=True, timeout=_INSTALLING,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip()
        give_up(f"django-helpdesk can't be installed: {said[-300:]}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site with its database, queue and users, to be copied.

    Attributes:
        python: of its environment.
        folder: where its database is.
        ids: the queue's, and those of users by name.
    """

    python: Path
    folder: Path
    ids: Mapping[str, int]


def prepare(python: Path, folder: Path) -> Prepared:
    """Make a site's database, queue and users, which takes seconds."""
    seeding = subprocess.run(  # noqa: S603 - our own program
        [str(python), str(SITE / "site_settings.py")],
        env=_environment(folder), check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    return Prepared(python, folder, json.loads(seeding.stdout.splitlines()[-1]))


@dataclass(slots=True)
class Helpdesk:
    """A site that can be killed and started again.

    Attributes:
        python: of its environment.
        folder: where its database is.
        ids: the queue's, and those of users by name.
        port: where it listens, the same each time.
    """

    python: Path
    folder: Path
    ids: Mapping[str, int]
    port: int
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @classmethod
    def copy(cls, prepared: Prepared, folder: Path) -> Helpdesk:
        """Return a site that nothing was done in yet, in a folder of its own."""
        shutil.copytree(prepared.folder, folder)
        return cls(prepared.python, folder, prepared.ids, unused_port())

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            str(self.python), "-m", "django", "runserver", "--noreload", "--skip-checks",
            f"127.0.0.1:{self.port}",
            env=_environment(self.folder), stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    await self.get("mei", "api/tickets/")
                except aiohttp.ClientError:
                    assert self._process.returncode is None, "the site does not start"
                    await asyncio.sleep(0.1)
                else:
                    return

    async def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    # -- people at work --------------------------------------------------------------------------

    async def get(self, who: str, address: str) -> Any:
        """Return what its interface answers to somebody."""
        return await self._ask(who, "GET", address)

    async def post(self, who: str, address: str, values: Mapping[str, Any]) -> Any:
        """Have somebody add something over its interface."""
        return await self._ask(who, "POST", address, values)

    async def patch(self, who: str, address: str, values: Mapping[str, Any]) -> Any:
        """Have somebody change something over its interface."""
        return await self._ask(who, "PATCH", address, values)

    async def tickets(self) -> list[Any]:
        """Return all tickets."""
        answer = await self.get("mei", "api/tickets/?page_size=1000")
        return list(answer["results"])

    async def update(self, who: str, ticket: int, **form: str) -> None:
        """Have somebody send the form of a ticket's page."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            async with session.get(f"{self.url}login/") as answer:
                token = answer.cookies["csrftoken"].value
            entry = {"username": who, "password": PASSWORD, "csrfmiddlewaretoken": token}
            address = f"{self.url}login/"
            async with session.post(address, data=entry, allow_redirects=False) as answer:
                assert answer.status == 302, (await answer.text())[:2000]
            address = f"{self.url}tickets/{ticket}/update/"
            async with session.post(address, data=form, allow_redirects=False) as answer:
                assert answer.status == 302, (await answer.text())[:2000]

    async def _ask(
        self, who: str, method: str, address: str, values: Mapping[str, Any] | None = None
    ) -> Any:
        proof = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, self.url + address, json=values, headers={"Authorization": f"Basic {proof}"}
            ) as answer,
        ):
            assert answer.status < 300, (answer.status, (await answer.text())[:500])
            return await answer.json()


def _environment(folder: Path) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DESK_HELPDESK": str(folder),
        "DJANGO_SETTINGS_MODULE": "site_settings",
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
