"""The words of packs: texts, names of agents, dates, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from privacydesk.domain.audit import NON_STAFF_ACTORS
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.domain.tasks import Team
from privacydesk.ports import Catalog
from privacydesk.services.capitals import capitalize_first


class PackWords:
    """Texts of packs.

    Args:
        catalog: the texts.
        locale: the language.
        zone: the operator's time zone.
        names: display names of agents, by name.
        teams: the operator's teams, by name.
    """

    def __init__(
        self,
        catalog: Catalog,
        locale: str,
        zone: ZoneInfo,
        names: Mapping[str, str],
        teams: Mapping[str, Team],
    ) -> None:
        self._catalog = catalog
        self.locale = locale
        self.zone = zone
        self._names = names
        self._teams = teams

    def text(self, key: str, **args: Any) -> str:
        """Return a text by its key."""
        return self._catalog.text(self.locale, key, args)

    def texts(self, *keys: str) -> tuple[str, ...]:
        """Return texts without arguments."""
        return tuple(map(self.text, keys))

    def term(self, family: str, member: str) -> str:
        """Return the name of a member of an enumeration; the member if it has none."""
        try:
            return capitalize_first(self.text(f"{family}.{member}"))
        except KeyError:
            return member

    def join(self, texts: Iterable[str]) -> str:
        """Return texts as a list."""
        return self._catalog.value(self.locale, {"$texts": list(texts)})

    def language(self, locale: str) -> str:
        """Return the name of a locale's language in that language."""
        return self._catalog.text(locale, "web.language.name", {})

    def day(self, day: date) -> str:
        """Return a date with its year, without its weekday."""
        return self._catalog.value(self.locale, {"$day": day.isoformat()})

    def timestamp(self, at: datetime | None) -> str:
        """Return an instant in the operator's time zone, in a form that sorts; empty for None."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def actor(self, name: str) -> str:
        """Return the name of an agent or a program that acted."""
        if name in NON_STAFF_ACTORS or name == BY_COMMAND:
            return self.term("web.audit.by", name)
        return self._names.get(name, name)

    def team(self, name: str) -> str:
        """Return what a team is called; the desk itself for an empty name."""
        if not name:
            return self.text("web.tasks.desk")
        return self._teams[name].label(self.locale) if name in self._teams else name

    def act(self, what: str) -> str:
        """Return the name of an act in a log or in the audit."""
        action, _, outcome = what.partition(":")
        families = ("web.case.log", "web.audit.act", "web.console.access")
        names = (self.term(family, action) for family in families)
        text = next((name for name in names if name != action), action.replace("_", " "))
        return f"{text} · {self.term('web.case.log_outcome', outcome)}" if outcome else text
