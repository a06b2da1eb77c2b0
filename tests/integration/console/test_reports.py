from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from tests.common.console_client import Office
from tests.common.past_requests import add_past_requests

from privacydesk.domain.figures import FigureName

CSV = "text/csv; charset=utf-8"


@pytest.fixture
async def busy(office: Office) -> Office:
    await add_past_requests(office.world.services, 60)
    return office


def charts(text: str) -> list[str]:
    """Return the drawings of the figures, without the icons of the navigation."""
    return re.findall(r'<svg [^>]*class="chart".*?</svg>', text, re.DOTALL)


@pytest.mark.parametrize("name", ["lao-zhou", "xiao-chen", "he-an"])
async def test_whoever_looks_over_the_desk_sees_all_figures(busy: Office, name: str) -> None:
    browser = await busy.signed_in(name)
    page = await browser.get("/console/reports")
    assert page.status == 200
    for figure in FigureName:
        assert f'id="{figure.value}"' in page.text
    assert len(charts(page.text)) == len(FigureName)
    assert 'aria-current="page">Last 30 days' in page.text


async def test_an_agent_is_shown_neither_the_page_nor_the_way_to_it(busy: Office) -> None:
    mei = await busy.signed_in("mei")
    assert (await mei.get("/console/reports")).status == 403
    assert "/console/reports" not in (await mei.get("/console/inbox")).text


async def test_each_chart_is_named_described_and_told_again_in_a_table(busy: Office) -> None:
    boss = await busy.signed_in("lao-zhou")
    page = await boss.get("/console/reports")
    drawn = charts(page.text)
    assert drawn
    for svg in drawn:
        chart = ET.fromstring(svg)  # noqa: S314 - our own markup
        title, told = chart[0].text, chart[1].text
        assert title
        assert re.search(r": \d", told or "")
        named = chart.attrib["aria-labelledby"].split()
        assert [chart[0].attrib["id"], chart[1].attrib["id"]] == named
        assert f'<caption class="unseen">{title}</caption>' in page.text


async def test_a_period_of_free_days_is_shown_and_stays_in_the_form(busy: Office) -> None:
    boss = await busy.signed_in("lao-zhou")
    page = await boss.get("/console/reports?first=2026-05-01&last=2026-05-31")
    assert 'name="first" value="2026-05-01"' in page.text
    assert "csv?first=2026-05-01&amp;last=2026-05-31" in page.text
    quiet = await boss.get("/console/reports?first=2020-01-01&last=2020-01-01")
    assert quiet.text.count("Nothing was counted in this period.") == len(FigureName)


@pytest.mark.parametrize(
    "query",
    ["first=2026-06-02&last=2026-06-01", "first=x&last=2026-06-01", "first=2026-06-01",
     "first=1990-01-01&last=2026-01-01", "period=never", "first=%3Cscript%3E&last=2026-06-01",
     "first=0001-01-01&last=0001-01-01", "first=9999-12-31&last=9999-12-31"],
)  # fmt: skip
async def test_a_period_that_is_none_is_said_plainly(busy: Office, query: str) -> None:
    boss = await busy.signed_in("lao-zhou")
    page = await boss.get(f"/console/reports?{query}")
    assert page.status == 400
    assert "There is no such period" in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize("figure", list(FigureName))
async def test_a_figure_is_taken_along_as_a_file(busy: Office, figure: FigureName) -> None:
    boss = await busy.signed_in("lao-zhou")
    answer = await boss.client.get(f"/console/reports/{figure.value}/csv?period=last_30_days")
    body = await answer.read()
    assert answer.headers["Content-Type"] == CSV
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert body.startswith(b"\xef\xbb\xbf")
    assert len(body.splitlines()) > 1
    picture = await boss.client.get(f"/console/reports/{figure.value}/svg?period=last_30_days")
    assert picture.content_type == "image/svg+xml"
    assert ET.fromstring(await picture.text()).tag.endswith("svg")  # noqa: S314 - our own markup


async def test_a_figure_that_there_is_not_is_not_found(busy: Office) -> None:
    boss = await busy.signed_in("lao-zhou")
    assert (await boss.get("/console/reports/nothing/csv")).status == 404


@pytest.mark.parametrize(
    ("language", "title"), [("zh_Hans", "统计报表"), ("zh_Hant", "統計報表"), ("en", "Reports")]
)
async def test_a_report_speaks_the_reader_s_language(
    busy: Office, language: str, title: str
) -> None:
    boss = await busy.signed_in("lao-zhou")
    await boss.get("/console/reports")
    await boss.post("/console/language", {"locale": language})
    page = await boss.get("/console/reports")
    assert f"<h1>{title}</h1>" in page.text
