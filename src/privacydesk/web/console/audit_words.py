"""Wording of audit entries: an act's own wording from its page, or else the audit's."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from yarl import URL

from privacydesk.domain.audit import MACHINES, AuditEntry, Fault
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.web.console.inbox_filters import in_words
from privacydesk.web.console.words import Words

OF_INBOX: Final = "inbox_"
"""Prefix of the names of lists that are views of the inbox."""


_WHEN: Final = frozenset({"since", "until"})
"""Details that are days, or instants."""


class AuditWords:
    """Words audit entries in an agent's language; ``a`` in templates."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def act(self, what: str) -> str:
        """Return what was done."""
        families = ("web.audit.act", "web.case.log", "web.console.access")
        found = (self._words.word(family, what) for family in families)
        return next((word for word in found if word), what.replace("_", " "))

    def actor(self, by: str) -> str:
        """Return who did it."""
        if by in MACHINES or by == BY_COMMAND:
            return self._words.term("web.audit.by", by)
        return self._words.agent(by)

    def detail(self, entry: AuditEntry) -> str:
        """Return the other details: only terms from closed lists, numbers and dates."""
        # The actor is named already.
        told = {
            name: one for name, one in entry.detail.items() if (name, one) != ("agent", entry.by)
        }
        return " · ".join(self._told(name, value) for name, value in told.items())

    def fault(self, fault: Fault) -> str:
        """Return what is wrong with the chain."""
        return self._words.sentence(f"web.audit.fault.{fault.what}", entry=fault.seq)

    def _told(self, name: str, value: Any) -> str:
        # Outcomes have a wording of their own: nobody says "in order: yes".
        if isinstance(value, bool):
            return self._words.term("web.audit.came_of", f"{name}_{'yes' if value else 'no'}")
        return self._words.sentence(
            "web.console.pair",
            name=self._words.term("web.audit.detail", name),
            value=self._value(name, value),
        )

    def _value(self, name: str, value: Any) -> str:
        if name == "ground":
            grounds = str(value).split(", ")
            return self._words.joined(self._words.ground(one) for one in grounds)
        if name in {"proposed_by", "agent"}:
            return self._words.agent(str(value))
        if name == "kind":
            return self.act(str(value))
        if name == "about":
            return self._words.about(str(value))
        if name in _WHEN and "T" in str(value):
            return self._words.stamp(datetime.fromisoformat(str(value)))
        if name == "listing":
            view = str(value).removeprefix(OF_INBOX)
            if view != value:
                listed = URL(view)
                filtered = in_words(listed.query, self._words)
                return " · ".join((self._words.pile(listed.path), *filtered))
            return self._words.term("web.audit.listing", view)
        return str(value)
