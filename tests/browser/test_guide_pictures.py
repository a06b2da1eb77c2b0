"""The pictures of the agents' guide, made from the pages as they are.

``GUIDE_PICTURES`` names the folder that they are written to::

    GUIDE_PICTURES=docs/images pytest tests/browser/test_guide_pictures.py

Without it they are made all the same and thrown away, so that the guide's way is walked.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect
from tests.browser.demo_stage import Photos, Stage, Visitor, staged
from tests.browser.desk_page import DeskPage
from tests.browser.tongues import Tongue

from privacydesk.services.staff.decisions import SECOND_EYES

pytestmark = pytest.mark.browser

DOCS = Path(__file__).parents[2] / "docs"
COLOURS = 64
LARGEST = 60_000
GUIDES = {"zh-Hans": "agents-guide.zh.md", "en": "agents-guide.md"}
NAMES = ("inbox", "conversation", "evidence", "decision", "second-eyes")


@dataclass(frozen=True, slots=True)
class Album:
    """Where the pictures of one language go."""

    folder: Path
    lang: str

    async def take(self, name: str, of: Page | Locator) -> None:
        """Keep a picture, in few colours, so that the repository stays small."""
        shot = Image.open(io.BytesIO(await of.screenshot())).convert("RGB")
        small = shot.quantize(COLOURS, dither=Image.Dither.NONE)
        file = self.folder / f"agents-guide-{name}.{self.lang}.png"
        small.save(file, optimize=True)
        assert file.stat().st_size <= LARGEST, f"{file.name} is too large to keep"


async def _guardian(mother: Visitor, tongue: Tongue) -> str:
    await mother.open_desk("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account=tongue.of("乐乐爱画画", "", "Lele draws"),
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.verify()
    await mother.chat.hand_in(tongue.of("户口本.jpg", "", "family register.jpg"))
    await mother.chat.hears("guardian.filed")
    return await mother.number("awaiting_verification")


async def _wishes(stage: Stage, tongue: Tongue) -> tuple[Visitor, str]:
    """Have three people ask for something; return one who waits, and the mother's number."""
    none = Photos(None, "guide")
    lin = await stage.visit("lin-xiaoyu", tongue, none)
    await lin.open_desk("deletion")
    await lin.chat.tick("posts")
    await lin.verify()
    await lin.chat.choose("yes")
    await lin.chat.hears("deletion.filed")
    await lin.page.locator("#person").click()
    await lin.chat.hears("owner.queued")
    liu = await stage.visit("liu-yang", tongue, none)
    await liu.open_desk("complaint")
    await liu.chat.choose("marketing")
    await liu.chat.say(tongue.of("退订了还收到短信", "", "I unsubscribed and still get ads"))
    await liu.chat.choose("_skip")
    await liu.chat.hears("complaint.filed")
    mother = await stage.visit("wang-fang", tongue, none)
    return lin, await _guardian(mother, tongue)


async def _conversation(mei: DeskPage, lin: Visitor, album: Album, tongue: Tongue) -> None:
    await mei.goes("inbox?view=queue")
    await mei.page.locator("[data-row]").click()
    await mei.does("take")
    reply = tongue.of("您好，我是小美，在看您的申请。", "", "Hello, I am Mei and looking at it.")
    await mei.sends(reply)
    await expect(lin.chat.log).to_contain_text(reply)
    await lin.chat.say(tongue.of("好的，谢谢", "", "Good, thank you"))
    await expect(mei.log).to_contain_text(tongue.of("好的，谢谢", "", "Good, thank you"))
    await album.take("conversation", mei.page.locator("#talk"))


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("lang", GUIDES)
async def test_the_guide_is_walked_and_its_pictures_are_taken(
    browser: Browser, tmp_path: Path, lang: str
) -> None:
    tongue = Tongue(lang)
    folder = Path(os.environ.get("GUIDE_PICTURES", tmp_path))
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    album = Album(folder, lang)
    async with staged(tmp_path / "demo", browser, second_eyes=SECOND_EYES) as stage:
        lin, number = await _wishes(stage, tongue)
        mei = await DeskPage.sign_in(stage, "mei", lang=lang)
        boss = await DeskPage.sign_in(stage, "lao-zhou", lang=lang)
        await mei.page.set_viewport_size({"width": 1100, "height": 480})
        await mei.goes("inbox?view=open")
        await expect(mei.page.locator("[data-row]")).to_have_count(3)
        await album.take("inbox", mei.page)
        await mei.page.set_viewport_size({"width": 1280, "height": 900})
        await _conversation(mei, lin, album, tongue)

        await mei.goes(f"tickets/{number}")
        await mei.does("claim")
        await boss.goes(f"tickets/{number}")
        await boss.does("files")
        await mei.goes(f"tickets/{number}")
        await album.take("evidence", mei.page.locator("#evidence"))
        await mei.page.locator("[data-file]").click()
        await expect(mei.page.locator("#viewer-image")).to_be_visible()
        await mei.page.keyboard.press("Escape")
        await mei.page.locator("input[name='shown'][value='yes']").check()
        await mei.settles_evidence()

        await mei.page.locator("input[name='verdict'][value='grant']").check()
        await mei.page.locator("#decide-account").fill("u-1004")
        await mei.page.locator("#preview-do").click()
        await expect(mei.page.locator("#decide-do")).to_be_visible()
        await album.take("decision", mei.page.locator("#draft"))
        await mei.page.locator("#decide-do").click()
        await boss.goes(f"tickets/{number}")
        await album.take("second-eyes", boss.page.locator("#proposal"))


@pytest.mark.parametrize("lang", GUIDES)
def test_the_guide_shows_all_its_pictures_and_each_has_words(lang: str) -> None:
    shown = re.findall(r"!\[([^\]]+)\]\((images/[^)]+)\)", (DOCS / GUIDES[lang]).read_text("utf-8"))
    assert {file for _, file in shown} == {f"images/agents-guide-{n}.{lang}.png" for n in NAMES}
    assert all((DOCS / file).is_file() and words for words, file in shown)
