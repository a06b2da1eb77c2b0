"""The chat page as its visitors handle it.

Buttons are found by the id of their choice and sentences by their key, so that a journey holds
whatever the words are. What a person reads is looked at where it is the point: numbers, dates,
states and values.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw
from playwright.async_api import FilePayload, FrameLocator, Locator, Page, expect
from tests.common.pdfs import document

_MINE = "div[contains(@class, 'mine')]"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat page, alone in a tab or in the panel's frame."""

    place: Page | FrameLocator

    @property
    def log(self) -> Locator:
        """Everything that was said."""
        return self.place.locator("#log")

    async def opened(self) -> None:
        """Wait until the page is connected and shows what was said."""
        await expect(self.place.locator("#chat")).to_have_attribute("data-state", "online")
        await expect(self.log.locator(".message").first).to_be_visible()

    # -- what a visitor does ---------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Type something and send it."""
        await self.place.locator("#text").fill(text)
        await self.place.locator("#send").click()

    async def enter(self, code: str) -> None:
        """Type a code, or a date, where one is asked for."""
        await expect(self.place.locator("#code")).to_be_visible()
        await self.place.locator("#code").fill(code)
        await self.place.locator("#send").click()

    async def choose(self, *choices: str) -> None:
        """Tap one button after the other."""
        for choice in choices:
            button = self.place.locator(f'#choices [data-choice="{choice}"]')
            await expect(button).to_be_attached()
            if not await button.is_visible():
                await self.place.locator("#choices .menu-more").click()
            await button.click()

    async def tick(self, *choices: str) -> None:
        """Tick choices where several may be made, and submit them."""
        form = self.place.locator("#choices .picks")
        several = self.place.locator('#choices [data-choice=""]')
        await expect(form.or_(several)).to_be_visible()
        if await several.is_visible():
            await several.click()
        for choice in choices:
            await form.locator(f'input[value="{choice}"]').check()
        await form.locator("button[type=submit]").click()

    async def fill(self, **values: str | list[str]) -> None:
        """Fill in the fields of a card of questions, by their names, and hand it in."""
        form = self.place.locator("#choices .question-card")
        for name, value in values.items():
            field = form.locator(f'[data-field="{name}"]')
            kind = await field.get_attribute("data-kind")
            if kind in {"choice", "choices"}:
                for one in [value] if isinstance(value, str) else value:
                    await field.locator(f'input[value="{one}"]').check()
            elif kind == "date":
                for part, told in zip(
                    ("year", "month", "day"), str(value).split("-"), strict=False
                ):
                    await field.locator(f"input[data-part={part}]").fill(told)
            else:
                await field.locator("input, textarea").fill(str(value))
        await form.locator("button[type=submit]").click()

    async def hand_in(self, *names: str) -> None:
        """Hand in papers, pictures or PDFs, as all there are."""
        files = [
            FilePayload(name=name, mimeType="application/pdf", buffer=document(2))
            if name.endswith(".pdf")
            else FilePayload(name=name, mimeType="image/jpeg", buffer=picture(name))
            for name in names
        ]
        await expect(self.place.locator("#uploads")).to_be_visible()
        await self.place.locator("#file").set_input_files(files)
        await expect(self.place.locator("#uploads li small")).to_have_count(len(names))
        await self.place.locator("#uploads .primary").click()
        await self.hears("desk.upload_received")

    async def refuses(self) -> None:
        """Wait until the page says below the boxes that a code was wrong."""
        await expect(self.place.locator("#hint .problem")).to_be_visible()

    async def speak(self, locale: str) -> None:
        """Change the language with the page's own list."""
        await self.place.locator("#language").select_option(locale)
        last = self.log.locator(".message.assistant").last
        lang = locale.replace("_", "-")
        await expect(last.locator(f'[lang="{lang}"]').first).to_be_visible()

    # -- what a visitor sees ---------------------------------------------------------------

    @property
    def answer(self) -> Locator:
        """Everything that was said since the visitor's last message."""
        return self.log.locator(
            f"xpath=./*[not(self::{_MINE}) and not(following-sibling::{_MINE})]"
        )

    def said(self, key: str) -> Locator:
        """Return where a sentence was said since the visitor's last message."""
        return self.answer.and_(self.log.locator(f'[data-key="{key}"]'))

    async def hears(self, *keys: str) -> None:
        """Wait for sentences to be said since the visitor's last message."""
        for key in keys:
            await expect(self.said(key).first).to_be_visible()

    def card(self, number: str = "") -> Locator:
        """Return the newest card, of one request or of any."""
        return self.log.locator(f'[data-ticket="{number}"]' if number else "[data-ticket]").last

    async def number(self) -> str:
        """Return the number on the newest card."""
        number = await self.card().get_attribute("data-ticket")
        assert number is not None
        return number

    async def shows(
        self, number: str, state: str, *, outcome: str = "", due: str | None = None
    ) -> None:
        """Wait until a card, since the visitor's last message, tells how a request stands.

        Args:
            number: the request's.
            state: its state, such as ``in_review``.
            outcome: how it ended.
            due: the date on the card, as in ``2026-10-13``.
        """
        card = self.answer.locator(f'[data-ticket="{number}"]').last
        await expect(card).to_have_attribute("data-state", state)
        await expect(card).to_contain_text(number)
        if outcome:
            await expect(card).to_have_attribute("data-outcome", outcome)
        if due is not None:
            await expect(card.locator(".due time")).to_have_attribute("datetime", due)


def picture(label: str) -> bytes:
    """Return a picture of a paper, with words on it."""
    paper = Image.new("RGB", (640, 400), "#f4efe2")
    ImageDraw.Draw(paper).text((40, 40), label, fill="#333")
    file = io.BytesIO()
    paper.save(file, "JPEG")
    return file.getvalue()
