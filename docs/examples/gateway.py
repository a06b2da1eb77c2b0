"""A sample gateway, which forwards codes, notices and push messages from the desk.

    pip install aiohttp standardwebhooks
    GATEWAY_SECRET=… PORT=9001 python gateway.py

The desk posts codes and notices to /codes, and push messages to /push. This sample prints them;
yours passes them to an SMS provider and to the push services of phones.
"""

import json
import os
import sqlite3

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = os.environ["GATEWAY_SECRET"]
# It also refuses old timestamps.
desk = Webhook(SECRET if SECRET.startswith("whsec_") else SECRET.encode())

# The phones of accounts, from the app's backend. The desk doesn't know them.
PHONES = {"u-1001": "+8619900001001", "u-1002": "+8619900001002"}

sent = sqlite3.connect(os.environ.get("DATABASE", "gateway.db"), isolation_level=None)
sent.execute("CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY, answer TEXT)")


def is_from_the_desk(request: web.Request, body: bytes) -> bool:
    try:
        desk.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):
        return False
    return True


async def handle_message(request: web.Request) -> web.Response:
    body = await request.read()
    if not is_from_the_desk(request, body):
        return web.json_response({"code": "unauthenticated"}, status=401)
    key = request.headers["webhook-id"]
    row = sent.execute("SELECT answer FROM sent WHERE key = ?", (key,)).fetchone()
    if row is not None:
        # The desk retries if an answer was lost. The message must not be sent twice.
        return web.json_response(text=row[0])
    message = json.loads(body)
    answer = push(message) if request.path == "/push" else send(message)
    sent.execute("INSERT INTO sent VALUES (?, ?)", (key, json.dumps(answer)))
    return web.json_response(answer)


def send(message: dict) -> dict:
    """Forward a message and return the outcome. Never log its text."""
    to = message["to"]
    receiver = to.get("mail") or to.get("phone") or PHONES.get(to.get("account"))
    if receiver is None:
        return {"outcome": "no_contact"}
    if "code" in message:
        print(f"code {message['code']} to {receiver}", flush=True)
    else:
        print(f"notice ({message['about']}) of {message['ticket']} to {receiver}", flush=True)
    return {"outcome": "sent", "masked": f"{receiver[:4]}****{receiver[-4:]}"}


def push(message: dict) -> dict:
    """Send a push message, which has a title and a text, to the phones of an account."""
    account = message["to"]["account"]
    if account not in PHONES:
        return {"outcome": "no_contact"}
    print(f"push to {account}: {message['title']}", flush=True)
    return {"outcome": "sent"}


app = web.Application(client_max_size=16 * 1024)
app.router.add_post("/codes", handle_message)
app.router.add_post("/push", handle_message)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9001")), print=None)
