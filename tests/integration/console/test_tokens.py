from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.common.api_client import Program, program, tokens_of
from tests.common.console_client import HTML, Browser, Office, Page

from privacydesk.domain.api_tokens import Scope
from privacydesk.services.integrations.api_tokens import NewToken

NEW: Mapping[str, str] = {"name": "crm", "display_name": "CRM", "days": "30"}


def _new_id(page: Page) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{32})"', page.text)
    assert found is not None
    return found[1]


async def make(boss: Browser, **more: Any) -> Page:
    page = await boss.get("/console/tokens")
    return await boss.post(
        "/console/tokens",
        {**NEW, "token": _new_id(page), "scope": Scope.TICKETS_READ.value, **more},
    )


async def test_a_token_is_shown_once_and_opens_what_was_chosen(office: Office) -> None:
    boss = await office.signed_in("xiao-chen")
    page = await make(boss)
    secret = page.by_id("secret")
    assert secret.startswith("pdk_")
    listed = await boss.get("/console/tokens")
    assert secret not in listed.text
    assert "tickets:read" in listed.text
    assert ">never<" in listed.text
    (token,) = await tokens_of(office).all()
    assert token.created_by == "xiao-chen"
    reader = Program(office, NewToken(token, secret))
    assert (await reader.get("/tickets")).status == 200
    assert (await reader.get("/conversations")).status == 403
    assert ">never<" not in (await boss.get("/console/tokens")).text


async def test_two_submits_make_one_token(office: Office) -> None:
    boss = await office.signed_in("xiao-chen")
    page = await boss.get("/console/tokens")
    sent = {**NEW, "token": _new_id(page), "scope": Scope.TICKETS_READ.value}
    assert (await boss.post("/console/tokens", sent)).status == 200
    again = await boss.post("/console/tokens", sent)
    assert again.to == "/console/tokens?done=already"
    assert "made already" in (await boss.get(again.to)).text
    assert len(await tokens_of(office).all()) == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": "mei"}, "A member of staff has this name"),
        ({"name": "two words"}, "lowercase letters"),
        ({"days": "367"}, "1 to 366 days"),
        ({"days": "0"}, "1 to 366 days"),
    ],
)
async def test_what_can_t_be_is_told_and_the_form_keeps_what_was_typed(
    office: Office, more: dict[str, str], told: str
) -> None:
    boss = await office.signed_in("xiao-chen")
    page = await make(boss, **more)
    assert told in page.said
    assert 'value="CRM"' in page.text
    assert 'value="tickets:read" checked' in page.text
    assert await tokens_of(office).all() == ()


async def test_revoking_holds_from_the_next_request_on(office: Office) -> None:
    reader = await program(office)
    boss = await office.signed_in("xiao-chen")
    await boss.get("/console/tokens")
    done = await boss.post(f"/console/tokens/{reader.made.token.id.hex()}/revoke")
    assert "Nothing can be done with it" in (await boss.get(done.to)).said
    assert (await reader.get("/tickets")).status == 401


async def test_a_request_may_be_given_to_an_integration_and_people_are_listed_without_it(
    office: Office,
) -> None:
    await program(office, name="crm")
    boss = await office.signed_in("xiao-chen")
    assert "crm" not in (await boss.get("/console/people")).text
    assert "crm" not in (await boss.get("/console/team")).text


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
async def test_the_description_is_a_page_without_scripts_in_the_reader_s_language(
    office: Office, language: str
) -> None:
    browser = await office.browser()
    answer = await browser.client.get("/api/docs", headers=HTML | {"Accept-Language": language})
    text = await answer.text()
    assert answer.status == 200
    assert "<script" not in text
    assert " style=" not in text
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert links <= set(re.findall(r'id="([^"]+)"', text))
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
