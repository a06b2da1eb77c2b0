"""The hashing secret is replaced while people write: everybody is found by either, and after."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from pydantic import SecretStr
from tests.common.fleet import Fleet, writing
from tests.common.one_dialect import own_dialects
from tests.common.stories import PROFILE, Player, World, enter, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    _own_process,
    run_here,
)
from tests.functional.test_other_people import filed

from privacydesk.app import ExternalServices, open_services
from privacydesk.app.database_check import check_database
from privacydesk.app.findings import Level
from privacydesk.cli.common import UnavailableInCommands
from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import DeskError, SettingsError
from privacydesk.settings import Settings
from privacydesk.storage import tables
from privacydesk.storage.engines import parse_url
from privacydesk.storage.hash_forms import KeyedHash
from privacydesk.storage.serving_lock import serving_lock

pytestmark = pytest.mark.sqlite("it runs on either database in each mode")


def secret(name: str) -> str:
    return base64.b64encode(sha256(name.encode()).digest()).decode()


OLD, NEW, NEWER = secret("old"), secret("new"), secret("newer")


@pytest.fixture(autouse=True)
def _own_dialects() -> Iterator[None]:
    with own_dialects():
        yield


@asynccontextmanager
async def desk(folder: Path, present: str, previous: str = "") -> AsyncIterator[World]:
    secrets = {"hashing_secret": present, "hashing_previous_secret": previous}
    more = {name: SecretStr(value) for name, value in secrets.items()}
    async with open_world(folder, more_settings=more) as world:
        yield world


async def rotate(world: World, *, stop_after: int | None = None) -> Mapping[str, int]:
    """Replace the secret, as the command does; with ``stop_after``, stop after so many pages."""
    changed: dict[str, int] = {}
    pages = 0
    async with (
        open_services(
            world.services.settings,
            ExternalServices(UnavailableInCommands(), UnavailableInCommands()),
            profile=world.services.profile,
            clock=world.clock,
            understanding=UnavailableInCommands(),
            beside_serve=True,
        ) as services,
        contextlib.aclosing(services.maintenance.hash_rotation.run()) as progress,
    ):
        async for one in progress:
            pages += 1
            if one.is_done:
                changed[one.table] = changed.get(one.table, 0) + one.changed
            if pages == stop_after:
                break
    return changed


def stored(settings: Settings) -> dict[str, set[bytes]]:
    """Return the keyed hashes as they stand in the database, by column."""
    engine = sa.create_engine(parse_url(settings.url))
    found: dict[str, set[bytes]] = {}
    with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                if isinstance(column.type, KeyedHash):
                    values = connection.execute(sa.select(column)).scalars()
                    # Not the ids that stand in the same columns.
                    found[str(column)] = {one for one in values if one and len(one) >= 32}
    engine.dispose()
    return found


def account_of(player: Player) -> str:
    assert player.person is not None
    assert player.person.account is not None
    return player.person.account


def home(player: Player) -> ConversationId:
    assert player.session is not None
    return player.session.conversation


async def test_a_secret_is_replaced_under_turns_that_are_all_kept(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacydesk.services.hash_rotation._PAGE", 1)
    async with desk(tmp_path, OLD) as world:
        ticket = await filed(await enter(world, "lin", "en"))
        stranger = await enter(world, "", "en")
        liu = await enter(world, "liu", "en")
        await world.services.integrations.revocations.revoke_account(account_of(liu), by="root")
        credentials = stranger.credentials
        conversations = {"lin": ticket.conversation_id, "": home(stranger)}
    for turn, (previous, present) in enumerate(pairwise((OLD, NEW, NEWER))):
        async with desk(tmp_path, present, previous) as world:
            before = stored(world.services.settings)
            players = {name: await enter(world, name, "en") for name in ("lin", "chen", "wu")}
            # A message with an id of the turn before would count as sent again.
            players[""] = Player(world, None, "en", credentials=credentials, jobs=1000 * turn)
            async with Fleet(world) as fleet, writing(fleet, players):
                changed = await rotate(world)
                # Who writes for the first time meanwhile has one conversation, too.
                assert changed["conversation_key"] >= 2
            for name, player in players.items():
                conversations.setdefault(name, home(player))
                assert home(player) == conversations[name]
            after = stored(world.services.settings)
            assert not [column for column in after if after[column] & before[column]]
        async with desk(tmp_path, present) as world:
            lin = await enter(world, "lin", "en")
            assert home(lin) == ticket.conversation_id
            assert [one.number for one in await lin.tickets()] == [ticket.number]
            with pytest.raises(DeskError, match="was revoked"):
                await world.services.desk.open(liu.credentials, languages="en")
            faults = [
                fault
                async for checked in world.services.maintenance.integrity.verify()
                for fault in checked.faults
            ]
            assert faults == []
            recorded = [one.entry.what for one in await trail(world)]
            assert recorded.count("hashing_secret_changed") == recorded.count(
                "hashing_secret_replaced"
            )
    assert backend
    with pytest.raises(SettingsError, match="HASHING_SECRET"):
        async with desk(tmp_path, OLD):
            pass


async def trail(world: World) -> Sequence[SealedEntry]:
    await world.services.maintenance.sealer.seal_pending()
    return await world.services.maintenance.trail.entries(limit=1000)


async def test_an_interrupted_replacement_is_told_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacydesk.services.hash_rotation._PAGE", 1)
    async with desk(tmp_path, OLD) as world:
        await filed(await enter(world, "lin", "en"))
    async with desk(tmp_path, NEW, OLD) as world:
        settings = world.services.settings
        assert told(settings) == ["the hashing secret is not replaced yet"]
        await rotate(world, stop_after=2)
        assert told(settings) == ["the hashing secret is being replaced"]
    for present, previous in ((NEW, ""), (OLD, ""), (NEW, NEWER)):
        with pytest.raises(SettingsError, match="HASHING_"):
            async with desk(tmp_path, present, previous):
                pass
    async with desk(tmp_path, NEW, OLD) as world:
        assert (await enter(world, "lin", "en")).events
        assert sum((await rotate(world)).values()) > 0
        assert await rotate(world) == {}
        assert told(settings) == ["take PRIVACYDESK_HASHING_PREVIOUS_SECRET out"]
    async with desk(tmp_path, NEW) as world:
        assert (await enter(world, "lin", "en")).events
        assert told(world.services.settings) == []


def told(settings: Settings) -> list[str]:
    return [
        finding.message.split(":")[0].split(" since ")[0]
        for finding in check_database(settings)
        if finding.level is Level.WARNING
    ]


async def test_a_process_that_serves_without_the_new_secret_is_waited_for(tmp_path: Path) -> None:
    async with desk(tmp_path, OLD) as world:
        url = world.services.settings.url
    async with desk(tmp_path, NEW, OLD) as world:
        with (
            serving_lock(url, "another one"),
            pytest.raises(SettingsError, match="restart every `serve`"),
        ):
            await rotate(world)


async def test_the_command_replaces_the_secret_and_says_how_far_it_is(tmp_path: Path) -> None:
    async with desk(tmp_path, OLD) as world:
        await enter(world, "lin", "en")
        ring_key = world.services.settings.ring_keys["one"].get_secret_value()
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(dict(PROFILE)), "utf-8")
    lines = [
        f'profile = "{tmp_path / "profile.yaml"}"',
        f'hashing_secret = "{NEW}"',
        f'hashing_previous_secret = "{OLD}"',
        f'ring_key = "one"\nring_keys = {{ one = "{ring_key}" }}',
    ]
    (tmp_path / "privacydesk.toml").write_text("\n".join(lines), "utf-8")
    rehash = ("keys", "rehash", "--data-dir", str(tmp_path))
    done = await asyncio.to_thread(run_here, *rehash)
    assert (done.code, done.err) == (0, "")
    assert "conversation_key: 1 of 1" in done.out
    again = await asyncio.to_thread(
        run_here, "keys", "rehash", "--json", "--data-dir", str(tmp_path)
    )
    assert again.out.strip() == '{"rehashed": {}}'


def test_a_new_hashing_secret_comes_without_a_ring_key() -> None:
    made = run_here("keys", "generate", "--hashing-secret", "--json")
    assert set(json.loads(made.out)) == {"hashing_secret"}
