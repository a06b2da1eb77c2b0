"""An account service: what your backend does for the desk, with two sample accounts.

    pip install aiohttp
    ACCOUNT_SECRET=… DESK_URL=http://127.0.0.1:8080 PORT=9002 python account_service.py

The contract is docs/account-service.openapi.yaml. Here everything lies in one SQLite file; yours
calls what your app is made of. Deletions and closings are taken on first and done afterwards, and
then the desk is called.
"""

import asyncio
import hashlib
import hmac
import inspect
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

SECRET = os.environ["ACCOUNT_SECRET"]
DESK_URL = os.environ.get("DESK_URL", "")
RETRY_AFTER = 30
ZONE = ZoneInfo("Asia/Shanghai")
"""Your zone: people mean its days when they name some."""

CATEGORIES = (
    "profile", "real_name", "bindings", "posts", "comments", "voice", "photos", "chat", "follows",
    "search_history", "recharge", "location", "device_logs", "recommendations",
)  # fmt: skip
PROVIDERS = ("phone", "wechat", "qq", "weibo", "apple", "google", "line", "facebook")
PURPOSES = (
    "personalised_recommendation", "marketing", "location", "contacts", "third_party_sharing",
    "affiliate_sharing",
)  # fmt: skip
BY_LAW = {"recharge": "2029-10-01"}
"""What has to stay, and the last day of it."""

SAMPLES = {
    "u-1001": {
        "status": "active", "nickname": "小雨", "birthday": "1998-04-02", "phone": "+8619900001001",
        "real_name": "林小雨", "providers": ["phone", "google"], "consents": ["marketing"],
        "data": {
            "posts": [{"id": "p-1", "made_at": "2026-03-01T08:00:00Z", "text": "第一条动态"}],
            "recharge": [{"id": "r-1", "made_at": "2026-04-01T08:00:00Z", "amount": "6.00"}],
        },
        "decisions": [],
    },
    "u-1002": {
        "status": "active", "nickname": "阿强", "birthday": None, "phone": None,
        "real_name": None, "providers": ["google"], "consents": [], "data": {}, "decisions": [],
    },
}  # fmt: skip

database = sqlite3.connect(os.environ.get("DATABASE", "accounts.db"), isolation_level=None)
database.executescript("""
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER, answer TEXT, at REAL NOT NULL
);
""")
database.executemany(
    "INSERT INTO account VALUES (?, ?) ON CONFLICT DO NOTHING",
    [(name, json.dumps(body)) for name, body in SAMPLES.items()],
)


