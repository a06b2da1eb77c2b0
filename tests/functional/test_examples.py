"""The examples of the integrator's guide: joined to a desk as the guide says, each in its process.

An app's user at the example's client, an account service, a gateway, a receiver of webhooks and a
program at the API; what happens at one end is seen at the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import schemathesis
import yaml
from aiohttp.test_utils import unused_port
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.common.npm import with_client
from tests.common.python_client import python_client
from tests.common.stories import ROOT

from privacydesk.domain.account_terms import AccountAction

pytestmark = pytest.mark.by_turns(2)

DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
SECRET = "what the desk and the outside share"
NUMBER: Final = re.compile(r"PD(?:-[0-9A-Z]{3,4}){3}")
PATIENCE = 90.0
"""Seconds. A loaded machine takes its time to start seven programs."""


@dataclass
class Program:
    """An example that runs, and what it printed."""

    name: str
    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().rstrip())
            self._came.set()

    async def line(self, pattern: str, *, after: int = 0) -> str:
        """Return the first line in which a pattern stands, once it was printed."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._came.clear()
                for line in self.lines[after:]:
                    if re.search(pattern, line):
                        return line
                assert self.process.returncode is None, (self.name, self.lines)
                await self._came.wait()

    async def choose(self, label: str) -> None:
        """Type the number of a choice once it is offered."""
        line = await self.line(rf"\[\d+\] {label}")
        self.type(line.partition("]")[0].strip(" ["))
        self.lines.clear()

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())


@dataclass
class Joined:
    """A desk with everything around it."""

    env: Mapping[str, str]
    folder: Path
    url: str
    stack: AsyncExitStack
    accounts: Program
    gateway: Program

    async def start(self, *command: str, **env: str) -> Program:
        return await _start(self.stack, self.folder, {**self.env, **env}, *command)

    async def ran(self, example: str, *arguments: str, says: str) -> None:
        """Run an example to its end, and look for what it has to say."""
        printed = await _ran(self.folder, self.env, str(EXAMPLES / example), *arguments)
        assert says in printed, printed

    async def desk(self, *arguments: str) -> str:
        """Run a command of the desk and return what it prints."""
        return await _ran(self.folder, self.env, "-m", "privacydesk", *arguments)


async def _start(
    stack: AsyncExitStack, folder: Path, env: Mapping[str, str], *command: str
) -> Program:
    process = await asyncio.create_subprocess_exec(
        *_interpreter(command[0]), *command,
        cwd=folder, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    program = Program(command[-1], process)
    reading = asyncio.create_task(program.read())

    async def stop() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading
        if process.stdin is not None:
            process.stdin.close()

    stack.push_async_callback(stop)
    return program


def _interpreter(script: str) -> tuple[str, ...]:
    return ("node",) if script.endswith(".mjs") else (sys.executable, "-u")


async def _ran(folder: Path, env: Mapping[str, str], *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *_interpreter(command[0]),
        *command,
        cwd=folder,
        env=env,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, command
    return printed.decode()


def _settings(lines: str) -> dict[str, str]:
    """Return what lines of an environment file say."""
    found = (line.partition("=") for line in lines.splitlines() if line.strip())
    return {name: value.strip("'") for name, _, value in found}


def _wakeful_profile(folder: Path) -> Path:
    """Return the operator's profile without quiet hours: the clock here is the machine's own."""
    profile = yaml.safe_load((ROOT / "profiles" / "mochat.yaml").read_text("utf-8"))
    profile.setdefault("notices", {})["quiet"] = None
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), "utf-8")
    return path


@asynccontextmanager
async def joined_desk(folder: Path, **more: str) -> AsyncIterator[Joined]:
    """Join a desk to an account service and a gateway; ``more`` are settings of it."""
    port, accounts, gateway = (unused_port() for _ in range(3))
    url = f"http://127.0.0.1:{port}"
    path = os.pathsep.join(map(str, (ROOT / "src", python_client())))
    env = os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    env |= _settings(await _ran(folder, env, "-m", "privacydesk", "keys", "generate"))
    env |= _settings(await _ran(folder, env, str(EXAMPLES / "app_token.py"), "keys"))
    env |= {
        "PRIVACYDESK_DATA_DIR": str(folder / "data"),
        "PRIVACYDESK_PROFILE": str(_wakeful_profile(folder)),
        "PRIVACYDESK_PORT": str(port),
        "PRIVACYDESK_ACCOUNT_SERVICE_URL": f"http://127.0.0.1:{accounts}",
        "PRIVACYDESK_ACCOUNT_SERVICE_SECRET": SECRET,
        "PRIVACYDESK_CODE_GATEWAY_URL": f"http://127.0.0.1:{gateway}/codes",
        "PRIVACYDESK_CODE_GATEWAY_SECRET": SECRET,
        "PRIVACYDESK_PUSH_GATEWAY_URL": f"http://127.0.0.1:{gateway}/push",
        "PRIVACYDESK_PUSH_GATEWAY_SECRET": SECRET,
        "PRIVACYDESK_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
        **more,
    }
    outside = {"ACCOUNT_SECRET": SECRET, "GATEWAY_SECRET": SECRET, "DESK_URL": url}
    async with AsyncExitStack() as stack:
        joined = Joined(
            env, folder, url, stack,
            await _start(
                stack, folder, {**env, **outside, "PORT": str(accounts)},
                str(EXAMPLES / "account_service.py"),
            ),
            await _start(
                stack, folder, {**env, **outside, "PORT": str(gateway)},
                str(EXAMPLES / "gateway.py"),
            ),
        )  # fmt: skip
        await joined.desk("db", "upgrade")
        await joined.desk("agents", "add", "mei", "--display-name", "小美")
        yield joined


