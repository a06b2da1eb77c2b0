"""The console's inbox and case page as an agent handles them in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from playwright.async_api import Locator, Page, expect
from tests.browser.demo_stage import Stage
from tests.browser.looks import looks_right
from yarl import URL

from privacydesk.demo.staff import PASSWORD
from privacydesk.ports import StaffAccess
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.storage.store import SqlStore
from privacydesk.web.console.cookies import COOKIE, PATH


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A window in which an agent works."""

    town: Stage
    page: Page
    name: str

    @classmethod
    async def sign_in(
        cls,
        town: Stage,
        name: str,
        *,
        lang: str = "en",
        width: int = 1280,
        scheme: str = "light",
        first: str = "inbox",
    ) -> DeskPage:
        """Open a browser of one's own in which somebody has signed in, at their first page."""
        context = await town.context(
            lang, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        desk = cls(town, await context.new_page(), name)
        token = await desk.session_token()
        host = URL(town.demo.address).host
        await context.add_cookies(
            # On the path of the desk's own, which then takes its place.
            [{"name": COOKIE, "value": token, "domain": host, "path": PATH}]
        )
        await desk.goes(first)
        await expect(desk.page.locator(f"#{first or 'main'}")).to_be_visible()
        return desk

    async def session_token(self) -> str:
        """Sign in without a page, and return the value of the session's cookie."""
        sign_in, client = self.town.demo.services.signin.sign_in, ClientInfo()
        step = await sign_in.enter_password(self.name, PASSWORD, client)
        session = await sign_in.find_session(step.token)
        assert session is not None
        return (await sign_in.enter_code(session, await self.code(), client)).token

    async def enters(self) -> None:
        """Sign in on the page that is open, with the keyboard alone."""
        if not await self.page.locator("#name").input_value():
            await self.page.locator("#name").focus()
            await self.page.keyboard.type(self.name)
        await self.page.locator("#password").focus()
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#code")).to_be_focused()
        await self.page.keyboard.type(await self.code())
        await self.page.keyboard.press("Enter")

    async def code(self) -> str:
        """Return what the agent's authenticator shows next: each code works once."""
        credential = await self.access.credential(self.name)
        assert credential is not None
        self.town.demo.clock.move(timedelta(seconds=30))
        return second_factor.current_code(credential.secret, self.town.demo.clock.now())

    @property
    def access(self) -> StaffAccess:
        """What the desk keeps about who may enter."""
        store = self.town.demo.services.store
        assert isinstance(store, SqlStore)
        return store.access

    async def tab(self) -> DeskPage:
        """Open another tab of the same browser."""
        return DeskPage(self.town, await self.page.context.new_page(), self.name)

    async def goes(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(f"{self.town.demo.address}/console/{path}")

    def count(self, view: str) -> Locator:
        """Return how much a view says it holds."""
        return self.page.locator(f"[data-count='{view}']")

    def row(self, named: str) -> Locator:
        """Return the row of a ticket or conversation."""
        return self.page.locator(f"[data-row][href$='{named}']")

    def form(self, deed: str) -> Locator:
        """Return the form of a deed."""
        return self.page.locator(f"form:is([action$='/{deed}'], [action*='/{deed}#'])")

    async def does(self, deed: str) -> None:
        """Send a deed's form as it is, and wait until it is done."""
        await self.form(deed).locator("button").click()
        await expect(self.page.locator(".note.ok[role='status']:visible")).to_be_visible()

    async def sends(self, text: str) -> None:
        """Send a reply at once, without the time in which it can be undone."""
        await self.page.locator("#reply-text").fill(text)
        await self.send_button.click()
        await self.page.locator("#send-now").click()

    @property
    def send_button(self) -> Locator:
        """The button that sends a reply."""
        return self.form("reply").locator("button[type='submit']")

    async def notes(self, text: str) -> None:
        """Save an internal note."""
        await self.page.locator("button[data-mode='note']").click()
        await self.page.locator("#note-text").fill(text)
        await self.form("note").locator("button").click()
        await expect(self.page.locator("#note-told")).to_be_visible()

    async def settles_evidence(self) -> None:
        """Go on from the finding that is filled in, and settle it after the question."""
        await self.page.locator("#examine-do").click()
        await self.page.locator("#finding-do").click()
        await expect(self.page.locator(".note.ok[role='status']:visible")).to_be_visible()

    @property
    def log(self) -> Locator:
        """What was said in the conversation."""
        return self.page.locator("#log")

    async def looks_right(self, name: str) -> None:
        """Have axe and the page's width looked at; keep a picture where somebody wants to look."""
        await looks_right(self.page, f"desk.{name}")
