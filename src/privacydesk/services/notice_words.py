"""The texts of notices: just enough to bring a person back into the chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from privacydesk.domain.notices import About, Notice, Occasion
from privacydesk.ports import Catalog

_ABOUT: Mapping[Occasion, About] = {
    Occasion.ANSWERED: About.ANSWER,
    Occasion.CONFIRM: About.QUESTION,
    Occasion.ASKED: About.QUESTION,
    Occasion.RETURNED: About.NEWS,
    Occasion.EXAMINED: About.NEWS,
    Occasion.EXTENDED: About.NEWS,
    Occasion.LAPSED: About.NEWS,
}


class NoticeWords:
    """Writes notices in the recipient's language.

    Args:
        catalog: the sentences.
        app: what the app is called in a language.
        link: the way back into the chat; empty without one.
    """

    def __init__(self, catalog: Catalog, app: Callable[[str], str], link: str) -> None:
        self._catalog = catalog
        self._app = app
        self._link = link

    def notice(self, occasion: Occasion, locale: str, number: str) -> Notice:
        """Return a notice in a locale."""
        about, app = _ABOUT[occasion], self._app(locale)
        back = {"app": app, "link": self._link}
        return Notice(
            about=about,
            number=number,
            locale=locale.replace("_", "-"),
            title=self._catalog.text(locale, "notice.title", {"app": app, "ticket": number}),
            lines=(
                self._catalog.text(locale, f"notice.{about}", {"ticket": number}),
                self._catalog.text(locale, "notice.link" if self._link else "notice.app", back),
                self._catalog.text(locale, "notice.number", {}),
            ),
            link=self._link,
        )

    def foot(self, locale: str) -> str:
        """Return the footer of a mail."""
        return self._catalog.text(locale, "notice.foot", {})