class Refusal(Exception):  # noqa: N818 - no error of ours
    """The request can't be read, or the key is another request's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


# -- readings: answered as of now, never stored ----------------------------------------------------


def profile(account: str, person: dict) -> dict:
    shown = {
        "account": account,
        "nickname": person["nickname"],
        "status": person["status"],
        "birthday": person["birthday"],
        "phone_masked": masked(person["phone"]),
        "real_name_masked": person["real_name"] and person["real_name"][0] + "**",
        "consents": {purpose: purpose in person["consents"] for purpose in PURPOSES},
    }
    return {"outcome": "ok", "data": {"profile": shown, "phone": person["phone"]}}


def bindings(account: str, person: dict) -> dict:
    del account
    ways = person["providers"]
    listed = [
        {
            "provider": one,
            "label_masked": masked(person["phone"]) if one == "phone" else "***",
            "last_login_way": len(ways) == 1,
        }
        for one in ways
    ]
    return {"outcome": "ok", "data": {"bindings": listed}}


def contacts(account: str, person: dict) -> dict:
    """Tell whether a code can reach the owner."""
    del account
    reason = None
    if person["status"] != "active":
        reason = f"account_{person['status']}"
    elif person["phone"] is None:
        reason = "none_bound"
    phone = {"reachable": reason is None, "masked": masked(person["phone"]), "reason": reason}
    return {"outcome": "ok", "data": {"phone": phone}}


def export(account: str, person: dict, categories: list[str] | None = None) -> dict:
    one_of(CATEGORIES, categories or ["profile"])
    content: dict[str, list] = {
        "profile": [{"account": account, "nickname": person["nickname"]}],
        "bindings": [{"provider": one} for one in person["providers"]],
        **person["data"],
    }
    if person["real_name"]:
        content["real_name"] = [{"real_name": person["real_name"]}]
    wanted = {name: content.get(name, []) for name in categories or CATEGORIES}
    summary = [{"category": name, "count": len(rows)} for name, rows in wanted.items()]
    data = {"made_at": now(), "summary": summary, "content": wanted}
    return {"outcome": "ok", "data": data}


def decisions(account: str, person: dict) -> dict:
    """Tell of automated decisions, with their main factors."""
    del account
    return {"outcome": "ok", "data": {"decisions": person["decisions"]}}


# -- changes: once a key ---------------------------------------------------------------------------


def correct(person: dict, changes: dict) -> dict:
    if not isinstance(changes, dict) or not changes:
        raise Refusal(400, "invalid_payload")
    items = []
    for field, value in changes.items():
        if field not in {"nickname", "birthday", "real_name"}:
            items.append({"scope": field[:64], "outcome": "failed", "reason": "not_correctable"})
        elif not is_valid(field, value):
            items.append({"scope": field, "outcome": "failed", "reason": "invalid_value"})
        else:
            person[field] = value
            items.append({"scope": field, "outcome": "done"})
    return summed_up(items)


def withdraw_consent(person: dict, purposes: list[str]) -> dict:
    items = []
    for purpose in one_of(PURPOSES, purposes):
        item = {"scope": purpose, "outcome": "done"}
        if purpose in person["consents"]:
            person["consents"].remove(purpose)
        else:
            item["reason"] = "already"
        items.append(item)
    return summed_up(items)


def delete(
    person: dict,
    categories: list[str],
    item_ids: list[str] | None = None,
    before: str | None = None,
) -> dict:
    limit = None if before is None else day(before)
    if item_ids is not None and not (item_ids and all(isinstance(one, str) for one in item_ids)):
        raise Refusal(400, "invalid_payload")
    items = []
    for name in one_of(CATEGORIES, categories):
        if name in BY_LAW:
            kept = {"outcome": "kept", "reason": "legal_retention", "until": BY_LAW[name]}
            items.append({"scope": name, **kept})
            continue
        if name == "bindings":
            # Ways to log in are unbound one by one, where the last one is watched.
            items.append({"scope": name, "outcome": "failed", "reason": "use_unbind"})
            continue
        rows = person["data"].get(name, [])
        gone = [
            row
            for row in rows
            if (item_ids is None or row["id"] in item_ids)
            and (
                limit is None
                or datetime.fromisoformat(row["made_at"]).astimezone(ZONE).date() < limit
            )
        ]
        person["data"][name] = [row for row in rows if row not in gone]
        items.append({"scope": name, "outcome": "done", "count": len(gone)})
    return {**summed_up(items), "data": {"backups": "isolated"}}


def unbind(person: dict, provider: str) -> dict:
    one_of(PROVIDERS, [provider])
    if provider not in person["providers"]:
        return {"outcome": "refused", "reason": "not_bound"}
    if person["providers"] == [provider]:
        # Nobody is locked out of their own account.
        return {"outcome": "refused", "reason": "last_login"}
    person["providers"].remove(provider)
    if provider == "phone":
        person["phone"] = None
    return {"outcome": "ok", "items": [{"scope": provider, "outcome": "done", "count": 1}]}


def deregister(person: dict) -> dict:
    if person["status"] == "closed":
        return {"outcome": "refused", "reason": "closed"}
    person |= {"status": "closed", "phone": None, "providers": [], "consents": []}
    items = []
    for name, rows in person["data"].items():
        if name in BY_LAW:
            kept = {"outcome": "kept", "reason": "legal_retention", "until": BY_LAW[name]}
            items.append({"scope": name, **kept})
        else:
            # What was published stays, without a name.
            items.append({"scope": name, "outcome": "anonymised", "count": len(rows)})
    items.append({"scope": "account", "outcome": "done"})
    return {"outcome": "ok", "items": items, "data": {"backups": "isolated"}}


def suspend(person: dict, reason: str = "none") -> dict:
    if not isinstance(reason, str) or not 0 < len(reason) <= 64:
        raise Refusal(400, "invalid_payload")
    if person["status"] == "closed":
        return {"outcome": "refused", "reason": "closed"}
    person["status"] = "suspended"
    return {"outcome": "ok", "items": [{"scope": "account", "outcome": "done"}]}


def restore(person: dict) -> dict:
    if person["status"] == "closed":
        return {"outcome": "refused", "reason": "closed"}
    person["status"] = "active"
    return {"outcome": "ok", "items": [{"scope": "account", "outcome": "done"}]}


READINGS = {one.__name__: one for one in (profile, bindings, contacts, export, decisions)}
CHANGES = {
    one.__name__: one
    for one in (correct, withdraw_consent, delete, unbind, deregister, suspend, restore)
}
LONG = {"delete", "deregister"}


# -- once, and later -------------------------------------------------------------------------------


async def act(request: web.Request) -> web.Response:
    shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(shown, f"Bearer {SECRET}".encode()):
        problem = refused(401, "unauthenticated")
        problem.headers["WWW-Authenticate"] = "Bearer"
        return problem
    action = request.match_info["action"]
    if action not in READINGS | CHANGES:
        return refused(404, "no_such_path")
    if request.content_type != "application/json":
        return refused(415, "unsupported_media")
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= 200 or not key.isascii():
        return refused(400, "key_missing")
    try:
        account, payload = read(await request.read())
        if action in READINGS:
            return look(action, account, payload)
        return change(request.app, action, account, payload, key)
    except Refusal as refusal:
        return refused(refusal.status, refusal.code)
    except web.HTTPRequestEntityTooLarge:
        return refused(413, "too_large")


def look(action: str, account: str, payload: dict) -> web.Response:
    person = found(account)
    if person is None:
        return answered(404, {"outcome": "not_found"})
    return answered(200, called(READINGS[action], account, person, payload=payload))


def change(
    app: web.Application, action: str, account: str, payload: dict, key: str
) -> web.Response:
    """Change something once. What the key was used for first is what it stands for."""
    asked = json.dumps([action, account, payload], sort_keys=True)
    known = database.execute(
        "SELECT asked, status, answer FROM request WHERE key = ?", (key,)
    ).fetchone()
    if known is not None:
        if known[0] != asked:
            raise Refusal(422, "key_reused")
        if known[1] is None:
            return pending()
        return answered(known[1], json.loads(known[2]))
    if action in LONG and found(account) is not None:
        # Read through before it is taken on: what can't be read is refused at once.
        called(CHANGES[action], json.loads(json.dumps(found(account))), payload=payload)
        database.execute(
            "INSERT INTO request (key, asked, at) VALUES (?, ?, ?)", (key, asked, time.time())
        )
        app[WAITING].put_nowait(key)
        return pending()
    return answered(*carry_out(key, asked))


def carry_out(key: str, asked: str) -> tuple[int, dict]:
    """Change the account and keep the answer, in one transaction: both, or neither."""
    action, account, payload = json.loads(asked)
    database.execute("BEGIN IMMEDIATE")
    try:
        person = found(account)
        if person is None:
            status, answer = 404, {"outcome": "not_found"}
        else:
            status, answer = 200, called(CHANGES[action], person, payload=payload)
            database.execute(
                "UPDATE account SET body = ? WHERE id = ?", (json.dumps(person), account)
            )
        kept = (key, asked, status, json.dumps(answer), time.time())
        database.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?)", kept)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    return status, answer


WAITING = web.AppKey("WAITING", asyncio.Queue[str])


async def working(app: web.Application) -> AsyncIterator[None]:
    """Do what was taken on, and what a stopped process left of it; then call the desk."""
    task = asyncio.create_task(work(app[WAITING]))
    for (key,) in database.execute("SELECT key FROM request WHERE status IS NULL").fetchall():
        app[WAITING].put_nowait(key)
    # The desk asks for over three days; keys are kept for seven.
    database.execute("DELETE FROM request WHERE at < ?", (time.time() - 7 * 86_400,))
    yield
    task.cancel()


async def work(waiting: asyncio.Queue[str]) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            key = await waiting.get()
            await asyncio.sleep(1)  # the long work
            (asked,) = database.execute(
                "SELECT asked FROM request WHERE key = ?", (key,)
            ).fetchone()
            carry_out(key, asked)
            if DESK_URL:
                await call_back(session, key)


async def call_back(session: aiohttp.ClientSession, key: str) -> None:
    """Tell the desk that it may ask again. Should this get lost, it asks by itself."""
    body, stamp = b"{}", str(int(time.time()))
    signed = b".".join((stamp.encode(), key.encode(), body))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Desk-Timestamp": stamp,
        "X-Desk-Signature": f"v1={hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()}",
    }
    try:
        async with session.post(
            f"{DESK_URL}/account/v1/finished", data=body, headers=headers
        ) as answer:
            print(f"called back: {answer.status}", flush=True)
    except (aiohttp.ClientError, TimeoutError):
        print("not called back", flush=True)


# -- reading and answering -------------------------------------------------------------------------


def read(text: bytes) -> tuple[str, dict]:
    try:
        body = json.loads(text)
    except ValueError:
        raise Refusal(400, "invalid_payload") from None
    # Whatever is not known is an error: ignoring a misspelt `before` would delete everything.
    if not isinstance(body, dict) or set(body) != {"account", "payload"}:
        raise Refusal(400, "invalid_payload")
    account, payload = body["account"], body["payload"]
    if not isinstance(account, str) or not 0 < len(account) <= 200 or not isinstance(payload, dict):
        raise Refusal(400, "invalid_payload")
    return account, payload


def called(action, *given, payload: dict) -> dict:  # noqa: ANN001, ANN002 - any of the actions
    try:
        bound = inspect.signature(action).bind(*given, **payload)
    except TypeError:
        raise Refusal(400, "invalid_payload") from None
    return action(*bound.args, **bound.kwargs)


def found(account: str) -> dict | None:
    # JSON can hold characters that no database takes; no account is called so.
    name = account.encode("utf-8", "replace").decode()
    row = database.execute("SELECT body FROM account WHERE id = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def one_of(known: tuple[str, ...], given: list[str]) -> list[str]:
    if not isinstance(given, list) or not given or not all(one in known for one in given):
        raise Refusal(400, "invalid_payload")
    return given


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refusal(400, "invalid_payload") from None


def is_valid(field: str, value: object) -> bool:
    if value is None:
        return field == "birthday"
    if not isinstance(value, str) or not 0 < len(value) <= 50:
        return False
    if field == "birthday":
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
    return True


def summed_up(items: list[dict]) -> dict:
    done = sum(one["outcome"] == "done" for one in items)
    outcome = "ok" if done == len(items) else "partly" if done else "refused"
    return {"outcome": outcome, "items": items}


def masked(phone: str | None) -> str | None:
    return phone and f"{phone[:6]}****{phone[-4:]}"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def pending() -> web.Response:
    response = answered(202, {"outcome": "pending"})
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def answered(status: int, body: dict) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def refused(status: int, code: str) -> web.Response:
    return web.json_response(
        {"status": status, "code": code}, status=status, content_type="application/problem+json"
    )


app = web.Application(client_max_size=64 * 1024)
app[WAITING] = asyncio.Queue()
app.router.add_post("/v1/{action}", act)
app.cleanup_ctx.append(working)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9002")), print=None)
