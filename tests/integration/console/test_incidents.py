"""The pages of incident notices: prepared by one, released by another, read by auditors."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from tests.common.console_cases import copy_of_data
from tests.common.console_client import Browser, Office, Page
from tests.common.event_streams import next_event
from tests.common.incidents import LOCALES, TEXTS, send
from tests.common.stories import enter, steps

from privacydesk.domain.incidents import NoticePart
from privacydesk.web.console import live

INCIDENTS = "/console/incidents"
MINUTE = timedelta(minutes=1)


def form(**more: str) -> dict[str, str]:
    texts = {f"{part}-{locale}": TEXTS[locale][part] for locale in LOCALES for part in NoticePart}
    return {"name": "Leak of nicknames", "audience": "list", "accounts": "u-1001", **texts, **more}


async def _browser(office: Office, name: str) -> Browser:
    browser = await office.signed_in(name)
    await browser.get(INCIDENTS)
    return browser


@pytest.fixture
async def zhou(office: Office) -> Browser:
    """Return the supervisor's browser."""
    return await _browser(office, "lao-zhou")


@pytest.fixture
async def chen(office: Office) -> Browser:
    """Return the administrator's browser."""
    return await _browser(office, "xiao-chen")


async def prepare(browser: Browser, **more: str) -> str:
    """Return the address of a notice that waits for a second person."""
    page = await browser.post(INCIDENTS, form(**more))
    assert page.status == 303, page.said
    return page.to.partition("?")[0]


async def seen(browser: Browser, address: str) -> dict[str, str]:
    page = await browser.get(address)
    (version,) = set(re.findall(r'name="seen" value="(\d+)"', page.text))
    return {"seen": version}


def texts_of(page: Page) -> str:
    return unescape(page.text)


async def test_the_preview_shows_every_language_and_stores_nothing(
    office: Office, zhou: Browser
) -> None:
    page = await zhou.post(f"{INCIDENTS}/preview", form())
    assert page.status == 200
    assert "The list has 1 account." in page.text
    for locale in LOCALES:
        assert all(text in texts_of(page) for text in TEXTS[locale].values())
    assert "an important notice about the security of your personal data" in page.text
    assert await office.world.services.console.incidents.all() == ()
    again = await zhou.post(f"{INCIDENTS}/new", form())
    assert TEXTS["en"][NoticePart.FACTS] in texts_of(again)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Give the incident a name"),
        ("facts-en", "", "Fill in all four parts"),
        ("remedies-zh_Hant", "x" * 2_001, "A part has at most 2000 characters"),
        ("accounts", "", "Give the accounts"),
        ("accounts", "x" * 129, "A line is no account id"),
    ],
)
async def test_what_is_missing_is_said_and_the_rest_is_kept(
    zhou: Browser, field: str, value: str, said: str
) -> None:
    page = await zhou.post(f"{INCIDENTS}/preview", form(**{field: value}))
    assert page.status == 400
    assert said in page.said
    assert TEXTS["zh_Hans"][NoticePart.ADVICE] in texts_of(page)


async def test_only_somebody_else_releases_a_notice(
    office: Office, zhou: Browser, chen: Browser
) -> None:
    address = await prepare(zhou)
    own = await zhou.get(address)
    assert "another supervisor or administrator has to release it" in own.text
    assert f"{address}/release" not in own.text
    refused = await zhou.post(f"{address}/release", await seen(zhou, address))
    assert refused.status == 403
    assert "Whoever prepared a notice" in refused.said
    released = await chen.post(f"{address}/release", await seen(chen, address))
    assert released.to == f"{address}?done=released"
    await send(office.world)
    page = await chen.get(address)
    assert re.search(r"Told in the chat</dt><dd>1 of 1<", page.text)
    assert "Public notice about a security incident" in page.text


async def test_a_page_that_is_out_of_date_changes_nothing(zhou: Browser, chen: Browser) -> None:
    address = await prepare(zhou)
    version = await seen(chen, address)
    await chen.post(f"{address}/release", version)
    refused = await zhou.post(f"{address}/discard", version)
    assert refused.status == 409
    assert "somebody else has changed this" in refused.said
    paused = await zhou.post(f"{address}/pause", await seen(zhou, address))
    assert paused.to == f"{address}?done=paused"
    resumed = await zhou.post(f"{address}/resume", await seen(zhou, address))
    assert resumed.to == f"{address}?done=resumed"


async def test_a_draft_is_discarded(zhou: Browser) -> None:
    address = await prepare(zhou)
    await zhou.post(f"{address}/discard", await seen(zhou, address))
    assert "Discarded" in (await zhou.get(INCIDENTS)).text


async def test_auditors_read_and_agents_see_nothing(office: Office, zhou: Browser) -> None:
    address = await prepare(zhou)
    auditor, agent = await office.signed_in("he-an"), await office.signed_in("mei")
    page = await auditor.get(address)
    assert page.status == 200
    assert f'action="{address}' not in page.text
    assert (await auditor.get(f"{INCIDENTS}/new")).status == 403
    assert (await agent.get(INCIDENTS)).status == 403


async def test_requests_that_follow_are_listed_together_for_bulk_actions(
    office: Office, zhou: Browser, chen: Browser
) -> None:
    _, before = await copy_of_data(office)
    player = await enter(office.world, "chen", "en")
    office.clock.move(MINUTE)
    address = await prepare(zhou, audience="everyone")
    await chen.post(f"{address}/release", await seen(chen, address))
    await send(office.world)
    office.clock.move(MINUTE)
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (after,) = await player.tickets()
    listed = f"/console/inbox?view=open&incident={address.rpartition('/')[2]}"
    page = await zhou.get(listed)
    assert after.number in page.text
    assert before.number not in page.text
    assert "1 open request<" in (await zhou.get(address)).text
    assert "Leak of nicknames</option>" in (await zhou.get("/console/inbox?view=open")).text
    assert (await zhou.get("/console/inbox?view=open&incident=zz")).status == 404


async def test_an_open_page_counts_without_being_reloaded(
    office: Office, zhou: Browser, chen: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_POLL_INTERVAL", 0.01)
    monkeypatch.setattr(live, "_MERGE_WINDOW", 0.0)
    address = await prepare(zhou)
    page = await zhou.get(address)
    (shown,) = re.findall(r'data-revision="([^"]+)"', page.text)
    (stream,) = re.findall(r'data-live="([^"]+)"', page.text)
    answer = await zhou.client.get(stream)
    assert await next_event(answer, "incident") == shown
    await chen.post(f"{address}/release", await seen(chen, address))
    assert await next_event(answer, "incident") != shown
    await send(office.world)
    while not re.search(
        r"Told in the chat</dt><dd>1 of 1<", (await zhou.get(f"{address}?part=now")).text
    ):
        await next_event(answer, "incident")
    part = await zhou.get(f"{address}?part=now")
    assert "<html" not in part.text
    assert ">Sent</span>" in part.text
    answer.close()
    assert (await zhou.client.get(f"{INCIDENTS}/{'00' * 16}/live")).status == 404
    mei = await office.signed_in("mei")
    assert (await mei.client.get(stream)).status == 403


async def test_the_audit_names_each_step(office: Office, zhou: Browser, chen: Browser) -> None:
    address = await prepare(zhou)
    await chen.post(f"{address}/release", await seen(chen, address))
    await send(office.world)
    await office.world.services.maintenance.sealer.seal_pending()
    page = await chen.get("/console/audit")
    for step in ("prepared", "released", "sent to all"):
        assert f"Incident notice {step}" in page.text
    assert "The accounts of a list" in page.text
