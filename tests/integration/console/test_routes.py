"""Who may open what: the table in ``docs/console.md``, walked."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from tests.common.console_cases import copy_of_data, guardian
from tests.common.console_client import STAFF, Browser, Office, open_office

from privacydesk.domain.agents import CASE_READERS, WORKERS, Role
from privacydesk.domain.agents import STAFF as EVERYBODY
from privacydesk.domain.signin import AccessKind
from privacydesk.web.console.access import check_access_rules, disclosing, staff
from privacydesk.web.console.app import make_console

DOCS = Path(__file__).parents[3] / "docs" / "console.md"
_ROW = re.compile(r"^\| `(GET|POST) (/console\S*)` \|(.+)\|$", re.MULTILINE)
_DEED = re.compile(r"^\| [^|`]+ \| `(GET|POST) (/console\S*)` \|(.+)\|$", re.MULTILINE)
_COLUMNS = (*EVERYBODY, "signed out")
_LINK = re.compile(r'href="(/console[^"]*)"')
_FORM = re.compile(r'<form[^>]*method="post"[^>]*action="(/console[^"]*)"')
_DISCLOSING = re.compile(r"^- `(GET|POST) (/console\S*)`$", re.MULTILINE)
JSON = {"Accept": "application/json"}


def _table() -> dict[tuple[str, str], dict[str, str]]:
    return {
        (row[1], row[2]): dict(
            zip(_COLUMNS, (cell.strip() for cell in row[3].split("|")), strict=True)
        )
        for row in _ROW.finditer(DOCS.read_text("utf-8"))
    }


TABLE = _table()


def _address(path: str) -> str:
    named = {
        "number": "RQ-0000-0000",
        "conversation": "00" * 16,
        "evidence": "00" * 16,
        "file": "00",
    }
    return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], "nobody"), path)


async def _reason(browser: Browser, method: str, path: str) -> tuple[int, str]:
    """Ask as a script would, without a form token; return the status and why it was refused."""
    answer = await browser.client.request(
        method, _address(path), headers=JSON, allow_redirects=False
    )
    try:
        if answer.content_type != "application/problem+json":
            return answer.status, answer.headers.get("Location", "")
        return answer.status, (await answer.json()).get("reason", "")
    finally:
        answer.close()


def test_the_table_names_every_route_and_no_other() -> None:
    routes = {
        (route.method, "/console" + route.resource.canonical)
        for route in make_console().router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == TABLE.keys()


async def test_what_hands_out_data_takes_a_recent_authentication(tmp_path: Path) -> None:
    listed = set(_DISCLOSING.findall(DOCS.read_text("utf-8")))
    assert {path.rpartition("/")[2] for _, path in listed} > {"{evidence}", "{file}", "account"}
    async with open_office(tmp_path, recent_minutes=30) as office:
        browser = await office.signed_in("xiao-chen")
        recent = {route for route in listed if await _asks_to_confirm(browser, *route)}
        assert not recent
        for minutes in (16, 15):
            office.clock.move(timedelta(minutes=minutes))
            await browser.get("/console/account")
        asking = {route for route in TABLE if await _asks_to_confirm(browser, *route)}
        assert asking == listed


async def _asks_to_confirm(browser: Browser, method: str, path: str) -> bool:
    return await _reason(browser, method, path) == (401, "confirm_first")


def test_a_route_that_hands_out_data_and_asks_for_nothing_starts_no_console() -> None:
    with pytest.raises(TypeError, match="@recently_authenticated"):
        disclosing(web.get("/all.csv", staff(Role.AUDITOR)(_act)))


async def _act(_request: web.Request) -> web.Response:
    return web.Response()


def test_an_act_of_administrators_that_does_not_ask_for_the_password_again_starts_no_console() -> (
    None
):
    app = web.Application()
    app.router.add_post("/act", staff(Role.ADMINISTRATOR)(_act))
    with pytest.raises(TypeError, match="@reauthenticated"):
        check_access_rules(app)


def test_what_each_role_does_agrees_with_what_it_may_open() -> None:
    rows = _DEED.findall(DOCS.read_text("utf-8"))
    assert len(rows) > 15
    for method, path, cells in rows:
        told = [cell.strip() != "no" for cell in cells.split("|")]
        opens = [TABLE[method, path][role] != "no" for role in EVERYBODY]
        assert told == opens, f"{method} {path}"


@pytest.mark.parametrize("name", STAFF)
async def test_each_role_opens_what_the_table_says_and_nothing_else(
    office: Office, name: str
) -> None:
    browser, role = await office.signed_in(name), STAFF[name]
    wrong = []
    denied = 0
    for (method, path), row in TABLE.items():
        if row[role] == "no":
            denied += 1
        status, reason = await _reason(browser, method, path)
        refused = (status, reason) == (403, "console_role")
        let_in = status != 401 and not reason.startswith("/console/sign-in?")
        if refused != (row[role] == "no") or not (refused or let_in):
            wrong.append(f"{method} {path}: {status} {reason}")
    assert not wrong
    entries = await office.signin.access_log.newest(agent=name, limit=500)
    roles = [one for one in entries if one.about.endswith("(role)")]
    assert len(roles) == denied
    assert {one.kind for one in roles} <= {AccessKind.FORBIDDEN}


async def test_without_a_sign_in_only_the_way_in_opens(office: Office) -> None:
    browser = await office.browser()
    denied = []
    with capture_logs() as logs:
        for (method, path), row in TABLE.items():
            status, reason = await _reason(browser, method, path)
            signed_out = (status, reason) == (401, "signed_out")
            told = f"{method} {path}: {status} {reason}"
            assert signed_out == (row["signed out"] == "sign in"), told
            if signed_out:
                denied.append(path)
    logged = [one["route"] for one in logs if one["event"] == "console_signed_out"]
    assert logged == denied


@pytest.mark.parametrize("name", STAFF)
async def test_no_page_shows_what_its_reader_may_not_open_or_do(office: Office, name: str) -> None:
    _, copy = await copy_of_data(office)
    _, child = await guardian(office)
    role = STAFF[name]
    holder = name if role in WORKERS else "mei"
    await office.world.services.staff.handling.claim(copy.number, holder)
    browser = await office.signed_in(name)
    cases = [
        *(f"/console/tickets/{ticket.number}" for ticket in (copy, child)),
        f"/console/conversations/{copy.conversation_id.hex()}",
    ]
    pages = [
        *(cases if role in CASE_READERS else ()),
        *(path for (method, path), row in TABLE.items() if _opens(method, path, row[role])),
    ]
    for path in pages:
        page = await browser.get(path)
        assert page.status in {200, 303}, f"{path}: {page.status}"
        for method, pattern in (("GET", _LINK), ("POST", _FORM)):
            for leads in pattern.findall(page.text):
                row = _row_of(method, unescape(leads).partition("?")[0].partition("#")[0])
                assert row[role] == "yes", f"{path} shows {role} {method} {leads}"


def _opens(method: str, path: str, may: str) -> bool:
    return (method, may) == ("GET", "yes") and "{" not in path and not path.endswith("/live")


def _row_of(method: str, path: str) -> dict[str, str]:
    for (one, pattern), row in TABLE.items():
        if one == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return row
    raise AssertionError(f"no row for {method} {path}")


async def test_a_page_without_a_sign_in_shows_the_way_in_and_leads_back(office: Office) -> None:
    browser = await office.browser()
    page = await browser.get("/console/people?done=role")
    assert page.status == 303
    assert page.to == "/console/sign-in?next=/console/people?done%3Drole"
    assert page.headers["Cache-Control"] == "no-store"


async def test_a_role_that_was_taken_away_is_gone_at_the_next_click(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    assert (await admin.get("/console/people")).status == 200
    await office.signin.agents.add("other", "", Role.ADMINISTRATOR)
    await office.signin.agents.change_role("xiao-chen", Role.AGENT)
    assert (await admin.get("/console/people")).status == 403


async def test_unknown_addresses_are_told_on_a_page_of_the_console(office: Office) -> None:
    browser = await office.signed_in("mei")
    page = await browser.get("/console/nothing-here")
    assert page.status == 404
    assert "data-hold" in page.text
