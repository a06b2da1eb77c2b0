"""The pages on which administrators read the event log."""

from __future__ import annotations

import re

import pytest
from tests.common.console_cases import copy_of_data
from tests.common.console_client import Office
from tests.integration.console.test_webhooks import added, send_all


async def number(office: Office) -> None:
    integrations = office.world.services.integrations
    assert integrations is not None
    await integrations.event_log_worker.run_once()


async def test_an_administrator_reads_events_with_their_bodies_and_deliveries(
    office: Office,
) -> None:
    browser = await office.signed_in("xiao-chen")
    assert "No events." in (await browser.get("/console/events")).text
    endpoint, _ = await added(browser)
    _, ticket = await copy_of_data(office)
    await number(office)
    page = await browser.get("/console/events")
    # The newest first.
    shown = re.findall(r'class="mono quietly small">(ticket\.\w+)<', page.text)
    assert shown == ["ticket.verified", "ticket.filed"]
    assert page.text.count(f'/console/tickets/{ticket.number}"') == 2
    filed = await browser.get("/console/events?kind=ticket.filed")
    (address,) = re.findall(r'href="(/console/events/\w+)"', filed.text)
    event = await browser.get(address)
    assert ticket.number in event.by_id("message")
    assert f'href="{endpoint}/deliveries/' in event.text
    assert "Waiting" in event.text
    await send_all(office)
    assert "Delivered" in (await browser.get(address)).text
    (delivery,) = re.findall(rf'href="({endpoint}/deliveries/\w+)"', event.text)
    assert f'href="{address}"' in (await browser.get(delivery)).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/events?kind=ticket.eaten", 400),
        ("/console/events?before=x", 400),
        ("/console/events?before=1", 200),
        (f"/console/events/{'0' * 32}", 404),
        ("/console/events/zz", 404),
    ],
)
async def test_what_is_not_there_is_refused(office: Office, path: str, status: int) -> None:
    browser = await office.signed_in("xiao-chen")
    assert (await browser.get(path)).status == status


async def test_only_administrators_read_events(office: Office) -> None:
    for name in ("mei", "lao-zhou", "he-an"):
        assert (await (await office.signed_in(name)).get("/console/events")).status == 403
