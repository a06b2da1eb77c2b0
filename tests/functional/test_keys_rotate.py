"""The ring key is replaced: everything stays readable, and what the old one wrapped is shredded."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.common.databases import by_hand
from tests.common.stories import PROFILE, RING_SECRET, Player, World, enter, open_world, steps
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    SECRETS,
    Done,
    _own_process,
    run_here,
)
from tests.functional.test_retention import RARE, complaint

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.domain.account import AccountAnswer, AccountService
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.events import Sender
from privacydesk.domain.ticket import TicketState
from privacydesk.errors import DeskError, SettingsError, UnavailableError
from privacydesk.profile import parse_profile
from privacydesk.services.api import Credentials
from privacydesk.settings import load_settings

ABOUT_THE_FILE = pytest.mark.sqlite("the backup of its file is opened")

OLD = base64.b64encode(RING_SECRET).decode()
NEW = base64.b64encode(bytes(range(40, 72))).decode()
BOTH = {"one": OLD, "two": NEW}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "desk") as made:
        yield made


def write_ring(folder: Path, current: str, keys: dict[str, str]) -> None:
    shown = ", ".join(f'{name} = "{key}"' for name, key in keys.items())
    (folder / "profile.yaml").write_text(yaml.safe_dump(dict(PROFILE)), "utf-8")
    lines = [
        f'profile = "{folder / "profile.yaml"}"',
        f'ring_key = "{current}"',
        f'hashing_secret = "{SECRETS["hashing_secret"]}"',
        f"ring_keys = {{ {shown} }}",
    ]
    (folder / "privacydesk.toml").write_text("\n".join(lines), "utf-8")


@asynccontextmanager
async def with_ring(
    folder: Path, world: World, current: str, keys: dict[str, str]
) -> AsyncIterator[Services]:
    settings = load_settings(
        data_dir=folder,
        ring_keys=keys,
        ring_key=current,
        hashing_secret=SECRETS["hashing_secret"],
    )
    async with open_services(
        settings,
        ExternalServices(world.accounts, world.codes),
        profile=parse_profile(dict(PROFILE), "the test's profile"),
        clock=world.clock,
    ) as services:
        yield services


async def rotate(folder: Path, *options: str) -> Done:
    # As another process would: on an event loop of its own.
    return await asyncio.to_thread(run_here, "keys", "rotate", *options, "--data-dir", str(folder))


def names(folder: Path) -> set[str]:
    with by_hand(folder) as database:
        return {name for (name,) in database.execute("SELECT ring_key FROM data_key")}


def backup(folder: Path, to: Path) -> Path:
    to.mkdir()
    (file,) = folder.glob("*.db")
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(to / file.name)) as copy:
        live.backup(copy)
    return to


async def everything(services: Services, number: str) -> Any:
    """Read a request with all that is sealed around it."""
    reader = services.store.reader
    case = await services.staff.tickets.details(number)
    home = case.ticket.conversation_id
    bodies = [(await reader.evidence(one.id)) for one in case.evidence]
    events = await reader.events(home, after=0, limit=1000)
    return case, bodies, events, await reader.conversation(home)


@ABOUT_THE_FILE
async def test_after_a_rotation_the_old_key_opens_nothing_and_is_needed_for_nothing(
    tmp_path: Path, world: World
) -> None:
    folder = tmp_path / "desk"
    player = await complaint(world)
    number = (await player.tickets())[0].number
    await world.services.staff.handling.claim(number, "mei")
    await world.services.maintenance.sealer.seal_pending()
    before = await everything(world.services, number)
    old = backup(folder, tmp_path / "backup")
    write_ring(folder, "two", BOTH)
    done = await rotate(folder)
    assert (done.code, done.err) == (0, "")
    assert "one → two: 3 of 3" in done.out
    assert names(folder) == {"two"}
    again = await rotate(folder, "--json")
    assert again.out.strip() == '{"ring_key": "two", "wrapped": {"two": 3}}'
    async with with_ring(folder, world, "two", {"two": NEW}) as services:
        after = await everything(services, number)
        assert after == before
        assert any(RARE in event.text for event in after[2])
        assert (await services.maintenance.trail.check()).fault is None
        await services.maintenance.sealer.seal_pending()
        (entry,) = await services.maintenance.trail.entries(what="ring_key_replaced")
        assert (entry.entry.by, dict(entry.entry.detail)) == ("operator", {"keys": 3})
    with pytest.raises(SettingsError, match="has no key named 'one'"):
        async with with_ring(old, world, "two", {"two": NEW}):
            pass


async def test_an_interrupted_rotation_goes_on_where_it_stopped(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "desk"
    for person in ("chen-jiahao", "lin-xiaoyu", "alice-morgan"):
        await complaint_of(world, person)
    async with with_ring(folder, world, "two", BOTH) as services:
        assert await services.maintenance.wrapping.rewrap("one", limit=2) == 2
        assert await services.maintenance.wrapping.wrapped() == {"one": 2, "two": 2}
    write_ring(folder, "two", BOTH)
    monkeypatch.setattr("privacydesk.cli.keys._BATCH_SIZE", 1)
    done = await rotate(folder)
    assert done.out.splitlines()[0] == "one → two: 1 of 2"
    assert names(folder) == {"two"}


async def complaint_of(world: World, person: str) -> None:
    player = Player(world, world.people[person], "en")
    await player.start()


@pytest.mark.parametrize(
    ("name", "told"), [("two", "no key named 'one'"), ("one", "'one'.*another one")]
)
async def test_a_ring_without_the_key_that_wraps_is_told_apart(
    tmp_path: Path, world: World, name: str, told: str
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    write_ring(folder, name, {name: NEW})
    done = await rotate(folder)
    assert done.code == 1
    assert re.search(told, done.err, re.DOTALL)
    assert names(folder) == {"one"}


async def test_a_desk_does_not_start_with_a_ring_that_opens_nothing(
    tmp_path: Path, world: World
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    with pytest.raises(SettingsError, match="has no key named 'one'"):
        async with with_ring(folder, world, "two", {"two": NEW}):
            pass
    with pytest.raises(SettingsError, match=r"'one'.*another one"):
        async with with_ring(folder, world, "one", {"one": NEW}):
            pass
    async with with_ring(folder, world, "two", BOTH) as services:
        await services.maintenance.wrapping.check()


def test_a_key_for_the_ring_comes_without_a_new_hashing_secret() -> None:
    for form in ("env", "toml"):
        made = run_here("keys", "generate", "--ring-key", "--form", form)
        assert made.code == 0, made.err
        assert "hashing_secret" not in made.out.lower()
        assert "ring_key" in made.out.lower()
    assert set(json.loads(run_here("keys", "generate", "--ring-key", "--json").out)) == {
        "ring_key",
        "ring_keys",
    }


async def test_the_desk_goes_on_beside_a_rotation(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "desk"
    player = await complaint(world)
    async with with_ring(folder, world, "two", BOTH) as services:
        await services.maintenance.wrapping.rewrap("one", limit=100)
        await player.step({"user": "還在嗎"})
        assert player.session is not None
        events = await services.store.reader.events(
            player.session.conversation, after=0, limit=1000
        )
        assert [event.offset for event in events] == list(range(1, len(events) + 1))


async def test_what_a_desk_with_the_old_settings_wraps_meanwhile_is_noticed(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    write_ring(folder, "two", BOTH)
    counted = {"one": 1}

    async def wrapped(_self: object) -> dict[str, int]:
        return dict(counted)

    monkeypatch.setattr("privacydesk.storage.key_wrapping.SqlKeyWrapping.wrapped", wrapped)
    done = await rotate(folder)
    assert done.code == 1
    assert "restart `serve`" in done.err


# -- secrets that are shared with others ----------------------------------------------------------


def app_key(name: str) -> OctKey:
    return OctKey.import_key(sha256(name.encode()).digest(), {"kid": name})


def signed(world: World, account: str, key: OctKey) -> str:
    claims = {
        "sub": account,
        "aud": "privacydesk",
        "exp": int((world.clock.now() + timedelta(hours=1)).timestamp()),
    }
    return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, key)


@asynccontextmanager
async def process(
    world: World, accounts: AccountService | None = None, **settings: Any
) -> AsyncIterator[Services]:
    """Open a process on the world's database, with other settings."""
    async with open_services(
        world.services.settings.model_copy(update=settings),
        ExternalServices(accounts or world.accounts, world.codes),
        profile=world.services.profile,
        clock=world.clock,
        beside_serve=True,
    ) as services:
        yield services


