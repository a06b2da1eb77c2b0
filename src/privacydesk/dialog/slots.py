"""Slot types: how an answer in words is parsed, and how a value is shown.

A parser gets the words and the entities found in them, and returns the value, or None if it can't
take them. Values are JSON only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from privacydesk.dialog.schema import Ask
from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, Deletable
from privacydesk.domain.events import InputKind
from privacydesk.domain.masking import mask_mail, mask_phone
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.typed_codes import HIDDEN_CODE, code_digits

TEXT_LIMIT = 2_000
LONG_TEXT_LIMIT = 10_000
Entities = Mapping[str, tuple[Any, ...]]
One = TypeVar("One")


def values_in(value: Any) -> list[Any]:
    """Return the values of a slot that holds one or several; none if it is empty."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def holds_several(step: Ask, slots: Mapping[str, Any]) -> bool:
    """Whether a question's answer is a list: it takes several, or several were chosen at once."""
    return step.many or isinstance(slots.get(step.slot), list)


def _text(limit: int) -> Callable[[str, Entities], Any]:
    def take(text: str, _found: Entities) -> Any:
        words = text.strip()
        return words if 0 < len(words) <= limit else None

    return take


def names_own_contact(text: str, found: Entities) -> bool:
    """Whether a text gives the speaker's own phone or address: "my number is 139…"."""
    said = found.get("phrase", ())
    return "own_contact" in said and "signed_up" not in said and _contact(text, found) is not None


def placed(found: Entities, things: Sequence[One]) -> One | None:
    """Return the one thing that a message points at by its place; None if at none, or two."""
    places = found.get("place", ())
    fits = len(places) == 1 and -len(things) <= places[0] < len(things)
    return things[places[0]] if fits else None


def _account_name(text: str, found: Entities) -> Any:
    if names_own_contact(text, found) or found.get("only_date"):
        return None
    return account_named(found.get("account_name", ())) or _text(TEXT_LIMIT)(text, found)


def account_named(names: Sequence[Any]) -> str:
    """Return an account by all its names: a nickname, and the number it was registered with."""
    return " / ".join(dict.fromkeys(map(str, names)))


def _code(text: str, _found: Entities) -> Any:
    return HIDDEN_CODE if code_digits(text) else None


def says_everything(found: Entities) -> bool:
    """Whether everything is meant: "all my videos" is only a part, by a name not known."""
    said = found.get("phrase", ())
    return "everything" in said and "specific" not in said


def all_but_kept(slot_type: str, found: Entities, options: str | None = None) -> list[str] | None:
    """Return all values of a type except those to keep; None if the message doesn't say that.

    Args:
        slot_type: the type of the values.
        found: the entities of the message.
        options: the source of the values offered; all data can be seen, but some not deleted.
    """
    kept = found.get(f"kept_{slot_type}", ())
    if not kept or found.get(slot_type) or not says_everything(found):
        return None
    return [one for one in all_of(slot_type, options) if one not in kept] or None


def all_of(slot_type: str, options: str | None = None) -> list[str]:
    """Return all values of a type; empty if they are not known. See ``all_but_kept``."""
    if slot_type == "category":
        seen = options == "categories"
        kinds = (one for one in DataCategory if seen or one.deletable is not Deletable.ELSEWHERE)
        return [kind.value for kind in kinds]
    return [purpose.value for purpose in ConsentPurpose] if slot_type == "purpose" else []


def staying(found: Entities) -> frozenset[str]:
    """Return the values that a message says should stay."""
    kinds = ("only_kept", "kept_category", "kept_provider", "kept_purpose")
    return frozenset(str(one) for kind in kinds for one in found.get(kind, ()))


def _category(text: str, found: Entities) -> Any:
    return all_but_kept("category", found) or _first("category")(text, found)


def _purpose(text: str, found: Entities) -> Any:
    return all_but_kept("purpose", found) or _first("purpose")(text, found)


def _phone(text: str, found: Entities) -> Any:
    return _first("phone")(text, found)


def _contact(text: str, found: Entities) -> Any:
    mails = found.get("mail", ())
    return mails[0] if len(mails) == 1 else _phone(text, found)


def _first(kind: str) -> Callable[[str, Entities], Any]:
    def take(_text: str, found: Entities) -> Any:
        stays = staying(found)
        values = [one for one in found.get(kind, ()) if one not in stays]
        if not values:
            return None
        # "Not Google, it's WeChat": the value meant comes last. If the one not meant is known to
        # stay, all others are meant: "marketing and location, not the recommendations".
        said = found.get("phrase", ())
        corrects = "slip" in said or ("instead" in said and not stays)
        return values[-1] if corrects else values[0]

    return take


