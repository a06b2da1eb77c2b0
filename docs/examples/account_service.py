"""A sample account service: the interface of your backend for the desk, with two accounts.

    pip install aiohttp standardwebhooks
    ACCOUNT_SECRET=… DESK_URL=http://127.0.0.1:8080 PORT=9002 python account_service.py

The contract is docs/account-service.openapi.yaml. This sample stores everything in one SQLite
file; yours calls the services of your app. Deletions and closings are accepted first and performed
later; then the desk is notified.
"""

import asyncio
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
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = os.environ["ACCOUNT_SECRET"]
signer = Webhook(SECRET if SECRET.startswith("whsec_") else SECRET.encode())
"""Verifies the desk's calls, and signs callbacks."""

DESK_URL = os.environ.get("DESK_URL", "")
RETRY_AFTER = 30
ZONE = ZoneInfo("Asia/Shanghai")
"""Your time zone, in which people name days."""

CATEGORIES = (
    "profile", "real_name", "bindings", "posts", "comments", "voice", "photos", "chat", "follows",
    "search_history", "recharge", "location", "device_logs", "recommendations",
)  # fmt: skip
PROVIDERS = ("phone", "wechat", "qq", "weibo", "apple", "google", "line", "facebook")
PURPOSES = (
    "personalised_recommendation", "marketing", "location", "contacts", "third_party_sharing",
    "affiliate_sharing",
)  # fmt: skip
RETAINED_BY_LAW = {"recharge": "2029-10-01"}
"""Categories that must be retained by law, and the last day."""

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


