"""A sample webhook receiver: verifies and stores each message once, answers, then processes it.

pip install aiohttp privacydesk-client
WEBHOOK_SECRET=whsec_… PORT=9000 python webhook_receiver.py
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator

from aiohttp import web
from privacydesk_client import WebhookVerificationError, verify_webhook

SECRET = os.environ["WEBHOOK_SECRET"]
inbox = sqlite3.connect(os.environ.get("DATABASE", "webhooks.db"), isolation_level=None)
inbox.execute(
    "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, body BLOB, done INTEGER DEFAULT 0)"
)
new_message = asyncio.Event()


async def receive(request: web.Request) -> web.Response:
    # The raw bytes: parsing and serialising again would break the signature.
    body = await request.read()
    try:
        message = verify_webhook(body, request.headers, SECRET)
    except WebhookVerificationError:
        return web.Response(status=401)
    # A message may be delivered twice, with the same id; store it once.
    insert = "INSERT INTO message (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    inbox.execute(insert, (message["id"], body))
    new_message.set()
    # Answer first and process later: the desk waits for at most 15 seconds.
    return web.Response(status=204)


def handle(message: dict) -> None:
    """Process a message; to be replaced by your code."""
    # In a test that somebody sent, nothing has happened.
    test = ("test of",) if message.get("test") else ()
    print(*test, message["type"], message["data"].get("number", ""), flush=True)


async def process_messages() -> None:
    while True:
        query = "SELECT id, body FROM message WHERE done = 0 ORDER BY rowid"
        for message_id, body in inbox.execute(query).fetchall():
            handle(json.loads(body))
            inbox.execute("UPDATE message SET done = 1 WHERE id = ?", (message_id,))
        new_message.clear()
        await new_message.wait()


async def run_worker(_: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(process_messages())
    yield
    task.cancel()


app = web.Application()
app.router.add_post("/hooks", receive)
app.cleanup_ctx.append(run_worker)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9000")), print=None)
