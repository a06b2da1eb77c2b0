"""``app-tokens``, beside a desk that is open."""

from __future__ import annotations

import json

from tests.common.stories import token_for
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
)
from tests.functional.test_token_commands import office  # noqa: F401 - the same

from privacydesk.errors import DeskError
from privacydesk.services.api import Credentials
from privacydesk.storage.store import SqlStore


async def _is_let_in(office: Office, token: str) -> bool:  # noqa: F811
    integrations = office.world.services.integrations
    assert integrations is not None
    await integrations.revocations.refresh()
    try:
        await office.world.services.desk.open(Credentials(token=token), languages="en")
    except DeskError as error:
        return str(error.data["reason"]) != "token_revoked"
    return True


async def test_the_operator_ends_the_tokens_of_an_account(office: Office) -> None:  # noqa: F811
    token = token_for("u-1001", office.world.clock)
    assert await _is_let_in(office, token)
    told = await office.fine("app-tokens", "revoke", "--account", "u-1001")
    assert "u-1001" not in told
    assert not await _is_let_in(office, token)
    assert await _is_let_in(office, token_for("u-2002", office.world.clock))
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    (entry,) = await store.trail.entries(what="app_tokens_revoked")
    assert entry.entry.by == "operator"


async def test_one_token_is_ended_by_its_id(office: Office) -> None:  # noqa: F811
    told = json.loads(await office.fine("app-tokens", "revoke", "--token-id", "t-1", "--json"))
    assert set(told) == {"revoked_at"}


async def test_one_of_the_two_has_to_be_named(office: Office) -> None:  # noqa: F811
    for given in ((), ("--account", "u-1001", "--token-id", "t-1")):
        refused = await office.run("app-tokens", "revoke", *given)
        assert refused.code == 2
        assert "--account" in refused.err
