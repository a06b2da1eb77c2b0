"""What a conversation's open question asks, in the words that the user sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.dialog.schema import Ask, Confirm, Flow
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.ports import Catalog

_TOLD: Final = frozenset({"category", "provider", "purpose", "profile_field", "field_value"})
"""Types of slots whose values are passed on; names and contacts of people are not."""


class OpenQuestions:
    """Finds the open question of a conversation.

    Args:
        flows: by name.
        catalog: holds the texts.
    """

    def __init__(self, flows: Mapping[str, Flow], catalog: Catalog) -> None:
        self._flows = flows
        self._catalog = catalog
        self._texts: dict[tuple[str, str, str], str] = {}

    def of(self, conversation: Conversation) -> Question:
        """Return the open question, and the answers given before it."""
        if not conversation.stack or any(one.flow not in self._flows for one in conversation.stack):
            return NO_QUESTION
        frame = conversation.stack[-1]
        flow = self._flows[frame.flow]
        step = flow.steps.get(frame.step)
        if not isinstance(step, (Ask, Confirm)):
            return NO_QUESTION
        locale = conversation.locale
        place = flow.name, step.id, locale
        text = self._texts.get(place)
        if text is None:
            text = self._texts[place] = self._catalog.bare(locale, step.wording)
        told = (
            self._catalog.value(locale, shown(slot.type, one.slots[name]))
            for one in conversation.stack
            for name, slot in self._flows[one.flow].slots.items()
            if slot.type in _TOLD and one.slots.get(name)
        )
        return Question(text, "\n".join(told))
