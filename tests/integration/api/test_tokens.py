from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import structlog
from tests.common.api_client import Program, program, staff_program, tokens_of
from tests.common.console_client import Office, open_office

from privacydesk import logs
from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import Scope, TokenStatus
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.signin import AccessKind
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.integrations.api_tokens import NewToken
from privacydesk.storage.store import SqlStore


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Log as JSON into a text, as under a service manager."""
    text = StringIO()
    logs.set_up(stream=text)
    yield text
    structlog.reset_defaults()


def _what(entry: AuditEntry) -> str:
    return entry.what


async def test_a_token_opens_what_its_scopes_name_and_nothing_else(office: Office) -> None:
    reader = await program(office, Scope.TICKETS_READ)
    assert (await reader.get("/tickets")).status == 200
    refused = await reader.get("/conversations")
    assert (refused.status, refused.code, refused.reason) == (403, "forbidden", "api_scope")
    assert refused.body["scope"] == "conversations:read"
    newest, *_ = await office.signin.access_log.newest(agent="zendesk")
    assert newest.kind is AccessKind.FORBIDDEN
    assert newest.about == "GET /api/v1/conversations (scope)"


async def test_a_refusal_is_told_in_the_language_of_the_token_s_owner(office: Office) -> None:
    reader = await staff_program(office, "mei", Scope.TICKETS_READ)
    assert (await reader.get("/tickets/PD-none")).body["title"].isascii()
    agent = await office.world.services.staff.roster.person("mei")
    await office.signin.account.set_locale(agent, "zh_Hant")
    assert not (await reader.get("/tickets/PD-none")).body["title"].isascii()
    english = await reader.get("/tickets/PD-none", **{"Accept-Language": "en"})
    assert english.body["title"].isascii()


async def test_each_request_is_in_the_log_under_its_id_whatever_was_answered(
    office: Office, log: StringIO
) -> None:
    reader = await program(office, Scope.TICKETS_READ)
    stranger = Program(office, NewToken(reader.made.token, "pdk_none"))
    for asker, path, expected in (
        (reader, "/tickets", (200, None, None)),
        (reader, "/tickets?limit=0", (400, "invalid_request", "api_invalid")),
        (stranger, "/tickets", (401, "unauthenticated", "api_token_unknown")),
        (reader, "/conversations", (403, "forbidden", "api_scope")),
        (reader, "/tickets/PD-none", (404, "not_found", "")),
    ):
        answer = await asker.get(path)
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        found = [one for one in lines if one["request_id"] == answer.headers["X-Request-ID"]]
        (line,) = [one for one in found if one["event"] == "api_request"]
        assert (line["status"], line.get("code"), line.get("reason")) == expected
        assert line.get("agent") == (None if asker is stranger else "zendesk")


@pytest.mark.parametrize("text", ["", "pdk_", "pdk_" + "x" * 43, "x" * 5_000])
async def test_whatever_is_no_token_is_refused_the_same_way(office: Office, text: str) -> None:
    somebody = await program(office)
    stranger = Program(office, NewToken(somebody.made.token, text))
    answer = await stranger.get("/tickets")
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "RateLimit" not in answer.headers


async def test_wrong_tokens_of_a_network_are_soon_not_looked_up_and_known_ones_go_on(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path, api_guesses_per_minute=30) as office:
        reader, late = await program(office), await program(office, name="crm")
        assert (await reader.get("/tickets")).status == 200
        guesses = [Program(office, NewToken(reader.made.token, f"pdk_{n:043}")) for n in range(60)]
        answers = [await one.get("/tickets") for one in guesses]
        assert [one.status for one in answers[:29]] == [401] * 29
        refused = next(one for one in answers if one.status != 401)
        assert (refused.status, refused.reason) == (429, "api_guesses")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await reader.get("/tickets")).status == 200, "it was accepted before"
        while (answer := await Program(office, guesses[0].made).get("/tickets")).status == 401:
            pass
        assert (await late.get("/tickets")).status == answer.status == 429, "it is not looked up"


async def test_a_revoked_token_opens_nothing_from_the_next_request_on(office: Office) -> None:
    reader = await program(office)
    other = await program(office)
    assert (await reader.get("/tickets")).status == 200
    assert await tokens_of(office).revoke(reader.made.token, by="xiao-chen")
    assert not await tokens_of(office).revoke(reader.made.token, by="xiao-chen")
    assert (await reader.get("/tickets")).reason == "api_token_unknown"
    assert (await other.get("/tickets")).status == 200


async def test_a_token_ends_by_itself_and_says_so(office: Office) -> None:
    reader = await program(office)
    office.clock.move(timedelta(days=170))
    (token,) = await tokens_of(office).all()
    assert token.status(office.clock.now()) is TokenStatus.EXPIRY_WARNING
    assert (await reader.get("/tickets")).status == 200
    office.clock.move(timedelta(days=10))
    answer = await reader.get("/tickets")
    assert (answer.status, answer.code) == (401, "token_expired")


async def test_its_last_use_is_known_to_the_minute(office: Office) -> None:
    reader = await program(office)
    assert (await tokens_of(office).all())[0].used_at is None
    first = office.clock.now()
    await reader.get("/tickets")
    office.clock.move(timedelta(seconds=30))
    await reader.get("/tickets")
    assert (await tokens_of(office).all())[0].used_at == first
    office.clock.move(timedelta(seconds=31))
    await reader.get("/tickets")
    assert (await tokens_of(office).all())[0].used_at == first + timedelta(seconds=61)


async def test_its_text_is_kept_nowhere(office: Office) -> None:
    reader = await program(office)
    await reader.get("/tickets")
    folder = office.world.services.settings.data_dir
    kept = b"".join(file.read_bytes() for file in folder.rglob("*.db*"))
    assert kept
    assert reader.made.secret.encode() not in kept


async def test_an_identity_is_no_member_of_staff_and_can_t_become_one(office: Office) -> None:
    await program(office)
    (identity,) = [
        one for one in await office.world.services.store.reader.agents() if one.name == "zendesk"
    ]
    assert identity.role is Role.INTEGRATION
    people = office.signin.agents
    assert "zendesk" not in [one.name for one in await people.all()]
    with pytest.raises(NotFoundError):
        await people.reset_access("zendesk")
    with pytest.raises(InvalidRequestError):
        await people.add("crm", "CRM", Role.INTEGRATION)
    with pytest.raises(InvalidRequestError):
        await people.change_role("mei", Role.INTEGRATION)


async def test_a_member_of_staff_lends_their_name_to_no_token(office: Office) -> None:
    with pytest.raises(DeskError) as caught:
        await program(office, name="mei")
    assert (caught.value.code, caught.value.data["reason"]) == (
        ErrorCode.CONFLICT,
        "token_name_taken",
    )


@pytest.mark.parametrize(
    ("name", "scopes", "days", "reason"),
    [
        ("two words", [Scope.TICKETS_READ], 1, "agent_name"),
        ("clock", [Scope.TICKETS_READ], 1, "agent_name"),
        ("crm", [], 1, "token_scopes"),
        ("crm", [Scope.TICKETS_READ], 0, "token_days"),
        ("crm", [Scope.TICKETS_READ], 367, "token_days"),
    ],
)
async def test_a_token_that_makes_no_sense_is_not_made(
    office: Office, name: str, scopes: list[Scope], days: int, reason: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await tokens_of(office).add(name, scopes, by="operator", lifetime=timedelta(days=days))
    assert caught.value.data["reason"] == reason
    assert await tokens_of(office).all() == ()


async def test_making_and_revoking_are_audited_without_the_text(office: Office) -> None:
    reader = await program(office, Scope.TICKETS_READ)
    await tokens_of(office).revoke(reader.made.token, by="xiao-chen")
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    made = (one.entry for one in await store.trail.entries(limit=9))
    added, revoked = sorted((one for one in made if one.what.startswith("token")), key=_what)
    assert (added.what, added.by) == ("token_added", "operator")
    assert (revoked.what, revoked.by) == ("token_revoked", "xiao-chen")
    assert added.detail["scopes"] == "tickets:read"
    assert reader.made.secret not in repr((added, revoked))
