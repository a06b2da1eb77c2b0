"""The pages on which administrators look after webhooks."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import structlog
from tests.common.console_client import HTML, Browser, Office, Page
from tests.common.described import check_event
from tests.common.stories import PEOPLE, Player

from privacydesk.connectors.webhook_twin import UNREACHABLE, MemoryWebhookSender
from privacydesk.domain.webhook_events import SUBSCRIBABLE
from privacydesk.domain.webhooks import EndpointResponse
from privacydesk.services.webhooks.sending import Sending

URL = "https://hooks.example/in?token=t-1"
KINDS = [("kind", kind.value) for kind in SUBSCRIBABLE]


def sender_of(office: Office) -> MemoryWebhookSender:
    sender = sending_of(office)._sender
    assert isinstance(sender, MemoryWebhookSender)
    return sender


def sending_of(office: Office) -> Sending:
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.sending is not None
    return webhooks.sending


async def send_all(office: Office) -> None:
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.worker is not None
    while await webhooks.worker.run_once():
        continue


async def post(browser: Browser, path: str, *fields: tuple[str, str]) -> Page:
    """Send a form in which a field may stand more than once."""
    sent = [("form_token", browser.token), *fields]
    answer = await browser.client.post(path, data=sent, headers=HTML, allow_redirects=False)
    return await browser._read(answer, path)


async def added(browser: Browser, url: str = URL, *kinds: tuple[str, str]) -> tuple[str, str]:
    """Add an endpoint; return its address and its secret."""
    page = await browser.get("/console/webhooks")
    new = re.search(r'name="endpoint" value="(\w+)"', page.text)
    assert new is not None
    page = await post(
        browser, page.path, ("url", url), ("label", "crm"), ("endpoint", new[1]), *(kinds or KINDS)
    )
    assert page.status == 200, page.said
    return f"/console/webhooks/{new[1]}", page.by_id("secret")


async def file(office: Office) -> str:
    player = Player(office.world, office.world.people[PEOPLE["lin"]], "en")
    await player.start()
    for step in ({"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"}):
        await player.step(step)
    (ticket,) = await office.world.services.store.reader.list_tickets()
    return ticket.number


def version(page: Page) -> tuple[str, str]:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return ("version", found[1])


async def test_a_secret_is_shown_once_and_two_submits_add_one_endpoint(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    page = await admin.get("/console/webhooks")
    new = re.search(r'name="endpoint" value="(\w+)"', page.text)
    assert new is not None
    fields = (("url", URL), ("label", "crm"), ("endpoint", new[1]), *KINDS)
    first = await post(admin, page.path, *fields)
    secret = first.by_id("secret")
    assert secret.startswith("whsec_")
    again = await post(admin, page.path, *fields)
    assert (again.status, "done=already" in again.to) == (303, True)
    page = await admin.get(again.to)
    assert secret not in page.text
    assert "replace the secret" in page.text
    assert (await admin.get("/console/webhooks")).text.count("/console/webhooks/") == 1


async def test_an_address_that_cannot_be_is_refused_and_the_form_is_kept(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get("/console/webhooks")
    fields = (("label", "<b>crm</b>"), ("endpoint", "cd" * 16), ("kind", "ticket.closed"))
    inner = ("url", "https://169.254.169.254/")
    page = await post(admin, "/console/webhooks", inner, *fields)
    assert page.status == 400
    assert "inner address" in page.said
    assert "&lt;b&gt;crm" in page.text
    assert 'value="cdcdcdcd' in page.text
    checked = re.findall(r'value="(\w+\.\w+)" checked', page.text)
    assert checked == ["ticket.closed"]
    page = await post(admin, "/console/webhooks", ("url", URL), ("endpoint", "cd" * 16))
    assert "at least one kind" in page.said


async def test_a_rate_is_set_shown_and_taken_away(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    address, _ = await added(admin, URL, *KINDS, ("max_per_second", "25"))
    page = await admin.get(address)
    shown = re.compile(r"<dt>Messages a second at most</dt>\s*<dd>25</dd>")
    assert shown.search(page.text)
    for refused in ("many", "0", "1001"):
        fields = (version(page), ("label", "crm"), *KINDS, ("max_per_second", refused))
        answer = await post(admin, f"{address}/subscribe", *fields)
        assert (answer.status, "1000 at most" in answer.said) == (400, True)
    fields = (version(page), ("label", "crm"), *KINDS, ("max_per_second", ""))
    await post(admin, f"{address}/subscribe", *fields)
    assert not shown.search((await admin.get(address)).text)


async def test_a_test_and_its_answer_are_seen(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    sender_of(office).answers[URL] = EndpointResponse(
        200, 0.042, text="<script>alert(1)</script> ok"
    )
    await admin.get(here)
    sent = await admin.post(f"{here}/test")
    assert "within seconds" in (await admin.get(sent.to)).said
    await send_all(office)
    page = await admin.get(sent.to)
    assert "42 ms" in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script>alert" not in page.text
    assert "endpoint.test" in page.text


async def test_a_test_of_a_chosen_type_is_sent_and_told_from_what_happened(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin, URL, ("kind", "ticket.overdue"), ("kind", "incident.sent"))
    choice = (await admin.get(here)).text.partition('id="test-kind"')[2].partition("</select>")[0]
    offered = re.findall(r'<option value="([\w.]+)"', choice)
    assert offered == ["endpoint.test", "ticket.overdue", "incident.sent"]
    sent = await post(admin, f"{here}/test", ("kind", "ticket.overdue"))
    await send_all(office)
    page = await admin.get(sent.to)
    assert '<span class="tag">Test</span>' in page.text
    assert "Send again" not in page.text
    message = json.loads(sender_of(office).posted[-1].body)
    check_event(message)
    assert (message["type"], message["test"]) == ("ticket.overdue", True)
    assert '<span class="tag">Test</span>' in (await admin.get(here)).text
    refused = await post(admin, f"{here}/test", ("kind", "ticket.filed"))
    assert (refused.status, "not sent this kind" in refused.said) == (409, True)
    assert (await post(admin, f"{here}/test", ("kind", "ticket.lost"))).status == 400


async def test_what_was_sent_is_listed_by_state_and_sent_again(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    number = await file(office)
    await send_all(office)
    page = await admin.get(here)
    assert page.text.count(number) >= 2
    assert number not in (await admin.get(f"{here}?state=parked")).text
    one = re.search(rf"{here}/deliveries/\w+", page.text)
    assert one is not None
    await admin.get(one[0])
    again = await admin.post(f"{one[0]}/replay")
    assert (await admin.get(again.to)).said == "1 message goes out again."
    refused = await admin.post(f"{one[0]}/replay")
    assert (refused.status, "on its way" in refused.said) == (409, True)
    await send_all(office)
    ids = [posted.message_id for posted in sender_of(office).posted]
    assert len(ids) == len(set(ids)) + 1
    span = {"since": "2026-06-01T00:00", "until": "2026-06-02T00:00"}
    again = await admin.post(f"{here}/replay", span)
    assert parse_qs(urlsplit(again.to).query)["count"] == ["2"]
    refused = await admin.post(f"{here}/replay", {"since": "", "until": "2026-06-02T00:00"})
    assert (refused.status, "both ends" in refused.said) == (400, True)


async def test_a_secret_is_replaced_with_an_overlap_and_a_stale_form_replaces_nothing(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    here, secret = await added(admin)
    seen = version(await admin.get(here))
    page = await admin.post(f"{here}/rotate", dict([seen, ("hours", "24")]))
    assert page.by_id("secret") != secret
    assert "the old secret signs as well" in page.text
    stale = await admin.post(f"{here}/rotate", dict([seen, ("hours", "24")]))
    assert (stale.status, "Nothing was changed" in stale.said) == (409, True)
    assert "whsec_" not in stale.text
    page = await admin.get(here)
    assert "The old secret signs, too, until" in page.text
    await post(
        admin, f"{here}/subscribe", version(page), ("label", "new"), ("kind", "ticket.closed")
    )
    page = await admin.get(here)
    assert ">new<" in page.text
    assert re.findall(r'value="(\w+\.\w+)" checked', page.text) == ["ticket.closed"]


async def test_an_address_is_changed_and_the_secret_moves_along_unless_another_runs_it(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    seen = version(await admin.get(here))
    inner = await post(admin, f"{here}/move", seen, ("url", "https://169.254.169.254/"))
    assert (inner.status, "inner address" in inner.said) == (400, True)
    assert 'value="https://169.254.169.254/"' in inner.text
    moved = await post(admin, f"{here}/move", seen, ("url", "https://new.example/in"))
    page = await admin.get(moved.to)
    assert "The address is changed" in page.said
    assert "https://new.example/in" in page.text
    stale = await post(admin, f"{here}/move", seen, ("url", URL))
    assert (stale.status, "Nothing was changed" in stale.said) == (409, True)
    away = await post(admin, f"{here}/move", version(page), ("url", URL), ("new_secret", "yes"))
    assert away.by_id("secret").startswith("whsec_")
    assert "old secret signs" not in away.text


async def test_switched_off_it_is_told_nothing_and_says_so(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    await admin.get(here)
    page = await admin.get((await admin.post(f"{here}/disable")).to)
    assert "told nothing more" in page.said
    refused = await admin.post(f"{here}/test")
    assert (refused.status, "switch it on first" in refused.said) == (409, True)
    await file(office)
    assert sender_of(office).posted == []
    page = await admin.get((await admin.post(f"{here}/enable")).to)
    assert "Switched on" in page.said


async def test_one_that_is_off_is_removed_and_one_that_is_on_is_not(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    await admin.get(here)
    refused = await admin.post(f"{here}/remove")
    assert (refused.status, "switch it off first" in refused.said) == (409, True)
    await admin.get((await admin.post(f"{here}/disable")).to)
    page = await admin.get((await admin.post(f"{here}/remove")).to)
    assert "Removed. It is told nothing more." in page.said
    assert here not in page.text
    assert (await admin.get(here)).status == 404


async def test_staff_are_told_on_every_page_of_a_system_that_gets_nothing(office: Office) -> None:
    here, _ = await added(await office.signed_in("xiao-chen"))
    sender_of(office).answers[URL] = UNREACHABLE
    await file(office)
    with structlog.testing.capture_logs() as logs:
        for _ in range(6):
            await send_all(office)
            await sending_of(office).watch()
            office.clock.move(timedelta(minutes=10))
    assert [one["event"] for one in logs if one["event"] == "webhook_failing"]
    admin, boss = await office.signed_in("xiao-chen"), await office.signed_in("lao-zhou")
    agent = await office.signed_in("mei")
    assert "does not get" in (await boss.get("/console/inbox")).text
    assert "Have a look" in (await admin.get("/console/inbox")).text
    assert "does not get" not in (await agent.get("/console/inbox")).text
    assert "Nothing has got through since" in (await admin.get(here)).text
    sender_of(office).answers.clear()
    office.clock.move(timedelta(hours=3))
    await send_all(office)
    await sending_of(office).watch()
    boss = await office.signed_in("lao-zhou")
    assert "does not get" not in (await boss.get("/console/inbox")).text


async def test_what_is_not_there_is_said(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    here, _ = await added(admin)
    for path in ("/console/webhooks/nothing", "/console/webhooks/" + "00" * 16, f"{here}?state=x"):
        assert (await admin.get(path)).status in {400, 404}, path
    assert (await admin.get(f"{here}/deliveries/{'00' * 16}")).status == 404
