from __future__ import annotations

import csv
import io

import pytest
from tests.common.console_client import Browser, Office
from tests.common.past_requests import add_past_requests

from privacydesk.domain.audit import AuditEntry
from privacydesk.services import audit as audit_service

LISTS = {
    "/console/inbox/export?view=open": "inbox_open",
    "/console/reports/requests?period=last_30_days": "requests",
    "/console/audit/export": "audit",
    "/console/people/access/export": "access_log",
}


async def taken(browser: Browser, path: str) -> list[list[str]]:
    answer = await browser.client.get(path, headers={"Accept-Language": "en"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    raw = await answer.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


async def noted(office: Office) -> list[AuditEntry]:
    """Return what the audit tells of lists taken: that one begins, then that it ended."""
    upkeep = office.world.services.maintenance
    assert upkeep is not None
    entries = [one.entry for one in await upkeep.trail.entries(limit=1000)]
    taken = [one for one in entries if one.what in {"export_begun", "exported"}]
    # The tests' clock stands still, and entries of one instant have no order.
    return sorted(taken, key=lambda one: one.what)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_that_is_taken_is_whole_and_noted(office: Office, path: str) -> None:
    await add_past_requests(office.world.services, 60)
    browser = await office.signed_in("xiao-chen")
    rows = await taken(browser, path)
    assert len({len(row) for row in rows}) == 1
    begun, done = await noted(office)
    assert (begun.by, begun.what, begun.detail) == (
        "xiao-chen",
        "export_begun",
        {"listing": LISTS[path]},
    )
    assert (done.by, done.what) == ("xiao-chen", "exported")
    assert done.detail == {"listing": LISTS[path], "rows": len(rows) - 1}


async def test_requests_of_a_period_are_all_in_it_closed_ones_too(office: Office) -> None:
    numbers = await add_past_requests(office.world.services, 300)
    browser = await office.signed_in("lao-zhou")
    head, *rows = await taken(browser, "/console/reports/requests?period=last_30_days")
    assert sorted(row[0] for row in rows) == sorted(numbers)
    received = head.index("Received")
    assert [row[received] for row in rows] == sorted(row[received] for row in rows)
    quiet = await taken(browser, "/console/reports/requests?first=2020-01-01&last=2020-01-02")
    assert quiet == [head]


async def test_what_people_wrote_runs_in_no_spreadsheet(office: Office) -> None:
    services = office.world.services
    await services.staff.roster.add("evil", "=HYPERLINK(1)", services.agents["mei"].role)
    await services.refresh_agents()
    await add_past_requests(services, 5, holder="evil")
    browser = await office.signed_in("lao-zhou")
    head, *rows = await taken(browser, "/console/reports/requests?period=last_30_days")
    assert {row[head.index("Assignee")] for row in rows} == {"'=HYPERLINK(1)"}


async def test_a_list_longer_than_a_file_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_service, "MAX_EXPORT_ROWS", 7)
    monkeypatch.setattr("privacydesk.web.console.exports.MAX_EXPORT_ROWS", 7)
    await add_past_requests(office.world.services, 20)
    browser = await office.signed_in("lao-zhou")
    _, *rows, last = await taken(browser, "/console/reports/requests?period=last_30_days")
    assert len(rows) == 7
    assert last[0].startswith("At most 7 rows are in a file")
    assert (await noted(office))[-1].detail["rows"] == 7


async def test_an_agent_takes_no_list_and_is_offered_none(office: Office) -> None:
    await add_past_requests(office.world.services, 5)
    mei = await office.signed_in("mei")
    for path in LISTS:
        assert (await mei.get(path)).status == 403
    assert "/export" not in (await mei.get("/console/inbox?view=open")).text
    boss = await office.signed_in("lao-zhou")
    assert "/console/inbox/export?view=open" in (await boss.get("/console/inbox?view=open")).text
    assert await noted(office) == []


async def test_a_list_that_there_is_not_is_refused_and_not_noted(office: Office) -> None:
    boss = await office.signed_in("lao-zhou")
    assert (await boss.get("/console/inbox/export?view=nothing")).status == 404
    assert (await boss.get("/console/reports/requests?first=x&last=y")).status == 400
    assert await noted(office) == []
