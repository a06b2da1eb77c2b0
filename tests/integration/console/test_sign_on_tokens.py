"""API tokens of members of staff who are linked with an identity provider follow its word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.api_client import Program, program, staff_program
from tests.common.console_client import Office
from tests.common.identity_provider import RogueProvider, sign_on
from tests.integration.console.test_sign_on_ends import (
    MEI,
    MINUTE,
    ZHOU,
    check,
    is_in,
    opened,
    signed_on,
    tell,
)

from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.sign_on import IdentityProvider, TokenAnswer

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Desk = tuple[Office, RogueProvider, Program]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk at which mei has signed on, and a program that acts as mei."""
    async with opened(tmp_path) as (office, provider):
        yield office, provider, await staff_program(office, "mei", Scope.TICKETS_READ)


async def works(own: Program) -> bool:
    """Return whether a token opens something."""
    answer = await own.get("/tickets")
    assert answer.status == 200 or answer.reason == "api_token_sign_on"
    return answer.status == 200


async def test_a_token_works_while_the_provider_confirms_its_owner_and_twelve_hours_more(
    desk: Desk,
) -> None:
    office, provider, own = desk
    browser = await signed_on(office, provider)
    for _ in range(3):
        assert await check(office, 25 * MINUTE) == 1
        assert await is_in(browser)
    provider.is_down = True
    # More than twelve hours after the sign-on, and less after the last confirmation.
    await check(office, 11 * HOUR)
    assert (await works(own), await is_in(browser)) == (True, False)
    await check(office, HOUR)
    assert not await works(own)
    provider.is_down = False
    await signed_on(office, provider)
    assert await works(own)


async def test_a_logout_token_reaches_tokens_also_when_no_session_is_open(desk: Desk) -> None:
    office, provider, own = desk
    other = await staff_program(office, "lao-zhou", Scope.TICKETS_READ)
    crm = await program(office, Scope.TICKETS_READ)
    await signed_on(office, provider, ZHOU, session="s-9")
    browser = await signed_on(office, provider)
    await browser.post("/console/sign-out")
    assert await works(own)
    office.clock.move(2 * MINUTE)
    unused = provider.logout_token(sub=MEI)
    assert await tell(office, provider.logout_token(sub=MEI)) == 200
    assert not await works(own)
    assert await works(other)
    assert (await crm.get("/tickets")).status == 200
    office.clock.move(90 * SECOND)
    await signed_on(office, provider)
    # It was made before the sign-on, and comes late.
    assert await tell(office, unused) == 200
    assert await works(own)


async def test_who_has_lost_the_role_is_out_also_when_it_shows_at_the_next_sign_on(
    tmp_path: Path,
) -> None:
    roles = {"desk": Role.SUPERVISOR}
    async with opened(tmp_path, role_claim="groups", roles=roles) as (office, provider):
        provider.people[MEI] = {"groups": ["desk"]}
        own = await staff_program(office, "mei", Scope.TICKETS_READ)
        browser = await signed_on(office, provider)
        await browser.post("/console/sign-out")
        provider.people[MEI] = {"groups": []}
        assert await works(own)
        assert (await sign_on(await office.browser(), provider, MEI)).status == 401
        assert not await works(own)


@dataclass
class Slow:
    """A connection to a provider during whose answer something else happens."""

    inner: IdentityProvider
    meanwhile: Callable[[], Awaitable[object]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Renew a sign-in; the other thing happens before the answer arrives."""
        answer = await self.inner.refresh(refresh_token)
        if self.meanwhile is not None:
            await self.meanwhile()
        return answer


async def test_a_renewal_that_is_under_way_does_not_undo_a_logout(tmp_path: Path) -> None:
    connections: list[Slow] = []

    def through(inner: IdentityProvider) -> IdentityProvider:
        connections.append(Slow(inner))
        return connections[0]

    async with opened(tmp_path, through=through) as (office, provider):
        own = await staff_program(office, "mei", Scope.TICKETS_READ)
        await signed_on(office, provider)
        connections[0].meanwhile = lambda: tell(office, provider.logout_token(sub=MEI))
        assert await check(office, 11 * MINUTE) == 1
        assert not await works(own)
