"""``webhooks``, beside a desk that is open."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.described import check_event
from tests.common.stories import START, World, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)

from privacydesk.clock import SystemClock
from privacydesk.connectors.webhook_twin import UNREACHABLE, MemoryWebhookSender

URL = "https://hooks.example/in?token=t-1"


@pytest.fixture
def sender() -> MemoryWebhookSender:
    return MemoryWebhookSender()


@pytest.fixture
async def office(tmp_path: Path, sender: MemoryWebhookSender) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    ahead = (START - SystemClock().now()).total_seconds()
    (tmp_path / "demo-clock.json").write_text(json.dumps({"ahead_seconds": ahead}), "utf-8")
    async with open_world(tmp_path, webhooks=sender) as world:
        yield Office(world, tmp_path)


async def send_all(world: World) -> None:
    webhooks = world.services.webhooks
    assert webhooks is not None
    assert webhooks.worker is not None
    # The commands' clock runs while the desk's stands still.
    world.clock.move(timedelta(minutes=1))
    while await webhooks.worker.run_once():
        continue


async def test_an_endpoint_is_added_and_its_secret_shown_once(
    office: Office, sender: MemoryWebhookSender
) -> None:
    added = await office.json("webhooks", "add", URL, "--name", "crm")
    assert added["secret"].startswith("whsec_")
    listed = await office.fine("webhooks", "list", "--json")
    shown = await office.fine("webhooks", "show", "crm")
    assert added["secret"] not in listed + shown
    assert json.loads(listed)[0]["state"] == "active"
    assert URL in shown
    await office.filed()
    await send_all(office.world)
    types = [json.loads(one.body)["type"] for one in sender.posted]
    assert types == ["ticket.filed", "ticket.verified"]
    assert len({one.message_id for one in sender.posted}) == 2


async def test_what_cannot_be_is_told_in_a_line(office: Office) -> None:
    assert "needs https" in await office.refused("webhooks", "add", "http://hooks.example/in")
    assert "may call" in await office.refused("webhooks", "add", "https://169.254.169.254/")
    assert "no such endpoint" in await office.refused("webhooks", "show", "nobody")
    done = await office.run("webhooks", "add", URL, "--event", "ticket.lost")
    assert (done.code, "ticket.closed" in done.err) == (2, True)
    await office.fine("webhooks", "add", URL, "--name", "crm")
    done = await office.run("webhooks", "replay", "crm")
    assert (done.code, "--one" in done.err) == (2, True)


async def test_only_the_kinds_that_were_chosen_are_sent(
    office: Office, sender: MemoryWebhookSender
) -> None:
    await office.fine("webhooks", "add", URL, "--event", "ticket.verified")
    await office.filed()
    await send_all(office.world)
    assert [json.loads(one.body)["type"] for one in sender.posted] == ["ticket.verified"]


async def test_a_test_is_sent_and_its_answer_shown(
    office: Office, sender: MemoryWebhookSender
) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm")
    told = await office.fine("webhooks", "test", "crm")
    assert "privacydesk webhooks deliveries crm --one" in told
    await send_all(office.world)
    (one,) = await office.json("webhooks", "deliveries", "crm")
    assert (one["type"], one["state"]) == ("endpoint.test", "delivered")
    entry = await office.json("webhooks", "deliveries", "crm", "--one", one["id"])
    assert entry["tries"][0]["status"] == 204
    assert json.loads(entry["message"]) == json.loads(sender.posted[0].body)
    assert "204" in await office.fine("webhooks", "deliveries", "crm", "--one", one["id"][-12:])


async def test_a_test_of_a_chosen_type_is_sent(office: Office, sender: MemoryWebhookSender) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm", "--event", "ticket.closed")
    sent = await office.json("webhooks", "test", "crm", "--type", "ticket.closed")
    assert (sent["type"], sent["test"], sent["ticket"]) == ("ticket.closed", True, None)
    await send_all(office.world)
    message = json.loads(sender.posted[0].body)
    check_event(message)
    assert (message["type"], message["test"]) == ("ticket.closed", True)
    assert "ticket.closed (test)" in await office.fine("webhooks", "deliveries", "crm")
    told = await office.refused("webhooks", "test", "crm", "--type", "ticket.filed")
    assert "has not subscribed to ticket.filed" in told
    done = await office.run("webhooks", "test", "crm", "--type", "ticket.lost")
    assert (done.code, "ticket.closed" in done.err) == (2, True)


async def test_a_switched_off_endpoint_is_told_nothing_and_what_waited_goes_on_later(
    office: Office, sender: MemoryWebhookSender
) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm")
    sender.answers[URL] = UNREACHABLE
    _, number = await office.filed()
    await send_all(office.world)
    assert "nothing any more" in await office.fine("webhooks", "disable", "crm")
    assert "off already" in await office.fine("webhooks", "disable", "crm")
    assert "switched off" in await office.refused("webhooks", "test", "crm")
    await office.world.services.staff.handling.claim(number, "mei")
    sender.answers.clear()
    sender.posted.clear()
    await send_all(office.world)
    assert sender.posted == []
    assert "from now on" in await office.fine("webhooks", "enable", "crm")
    await send_all(office.world)
    types = [json.loads(one.body)["type"] for one in sender.posted]
    assert types == ["ticket.filed", "ticket.verified"]


async def test_an_endpoint_that_is_off_is_removed(office: Office) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm")
    assert "is on" in await office.refused("webhooks", "remove", "crm")
    await office.fine("webhooks", "disable", "crm")
    assert "Removed" in await office.fine("webhooks", "remove", "crm")
    assert "no such endpoint" in await office.refused("webhooks", "show", "crm")


async def test_a_secret_is_rotated_with_an_end_for_the_old_one(office: Office) -> None:
    first = await office.json("webhooks", "add", URL, "--name", "crm")
    second = await office.json("webhooks", "rotate", "crm", "--overlap-hours", "48")
    assert second["secret"] != first["secret"]
    shown = await office.json("webhooks", "show", "crm")
    assert shown["old_secret_until"] == second["old_secret_until"]
    assert "14 days" in await office.refused("webhooks", "rotate", "crm", "--overlap-hours", "999")


async def test_an_endpoint_is_changed_and_moved(
    office: Office, sender: MemoryWebhookSender
) -> None:
    first = await office.json("webhooks", "add", URL, "--name", "crm")
    assert (await office.run("webhooks", "change", "crm")).code == 2
    changed = await office.json("webhooks", "change", "crm", "--name", "billing")
    assert (changed["name"], len(changed["events"]) > 1) == ("billing", True)
    changed = await office.json("webhooks", "change", "billing", "--event", "ticket.filed")
    assert (changed["name"], changed["events"]) == ("billing", ["ticket.filed"])
    changed = await office.json("webhooks", "change", "billing", "--max-per-second", "20")
    assert (changed["name"], changed["max_per_second"]) == ("billing", 20)
    assert "20 a second at most" in await office.fine("webhooks", "show", "billing")
    assert "may call" in await office.refused("webhooks", "move", "billing", "https://10.0.0.1/")
    other = "https://elsewhere.example/in"
    assert other in await office.fine("webhooks", "move", "billing", other)
    await office.filed()
    await send_all(office.world)
    assert [one.url for one in sender.posted] == [other]
    moved = await office.json("webhooks", "move", "billing", URL, "--new-secret")
    assert moved["secret"] != first["secret"]
    assert moved["old_secret_until"] is None


async def test_deliveries_are_replayed_one_by_one_or_by_span(
    office: Office, sender: MemoryWebhookSender
) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm")
    await office.filed()
    await send_all(office.world)
    newest, *_ = await office.json("webhooks", "deliveries", "crm", "--state", "delivered")
    await send_all(office.world)
    done = await office.json("webhooks", "replay", "crm", "--one", newest["id"])
    assert done == {"replayed": 1}
    assert "being sent" in await office.refused("webhooks", "replay", "crm", "--one", newest["id"])
    await send_all(office.world)
    assert sender.posted[-1].message_id == newest["event"]
    span = ("--from", START.isoformat())
    assert await office.json("webhooks", "replay", "crm", *span) == {"replayed": 2}
    assert await office.json("webhooks", "replay", "crm", *span, "--parked") == {"replayed": 0}
    backwards = (*span, "--to", "2026-01-01T00:00")
    assert "before it begins" in await office.refused("webhooks", "replay", "crm", *backwards)


async def test_who_did_what_to_an_endpoint_is_audited(office: Office) -> None:
    await office.fine("webhooks", "add", URL, "--name", "crm")
    await office.fine("webhooks", "rotate", "crm")
    entries = await office.json("audit", "list", "--by", "operator")
    assert [one["what"] for one in entries] == [
        "webhook_rotated",
        "webhook_added",
        "setting_saved",
    ]
    assert "hooks.example" not in json.dumps(entries)
