"""Views of the inbox under a name: one's own, and those that supervisors share."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.common.console_cases import copy_of_data, enter
from tests.common.console_client import Browser, Office, Page

from privacydesk.domain.saved_views import MAX_VIEWS, SavedView

QUERY = "view=open&kind=access&sort=received"


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


@pytest.fixture
async def boss(office: Office) -> Browser:
    return await office.signed_in("lao-zhou")


async def save(browser: Browser, name: str, query: str = QUERY, **more: str) -> Page:
    await browser.get(f"/console/inbox?{query}")
    return await browser.post("/console/inbox/views", {"name": name, "query": query, **more})


def saved(page: Page) -> list[tuple[str, str, bool, int]]:
    """Return name, address, whether it is the current one, and count of each saved view."""
    _, _, part = page.text.partition('class="views-title"')
    row = (
        r'<a href="([^"]+)"( aria-current="page")?><span>([^<]*)(?:<small.*?)?</span> <b[^>]*>(\d+)'
    )
    found = re.findall(row, part.partition("</nav>")[0])
    return [(unescape(n).strip(), unescape(a), bool(c), int(count)) for a, c, n, count in found]


async def views_of(office: Office, name: str) -> tuple[SavedView, ...]:
    services = office.world.services.console
    return await services.saved_views.visible_to(services.agents[name])


async def test_what_the_page_lists_is_kept_under_a_name(office: Office, mei: Browser) -> None:
    await copy_of_data(office)
    page = await save(mei, " Copies,  newest ")
    assert page.to == f"/console/inbox?{QUERY}&done=view_saved"
    page = await mei.get(page.to)
    assert page.said == "The view was saved."
    assert saved(page) == [("Copies, newest", f"/console/inbox?{QUERY}", True, 1)]
    other = await mei.get("/console/inbox?view=open")
    assert saved(other) == [("Copies, newest", f"/console/inbox?{QUERY}", False, 1)]


async def test_my_own_conversations_count_in_a_view_of_mine(office: Office, mei: Browser) -> None:
    player = await enter(office, "lin", {"choose": "desk:human"})
    assert player.session is not None
    await office.world.services.takeover.take(player.session.conversation.hex(), "mei")
    query = "view=mine&language=en"
    page = await mei.get((await save(mei, "English", query)).to)
    assert saved(page) == [("English", f"/console/inbox?{query}", True, 1)]


async def test_views_are_their_owners_unless_a_supervisor_shares_them(
    office: Office, mei: Browser, boss: Browser
) -> None:
    await save(mei, "Mine")
    assert await views_of(office, "lao-zhou") == ()
    refused = await save(mei, "Everybody's", shared="on")
    assert refused.status == 403
    assert "Everybody&#39;s" in refused.text, "what was typed is still there"
    await save(boss, "Team", "view=unassigned&sort=waiting", shared="on")
    assert [view.name for view in await views_of(office, "mei")] == ["Mine", "Team"]
    team = (await views_of(office, "mei"))[1]
    await mei.get("/console/inbox")
    address = f"/console/inbox/views/{team.id.hex()}"
    form = {"name": "Hers", "seen": "1", "query": QUERY}
    assert (await mei.post(f"{address}/change", form)).status == 403
    assert (await mei.post(f"{address}/remove", form)).status == 403
    mine = (await views_of(office, "mei"))[0]
    stolen = await boss.post(f"/console/inbox/views/{mine.id.hex()}/remove", form)
    assert stolen.status == 404


async def test_a_view_is_renamed_and_removed_as_it_was_seen(office: Office, mei: Browser) -> None:
    await save(mei, "Copies")
    (view,) = await views_of(office, "mei")
    address = f"/console/inbox/views/{view.id.hex()}"
    page = await mei.get(f"/console/inbox?{QUERY}")
    assert f'action="{address}/change"' in page.text
    form = {"name": "Copies of data", "seen": "1", "query": QUERY}
    assert (await mei.post(f"{address}/change", form)).to.endswith("done=view_changed")
    late = await mei.post(f"{address}/change", form | {"name": "Other"})
    assert late.status == 409
    assert late.said.startswith("Not done: somebody else")
    assert [one.name for one in await views_of(office, "mei")] == ["Copies of data"]
    assert (await mei.post(f"{address}/remove", form | {"seen": "2"})).status == 303
    assert await views_of(office, "mei") == ()
    trail = office.world.services.maintenance.trail
    acts = [sealed.entry.what for sealed in await trail.entries(by="mei")]
    assert acts.count("saved_view_saved") == 2
    assert acts.count("saved_view_removed") == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
async def test_a_name_is_short_and_not_empty(office: Office, mei: Browser, name: str) -> None:
    assert (await save(mei, name)).status == 400
    assert await views_of(office, "mei") == ()


async def test_a_name_is_used_once_and_there_are_only_so_many(office: Office, mei: Browser) -> None:
    for number in range(MAX_VIEWS):
        assert (await save(mei, f"View {number}")).status == 303
    taken = await save(mei, "view 3")
    assert taken.said == "There is a view of this name already: choose another."
    assert (await save(mei, "One more")).said.startswith("There may be 20 views")


@pytest.mark.parametrize("query", ["view=queue", "q=lin", "view=nothing", "view=open&sort=size"])
async def test_only_a_view_of_requests_is_kept(office: Office, mei: Browser, query: str) -> None:
    assert (await save(mei, "No", "view=open")).status == 303
    page = await mei.post("/console/inbox/views", {"name": "Other", "query": query})
    assert page.status == 404
