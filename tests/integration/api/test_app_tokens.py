from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.common.api_client import program
from tests.common.console_client import Office
from tests.common.stories import TOKEN_SECRET

from privacydesk.domain.api_tokens import Scope
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Credentials
from privacydesk.storage.store import SqlStore

SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def signed(office: Office, **claims: Any) -> str:
    now = int(office.clock.now().timestamp())
    made = {"sub": "u-1001", "aud": "privacydesk", "iat": now, "exp": now + 3600, **claims}
    return jwt.encode({"alg": "HS256", "kid": "t"}, made, OctKey.import_key(TOKEN_SECRET))


async def refusal(office: Office, token: str) -> ErrorCode | None:
    try:
        await office.world.services.desk.open(Credentials(token=token), languages="en")
    except DeskError as error:
        return error.code
    return None


async def _told(office: Office) -> list[tuple[str, str]]:
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    entries = await store.trail.entries(by="backend")
    return [(one.entry.what, str(one.entry.detail)) for one in entries]


async def test_the_backend_ends_an_account_s_tokens_at_log_out(office: Office) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    token = signed(office)
    assert await refusal(office, token) is None
    answer = await backend.post("/app-tokens/revoke-account", {"account": "u-1001"})
    assert answer.status == 200
    assert datetime.fromisoformat(answer.body["revoked_at"]) == office.clock.now()
    assert await refusal(office, token) is ErrorCode.TOKEN_EXPIRED
    office.clock.move(SECOND)
    assert await refusal(office, signed(office)) is None
    ((what, detail),) = await _told(office)
    assert what == "app_tokens_revoked"
    assert "u-1001" not in detail


async def test_the_backend_ends_one_token(office: Office) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    token = signed(office, jti="stolen")
    assert (await backend.post("/app-tokens/revoke-one", {"token_id": "stolen"})).status == 200
    assert await refusal(office, token) is ErrorCode.TOKEN_EXPIRED
    assert await refusal(office, signed(office, jti="mine")) is None
    assert [what for what, _ in await _told(office)] == ["app_token_revoked"]


async def test_a_request_that_is_sent_again_revokes_nothing_that_came_since(
    office: Office,
) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    path, body = "/app-tokens/revoke-account", {"account": "u-1001"}
    first = await backend.post(path, body, key="log-out-of-u-1001")
    office.clock.move(10 * SECOND)
    fresh = signed(office)
    again = await backend.post(path, body, key="log-out-of-u-1001")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert await refusal(office, fresh) is None
    assert len(await _told(office)) == 1


async def test_an_account_that_nobody_knows_is_answered_like_any_other(office: Office) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    answer = await backend.post("/app-tokens/revoke-account", {"account": "nobody"})
    assert (answer.status, set(answer.body)) == (200, {"revoked_at"})


async def test_the_clock_of_the_backend_counts_within_half_a_minute(office: Office) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    ahead = office.clock.now() + 10 * SECOND
    token = signed(office, iat=int(ahead.timestamp()))
    body = {"account": "u-1001", "at": (ahead + SECOND).isoformat()}
    answer = await backend.post("/app-tokens/revoke-account", body)
    assert datetime.fromisoformat(answer.body["revoked_at"]) == ahead + SECOND
    assert await refusal(office, token) is ErrorCode.TOKEN_EXPIRED


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/app-tokens/revoke-account", {}),
        ("/app-tokens/revoke-account", {"account": ""}),
        ("/app-tokens/revoke-account", {"account": "x" * 129}),
        ("/app-tokens/revoke-account", {"token_id": "a"}),
        ("/app-tokens/revoke-one", {"token_id": "a", "account": "u-1001"}),
    ],
)
async def test_a_body_that_does_not_say_what_is_refused(
    office: Office, path: str, body: dict[str, str]
) -> None:
    backend = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    answer = await backend.post(path, body)
    assert (answer.status, answer.code, answer.reason) == (400, "invalid_request", "api_invalid")


async def test_it_takes_a_scope_of_its_own(office: Office) -> None:
    others = [scope for scope in Scope if scope is not Scope.APP_TOKENS_REVOKE]
    somebody = await program(office, *others)
    answer = await somebody.post("/app-tokens/revoke-account", {"account": "u-1001"})
    assert (answer.status, answer.body["scope"]) == (403, "app_tokens:revoke")
