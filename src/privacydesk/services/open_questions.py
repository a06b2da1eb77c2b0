"""What a conversation's open question asks, in the words that the user sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from privacydesk.dialog.desk_choices import more_choices
from privacydesk.dialog.queueing import WISH_NOW
from privacydesk.dialog.schema import Ask, Confirm, Flow
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import Conversation, OwnerKind, Wish
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.ports import Catalog

AT_REST: Final[Mapping[str, tuple[str, ...]]] = {
    "desk.wishes_left": ("desk.wishes_left", "desk.wish_now", "desk.wish_not_now"),
    "desk.queue": ("owner.still_queued", "owner.leave_queue"),
    "desk.filed": ("desk.anything_else", "desk.show_menu", "desk.human"),
}
"""The wording of what is asked while no form asks: of users who wait for a person, and of those who
filed a request here, or were asked whether there is anything else."""
_SUBJECTS: Final = {"deletion": "reading.to_delete", "access": "reading.to_see"}
"""The beginning of a sentence that makes a request, by the flow of requests with a scope."""
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
        filed, offered = conversation.filed, prompt.choices if prompt is not None else ()
        if offered and offered[0].id == WISH_NOW:
            place = "desk.wishes_left"
            return self._asked(place, conversation.locale, AT_REST[place], ())
        if filed is None and offered != more_choices():
            return NO_QUESTION
        return self._at_rest(conversation.locale, filed)

    def _at_rest(self, locale: str, filed: Wish | None) -> Question:
        wording = AT_REST["desk.filed"]
        begun = (one for one in self._flows.values() if filed and filed.intent in one.intents)
        flow = next(begun, None)
        if filed is None or flow is None:
            return self._asked("desk.filed", locale, wording, ())
        told = ({"$term": f"kind.{flow.kind}"}, *self._told(flow, filed.slots))
        asked = self._asked("desk.filed", locale, wording, told)
        return asked._replace(subject=self._subject(locale, flow, filed.slots))

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
        asked = self._asked(f"{frame.flow}.{step.id}", conversation.locale, step.wording, told)
        begun = (
            self._subject(conversation.locale, self._flows[one.flow], one.slots)
            for one in conversation.stack
        )
        return asked._replace(subject=next(filter(None, begun), ""))

    def _subject(self, locale: str, flow: Flow, slots: Mapping[str, Any]) -> str:
        """Return the words for a request whose scope may be narrowed; see ``Question``."""
        key = _SUBJECTS.get(flow.name)
        slot = next((name for name, one in flow.slots.items() if one.type == "category"), "")
        if key is None or not slots.get(slot):
            return ""
        what = self._catalog.value(locale, shown("category", slots[slot]))
        text = self._catalog.text(locale, key, {"what": what})
        return f"{text} " if text.isascii() else text

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
