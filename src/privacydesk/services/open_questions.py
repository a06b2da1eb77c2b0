"""What a conversation's open question asks, in the words that the user sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from privacydesk.dialog.schema import Ask, Confirm, Flow
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.ports import Catalog

AT_REST: Final[Mapping[str, tuple[str, ...]]] = {
    "desk.queue": ("owner.still_queued", "owner.leave_queue"),
    "desk.filed": ("desk.anything_else", "desk.show_menu", "desk.human"),
}
"""The wording of what is asked while no form asks: of users who wait for a person, and of those who
filed a request here."""
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
        self._texts: dict[tuple[str, str], str] = {}

    def of(self, conversation: Conversation) -> Question:
        """Return the open question, and the answers given before it."""
        stack, prompt = conversation.stack, conversation.prompt
        if any(one.flow not in self._flows for one in stack):
            return NO_QUESTION
        asks = bool(stack) and prompt is not None and prompt.serial == stack[-1].serial
        if conversation.owner.kind is OwnerKind.QUEUE and not asks:
            return self._asked("desk.queue", conversation.locale, AT_REST["desk.queue"], ())
        if stack:
            return self._of_form(conversation)
        filed = conversation.filed
        if filed is None:
            return NO_QUESTION
        flow = next(one for one in self._flows.values() if filed.intent in one.intents)
        told = ({"$term": f"kind.{flow.kind}"}, *self._told(flow, filed.slots))
        return self._asked("desk.filed", conversation.locale, AT_REST["desk.filed"], told)

    def _of_form(self, conversation: Conversation) -> Question:
        frame = conversation.stack[-1]
        step = self._flows[frame.flow].steps.get(frame.step)
        if not isinstance(step, (Ask, Confirm)):
            return NO_QUESTION
        told = [
            value
            for one in conversation.stack
            for value in self._told(self._flows[one.flow], one.slots)
        ]
        return self._asked(f"{frame.flow}.{step.id}", conversation.locale, step.wording, told)

    def _told(self, flow: Flow, slots: Mapping[str, Any]) -> Iterator[Any]:
        for name, slot in flow.slots.items():
            if slot.type in _TOLD and slots.get(name):
                yield shown(slot.type, slots[name])

    def _asked(
        self, place: str, locale: str, wording: tuple[str, ...], told: Iterable[Any]
    ) -> Question:
        text = self._texts.get((place, locale))
        if text is None:
            text = self._texts[place, locale] = self._catalog.bare(locale, wording)
        return Question(text, "\n".join(self._catalog.value(locale, one) for one in told))
