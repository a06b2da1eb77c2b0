"""The requests that a new demo begins with: they are there once, at every time of the year."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.common.policies import bring_sample_policy

from privacydesk.demo.data_folder import needs_seeding
from privacydesk.demo.files import make_folder
from privacydesk.demo.run import Demo, open_demo
from privacydesk.demo.sample_requests import SCRIPTS
from privacydesk.domain.inbox_views import InboxFilter, InboxListing, InboxView
from privacydesk.domain.incidents import IncidentState
from privacydesk.domain.ticket import Outcome, Satisfaction, Ticket, TicketState

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.by_turns(2)]

MONDAY = "2026-09-28T10:00:00+08:00"
IN_THE_HOLIDAYS = "2026-10-04T02:30:00+08:00"


@asynccontextmanager
async def seeded(folder: Path, now: str = MONDAY, *, empty: bool = False) -> AsyncIterator[Demo]:
    make_folder(folder)
    bring_sample_policy(folder)
    async with open_demo(data_dir=folder, now=now, empty=empty) as demo:
        yield demo


async def tickets_of(demo: Demo) -> tuple[Ticket, ...]:
    return await demo.services.store.reader.list_tickets(limit=100)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """Return one seeded demo that no test changes."""
    async with seeded(tmp_path_factory.mktemp("seeded") / "demo") as running:
        yield running


async def check_states(demo: Demo) -> None:
    tickets = await tickets_of(demo)
    # The objection is a request of its own.
    assert len(tickets) == len(SCRIPTS)
    states = Counter(ticket.state for ticket in tickets)
    assert states[TicketState.AWAITING_VERIFICATION] == 2
    assert states[TicketState.AWAITING_REQUESTER] == 1
    assert states[TicketState.CLOSED] == 3
    assert {ticket.outcome for ticket in tickets} == {None, Outcome.FULFILLED, Outcome.REFUSED}
    assert Satisfaction.SATISFIED in {ticket.satisfaction for ticket in tickets}
    assert any(ticket.packages for ticket in tickets)
    assert any(ticket.work.first_due for ticket in tickets)
    assert {"objection", "document", "teen", "under_14"} <= {
        flag for ticket in tickets for flag in ticket.flags
    }
    assert {ticket.locale for ticket in tickets} == {"zh_Hans", "zh_Hant", "en"}


async def test_a_new_demo_has_requests_in_every_state(demo: Demo) -> None:
    await check_states(demo)
    (waiting,) = await demo.services.takeover.waiting(limit=10)
    assert waiting.account == "u-2113"


async def test_a_demo_that_starts_at_night_in_the_holidays_has_them_too(tmp_path: Path) -> None:
    async with seeded(tmp_path / "demo", IN_THE_HOLIDAYS) as demo:
        await check_states(demo)


async def test_one_answer_is_due_today_and_one_is_overdue_with_an_alarm(demo: Demo) -> None:
    due = sorted(
        ticket.clock.due_date
        for ticket in await tickets_of(demo)
        if ticket.clock is not None and ticket.is_open
    )
    # 25 to 27 September are off.
    assert due[:2] == [date(2026, 9, 24), date(2026, 9, 28)]
    alarms = await demo.services.alarms.alarms_of("lao-zhou")
    assert "overdue" in {alarm.kind.value for alarm in alarms}


async def test_the_objection_is_reviewed_by_another_agent(demo: Demo) -> None:
    (objection,) = [one for one in await tickets_of(demo) if "objection" in one.flags]
    assert objection.excluded_reviewers == ("mei",)
    assert objection.holder == "wing"


async def test_an_applicant_can_be_played_and_sees_their_request(demo: Demo) -> None:
    async with aiohttp.ClientSession(demo.address) as client:
        async with client.post("/demo/token", json={"person": "su-xiaotang"}) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with client.post(
            "/chat/v1/session", json={"type": "hello"}, headers=headers
        ) as answer:
            assert answer.status == 200
        async with client.get("/chat/v1/events?after=0", headers=headers) as answer:
            page = await answer.json()
    assert "package" in {event["kind"] for event in page["events"]}


async def test_a_notice_was_sent_and_read_by_some_and_another_waits_to_be_released(
    demo: Demo,
) -> None:
    services = demo.services
    second, first = await services.console.incidents.all()
    assert (second.state, first.state) == (IncidentState.DRAFT, IncidentState.SENT)
    progress = await services.console.incidents.progress(first)
    assert (progress.told, progress.read, progress.waiting, progress.failed) == (9, 3, 0, 0)
    # Two accounts of the list have no phone on record.
    assert progress.unreached == 2
    following = InboxListing(InboxView.OPEN, InboxFilter(incident=first.id.hex()))
    assert await services.console.inbox.count(following, services.agents["lao-zhou"]) == 2


async def test_webhooks_were_delivered(demo: Demo) -> None:
    (status,) = await demo.services.webhooks.endpoints.all()
    assert len(await demo.services.webhooks.endpoints.postings(status.endpoint.id)) > 30
    assert (status.waiting, status.parked) == (0, 0)


async def test_a_restart_does_not_seed_again_and_keeps_accounts_and_webhooks(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    async with seeded(folder) as demo:
        before = {ticket.number for ticket in await tickets_of(demo)}
        seen = demo.clock.now()
    async with seeded(folder) as demo:
        assert {ticket.number for ticket in await tickets_of(demo)} == before
        assert demo.clock.now() >= seen
        async with (
            aiohttp.ClientSession(demo.address) as client,
            client.get("/demo/people/wen-ruyu.json?lang=zh-Hans") as answer,
        ):
            account = (await answer.json())["account"]
        rows = {row["name"]: row["value"] for group in account for row in group["rows"]}
        assert rows["nickname"] == "温如玉本人"
        # The port is another one.
        (status,) = await demo.services.webhooks.endpoints.all()
        assert status.endpoint.url == f"{demo.address}/demo/webhooks"


async def test_an_empty_demo_stays_empty(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    async with seeded(folder, empty=True) as demo:
        assert await tickets_of(demo) == ()
    async with seeded(folder) as demo:
        assert await tickets_of(demo) == ()


async def test_what_an_interrupted_seeding_left_is_removed(tmp_path: Path) -> None:
    assert needs_seeding(tmp_path)
    for name in ("seeding", "privacydesk.db", "privacydesk.db-wal", "accounts.json"):
        (tmp_path / name).touch()
    assert needs_seeding(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*")) == ["seeding"]  # noqa: ASYNC240
    (tmp_path / "seeding").rename(tmp_path / "privacydesk.db")
    assert not needs_seeding(tmp_path)
