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
    Occasion.INCIDENT: NoticeSubject.INCIDENT,
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
        """Return a notice in a locale.

        Args:
            occasion: the reason for the notice.
            locale: the recipient's language.
            number: the ticket's number; empty if it is about no ticket.
        """
        about, app, text = _ABOUT[occasion], self._app(locale), self._catalog.text
        way = text(
            locale, "notice.link" if self._link else "notice.app", {"app": app, "link": self._link}
        )
        if about is NoticeSubject.INCIDENT:
            title = text(locale, "notice.incident_title", {"app": app})
            lines: tuple[str, ...] = (text(locale, "notice.incident", {"app": app}), way)
        else:
            title = text(locale, "notice.title", {"app": app, "ticket": number})
            line = text(locale, f"notice.{about}", {"ticket": number})
            lines = (line, way, text(locale, "notice.number", {}))
        return Notice(about, number, locale.replace("_", "-"), title, lines, self._link)

    def mail_footer(self, occasion: Occasion, locale: str) -> str:
        """Return the footer of a notice sent by mail."""
        key = "notice.incident_foot" if occasion is Occasion.INCIDENT else "notice.foot"
        return self._catalog.text(locale, key, {})