class Refusal(Exception):  # noqa: N818 - a response, not an error
    """The request is invalid, or its key was used for another one."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


# -- reads: their answers are not stored -----------------------------------------------------------


def profile(account: str, person: dict) -> dict:
    visible = {
        "account": account,
        "nickname": person["nickname"],
        "status": person["status"],
        "birthday": person["birthday"],
        "phone_masked": mask(person["phone"]),
        "real_name_masked": person["real_name"] and person["real_name"][0] + "**",
        "consents": {purpose: purpose in person["consents"] for purpose in PURPOSES},
    }
    return {"outcome": "ok", "data": {"profile": visible, "phone": person["phone"]}}


def bindings(account: str, person: dict) -> dict:
    del account
    providers = person["providers"]
    listed = [
        {
            "provider": provider,
            "label_masked": mask(person["phone"]) if provider == "phone" else "***",
            "last_login_way": len(providers) == 1,
        }
        for provider in providers
    ]
    return {"outcome": "ok", "data": {"bindings": listed}}


def contacts(account: str, person: dict) -> dict:
    """Return whether a code can be sent to the owner."""
    del account
    reason = None
    if person["status"] != "active":
        reason = f"account_{person['status']}"
    elif person["phone"] is None:
        reason = "none_bound"
    phone = {"reachable": reason is None, "masked": mask(person["phone"]), "reason": reason}
    return {"outcome": "ok", "data": {"phone": phone}}


def export(account: str, person: dict, categories: list[str] | None = None) -> dict:
    check_known(CATEGORIES, categories or ["profile"])
    content: dict[str, list] = {
        "profile": [{"account": account, "nickname": person["nickname"]}],
        "bindings": [{"provider": provider} for provider in person["providers"]],
        **person["data"],
    }
    if person["real_name"]:
        content["real_name"] = [{"real_name": person["real_name"]}]
    exported = {name: content.get(name, []) for name in categories or CATEGORIES}
    summary = [{"category": name, "count": len(rows)} for name, rows in exported.items()]
    data = {"made_at": now(), "summary": summary, "content": exported}
    return {"outcome": "ok", "data": data}


def decisions(account: str, person: dict) -> dict:
    """Return the automated decisions, with their main factors."""
    del account
    return {"outcome": "ok", "data": {"decisions": person["decisions"]}}


# -- changes: each performed once per key ----------------------------------------------------------


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
    return summarise(items)


def withdraw_consent(person: dict, purposes: list[str]) -> dict:
    items = []
    for purpose in check_known(PURPOSES, purposes):
        item = {"scope": purpose, "outcome": "done"}
        if purpose in person["consents"]:
            person["consents"].remove(purpose)
        else:
            item["reason"] = "already"
        items.append(item)
    return summarise(items)


def delete(
    person: dict,
    categories: list[str],
    item_ids: list[str] | None = None,
    before: str | None = None,
) -> dict:
    limit = None if before is None else parse_day(before)
    if item_ids is not None and not (
        item_ids and all(isinstance(item_id, str) for item_id in item_ids)
    ):
        raise Refusal(400, "invalid_payload")
    items = []
    for name in check_known(CATEGORIES, categories):
        if name in RETAINED_BY_LAW:
            retained = {
                "outcome": "kept",
                "reason": "legal_retention",
                "until": RETAINED_BY_LAW[name],
            }
            items.append({"scope": name, **retained})
            continue
        if name == "bindings":
            # Ways to log in are removed one by one with `unbind`, which keeps the last one.
            items.append({"scope": name, "outcome": "failed", "reason": "use_unbind"})
            continue
        rows = person["data"].get(name, [])
        deleted = [
            row
            for row in rows
            if (item_ids is None or row["id"] in item_ids)
            and (
                limit is None
                or datetime.fromisoformat(row["made_at"]).astimezone(ZONE).date() < limit
            )
        ]
        person["data"][name] = [row for row in rows if row not in deleted]
        items.append({"scope": name, "outcome": "done", "count": len(deleted)})
    return {**summarise(items), "data": {"backups": "isolated"}}


def unbind(person: dict, provider: str) -> dict:
    check_known(PROVIDERS, [provider])
    if provider not in person["providers"]:
        return {"outcome": "refused", "reason": "not_bound"}
    if person["providers"] == [provider]:
        # Removing the last way to log in would lock the owner out.
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
        if name in RETAINED_BY_LAW:
            retained = {
                "outcome": "kept",
                "reason": "legal_retention",
                "until": RETAINED_BY_LAW[name],
            }
            items.append({"scope": name, **retained})
        else:
            # Published content stays, without its author.
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


READS = {action.__name__: action for action in (profile, bindings, contacts, export, decisions)}
CHANGES = {
    action.__name__: action
    for action in (correct, withdraw_consent, delete, unbind, deregister, suspend, restore)
}
ASYNCHRONOUS = {"delete", "deregister"}


# -- idempotency and asynchronous changes ----------------------------------------------------------


def is_from_the_desk(request: web.Request, body: bytes) -> bool:
    """Verify the signature. Tools that do not sign show the bearer token instead.

    While the secret is changed, the desk signs with the old one and the new one: a signature is
    enough, whichever of them this service knows.
    """
    if "webhook-signature" not in request.headers:
        authorization = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(authorization, f"Bearer {SECRET}".encode())
    try:
        signer.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):
        return False
    return True


async def handle_action(request: web.Request) -> web.Response:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return problem(413, "too_large")
    if not is_from_the_desk(request, body):
        response = problem(401, "unauthenticated")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    action = request.match_info["action"]
    if action not in READS | CHANGES:
        return problem(404, "no_such_path")
    if request.content_type != "application/json":
        return problem(415, "unsupported_media")
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= 200 or not key.isascii():
        return problem(400, "key_missing")
    try:
        account, payload = parse_body(body)
        if action in READS:
            return perform_read(action, account, payload)
        return perform_change(request.app, action, account, payload, key)
    except Refusal as refusal:
        return problem(refusal.status, refusal.code)


def perform_read(action: str, account: str, payload: dict) -> web.Response:
    person = find_person(account)
    if person is None:
        return json_response(404, {"outcome": "not_found"})
    return json_response(200, call_action(READS[action], account, person, payload=payload))


def perform_change(
    app: web.Application, action: str, account: str, payload: dict, key: str
) -> web.Response:
    """Perform a change once. Repeated with the same key, it returns the first answer."""
    stored_request = json.dumps([action, account, payload], sort_keys=True)
    row = database.execute(
        "SELECT asked, status, answer FROM request WHERE key = ?", (key,)
    ).fetchone()
    if row is not None:
        if row[0] != stored_request:
            raise Refusal(422, "key_reused")
        if row[1] is None:
            return pending()
        return json_response(row[1], json.loads(row[2]))
    if action in ASYNCHRONOUS and find_person(account) is not None:
        # Try it on a copy first, so that an invalid payload is refused at once.
        call_action(CHANGES[action], json.loads(json.dumps(find_person(account))), payload=payload)
        database.execute(
            "INSERT INTO request (key, asked, at) VALUES (?, ?, ?)",
            (key, stored_request, time.time()),
        )
        app[QUEUE].put_nowait(key)
        return pending()
    return json_response(*apply_change(key, stored_request))


def apply_change(key: str, stored_request: str) -> tuple[int, dict]:
    """Change the account and store the answer, in one transaction."""
    action, account, payload = json.loads(stored_request)
    database.execute("BEGIN IMMEDIATE")
    try:
        person = find_person(account)
        if person is None:
            status, answer = 404, {"outcome": "not_found"}
        else:
            status, answer = 200, call_action(CHANGES[action], person, payload=payload)
            database.execute(
                "UPDATE account SET body = ? WHERE id = ?", (json.dumps(person), account)
            )
        row = (key, stored_request, status, json.dumps(answer), time.time())
        database.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?)", row)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    return status, answer


QUEUE = web.AppKey("QUEUE", asyncio.Queue[str])


async def run_worker(app: web.Application) -> AsyncIterator[None]:
    """Run the worker, beginning with the changes that a stopped process left unfinished."""
    task = asyncio.create_task(work(app[QUEUE]))
    for (key,) in database.execute("SELECT key FROM request WHERE status IS NULL").fetchall():
        app[QUEUE].put_nowait(key)
    # The desk retries for more than three days; keys are kept for seven.
    database.execute("DELETE FROM request WHERE at < ?", (time.time() - 7 * 86_400,))
    yield
    task.cancel()


async def work(queue: asyncio.Queue[str]) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            key = await queue.get()
            await asyncio.sleep(1)  # a change that takes long
            (stored_request,) = database.execute(
                "SELECT asked FROM request WHERE key = ?", (key,)
            ).fetchone()
            apply_change(key, stored_request)
            if DESK_URL:
                await notify_desk(session, key)


async def notify_desk(session: aiohttp.ClientSession, key: str) -> None:
    """Notify the desk that the change is finished. If this fails, the desk polls."""
    body, at = "{}", datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signer.sign(key, at, body),
    }
    try:
        async with session.post(
            f"{DESK_URL}/account/v1/finished", data=body, headers=headers
        ) as answer:
            print(f"called back: {answer.status}", flush=True)
    except (aiohttp.ClientError, TimeoutError):
        print("not called back", flush=True)


# -- requests and responses ------------------------------------------------------------------------


def parse_body(text: bytes) -> tuple[str, dict]:
    try:
        body = json.loads(text)
    except ValueError:
        raise Refusal(400, "invalid_payload") from None
    # Unknown arguments are errors: ignoring a misspelt `before` would delete everything.
    if not isinstance(body, dict) or set(body) != {"account", "payload"}:
        raise Refusal(400, "invalid_payload")
    account, payload = body["account"], body["payload"]
    if not isinstance(account, str) or not 0 < len(account) <= 200 or not isinstance(payload, dict):
        raise Refusal(400, "invalid_payload")
    return account, payload


def call_action(action, *arguments, payload: dict) -> dict:  # noqa: ANN001, ANN002 - any action
    try:
        bound = inspect.signature(action).bind(*arguments, **payload)
    except TypeError:
        raise Refusal(400, "invalid_payload") from None
    return action(*bound.args, **bound.kwargs)


def find_person(account: str) -> dict | None:
    # JSON may have characters that a database refuses; no account id has them.
    name = account.encode("utf-8", "replace").decode()
    row = database.execute("SELECT body FROM account WHERE id = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def check_known(known: tuple[str, ...], names: list[str]) -> list[str]:
    if not isinstance(names, list) or not names or not all(name in known for name in names):
        raise Refusal(400, "invalid_payload")
    return names


def parse_day(text: str) -> date:
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


def summarise(items: list[dict]) -> dict:
    done_count = sum(item["outcome"] == "done" for item in items)
    outcome = "ok" if done_count == len(items) else "partly" if done_count else "refused"
    return {"outcome": outcome, "items": items}


def mask(phone: str | None) -> str | None:
    return phone and f"{phone[:6]}****{phone[-4:]}"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def pending() -> web.Response:
    response = json_response(202, {"outcome": "pending"})
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def json_response(status: int, body: dict) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def problem(status: int, code: str) -> web.Response:
    return web.json_response(
        {"status": status, "code": code}, status=status, content_type="application/problem+json"
    )


app = web.Application(client_max_size=64 * 1024)
app[QUEUE] = asyncio.Queue()
app.router.add_post("/v1/{action}", handle_action)
app.cleanup_ctx.append(run_worker)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9002")), print=None)
