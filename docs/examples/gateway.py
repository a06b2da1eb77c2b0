"""A gateway: takes one-time codes, notices and pushes from the desk, and sends them on.

    pip install aiohttp
    GATEWAY_SECRET=… PORT=9001 python gateway.py

The desk posts codes and notices to /codes, pushes to /push. Here they are printed; yours hands
them to a provider of SMS, and to the push service of the phones' makers.
"""

import hashlib
import hmac
import json
import os
import sqlite3
import time

from aiohttp import web

SECRET = os.environ["GATEWAY_SECRET"].encode()
FIVE_MINUTES = 300

# Of the app's backend: which phone an account has. The desk does not know it.
PHONES = {"u-1001": "+8619900001001", "u-1002": "+8619900001002"}

sent = sqlite3.connect(os.environ.get("DATABASE", "gateway.db"), isolation_level=None)
sent.execute("CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY, answer TEXT)")


def is_from_the_desk(request: web.Request, body: bytes) -> bool:
    stamp = request.headers.get("X-Desk-Timestamp", "")
    key = request.headers.get("Idempotency-Key", "")
    if not (stamp.isascii() and stamp.isdecimal()) or not key.isascii():
        return False
    if abs(time.time() - int(stamp)) > FIVE_MINUTES:
        return False
    signed = b".".join((stamp.encode(), key.encode(), body))
    right = f"v1={hmac.new(SECRET, signed, hashlib.sha256).hexdigest()}"
    # Compared in constant time: how long it takes must not tell how much of it is right.
    shown = request.headers.get("X-Desk-Signature", "")
    return hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode())


async def take(request: web.Request) -> web.Response:
    body = await request.read()
    if not is_from_the_desk(request, body):
        return web.json_response({"code": "unauthenticated"}, status=401)
    key = request.headers["Idempotency-Key"]
    known = sent.execute("SELECT answer FROM sent WHERE key = ?", (key,)).fetchone()
    if known is not None:
        # The desk asks again when an answer got lost. Nobody gets a second message for that.
        return web.json_response(text=known[0])
    message = json.loads(body)
    answer = push(message) if request.path == "/push" else send(message)
    sent.execute("INSERT INTO sent VALUES (?, ?)", (key, json.dumps(answer)))
    return web.json_response(answer)


def send(message: dict) -> dict:
    """Send a message on, and tell what became of it. Your log must never have its text."""
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
    """Push a notice to the phones of an account; this one comes with its words."""
    account = message["to"]["account"]
    if account not in PHONES:
        return {"outcome": "no_contact"}
    print(f"push to {account}: {message['title']}", flush=True)
    return {"outcome": "sent"}


app = web.Application(client_max_size=16 * 1024)
app.router.add_post("/codes", take)
app.router.add_post("/push", take)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9001")), print=None)