async def test_a_wish_goes_from_the_app_through_the_desk_to_the_account_and_everybody_is_told(
    tmp_path: Path,
) -> None:
    async with joined_desk(tmp_path) as joined:
        scopes = [f"--scope={one}" for one in ("tickets:read", "tickets:write", "tickets:reply")]
        made = await joined.desk(
            "tokens", "add", "crm", *scopes, "--display-name", "售后", "--json"
        )
        token = json.loads(made)["token"]
        port = unused_port()
        address = f"http://127.0.0.1:{port}/hooks"
        hook = json.loads(await joined.desk("webhooks", "add", address, "--json"))
        receiver = await joined.start(
            str(EXAMPLES / "webhook_receiver.py"), WEBHOOK_SECRET=hook["secret"], PORT=str(port)
        )
        serve = await joined.start("-m", "privacydesk", "serve")
        await serve.line("Listening")
        client = await joined.start(str(EXAMPLES / "chat_client.py"), joined.url, "u-1001")

        # One wish, done at once.
        await client.line("解绑登录方式")
        client.type("解绑谷歌")
        code = await joined.gateway.line(r"code \d{6} to \+8619900001001")
        await client.line("请输入 6 位数字")
        client.type(code.split()[1])
        await client.choose("确认解绑")
        number = (NUMBER.search(await client.line(r"\[PD-")) or [""])[0]
        assert number
        await receiver.line(f"ticket.verified {number}")
        taken = await joined.start(str(EXAMPLES / "api_client.py"), joined.url, TOKEN=token)
        assert "unbinding CRM-" in await taken.line(number)
        await client.line("售后: 我们已收到您的申请")
        await joined.desk("tickets", "claim", number, "--take-over", "--as", "mei")
        await joined.desk("tickets", "decide", number, "--grant", "--as", "mei")
        await receiver.line(f"ticket.closed {number}")
        await client.line(rf"\[{number} .*已结束\]")
        await joined.gateway.line(f"push to u-1001: .*{number}")

        # Another one, which takes the account service longer: it calls the desk.
        client.lines.clear()
        client.type("删除我的动态")
        await client.choose("确认删除")
        other = (NUMBER.search(await client.line(r"\[PD-")) or [""])[0]
        assert other not in {"", number}
        # Over plain HTTP the same person is told the same.
        await joined.ran("http_chat.py", joined.url, "u-1001", "进度", says=other)
        # The program takes this one, too, though it is the same person's.
        taken = await joined.start(str(EXAMPLES / "api_client.py"), joined.url, TOKEN=token)
        assert f"deletion CRM-{other}" in await taken.line(other)
        await joined.desk("tickets", "claim", other, "--take-over", "--as", "mei")
        await joined.desk("tickets", "decide", other, "--grant", "--as", "mei")
        assert await joined.accounts.line("called back") == "called back: 204"
        await client.line(f"{other} 已办好")
        await receiver.line(f"ticket.closed {other}")

        # Run once more, the program finds nothing to do; nobody was told a thing twice.
        again = await joined.start(str(EXAMPLES / "api_client.py"), joined.url, TOKEN=token)
        assert await again.process.wait() == 0
        assert again.lines == []
        assert len(receiver.lines) == len(set(receiver.lines)) + 2, "each assigned twice"


async def test_a_stranger_comes_back_with_the_secret_and_sends_again_what_was_not_taken(
    tmp_path: Path,
) -> None:
    async with joined_desk(tmp_path) as joined:
        serve = await joined.start("-m", "privacydesk", "serve")
        await serve.line("Listening")
        client = await joined.start(str(EXAMPLES / "chat_client.py"), joined.url)
        await client.line("有什么可以帮您")
        serve.process.terminate()
        await serve.process.wait()
        client.lines.clear()
        client.type("你好")
        await joined.start("-m", "privacydesk", "serve")
        await client.line("^user: 你好")
        assert not [line for line in client.lines if "有什么可以帮您" in line and "user" in line]
        assert sum(line == "user: 你好" for line in client.lines) == 1