async def test_new_keys_of_app_tokens_lose_no_turn(world: World) -> None:
    old, new = app_key("o"), app_key("n")
    stages = [
        # The keys that the desk knows, and the one that the app signs with meanwhile.
        ([old], old),
        ([old, new], old),
        ([old, new], new),
        ([new], new),
    ]
    said: list[str] = []
    for number, (known, signing) in enumerate(stages):
        keys = [key.as_dict(private=True) for key in known]
        async with process(world, app_token_keys=keys) as services:
            for turn in range(3):
                token = signed(world, "u-1001", signing)
                admission = await services.desk.open(Credentials(token=token), languages="en")
                words = f"turn {number}.{turn}"
                await services.desk.say(admission.session, id=words, text=words, offset=0)
                said.append(words)
            if old not in known:
                with pytest.raises(DeskError, match="not valid"):
                    await services.desk.open(
                        Credentials(token=signed(world, "u-1001", old)), languages="en"
                    )
            conversation = admission.session.conversation
            events = await services.store.reader.events(conversation, after=0, limit=1000)
    assert [event.text for event in events if event.sender is Sender.USER] == said
    assert [event.offset for event in events] == list(range(1, len(events) + 1))


class GuardedAccounts:
    """An account service that asks for a secret, as seen by a process that has one."""

    def __init__(self, service: AccountService, secret: str, accepted: set[str]) -> None:
        self._service = service
        self._secret = secret
        self._accepted = accepted

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        if self._secret not in self._accepted:
            raise UnavailableError("the service refuses the secret", reason="credentials")
        return await self._service.call(action, account, payload, key=key)


async def test_a_new_secret_of_the_account_service_loses_and_repeats_no_call(
    world: World,
) -> None:
    accepted = {"old"}
    before = GuardedAccounts(world.accounts, "old", accepted)
    after = GuardedAccounts(world.accounts, "new", accepted)
    async with process(world, before) as old, process(world, after) as new:
        stages = {"lin": {"old"}, "chen": {"old", "new"}, "wu": {"new"}}
        for person, secrets in stages.items():
            accepted.clear()
            accepted.update(secrets)
            player = await enter(world, person)
            await steps(
                player, {"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"}
            )
            number = (await player.tickets())[0].number
            await world.services.staff.handling.claim(number, "mei")
            await world.services.staff.decisions.grant(number, "mei")
            for first, second in [(old, new), (new, old)] * 4:
                # Whichever process takes the row: it waits until one with the right secret does.
                for services in (first, second):
                    while await services.worker.run_once():
                        continue
                world.clock.move(timedelta(minutes=15))
            assert (await player.tickets())[0].state is TicketState.CLOSED
    changes = [call for call in world.accounts.calls if not call.action.reads]
    assert len(changes) == len({call.key for call in changes}) == 3
