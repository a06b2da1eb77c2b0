"""A receiver of webhooks: verifies, keeps each message once, answers, and works afterwards.

pip install aiohttp standardwebhooks
WEBHOOK_SECRET=whsec_… PORT=9000 python webhook_receiver.py
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
inbox = sqlite3.connect(os.environ.get("DATABASE", "webhooks.db"), isolation_level=None)
inbox.execute(
    "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, body BLOB, done INTEGER DEFAULT 0)"
)
something_came = asyncio.Event()


async def take(request: web.Request) -> web.Response:
    # The bytes as they came: parsing and writing again would break the signature.
    body = await request.read()
    try:
        message = webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return web.Response(status=401)
    # A message may come twice. Its id is the same each time, so it is kept once.
    keep = "INSERT INTO message (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    inbox.execute(keep, (message["id"], body))
    something_came.set()
    # Answer first, work afterwards: the desk waits for 15 seconds.
    return web.Response(status=204)


def handle(message: dict) -> None:
    """Do with it what your system has to do."""
    print(message["type"], message["data"].get("number", ""), flush=True)


async def work() -> None:
    while True:
        open_ones = "SELECT id, body FROM message WHERE done = 0 ORDER BY rowid"
        for identity, body in inbox.execute(open_ones).fetchall():
            handle(json.loads(body))
            inbox.execute("UPDATE message SET done = 1 WHERE id = ?", (identity,))
        something_came.clear()
        await something_came.wait()


async def working(_: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(work())
    yield
    task.cancel()


app = web.Application()
app.router.add_post("/hooks", take)
app.cleanup_ctx.append(working)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9000")), print=None)
