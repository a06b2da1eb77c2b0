"""Texts of notices: they say that there is something to read in the chat, but not what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from privacydesk.domain.notices import Notice, NoticeSubject, Occasion
from privacydesk.ports import Catalog

_ABOUT: Mapping[Occasion, NoticeSubject] = {
    Occasion.ANSWERED: NoticeSubject.ANSWER,
    Occasion.CONFIRM: NoticeSubject.QUESTION,
    Occasion.ASKED: NoticeSubject.QUESTION,
    Occasion.RETURNED: NoticeSubject.NEWS,
    Occasion.EXAMINED: NoticeSubject.NEWS,
    Occasion.EXTENDED: NoticeSubject.NEWS,
    Occasion.LAPSED: NoticeSubject.NEWS,
}


class NoticeTexts:
    """Writes notices in the recipient's language.

    Args:
        catalog: the translated texts.
        app: returns the app's name in a locale.
        link: the address of the chat; empty if the operator has set none.
    """

    def __init__(self, catalog: Catalog, app: Callable[[str], str], link: str) -> None:
        self._catalog = catalog
        self._app = app
        self._link = link

    def compose(self, occasion: Occasion, locale: str, number: str) -> Notice:
        """Return a notice in a locale, for the ticket with this number."""
        about, app = _ABOUT[occasion], self._app(locale)
        arguments = {"app": app, "link": self._link}
        return Notice(
            about=about,
            number=number,
            locale=locale.replace("_", "-"),
            title=self._catalog.text(locale, "notice.title", {"app": app, "ticket": number}),
            lines=(
                self._catalog.text(locale, f"notice.{about}", {"ticket": number}),
                self._catalog.text(
                    locale, "notice.link" if self._link else "notice.app", arguments
                ),
                self._catalog.text(locale, "notice.number", {}),
            ),
            link=self._link,
        )

    def mail_footer(self, locale: str) -> str:
        """Return the footer of a notice sent by mail."""
        return self._catalog.text(locale, "notice.foot", {})
