"""The sample account service: the contract of ``docs/account-service.openapi.yaml`` over HTTP.

For the demo and as a model for operators. It keeps everything in memory and, given a path, in one
JSON file that is replaced whole before a change is answered: an answered change survives a crash.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from privacydesk.clock import Clock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.account_record import AccountRecord
from privacydesk.connectors.signing import read_signed
from privacydesk.demo.deferred_actions import ACCEPTED, RETRY_AFTER, DeferredActions
from privacydesk.demo.person import SamplePerson
from privacydesk.domain.account_terms import AccountAction, AccountOutcome
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, SettingsError

BOOK = web.AppKey("BOOK", AccountBook)
PEOPLE = web.AppKey("PEOPLE", dict[str, SamplePerson])

_SECRET = web.AppKey("_SECRET", str)
_MAX_BODY = 64 * 1024
_STATUS = {AccountOutcome.NOT_FOUND: 404, AccountOutcome.PENDING: 202}
_PROBLEM_CODES = {400: "invalid_payload", 404: "no_such_path", 405: "method", 413: "too_large"}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_account_app(
    people: Iterable[SamplePerson],
    *,
    secret: str,
    clock: Clock,
    others: Iterable[AccountRecord] = (),
    state_path: Path | None = None,
    deferral: Deferral | None = None,
) -> web.Application:
    """Return the sample service as an application, to run or to mount.

    Besides the contract's ``/v1/…`` it has ``GET /sample/people`` and ``/sample/people/{id}`` for
    the demo's panel; these ask for no secret, so an operator must not copy them.

    Args:
        people: who exists when there is no state file yet.
        secret: the bearer token that the desk must show.
        clock: source of the current time, for exports and date checks.
        others: accounts of nobody who is shown.
        state_path: where to keep the state; ``None`` keeps it in memory alone.
        deferral: what is answered later; ``None`` answers all at once.

    Raises:
        SettingsError: the secret is empty, or the state file can't be read.
    """
    if not secret:
        raise SettingsError("the sample account service needs a secret")
    shown = {person.id: person for person in people}
    records = [person.record for person in shown.values() if person.record is not None]
    app = web.Application(
        client_max_size=_MAX_BODY, middlewares=[_errors_as_problems, _require_secret]
    )
    app[PEOPLE] = shown
    app[BOOK] = _load_book(state_path, (*records, *others), clock)
    app[_SECRET] = secret
    deferral = deferral or Deferral()
    deferred = DeferredActions(
        _Store(app[BOOK], state_path).perform,
        actions=deferral.actions,
        seconds=deferral.seconds,
        address=deferral.call_back,
        secret=secret,
        clock=clock,
    )
    app[_DEFERRED] = deferred
    app.cleanup_ctx.append(deferred.cancel_on_cleanup)
    app.router.add_post("/v1/{action}", _perform)
    app.router.add_get("/sample/people", _list_people)
    app.router.add_get("/sample/people/{id}", _show_person)
    return app


@dataclass(frozen=True, slots=True)
class Deferral:
    """The actions that the service accepts first and answers deferral.

    Attributes:
        actions: which ones.
        seconds: how long each takes.
        call_back: the desk's address for that; empty to let the desk ask again.
    """

    actions: frozenset[AccountAction] = frozenset()
    seconds: float = 2.0
    call_back: str = ""


class _Store:
    """Performs actions one at a time and writes the state before they are answered."""

    def __init__(self, book: AccountBook, path: Path | None) -> None:
        self._book = book
        self._path = path
        self._lock = asyncio.Lock()
        # A failed write leaves the change in memory and its key known. The repetition is then
        # answered without a change, so "unwritten" has to outlive the failed request.
        self._unwritten = False

    async def perform(
        self, action: AccountAction, account: str, payload: dict[str, Any], key: str
    ) -> tuple[int, dict[str, Any]]:
        async with self._lock:
            answer = self._book.perform(action, account, payload, key=key)
            self._unwritten = self._unwritten or not action.reads
            if self._path is not None and self._unwritten:
                await save_book(self._book, self._path)
                self._unwritten = False
        return _STATUS.get(answer.outcome, 200), answer.to_json()


_DEFERRED = web.AppKey("_DEFERRED", DeferredActions)


async def _perform(request: web.Request) -> web.Response:
    try:
        action = AccountAction(request.match_info["action"])
    except ValueError:
        raise web.HTTPNotFound from None
    if request.content_type != "application/json":
        return _problem(415, "unsupported_media")
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return _problem(400, "key_missing")
    account, payload = _parse_body(await request.read())
    status, body = await request.app[_DEFERRED].perform(action, account, payload, key)
    answer = _json(body, status=status)
    if status == ACCEPTED:
        answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _parse_body(text: bytes) -> tuple[str, dict[str, Any]]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidRequestError("the body is not JSON") from None
    if not isinstance(body, dict) or not set(body) <= {"account", "payload"}:
        raise InvalidRequestError("the body must hold an account and a payload")
    account, payload = body.get("account"), body.get("payload", {})
    if not isinstance(account, str) or not 0 < len(account) <= 200:  # noqa: PLR2004 - the contract's length of an account id
        raise InvalidRequestError("the account must be an id of at most 200 characters")
    if not isinstance(payload, dict):
        raise InvalidRequestError("the payload must be an object")
    return account, payload


async def _list_people(request: web.Request) -> web.Response:
    book = request.app[BOOK]
    return _json(
        {"people": [_person_json(person, book) for person in request.app[PEOPLE].values()]}
    )


async def _show_person(request: web.Request) -> web.Response:
    wanted = request.match_info["id"]
    book = request.app[BOOK]
    for person in request.app[PEOPLE].values():
        if wanted in {person.id, person.account}:
            record = None if person.account is None else book.find(person.account)
            return _json(
                _person_json(person, book)
                | {"record": None if record is None else record.to_json()}
            )
    raise web.HTTPNotFound


def _person_json(person: SamplePerson, book: AccountBook) -> dict[str, Any]:
    record = None if person.account is None else book.find(person.account)
    return person.to_json() | {
        "status": None if record is None else record.status.value,
        "nickname": None if record is None else record.nickname,
        "bindings": []
        if record is None
        else [binding.provider.value for binding in record.bindings],
    }


@web.middleware
async def _errors_as_problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InvalidRequestError:
        return _problem(400, "invalid_payload")
    except DeskError as error:
        if error.code is ErrorCode.CONFLICT:
            return _problem(422, "key_reused")
        return _problem(503, "unavailable")
    except OSError:
        # The disk is full or read-only. The desk tries again with the same key.
        return _problem(503, "unavailable")
    except web.HTTPException as error:
        problem = _problem(error.status, _PROBLEM_CODES.get(error.status, "rejected"))
        if "Allow" in error.headers:
            problem.headers["Allow"] = error.headers["Allow"]
        return problem


@web.middleware
async def _require_secret(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if request.match_info.route.resource is None:
        return await handler(request)
    if "action" in request.match_info:
        shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, f"Bearer {request.app[_SECRET]}".encode()):
            problem = _problem(401, "unauthenticated")
            problem.headers["WWW-Authenticate"] = "Bearer"
            return problem
        if not await _is_signed_rightly(request):
            return _problem(401, "unauthenticated")
    return await handler(request)


async def _is_signed_rightly(request: web.Request) -> bool:
    """Whether a call's signature is valid; tools that try the contract have none."""
    if "webhook-signature" not in request.headers:
        return True
    body = await request.read()
    return read_signed((request.app[_SECRET],), request.headers, body) is not None


def _json(body: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _problem(status: int, code: str) -> web.Response:
    return web.Response(
        body=orjson.dumps({"type": "about:blank", "status": status, "code": code}),
        status=status,
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def _load_book(path: Path | None, records: Iterable[AccountRecord], clock: Clock) -> AccountBook:
    """Return the accounts of the state file; ``records`` if there is none."""
    fresh = AccountBook(records, clock)
    if path is None:
        return fresh
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return fresh
    except OSError as error:
        raise SettingsError(f"can't read the sample accounts in {path}") from error
    try:
        return AccountBook.from_json(orjson.loads(text), clock)
    except (orjson.JSONDecodeError, InvalidRequestError) as error:
        raise SettingsError(
            f"{path} holds no sample accounts of this version; remove it to begin anew"
        ) from error


async def save_book(book: AccountBook, path: Path) -> None:
    """Write the state file of the accounts."""
    text = orjson.dumps(book.to_json(), option=orjson.OPT_INDENT_2)
    await asyncio.to_thread(_replace_file, path, text)


def _replace_file(path: Path, text: bytes) -> None:
    """Write a file whole or not at all, and have it on the disk before returning."""
    beside = path.with_name(f"{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
