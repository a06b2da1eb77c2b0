"""The npm package for integrators, as one uses it: types are checked, then it is run."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey
from tests.common.api_client import program
from tests.common.console_cases import copy_of_data
from tests.common.console_client import open_office
from tests.common.npm import PINNED, packages, with_client
from tests.common.stories import ROOT, TOKEN_SECRET
from tests.integration.api.test_events import integrations_of
from tests.integration.api.test_webhooks import added, send_all, sender_of

from privacydesk.clock import MovableClock

NODE = """declare module "node:stream/consumers" { function text(of: unknown): Promise<string>; }
declare const process: { stdin: unknown; env: Record<string, string | undefined> };
"""
"""All that the program needs of the types of Node.js, which an integrator would install."""
GUIDE = """import { AppTokenSigner, DeskClient, verifyWebhook } from "@privacydesk/client";
declare const number: string, stored: string | undefined, rawBody: Uint8Array;
declare const request: Request, session: { account: string };
declare function apply(events: readonly unknown[], next: string): void;
"""
"""What stands around the guide's lines in an integrator's program."""
OPTIONS = (
    "--strict",
    "--exactOptionalPropertyTypes",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--skipLibCheck",
)


def compiled(cache: Path, folder: Path) -> None:
    """Compile the integrator's programs against the package, which was put beside it."""
    compiler = with_client(cache, folder)
    (folder / "node.d.ts").write_text(NODE)
    (folder / "package.json").write_text('{"type": "module"}')
    sources = ["node.d.ts", "integrator.ts", "embedding.ts", "guide.ts"]
    for name in ("integrator.ts", "embedding.ts"):
        shutil.copy(PINNED / name, folder)
    (folder / "guide.ts").write_text(GUIDE + quoted("ts"))
    ran = subprocess.run(  # noqa: S603 - a fixed command
        ["node", str(compiler), *OPTIONS, *sources],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout


BACKEND = """import {
  AppTokenSigner, DeskClient, generateAppTokenKey, verifyWebhook, type AppTokenKey,
} from "@privacydesk/client";
import type { ServerFrame } from "@privacydesk/client/frames";
const key: AppTokenKey = (await generateAppTokenKey("key-1")).privateKey;
const token: string = await (await AppTokenSigner.fromJwk(key)).sign({ account: "u-1" });
export const desk = new DeskClient({ url: "https://desk.example.com", token });
export const check: typeof verifyWebhook = verifyWebhook;
export const frame: ServerFrame | undefined = undefined;
// @ts-expect-error a number is no key's id
export const wrong: AppTokenKey = { kty: "OKP", kid: 1 };
"""


def test_a_backend_compiles_without_the_types_of_browsers(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    cache = pytestconfig.cache.mkdir("npm")
    compiler = with_client(cache, tmp_path)
    node_types = packages(cache) / "node_modules"
    for name in ("@types", "undici-types"):
        (tmp_path / "node_modules" / name).symlink_to(node_types / name)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "backend.ts").write_text(BACKEND)
    options = [one for one in OPTIONS if one != "--skipLibCheck"]
    ran = subprocess.run(  # noqa: S603 - a fixed command
        ["node", str(compiler), *options, "--lib", "es2023", "--types", "node", "backend.ts"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout


def quoted(language: str) -> str:
    """Return what the guide shows of a client."""
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(block)


async def run(folder: Path, given: Any) -> Any:
    ran = await asyncio.create_subprocess_exec(
        "node",
        "integrator.js",
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(120):
            said, failed = await ran.communicate(json.dumps(given).encode())
    finally:
        if ran.returncode is None:
            ran.kill()
    assert ran.returncode == 0, failed.decode()
    return json.loads(said)


async def test_a_backend_files_reads_and_works_on_requests(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    folder = tmp_path / "integrator"
    folder.mkdir()
    compiled(pytestconfig.cache.mkdir("npm"), folder)
    clock = MovableClock()
    async with open_office(tmp_path / "desk", world={"clock": clock}) as office:
        asker = await program(office, name="crm")
        hook = (await added(asker, events=["ticket.filed"])).body
        _, other = await copy_of_data(office)
        await send_all(office)
        (posted,) = sender_of(office).posted
        numbering = asyncio.create_task(integrations_of(office).event_log_worker.run())
        at = int(posted.at.timestamp())
        found = await run(
            folder,
            {
                "url": str(office.server.make_url("/")),
                "token": asker.made.secret,
                "secret": OctKey.import_key(TOKEN_SECRET, {"kid": "t"}).as_dict(private=True),
                "account": "u-1003",
                "now": clock.now().isoformat(),
                "webhook": {
                    "id": hook["id"],
                    "body": posted.body.decode(),
                    "headers": {
                        "Webhook-Id": posted.message_id,
                        "Webhook-Timestamp": str(at),
                        "Webhook-Signature": posted.signature,
                    },
                    "secret": hook["secret"],
                    "at": at,
                },
            },
        )
        numbering.cancel()
        ticket = await office.world.services.staff.tickets.by_number(found["number"])
        notes = (await asker.get(f"/tickets/{ticket.number}/log")).body["entries"]
    assert found["preview"] == "deletion"
    assert found["same"] == [True, True]
    assert found["holder"] == "crm"
    assert found["test"] == ["ticket.filed", True]
    assert [tuple(one) for one in found["refusals"]] == [
        (412, "precondition_failed", ""),
        (404, "not_found", ""),
        (400, "invalid_request", "body.text"),
        (401, "unauthenticated", ""),
    ]
    assert sorted(found["numbers"]) == sorted([ticket.number, other.number])
    assert found["logged"] == [
        f"ticket.filed {other.number}",
        f"ticket.filed {ticket.number}",
        f"ticket.assigned {ticket.number}",
    ]
    # Three tries under one key, and one note.
    assert found["kept"] == [1, 3, False]
    assert [one["what"] for one in notes].count("note") == 1
    assert found["slow"] == [429, None, ""]
    assert found["gone"] is True
    assert found["webhook"] == f"{other.kind} {other.number}"
    assert found["forged"] == "WebhookVerificationError"
    assert (found["key"]["crv"], found["key"]["kid"], len(found["key"]["x"])) == (
        "Ed25519",
        "app-1",
        43,
    )