def _date_of_birth(text: str, found: Entities) -> Any:
    return _first("date")(text, found) or _first("part_of_date")(text, found)


def _ticket_number(text: str, _found: Entities) -> Any:
    return canonical_number(text)


def _nothing(_text: str, _found: Entities) -> Any:
    return None


_PARSERS: Mapping[str, Callable[[str, Entities], Any]] = {
    "text": _text(TEXT_LIMIT),
    "field_value": _text(TEXT_LIMIT),
    "account_name": _account_name,
    "long_text": _text(LONG_TEXT_LIMIT),
    "reply": _text(LONG_TEXT_LIMIT),
    "message": _text(LONG_TEXT_LIMIT),
    "code": _code,
    "date_of_birth": _date_of_birth,
    "phone": _phone,
    "contact": _contact,
    "provider": _first("provider"),
    "category": _category,
    "purpose": _purpose,
    "profile_field": _first("profile_field"),
    "ticket_number": _ticket_number,
    "ticket": _nothing,
    "decision": _nothing,
    "choice": _nothing,
    "evidence": _nothing,
    "internal": _nothing,
}

_FREE = frozenset({"text", "field_value", "account_name", "long_text", "reply", "message"})

TO_STAFF: Final = frozenset({"reply", "message"})
"""Types of words for staff, where a question is part of them; a ``message`` takes no files."""
"""Types that take any text, so that what looks like another request is still an answer."""

_INPUTS: Mapping[str, InputKind] = {
    "code": InputKind.CODE,
    "date_of_birth": InputKind.DATE,
    "phone": InputKind.PHONE,
    "evidence": InputKind.UPLOAD,
    "reply": InputKind.UPLOAD,
}

ANY_REQUEST = "any"
"""What is withdrawn if the text does not name a request kind."""

FILLED_FROM: Mapping[str, str] = {
    "provider": "provider",
    "category": "category",
    "purpose": "purpose",
    "profile_field": "profile_field",
    "ticket_number": "ticket_number",
}
"""Slot types that a flow's first sentence may already fill, and the entity they take."""


AMENDS = "_amends"
"""The slot of a form that takes the place of a filed request: its id."""

TAKES_UP = "_takes_up"
"""The slot of a form for a request that was filed for its user and awaits their proof: its id."""

FILLED_BY_NAME: Mapping[str, str] = {
    "new_value": "new_value",
    "somebody_else": "somebody_else",
    "child_birth_date": "birth",
    "child_age": "child_age",
    "child_account": "account_name",
    "deceased_account": "account_name",
    "who": "account_name",
    "contact": "send_to",
}
"""Slots that a first sentence fills by their name, and the entity they take."""

ONLY_BESIDE = frozenset({"new_value"})
"""Those of them that say nothing by themselves: a new value without its field."""


def takes_any_words(slot_type: str) -> bool:
    """Whether a type takes any text as the answer."""
    return slot_type in _FREE


FILES = "evidence"
"""The slot in which every flow keeps files; only this one is read when they are dropped."""


def takes_files(slot_type: str) -> bool:
    """Whether files are an answer; for a ``reply``, text is one, too."""
    return slot_type in {"evidence", "reply"}


def input_kind(slot_type: str) -> InputKind | None:
    """Return the input a page offers for a type."""
    return _INPUTS.get(slot_type)


def parse(slot_type: str, text: str, found: Entities) -> Any:
    """Return the value of an answer in words, or None."""
    return _PARSERS[slot_type](text, found)


_TERMS: Mapping[str, str] = {
    "provider": "provider",
    "category": "category",
    "purpose": "purpose",
    "profile_field": "field",
}


def shown(slot_type: str, value: Any) -> Any:
    """Return a slot's value as an argument: a typed mapping that the catalog renders."""
    family = _TERMS.get(slot_type)
    if family is not None:
        if isinstance(value, list):
            return {"$terms": [f"{family}.{one}" for one in value]}
        return {"$term": f"{family}.{value}"}
    if slot_type == "date_of_birth":
        return {"$day": value}
    if slot_type in {"phone", "contact"}:
        return mask_mail(value) if "@" in value else mask_phone(value)
    if isinstance(value, list):
        return {"$texts": [str(one) for one in value]}
    return value if isinstance(value, (str, int, dict)) else str(value)
