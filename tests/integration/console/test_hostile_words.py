"""Words with markup, in every field that staff read, are words on every page of the console."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import pytest
from tests.common.console_cases import guardian
from tests.common.console_client import STAFF, Browser, Office, open_office
from tests.common.incidents import LOCALES
from tests.common.stories import PROFILE, Player, enter, picture, steps
from tests.integration.console.test_routes import TABLE

from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.inbox_views import InboxListing, InboxView
from privacydesk.domain.incidents import Audience, IncidentDraft, NoticePart
from privacydesk.domain.webhooks import EndpointResponse
from privacydesk.services.staff.tasks import NewTask

_PLANTED: Final = re.compile(r"\bplanted-(\w+)")
_MOST_PAGES: Final = 250
_TEAMS = [{"name": "payments", "labels": dict.fromkeys(LOCALES, "Payments"), "items": []}]


def planted(field: str) -> str:
    """Return words that become an element, leave an attribute, and name where they were put."""
    return (
        f"planted-{field} \"'><img src=x onerror=alert(1)><script>alert(2)</script>"
        "</textarea></title><svg onload=alert(3)> ' onfocus=alert(4)"
    )


def planted_name(field: str) -> str:
    """Return the same, short enough for a name."""
    return f"planted-{field} \"'><svg onload=a()>"


class Elements(HTMLParser):
    """Collects what a browser would run, and the texts that were planted.

    Attributes:
        run: elements and attributes that no page of ours has.
        seen: names of the fields whose words are shown.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.run: list[str] = []
        self.seen: set[str] = set()
        self._is_code = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that comes from planted words, and shown values of attributes."""
        names = {name for name, _ in attrs}
        values = [value or "" for _, value in attrs]
        if any(name.startswith("on") for name in names) or names & {"srcdoc", "style"}:
            self.run.append(self.get_starttag_text() or tag)
        self._is_code = tag == "script" and dict(attrs).get("type") != "application/json"
        if any(value.strip().lower().startswith("javascript:") for value in values):
            self.run.append(self.get_starttag_text() or tag)
        if tag in {"base", "iframe", "object", "embed"}:
            self.run.append(self.get_starttag_text() or tag)
        for value in values:
            self.seen |= set(_PLANTED.findall(value))

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a script."""
        self._is_code = False

    def handle_data(self, data: str) -> None:
        """Note shown words, and those that are part of a script."""
        if self._is_code and "alert(" in data:
            self.run.append(f"<script>{data}")
        self.seen |= set(_PLANTED.findall(data))


