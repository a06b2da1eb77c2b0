"""What is compressed over the wire, and what is not because its length might give a secret away."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from tests.common.console_client import Browser, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

_STATIC = Path(__file__).resolve().parents[3] / "src/privacydesk/web/static"
_SCRIPT = re.compile(r'(?:href|src)="/static/[0-9a-f]{12}/([^"]+\.js)"')
_ASSET = re.compile(r'(?:href|src)="(/static/[0-9a-f]{12}/[^"]+)"')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with open_office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def fetch(browser: Browser, path: str, **headers: str) -> tuple[ClientResponse, bytes]:
    """Return a response and its body as it came over the wire."""
    told = {"Accept": "text/html", "Accept-Encoding": "gzip", **headers}
    session = browser.client.session
    address = browser.client.make_url(path)
    async with session.get(address, headers=told, auto_decompress=False) as answer:
        return answer, await answer.read()


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_a_page_is_compressed_for_its_own_reader(mei: Browser, site: str) -> None:
    answer, body = await fetch(mei, "/console/inbox", **{"Sec-Fetch-Site": site})
    plain, text = await fetch(mei, "/console/inbox", **{"Accept-Encoding": "identity"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert len(body) < len(text) / 2
    assert b'id="inbox"' in gzip.decompress(body)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "site", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}]
)
async def test_no_page_is_compressed_that_another_site_may_have_asked_for(
    mei: Browser, site: dict[str, str]
) -> None:
    answer, body = await fetch(mei, "/console/inbox?q=guess", **site)
    assert "Content-Encoding" not in answer.headers
    assert b'id="inbox"' in body


async def test_answers_to_forms_are_not_compressed(office: Office) -> None:
    browser = await office.browser()
    await browser.get("/console/sign-in")
    page = await browser.post(
        "/console/sign-in",
        {"name": "nobody", "password": "wrong wrong wrong"},
        headers={"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"},
    )
    assert page.status != 303
    assert "Content-Encoding" not in page.headers


async def test_no_two_pages_repeat_a_form_token_and_each_is_accepted(office: Office) -> None:
    browser = await office.signed_in("lao-zhou")
    await browser.get("/console/team")
    first = browser.token
    await browser.get("/console/team")
    assert browser.token != first
    for token in (first, browser.token):
        page = await browser.post("/console/duty", {"state": "away"}, token=token)
        assert page.status == 303
    for token in ("", "x", "é", first[:-4], first[4:], "A" * len(first)):
        page = await browser.post("/console/duty", {"state": "away"}, token=token)
        assert page.status == 403


async def test_static_files_are_compressed_and_cached_for_good(mei: Browser) -> None:
    _, page = await fetch(mei, "/chat/", **{"Accept-Encoding": "identity"})
    addresses = set(_ASSET.findall(page.decode()))
    assert any(address.endswith("/js/main.bundle.js") for address in addresses)
    for address in addresses:
        answer, body = await fetch(mei, address)
        plain, text = await fetch(mei, address, **{"Accept-Encoding": "gzip;q=0"})
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Content-Encoding" not in plain.headers
        if answer.headers.get("Content-Encoding") == "gzip":
            assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
            assert len(body) < len(text)
            body = gzip.decompress(body)
        assert body == text


async def test_the_chat_page_is_small_and_compressed_for_everybody(mei: Browser) -> None:
    answer, page = await fetch(mei, "/chat/", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["Content-Encoding"] == "gzip"
    sizes = [len(page)]
    for address in set(_ASSET.findall(gzip.decompress(page).decode())):
        _, body = await fetch(mei, address)
        sizes.append(len(body))
    assert sum(sizes) <= 120_000


async def test_a_page_names_every_module_that_its_scripts_import(mei: Browser) -> None:
    _, page = await fetch(mei, "/console/inbox", **{"Accept-Encoding": "identity"})
    named = {_STATIC / one for one in _SCRIPT.findall(page.decode())}
    assert named
    for module in named:
        imported = re.findall(r'from "(\.{1,2}/[^"]+)"', module.read_text())
        assert {(module.parent / one).resolve() for one in imported} <= named
