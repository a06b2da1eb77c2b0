"""The status page tells what works, what waits to be sent, and what is to be put right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.common.console_client import Office, Page
from tests.common.stories import Player

from privacydesk.domain.deliveries import Channel
from privacydesk.i18n.locales import LOCALES
from privacydesk.services.desk_status import DeskStatus
from privacydesk.storage.store import SqlStore
from privacydesk.web.health import HEALTH, Component

STATUS = "/console/status"
DEPENDENCIES = (
    "account_service",
    "code_gateway",
    "push_gateway",
    "translation",
    "captcha",
    "staff_channels",
)


def _state(page: Page, name: str) -> str:
    """Return how a part is."""
    found = re.search(rf"<span>{name}</span> <span class=\"tag \w+\">(.*?)</span>", page.text)
    assert found is not None
    return found[1]


async def test_it_tells_what_is_out_of_order_and_since_when(office: Office) -> None:
    boss = await office.signed_in("lao-zhou")
    page = await boss.get(STATUS)
    assert "Everything works." in page.said
    assert _state(page, "Database") == "works"
    outage = office.world.services.external.outages.of("account_service")
    outage.begin("no_answer")
    app = office.server.app
    assert app is not None
    app[HEALTH].failing = {Component.READER}
    page = await boss.get(f"{STATUS}/now")
    assert "Out of order: Reading of messages and Account service." in page.text
    assert _state(page, "Reading of messages") == "out of order"
    assert _state(page, "Account service").startswith("out of order since")
    outage.end()
    app[HEALTH].failing = ()
    assert "Everything works." in (await boss.get(f"{STATUS}/now")).text


async def test_it_tells_what_waits(office: Office) -> None:
    player = Player(office.world, office.world.people["chen-jiahao"], "en")
    await player.start()
    await player.step({"user": "I want to talk to a person"})
    boss = await office.signed_in("lao-zhou")
    page = await boss.get(STATUS)
    assert re.search(r"view=queue\"><b>1</b>", page.text)
    assert "GB free" in page.text
    assert "Nothing waits." in page.text


async def test_a_database_that_can_not_be_read_hides_the_figures_and_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await office.signed_in("lao-zhou")
    services = office.world.services
    assert isinstance(services.store, SqlStore)
    outage = services.external.outages.of("database")

    async def unread(_: object) -> None:
        raise outage.reject("the database can't be read")

    monkeypatch.setattr(services.store.figures, "read", unread)
    page = await boss.get(STATUS)
    assert (page.status, "view=queue" in page.text.partition("<main")[2]) == (200, False)
    assert "GB free" in page.text


async def test_a_data_folder_that_is_gone_hides_no_other_state(
    office: Office, tmp_path: Path
) -> None:
    services = office.world.services
    assert isinstance(services.store, SqlStore)
    outages = services.external.outages
    outages.of("disk").begin("missing")
    status = DeskStatus(services.store.figures, outages, tmp_path / "gone", services.clock)
    state = await status.read()
    assert (state.disk_free, state.disk_size) == (0, 0)
    assert state.outages["disk"] is not None
    assert state.figures is not None


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_part_and_channel_has_a_name(office: Office, locale: str) -> None:
    text = office.world.services.catalogs.text
    names = [
        *(f"web.status.part.{name}" for name in (*map(str, Component), *DEPENDENCIES)),
        *(f"web.status.channel.{channel}" for channel in Channel),
    ]
    for name in names:
        assert text(locale, name, {}) != name