@pytest.mark.parametrize("name", ["app_token.py", "app_token.mjs"])
async def test_the_backend_makes_keys_and_tokens_and_ends_those_of_whoever_logs_out(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    example = str(EXAMPLES / name)
    if name.endswith(".mjs"):
        # Node.js finds libraries beside its script alone.
        with_client(pytestconfig.cache.mkdir("npm"), tmp_path)
        example = str(shutil.copy(EXAMPLES / name, str(tmp_path)))
    key_file = tmp_path / "app-key.json"
    env = {**os.environ, "APP_TOKEN_KEY": str(key_file), "PYTHONPATH": str(python_client())}
    known = _settings(await _ran(tmp_path, env, example, "keys"))
    assert key_file.stat().st_mode & 0o077 == 0
    async with joined_desk(tmp_path, APP_TOKEN_KEY=str(key_file), **known) as joined:
        made = await joined.desk("tokens", "add", "app", "--scope=app_tokens:revoke", "--json")
        serve = await joined.start("-m", "privacydesk", "serve")
        await serve.line("Listening")
        token = (await _ran(tmp_path, joined.env, example, "token", "u-1001")).strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(joined.url, headers=headers) as app:
            async with app.post("/chat/v1/session", json={}) as welcome:
                assert welcome.status == 200
            await _ran(
                tmp_path,
                {**joined.env, "DESK_URL": joined.url, "TOKEN": json.loads(made)["token"]},
                *(example, "logout", "u-1001"),
            )
            async with app.get("/chat/v1/events?after=0") as refused:
                told = await refused.json()
        assert (refused.status, told["code"], told["reason"]) == (
            401, "token_expired", "token_revoked",
        )  # fmt: skip


# -- what pages quote -----------------------------------------------------------------------------


def _bare(code: str) -> str:
    """Return code without what differs in a page: how far it is indented, and blank lines."""
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


@pytest.mark.parametrize("page", ["integrating.md", "integrating.zh.md", "webhooks.md"])
def test_what_a_page_quotes_stands_in_an_example(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    examples = [_bare(file.read_text("utf-8")) for file in EXAMPLES.iterdir() if file.is_file()]
    quoted = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lost = [one for one in quoted if not any(_bare(one) in example for example in examples)]
    assert lost == []


@pytest.mark.parametrize("page", ["integrating.md", "integrating.zh.md"])
def test_a_page_leads_to_every_example_and_to_what_is_there(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)}
    here = {link for link in links if link and "://" not in link}
    assert [link for link in here if not (DOCS / link).exists()] == []
    named = {Path(link).name for link in here if link.startswith("examples/")}
    assert named >= {file.name for file in EXAMPLES.iterdir() if file.is_file()}


# -- the account service keeps its contract -------------------------------------------------------


async def listening(port: int) -> None:
    """Wait until somebody listens at a port."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            writer.close()
            return


async def _account_service(stack: AsyncExitStack, folder: Path) -> tuple[str, Program]:
    """Start the account service alone, and wait until it listens."""
    port = unused_port()
    env = os.environ | {"ACCOUNT_SECRET": SECRET, "PORT": str(port)}
    program = await _start(stack, folder, env, str(EXAMPLES / "account_service.py"))
    await listening(port)
    return f"http://127.0.0.1:{port}", program


async def _asked(url: str, action: str, payload: dict[str, Any], key: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": key}
    body = {"account": "u-1001", "payload": payload}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{url}/v1/{action}", json=body) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def test_what_the_account_service_took_on_is_done_once_though_it_is_killed(
    tmp_path: Path,
) -> None:
    wanted = ("delete", {"categories": ["posts", "recharge"]}, "key-1")
    async with AsyncExitStack() as stack:
        url, program = await _account_service(stack, tmp_path)
        assert (await _asked(url, *wanted))[0] == 202
        program.process.kill()
        await program.process.wait()
        url, _ = await _account_service(stack, tmp_path)
        async with asyncio.timeout(PATIENCE):
            while (answer := await _asked(url, *wanted))[0] == 202:
                pass
        posts, recharge = answer[1]["items"]
        assert (answer[0], posts) == (200, {"scope": "posts", "outcome": "done", "count": 1})
        assert (recharge["outcome"], recharge["reason"]) == ("kept", "legal_retention")
        assert await _asked(url, *wanted) == answer
        assert (await _asked(url, "delete", {"categories": ["posts"]}, "key-1"))[0] == 422
        assert (await _asked(url, "delete", {"categories": ["posts"], "befor": "x"}, "k"))[0] == 400


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        yield (await _account_service(stack, tmp_path))[0]


def _keeps_the_contract(address: str, action: AccountAction) -> None:
    text = (DOCS / "account-service.openapi.yaml").read_text("utf-8")
    contract = schemathesis.openapi.from_dict(yaml.safe_load(text))

    @given(case=contract[f"/v1/{action.value}"]["POST"].as_strategy())
    @settings(
        max_examples=15,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keeps_it(case: Any) -> None:
        # Random ids find nobody; every other request is made about somebody who exists.
        if isinstance(case.body, dict) and len(str(case.body)) % 2:
            case.body["account"] = ("u-1001", "u-1002")[len(str(case.body)) % 4 // 2]
        case.call_and_validate(
            base_url=address,
            headers={"Authorization": f"Bearer {SECRET}"},
            checks=[
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    keeps_it()


async def test_the_account_service_of_the_examples_keeps_its_contract(accounts: str) -> None:
    for action in AccountAction:
        await asyncio.to_thread(_keeps_the_contract, accounts, action)
