"""The administrators' index of settings, and what it shows of those in files."""

from __future__ import annotations

import re

from tests.common.console_client import Office

from privacydesk.calendars import OverrideDay, Overrides


async def test_only_administrators_see_the_settings(office: Office) -> None:
    for name, status in {"xiao-chen": 200, "lao-zhou": 403, "mei": 403, "he-an": 403}.items():
        page = await (await office.signed_in(name)).get("/console/settings")
        assert page.status == status


async def test_the_index_leads_to_every_page_of_administration(office: Office) -> None:
    page = await (await office.signed_in("xiao-chen")).get("/console/settings")
    linked = page.text.partition('class="settings-links"')[2].partition("</ul>")[0]
    assert set(re.findall(r'href="/console/([^"]+)"', linked)) == {
        "people", "texts", "webhooks", "tokens", "people/access", "audit",
    }  # fmt: skip
    assert "4 active people" in page.text


async def test_days_that_the_operator_has_set_are_counted_and_listed(office: Office) -> None:
    deadlines = office.world.services.deadlines
    year = deadlines.today(office.clock.now()).year
    calendar = deadlines.calendars.get("CN")
    day = next(day for day, _ in calendar.year(year).off).replace(month=8, day=12)
    added = Overrides("CN", {day: OverrideDay(working=False, reason="Founding day")}, frozenset())
    deadlines.calendars = deadlines.calendars.with_overrides(added)
    page = await (await office.signed_in("xiao-chen")).get("/console/settings")
    assert f"CN {year} · final · 1 day set by you" in page.text
    assert f'<time datetime="{day}">' in page.text
    assert "Founding day" in page.text
