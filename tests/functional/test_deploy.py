"""The files in ``deploy``: a service for systemd, and a container."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from tests.common.kill_server import environment, open_outside
from tests.common.stories import ROOT
from tests.functional.test_outages import Talker

from privacydesk.settings import CONFIG_VARIABLE, Settings

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "privacydesk.service"
CONTAINER = DEPLOY / "container"
LAUNCHER = ROOT / "tests" / "common" / "unit_sandbox.py"
NUMBERS = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
_LISTENING = re.compile(rb"Listening on http://[^:]+:(\d+)/")


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(  # noqa: S603 - systemd's own program
        [program, "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


def directives(name: str) -> list[str]:
    lines = UNIT.read_text("utf-8").splitlines()
    return [line.removeprefix(f"{name}=") for line in lines if line.startswith(f"{name}=")]


# -- systemd -----------------------------------------------------------------------------------


def test_the_unit_leaves_little_open() -> None:
    done = systemd_analyze("security", "--offline=true", "--threshold=20", str(UNIT))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_the_unit_is_understood() -> None:
    done = systemd_analyze("verify", str(UNIT))
    told = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert not [line for line in told if UNIT.name in line], done.stderr


def expand(name: str) -> Iterator[str]:
    """Yield the system calls of a set."""
    if not name.startswith("@"):
        yield name
        return
    for line in systemd_analyze("syscall-filter", name).stdout.splitlines():
        one = line.strip()
        if line.startswith("    ") and not one.startswith("#"):
            yield from expand(one)


def allowed_calls() -> set[str]:
    calls: set[str] = set()
    for directive in directives("SystemCallFilter"):
        names = {one for word in directive.lstrip("~").split() for one in expand(word)}
        calls = calls - names if directive.startswith("~") else calls | names
    return calls


def allowed_numbers() -> list[int]:
    known = dict(re.findall(r"#define __NR_(\w+) (\d+)", NUMBERS.read_text("ascii")))
    return sorted(int(known[name]) for name in allowed_calls() & known.keys())


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not NUMBERS.exists(),
    reason="the numbers of system calls are not known here (Debian's package linux-libc-dev)",
)
async def test_the_desk_works_under_the_system_calls_of_the_unit(tmp_path: Path) -> None:
    """It reads a message in a program that confines itself further, and loses no confinement."""
    numbers = await asyncio.to_thread(allowed_numbers)
    log = tmp_path / "log"
    async with open_outside() as outside:
        env = {**environment(tmp_path, outside), "PRIVACYDESK_LOG_LEVEL": "warning"}
        with log.open("wb") as errors:
            server = await asyncio.create_subprocess_exec(
                sys.executable, str(LAUNCHER), json.dumps(numbers), sys.executable,
                "-m", "privacydesk", "serve", "--port", "0",
                env=env, stdout=asyncio.subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        try:
            assert server.stdout is not None
            async with asyncio.timeout(180):
                found = _LISTENING.search(await server.stdout.readline())
                assert found is not None, log.read_text("utf-8")
                url = f"http://127.0.0.1:{int(found[1])}"
                async with aiohttp.ClientSession(url) as client:
                    while (await client.get("/readyz")).status != 200:  # noqa: ASYNC110
                        await asyncio.sleep(0.2)
                    talker = Talker(client, "u-1001")
                    await talker.begin()
                    await talker.send({"type": "send", "id": "one", "text": "I want my data"})
                    assert any(one.get("id") == "one" for one in await talker.log())
        finally:
            server.terminate()
            assert await server.wait() == 0
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert not {one["event"] for one in told} & {"confinement_missing", "loop_ended"}


# -- the container -----------------------------------------------------------------------------


def instructions() -> list[str]:
    text = (CONTAINER / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line and not line.startswith("#")]


def test_what_the_container_copies_is_there() -> None:
    copied = [line.split()[1:-1] for line in instructions() if line.startswith("COPY ")]
    sources = [path for paths in copied for path in paths if not paths[0].startswith("--from")]
    assert "src/" in sources
    assert not [path for path in sources if not (ROOT / path).exists()]


def test_the_container_installs_only_what_is_pinned_and_does_not_run_as_root() -> None:
    told = instructions()
    installs = re.findall(r"pip install [^&]*", "\n".join(told))
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps /wheel/" in install
    users = [line.split()[1] for line in told if line.startswith("USER ")]
    assert users
    assert users[-1].split(":")[0].isdigit()
    assert users[-1] != "0"


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text("utf-8"))
    return read


def test_the_desk_s_containers_can_change_nothing_but_their_volume() -> None:
    for name in ("desk", "upgrade"):
        service = compose()["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(":" in volume for volume in service["volumes"])


def test_settings_in_the_files_are_settings() -> None:
    known = {f"PRIVACYDESK_{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    for file in (UNIT, CONTAINER / "Containerfile", CONTAINER / "compose.yaml"):
        named = set(re.findall(r"\bPRIVACYDESK_[A-Z_]+\b", file.read_text("utf-8")))
        assert named <= known, file


def test_secrets_beside_the_compose_file_are_not_committed() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no checkout of git")
    files = ["desk.env", "database_password", "pgpass", "profile.yaml"]
    done = subprocess.run(  # noqa: S603 - git alone
        [git, "check-ignore", *(f"deploy/container/{name}" for name in files)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"},
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == len(files), done.stdout
