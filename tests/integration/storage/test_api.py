"""Tokens of the API and kept answers in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.integration.storage.desk import NOW

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import MAX_TOKENS, ApiToken, Scope, StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError
from privacydesk.storage.store import SqlStore

TOLD = AuditEntry(NOW, "operator", "token_added")
IDENTITY = Agent("crm", "CRM", Role.INTEGRATION, NOW)


def token(n: int) -> ApiToken:
    return ApiToken(
        id=ApiTokenId(b"t%015d" % n),
        hash=LookupHash(b"h%031d" % n),
        agent=IDENTITY.name,
        scopes=frozenset({Scope.TICKETS_READ, Scope.MESSAGES_READ}),
        created_at=NOW,
        created_by="operator",
        expires_at=NOW + timedelta(days=30),
    )


def asked(agent: str = "crm", content: bytes = b"c" * 32) -> StoredResponse:
    return StoredResponse(agent, b"k" * 32, content, NOW)


async def test_a_token_comes_back_as_it_was_kept_with_its_identity(store: SqlStore) -> None:
    await store.api_token_store.add(token(1), IDENTITY, TOLD)
    await store.api_token_store.add(token(2), replace(IDENTITY, display_name="Another"), TOLD)
    assert await store.api_token_store.tokens() == (token(2), token(1))
    found = await store.api_token_store.bearer(token(1).hash)
    assert found is not None
    assert (found.token, found.agent) == (token(1), IDENTITY)
    assert await store.api_token_store.bearer(LookupHash(b"x" * 32)) is None


async def test_it_is_revoked_once_and_its_use_noted(store: SqlStore) -> None:
    await store.api_token_store.add(token(1), IDENTITY, TOLD)
    later = NOW + timedelta(minutes=5)
    await store.api_token_store.touch(token(1).id, later)
    assert await store.api_token_store.revoke(token(1).id, later, TOLD)
    assert not await store.api_token_store.revoke(token(1).id, NOW, TOLD)
    assert await store.api_token_store.tokens() == (
        replace(token(1), used_at=later, revoked_at=later),
    )


async def test_the_same_token_twice_and_a_colleague_s_name_are_refused(store: SqlStore) -> None:
    await store.api_token_store.add(token(1), IDENTITY, TOLD)
    with pytest.raises(DeskError) as twice:
        await store.api_token_store.add(token(1), IDENTITY, TOLD)
    assert twice.value.code is ErrorCode.CONFLICT
    await store.agent_store.add(Agent("mei", "Mei", Role.AGENT, NOW))
    with pytest.raises(DeskError) as taken:
        await store.api_token_store.add(
            replace(token(2), agent="mei"), replace(IDENTITY, name="mei"), TOLD
        )
    assert taken.value.data["reason"] == "token_name_taken"
    assert await store.api_token_store.tokens() == (token(1),)


async def test_there_are_only_so_many_tokens_that_work(store: SqlStore) -> None:
    for n in range(MAX_TOKENS):
        await store.api_token_store.add(token(n), IDENTITY, TOLD)
    with pytest.raises(NotAllowedNowError):
        await store.api_token_store.add(token(MAX_TOKENS), IDENTITY, TOLD)
    await store.api_token_store.revoke(token(3).id, NOW, TOLD)
    await store.api_token_store.add(token(MAX_TOKENS), IDENTITY, TOLD)


async def test_what_was_asked_first_is_what_is_kept(store: SqlStore) -> None:
    first, *others = await asyncio.gather(
        *(store.api_token_store.begin_request(asked(content=b"%032d" % n)) for n in range(5))
    )
    assert {one.fingerprint for one in others} == {first.fingerprint}
    answered = replace(first, status=200, body=b"{}", tag='"2"')
    await store.api_token_store.store_response(answered)
    assert await store.api_token_store.begin_request(asked()) == answered
    assert (await store.api_token_store.begin_request(asked("other"))).status == 0


async def test_answers_are_forgotten_when_their_time_is_over(store: SqlStore) -> None:
    await store.api_token_store.store_response(
        replace(await store.api_token_store.begin_request(asked()), status=200)
    )
    await store.api_token_store.sweep(NOW)
    assert (await store.api_token_store.begin_request(asked())).status == 200
    await store.api_token_store.sweep(NOW + timedelta(seconds=1))
    assert (await store.api_token_store.begin_request(asked())).status == 0
