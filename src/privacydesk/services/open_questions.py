"""The open question of a conversation, as text: context for reading the user's reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from privacydesk.dialog.desk_choices import WISH_NOW, more_choices
from privacydesk.dialog.schema import Ask, Confirm, Flow
from privacydesk.dialog.script import ANSWER
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import Conversation, OwnerKind, RequestDraft, latest_reply
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.ports import Catalog

IDLE_QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "desk.wishes_left": ("desk.wishes_left", "desk.wish_now", "desk.wish_not_now"),
    "desk.queue": ("owner.still_queued", "owner.leave_queue"),
    "desk.filed": ("desk.anything_else", "desk.show_menu", "desk.human"),
}
"""The text keys of questions asked while no form is open, by place: to users who wait for a person,
and to those who filed a request here or were asked whether there is anything else."""
_REQUEST_PREFIXES: Final = {
    "deletion": "reading.to_delete",
    "access": "reading.to_see",
    "portability": "reading.to_see",
}
"""The text key of how a sentence with a request begins, by flow, for requests with a scope."""
_CONTEXT_TYPES: Final = frozenset(
    {"category", "provider", "purpose", "profile_field", "field_value"}
)
"""Types of slots whose values are part of the context; names and contacts of people are not."""


class OpenQuestions:
    """Finds the open question of a conversation.

    Args:
        flows: all flows, by name.
        catalog: the translated texts.
    """

    def __init__(self, flows: Mapping[str, Flow], catalog: Catalog) -> None:
        self._flows = flows
        self._catalog = catalog
        self._texts: dict[tuple[str, str], str] = {}

    def find(self, conversation: Conversation) -> Question:
        """Return the open question and the answers given before it."""
        stack, prompt = conversation.stack, conversation.prompt
        if any(frame.flow not in self._flows for frame in stack):
            return NO_QUESTION
        form_asks = bool(stack) and prompt is not None and prompt.serial == stack[-1].serial
        if conversation.owner.kind is OwnerKind.QUEUE and not form_asks:
            return self._idle_question("desk.queue", conversation.locale)
        if stack:
            return self._form_question(conversation)
        replied = latest_reply(conversation.replied, prompt)
        if replied is not None:
            return self._reply_of_staff(conversation.locale, replied.text)
        filed, choices = conversation.last_filed, prompt.choices if prompt is not None else ()
        if choices and choices[0].id == WISH_NOW:
            return self._idle_question("desk.wishes_left", conversation.locale)
        if filed is None and choices != more_choices():
            return NO_QUESTION
        return self._question_after_filing(conversation.locale, filed)

    def _idle_question(self, place: str, locale: str) -> Question:
        return self._question(place, locale, IDLE_QUESTIONS[place], ())

    def _reply_of_staff(self, locale: str, text: str) -> Question:
        """Return what staff wrote, as if they had asked it: a reply may ask something."""
        steps = self._flows[ANSWER].steps.values()
        step = next(step for step in steps if isinstance(step, Ask))
        return self._question(f"{ANSWER}.{step.id}", locale, step.wording, [text])

    def _question_after_filing(self, locale: str, filed: RequestDraft | None) -> Question:
        flows = (flow for flow in self._flows.values() if filed and filed.intent in flow.intents)
        flow = next(flows, None)
        if filed is None or flow is None:
            return self._idle_question("desk.filed", locale)
        values = ({"$term": f"kind.{flow.kind}"}, *self._context_values(flow, filed.slots))
        question = self._question("desk.filed", locale, IDLE_QUESTIONS["desk.filed"], values)
        return question._replace(subject=self._request_prefix(locale, flow, filed.slots))

    def _form_question(self, conversation: Conversation) -> Question:
        frame = conversation.stack[-1]
        step = self._flows[frame.flow].steps.get(frame.step)
        if not isinstance(step, (Ask, Confirm)):
            return NO_QUESTION
        locale, place = conversation.locale, f"{frame.flow}.{step.id}"
        frames = [(self._flows[frame.flow], frame.slots) for frame in conversation.stack]
        values = [value for flow, slots in frames for value in self._context_values(flow, slots)]
        if frame.flow == ANSWER:
            # What staff asked is the question.
            values = [frame.slots.get("text", "")]
        question = self._question(place, locale, step.wording, values)
        prefixes = (self._request_prefix(locale, flow, slots) for flow, slots in frames)
        return question._replace(subject=next(filter(None, prefixes), ""))

    def _request_prefix(self, locale: str, flow: Flow, slots: Mapping[str, Any]) -> str:
        """Return the request that the user's reply may narrow, in words; see ``Question``."""
        key = _REQUEST_PREFIXES.get(flow.name)
        name = next((name for name, slot in flow.slots.items() if slot.type == "category"), "")
        if key is None or not slots.get(name):
            return ""
        what = self._catalog.value(locale, shown("category", slots[name]))
        text = self._catalog.text(locale, key, {"what": what})
        return f"{text} " if text.isascii() else text

    def _context_values(self, flow: Flow, slots: Mapping[str, Any]) -> Iterator[Any]:
        for name, slot in flow.slots.items():
            if slot.type in _CONTEXT_TYPES and slots.get(name):
                yield shown(slot.type, slots[name])

    def _question(
        self, place: str, locale: str, wording: tuple[str, ...], values: Iterable[Any]
    ) -> Question:
        text = self._texts.get((place, locale))
        if text is None:
            text = self._texts[place, locale] = self._catalog.bare(locale, wording)
        told = tuple(values)
        before = "\n".join(self._catalog.value(locale, value) for value in told)
        return Question(text, before, terms_only=all(map(_is_of_terms, told)))


def _is_of_terms(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() <= {"$term", "$terms"}
