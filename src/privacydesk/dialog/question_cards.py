"""Cards of questions: several questions that a client asks at once, and their answers.

A client that shows texts alone is asked one question after the other. Either way the same steps run
and the same slots are filled: what was handed in on a card counts like answers told before they
were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from msgspec import Struct

from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Call, CardField, Flow
from privacydesk.dialog.slots import (
    LONG_TEXT_LIMIT,
    TEXT_LIMIT,
    Entities,
    shown,
    takes_any_words,
    values_in,
)
from privacydesk.domain.ages import possible_days

Values = Mapping[str, str | tuple[str, ...]]
"""What was handed in, by the names of the slots."""

HANDED_IN: Final = "_handed_in"
"""The slot with the names of the slots that were on a card, until their questions come."""

_KINDS: Final[Mapping[str, str]] = {
    "choice": "choice",
    "date_of_birth": "date",
    "long_text": "long",
    "contact": "contact",
}
"""How a client asks for a type of slot; anything else is a line of text."""


class Field(Struct, frozen=True):
    """A question of a card that has no answer yet.

    Attributes:
        ask: the question; for a call, that of the called flow.
        slot_type: the type of its slot.
        is_optional: whether it may be left empty.
    """

    of: CardField
    ask: Ask
    slot_type: str
    is_optional: bool


def open_fields(flows: Mapping[str, Flow], frame: Running, step: Ask) -> tuple[Field, ...]:
    """Return the fields of a question's card, itself first; empty if it is asked alone."""
    flow = flows[frame.flow]
    found = tuple(_fields(flows, flow, step))
    left = tuple(one for one in found if one.ask is step or not frame.slots.get(one.ask.slot))
    return left if len(left) > 1 else ()


def _fields(flows: Mapping[str, Flow], flow: Flow, step: Ask) -> Iterator[Field]:
    """Yield the fields of the card that a question is on, from that question on."""
    for card in flow.cards:
        names = [one.step for one in card.fields]
        if step.id not in names:
            continue
        for one in card.fields[names.index(step.id) :]:
            own = flow.steps[one.step]
            ask = _called(flows, own) if isinstance(own, Call) else own
            if isinstance(ask, Ask):
                slot_type = flow.slots[ask.slot].type
                yield Field(one, ask, slot_type, bool(ask.skip) and isinstance(own, Ask))


def _called(flows: Mapping[str, Flow], call: Call) -> Ask | None:
    """Return the question of a called flow that asks for a slot it is handed."""
    handed = {name for name, value in call.params.items() if value == f"${name}"}
    steps = flows[call.flow].steps.values()
    return next((one for one in steps if isinstance(one, Ask) and one.slot in handed), None)


def card_of(flows: Mapping[str, Flow], frame: Running, step: Ask) -> dict[str, Any] | None:
    """Return a question's card as it is shown; None if the question is asked alone."""
    fields = open_fields(flows, frame, step)
    if not fields:
        return None
    cards = flows[frame.flow].cards
    text = next(card.text for card in cards if fields[0].of in card.fields)
    return {"text": {"$term": text}, "fields": [_shown_field(one) for one in fields]}


def _shown_field(field: Field) -> dict[str, Any]:
    kind = _KINDS.get(field.slot_type, "text")
    told: dict[str, Any] = {
        "name": field.ask.slot,
        "kind": "choices" if field.of.several else kind,
        "label": {"$term": field.of.label},
    }
    if field.of.hint:
        told["hint"] = {"$term": field.of.hint}
    if field.is_optional:
        told["optional"] = True
    if kind == "choice":
        told["choices"] = [
            {"id": offer.value, "label": {"$term": offer.text}}
            for offer in field.ask.choices
            if not offer.value.startswith("desk:")
        ]
    return told


def answers(
    fields: tuple[Field, ...], values: Values, found: Entities, today: date
) -> dict[str, Any] | None:
    """Return the answers to the fields of a card, None for one that could not be taken.

    Args:
        fields: the fields of the card.
        values: what was handed in.
        found: the entities of its texts.
        today: the date, in the operator's zone.

    Returns:
        The answers by slot, without fields that were left empty; None if a value belongs to no
        field, or is no answer that the card offers.
    """
    if not values.keys() <= {one.ask.slot for one in fields}:
        return None
    given = {one.ask.slot: _answer(one, values.get(one.ask.slot), found, today) for one in fields}
    wrong = any(
        one.slot_type == "choice" and values.get(one.ask.slot) and given[one.ask.slot] is None
        for one in fields
    )
    return None if wrong else {name: given[name] for name in given if values.get(name)}


def _answer(field: Field, value: str | tuple[str, ...] | None, found: Entities, today: date) -> Any:
    if field.slot_type == "choice":
        return _chosen(field, values_in(list(value) if isinstance(value, tuple) else value))
    if not isinstance(value, str):
        return None
    if field.slot_type == "date_of_birth":
        return value if _is_birth(value, today) else None
    if field.slot_type == "contact":
        return _contact(value, found)
    limit = LONG_TEXT_LIMIT if field.slot_type == "long_text" else TEXT_LIMIT
    return value if takes_any_words(field.slot_type) and len(value) <= limit else None


def _chosen(field: Field, values: list[str]) -> Any:
    offered = {offer.value for offer in field.ask.choices if not offer.value.startswith("desk:")}
    if not values or not offered.issuperset(values):
        return None
    if len(values) == 1:
        return values[0]
    return values if field.of.several else None


def _is_birth(value: str, today: date) -> bool:
    """Whether a text is a day, month or year that was not after today: 2014-05-01, 2014."""
    try:
        return possible_days(value)[0] <= today
    except (ValueError, IndexError):
        return False


def _contact(value: str, found: Entities) -> str | None:
    """Return the mail address or phone number that a field holds, as the desk writes it."""
    if value in found.get("mail", ()):
        return value
    digits = _digits(value)
    numbers = (str(one) for one in found.get("phone", ()))
    return next((one for one in numbers if digits and _digits(one).endswith(digits)), None)


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdecimal()).lstrip("0")


def said(fields: tuple[Field, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was handed in as an argument of a text, a line for each answer."""
    return {
        "$lines": [
            line
            for one in fields
            if given.get(one.ask.slot)
            for line in _said(one, given[one.ask.slot])
        ]
    }


def _said(field: Field, value: Any) -> list[Any]:
    if field.slot_type != "choice":
        return [shown(field.slot_type, value)]
    return [{"$term": o.text} for o in field.ask.choices if o.value in values_in(value)]


def hand_in(frame: Running, fields: tuple[Field, ...], given: Mapping[str, Any]) -> None:
    """Keep the answers of a card; what was left empty is skipped when it is asked for."""
    taken = {name: value for name, value in given.items() if value is not None}
    optional = {one.ask.slot for one in fields if one.is_optional} - given.keys()
    frame.slots.update(taken)
    frame.slots[HANDED_IN] = sorted({*taken, *optional})


def takes_out(frame: Running, slot: str) -> bool:
    """Whether a slot was on a card that was handed in, since its question came last."""
    names = frame.slots.get(HANDED_IN) or []
    if slot not in names:
        return False
    frame.slots[HANDED_IN] = [one for one in names if one != slot]
    return True