def test_planted_words_that_were_not_escaped_are_found() -> None:
    elements = Elements(f'<p>{planted("one")}</p><input value="{planted("two")}">')
    assert len(elements.run) >= 4
    assert elements.seen == {"one", "two"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    world = {"profile": {**PROFILE, "teams": _TEAMS}}
    async with open_office(tmp_path, world=world, staff_attempts_at_once=1_000) as opened:
        yield opened


async def _plant_by_users(office: Office) -> Player:
    """Have a user write into all that users write into; return who did."""
    player = await enter(office.world, "lin", "en")
    await steps(player, {"user": planted("opening")}, {"choose": "desk:menu"})
    await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": planted("story")})

    async def content() -> AsyncIterator[bytes]:
        yield picture()

    assert player.session is not None
    name = f"{planted('file')}.png".replace("/", "")
    receipt = await office.world.services.desk.store_upload(
        player.session, name=name, media_type="image/png", content=content()
    )
    await player.do("submit_uploads", uploads=[receipt.id], done=True, text=planted("beside"))
    await player.step({"choose": "desk:human"})
    await player.do("say", text=planted("waiting"))
    return player


async def _plant_by_staff(office: Office, player: Player) -> None:
    """Have staff write into all that colleagues read."""
    services, boss, mei = office.world.services.console, "lao-zhou", "mei"
    ticket = (await player.tickets())[0]
    staff = services.staff
    await staff.handling.claim(ticket.number, mei)
    await staff.handling.add_note(ticket.number, mei, planted("note"))
    await staff.tasks.create(ticket.number, mei, NewTask("payments", asked=planted("task")))
    await staff.escalations.escalate(ticket.number, mei, planted("escalation"))
    assert player.session is not None
    conversation = player.session.conversation.hex()
    await services.takeover.take(conversation, mei)
    await services.takeover.reply(conversation, mei, planted("reply"))
    await services.modules.save(boss, "hello", dict.fromkeys(LOCALES, planted("module")), seen=0)
    listing = InboxListing(InboxView.OPEN)
    await services.saved_views.add(boss, planted_name("view"), listing, shared=True)
    texts = {one: dict.fromkeys(NoticePart, planted("incident_text")) for one in LOCALES}
    draft = IncidentDraft(planted_name("incident"), Audience.LIST, texts, urgent=False)
    await services.incidents.prepare(draft, ["u-1001"], boss)
    assert services.tokens is not None
    await services.tokens.add(
        "crm", [Scope.TICKETS_READ], by="xiao-chen", display_name=planted_name("token")
    )
    await office.signin.agents.add("new-one", planted_name("agent"), Role.AGENT)
    await office.world.services.refresh_agents()


async def _plant_by_receivers(office: Office) -> None:
    """Have a webhook's receiver answer with markup."""
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.sending is not None
    assert webhooks.worker is not None
    url = "https://hooks.example/in"
    added = await webhooks.endpoints.add(url, by="xiao-chen", label=planted_name("endpoint"))
    sender = webhooks.sending._sender
    sender.answers[url] = EndpointResponse(status=500, seconds=0.1, text=planted("answer"))  # type: ignore[attr-defined]
    await webhooks.endpoints.test(added.endpoint, by="xiao-chen")
    while await webhooks.worker.run_once():
        continue


def _places(text: str) -> set[str]:
    found = re.findall(r'(?:href|data-live)="(/console/[^"#]*)"', text)
    return {one.replace("&amp;", "&") for one in found if "/sign-" not in one}


def _pattern(address: str) -> str:
    """Return what tells pages apart: of all that list something in some order, one is enough."""
    parts = urlsplit(address)
    names = sorted(one.partition("=")[0] for one in parts.query.split("&"))
    return f"{parts.path}?{names}"


async def _crawl(browser: Browser) -> tuple[list[str], set[str], int]:
    """Open all pages that lead from one to the other; return what would run, and what was seen."""
    wrong, seen = [], set()
    waiting, known = ["/console/"], {_pattern("/console/")}
    read = 0
    while waiting and read < _MOST_PAGES:
        address = waiting.pop(0)
        answer = await browser.client.get(
            address, headers={"Accept": "text/html"}, allow_redirects=False
        )
        read += 1
        if answer.content_type != "text/html":
            answer.close()
            continue
        text = await answer.text()
        elements = Elements(text)
        wrong += [f"{address}: {one}" for one in elements.run]
        seen |= elements.seen
        for place in sorted(_places(text)):
            if _pattern(place) not in known and not place.endswith("/live"):
                known.add(_pattern(place))
                waiting.append(place)
    return wrong, seen, read


async def test_nothing_that_anybody_wrote_runs_on_a_page_of_the_console(office: Office) -> None:
    player = await _plant_by_users(office)
    await guardian(office)
    await _plant_by_staff(office, player)
    await _plant_by_receivers(office)
    everything: set[str] = set()
    for name in STAFF:
        browser = await office.signed_in(name)
        wrong, seen, read = await _crawl(browser)
        assert not wrong, name
        assert read > 3, name
        everything |= seen
    assert everything == {
        "opening", "story", "file", "beside", "waiting", "note", "task", "escalation", "reply",
        "module", "view", "incident", "incident_text", "token", "agent", "endpoint", "answer",
    }  # fmt: skip


PARAMETERS: Final = (
    "q", "view", "sort", "kind", "language", "holder", "incident", "task", "team", "done", "about",
    "next", "first", "last", "period", "after", "before", "agent", "by", "what", "state", "name",
    "error", "said", "from", "to", "until", "number", "figure", "page", "limit", "year", "tab",
)  # fmt: skip


@pytest.mark.parametrize("name", ["", "lao-zhou", "xiao-chen"])
async def test_nothing_in_an_address_runs_on_the_page_that_repeats_it(
    office: Office, name: str
) -> None:
    browser = await (office.signed_in(name) if name else office.browser())
    paths = [
        *(path for method, path in TABLE if method == "GET" and not path.endswith("/live")),
        "/chat/", "/chat/policy", "/chat/receipts", "/api/docs",
    ]  # fmt: skip
    query = "&".join(f"{one}={quote(planted(one))}" for one in PARAMETERS)
    wrong, repeated = [], set()
    for path in paths:
        filled = re.sub(r"\{\w+\}", quote(planted("path"), safe=""), path)
        address = filled if "{" in path else f"{path}?{query}"
        answer = await browser.client.get(
            address, headers={"Accept": "text/html"}, allow_redirects=False
        )
        assert answer.status < 500, path
        elements = Elements(await answer.text())
        wrong += [f"{path}: {one}" for one in elements.run]
        repeated |= elements.seen
    assert not wrong
    assert repeated >= ({"first", "last"} if name == "lao-zhou" else set())


async def test_what_a_refused_form_shows_again_does_not_run(office: Office) -> None:
    browser = await office.browser()
    await browser.get("/console/sign-in")
    page = await browser.post(
        "/console/sign-in", {"name": planted("name"), "password": planted("password")}
    )
    elements = Elements(page.text)
    assert not elements.run
    assert elements.seen == {"name"}
