"""Whether the receivers of docs/webhooks.md take what the desk sends, through rotation and a day.

    python benchmarks/webhook_receivers.py

Installs ``standardwebhooks`` and ``svix`` from npm into a folder that goes away, runs the Node.js
receiver of the page as it stands there, and has both libraries verify what our signer signs.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import secrets
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from privacydesk.clock import SystemClock
from privacydesk.connectors.webhook_signing import sign
from privacydesk.connectors.webhooks import AddressRules, connect_webhooks

PAGE = Path(__file__).parents[1] / "docs" / "webhooks.md"
PORT = 19_417
LOOPBACK = AddressRules([ip_network("127.0.0.0/8")])
VERIFY = """
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";
const cases = JSON.parse(process.argv[2]);
const real = Date.now;
const results = cases.map(({ library, secret, headers, body, now, good }) => {
  Date.now = () => now * 1000;
  globalThis.Date = class extends Date {
    constructor(...given) { given.length ? super(...given) : super(now * 1000); }
  };
  const webhook = new (library === "svix" ? Svix : Standard)(secret);
  let taken = true;
  try { webhook.verify(body, headers); } catch { taken = false; }
  return taken === good;
});
Date.now = real;
console.log(JSON.stringify(results));
"""


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def cases() -> list[dict[str, object]]:
    """Return what is to be verified: each library, both secrets, and a try a day later."""
    old, new, body = new_secret(), new_secret(), '{"type":"ticket.filed","data":{"n":"你好"}}'
    made: list[dict[str, object]] = []
    began = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    for library in ("standardwebhooks", "svix"):
        for at in (began, began + timedelta(days=1)):
            stamp = int(at.timestamp())
            headers = {
                "webhook-id": "evt_1",
                "webhook-timestamp": str(stamp),
                "webhook-signature": sign((new, old), "evt_1", stamp, body.encode()),
            }
            one: dict[str, object] = {
                "library": library,
                "headers": headers,
                "body": body,
                "now": stamp,
            }
            made += [one | {"secret": secret, "good": True} for secret in (old, new)]
            made.append(one | {"secret": new_secret(), "good": False})
            made.append(one | {"secret": new, "body": body + " ", "good": False})
            made.append(one | {"secret": new, "now": stamp + 86_400, "good": False})
    return made


def verify(folder: Path) -> str:
    (folder / "verify.mjs").write_text(VERIFY, "utf-8")
    done = subprocess.run(  # noqa: S603 - our own script and cases
        ["node", "verify.mjs", json.dumps(cases())],  # noqa: S607 - wherever it is installed
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    results = json.loads(done.stdout)
    return f"{sum(results)} of {len(results)} as expected"


async def receive(folder: Path) -> str:
    """Run the receiver of the page, and send to it as the desk does."""
    code = re.search(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    (folder / "receiver.mjs").write_text(code[1], "utf-8")
    secret = new_secret()
    receiver = await asyncio.create_subprocess_exec(
        "node", "receiver.mjs", cwd=folder, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(PORT)},
    )  # fmt: skip
    body = b'{"id":"evt_1","type":"ticket.filed","data":{"number":"PD-1"}}'
    answers = []
    try:
        async with connect_webhooks(LOOPBACK, SystemClock()) as sender:
            for signing in ((secret,), (new_secret(), secret), (new_secret(),)):
                for _ in range(50):
                    answer = await sender.send(
                        f"http://127.0.0.1:{PORT}/hooks", body,
                        message_id="evt_1", secrets=signing, at=datetime.now(UTC),
                    )  # fmt: skip
                    if answer.status is not None:
                        break
                    await asyncio.sleep(0.1)
                answers.append(answer.status)
        assert receiver.stdout is not None
        line = (await receiver.stdout.readline()).decode().strip()
    finally:
        receiver.terminate()
        await receiver.wait()
    return f"answered {answers}, and said {line!r} once"


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "package.json").write_text('{"type": "module"}', "utf-8")
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "standardwebhooks", "svix"],  # noqa: S607 - wherever it is installed
            cwd=folder, check=True,
        )  # fmt: skip
        print("libraries:", verify(folder))
        print("receiver: ", asyncio.run(receive(folder)))


if __name__ == "__main__":
    main()
