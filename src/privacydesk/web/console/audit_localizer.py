"""Localisation of audit entries; actions that another page names have the same name here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from yarl import URL

from privacydesk.domain.audit import NON_STAFF_ACTORS, AuditEntry, ChainFault
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.web.console.inbox_filters import describe_filter
from privacydesk.web.console.localizer import Localizer

INBOX_LISTING: Final = "inbox_"
"""Prefix of the audit's names for exported lists that are views of the inbox."""


_TIMES: Final = frozenset({"since", "until"})
"""Details whose value is a date or a time."""


class AuditLocalizer:
    """Texts for audit entries in the agent's language; ``a`` in templates.

    Args:
        localizer: the console's texts and formats in that language.
    """

    def __init__(self, localizer: Localizer) -> None:
        self._localizer = localizer

    def action(self, what: str) -> str:
        """Return the name of an action."""
        families = ("web.audit.act", "web.case.log", "web.console.access")
        names = (self._localizer.word(family, what) for family in families)
        return next((name for name in names if name), what.replace("_", " "))

    def actor(self, by: str) -> str:
        """Return the name of an agent or program that acted."""
        if by in NON_STAFF_ACTORS or by == BY_COMMAND:
            return self._localizer.term("web.audit.by", by)
        return self._localizer.agent(by)

    def detail(self, entry: AuditEntry) -> str:
        """Return the details of an entry, except the actor, which has a column of its own."""
        return " · ".join(
            self._detail(name, value)
            for name, value in entry.detail.items()
            if (name, value) != ("agent", entry.by)
        )

    def fault(self, fault: ChainFault) -> str:
        """Return the description of a fault in the audit chain."""
        return self._localizer.sentence(f"web.audit.fault.{fault.what}", entry=fault.seq)

    def _detail(self, name: str, value: Any) -> str:
        # Results have texts of their own, since "in order: yes" would read badly.
        if isinstance(value, bool):
            return self._localizer.term("web.audit.came_of", f"{name}_{'yes' if value else 'no'}")
        return self._localizer.sentence(
            "web.console.pair",
            name=self._localizer.term("web.audit.detail", name),
            value=self._value(name, value),
        )

    def _value(self, name: str, value: Any) -> str:
        if name == "ground":
            grounds = str(value).split(", ")
            return self._localizer.join(self._localizer.ground(ground) for ground in grounds)
        if name in {"proposed_by", "agent", "to"}:
            return self._localizer.join(map(self._localizer.agent, str(value).split(", ")))
        if name == "alarm":
            return self._localizer.term("web.duty.alarm", str(value))
        if name == "audience":
            return self._localizer.term("web.incidents.audience_of", str(value))
        if name == "kind":
            return self.action(str(value))
        if name == "about":
            return self._localizer.access_subject(str(value))
        if name in _TIMES and "T" in str(value):
            return self._localizer.timestamp(datetime.fromisoformat(str(value)))
        if name == "pack":
            return self._localizer.term("pack.kind", str(value))
        if name == "listing":
            return self._listing(str(value))
        return str(value)

    def _listing(self, name: str) -> str:
        view = name.removeprefix(INBOX_LISTING)
        if view == name:
            return self._localizer.term("web.audit.listing", name)
        url = URL(view)
        filters = describe_filter(url.query, self._localizer)
        return " · ".join((self._localizer.inbox_view(url.path), *filters))
