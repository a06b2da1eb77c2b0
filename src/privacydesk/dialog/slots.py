"""Slot types: what an answer in words is taken for, and how a value is shown.

A parser gets the words, what was found in them (entities) and the buttons that are offered, and
returns the value or None when it can't take them. Values are JSON only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from privacydesk.dialog.codes import HIDDEN_CODE, code_digits
from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, Deletable
from privacydesk.domain.events import InputKind
from privacydesk.domain.masking import mask_mail, mask_phone
from privacydesk.domain.numbers import canonical_number

TEXT_LIMIT = 2_000
LONG_TEXT_LIMIT = 10_000
_LOOKED_AT = 300
"""Characters that a contact or a date fits into; what is longer is none."""
_NEW_VALUE = re.compile(
    r"^[请請]?(?:[帮幫]我)?(?:改成|改[为為]|[换換]成|改做|[应應][该該](?:是|[系係]|叫)|[应應][为為]"
    r"|change (?:it )?to\b|(?:it )?should be\b)[\s:：]*(?=\S)",
    re.IGNORECASE,
)
Entities = Mapping[str, tuple[Any, ...]]

_MAIL = re.compile(r"^[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,24}$")
# Chinese words may touch an address: 发到bob@example.com吧.
_MAIL_IN_WORDS = re.compile(
    r"(?<![A-Za-z0-9._%+@-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}"
    r"@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9@-])"
)


def _text(limit: int) -> Callable[[str, Entities], Any]:
    def take(text: str, _found: Entities) -> Any:
        words = text.strip()
        if limit == TEXT_LIMIT:
            words = _NEW_VALUE.sub("", words)
        return words if 0 < len(words) <= limit else None

    return take


def names_own_contact(text: str, found: Entities) -> bool:
    """Tell whether words give the speaker's own phone or address: "my number is 139…"."""
    said = found.get("phrase", ())
    return "own_contact" in said and "signed_up" not in said and _contact(text, found) is not None


_DATE_ALONE = re.compile(
    r"(?:(?:大概|好像|应该是|應該是|是|系|係|born|in|about|maybe|around|[,，.。\s])*"
    r"(?:(?:19|20)\d{2}(?:[-/.年]\s*\d{1,2})?(?:[-/.月]\s*\d{1,2})?\s*[年月日号號]?"
    r"|(?:\d{1,2}\s*月)?\s*\d{1,2}\s*[日号號]|\d{1,2}\s*月))"
    r"(?:出生|生|的|吧|左右|年|具体|哪天|哪日|忘了|不记得|不記得|唔記得|记不清|記不清|了|[,，.。\s])*",
    re.IGNORECASE,
)


def only_a_date(text: str) -> bool:
    """Tell whether words are nothing but a year, or a date: 2010年 具体哪天忘了."""
    return len(text) <= _LOOKED_AT and _DATE_ALONE.fullmatch(text.strip()) is not None


def _account_name(text: str, found: Entities) -> Any:
    if names_own_contact(text, found) or only_a_date(text):
        return None
    alone = found.get("account_alone", ())
    return alone[0] if alone else _text(TEXT_LIMIT)(text, found)


def _code(text: str, _found: Entities) -> Any:
    return HIDDEN_CODE if code_digits(text) else None


def says_everything(found: Entities) -> bool:
    """Tell whether all there is is meant: "all my videos" are some of it, by a name not known."""
    said = found.get("phrase", ())
    return "everything" in said and "specific" not in said


def all_but_kept(slot_type: str, found: Entities, options: str | None = None) -> list[str] | None:
    """Return all there is of a type but for what shall stay; None where that is not what is said.

    Args:
        slot_type: of the values.
        found: what the message names.
        options: where the values are offered from; all data can be seen, and some not deleted.
    """
    kept = found.get(f"kept_{slot_type}", ())
    if not kept or found.get(slot_type) or not says_everything(found):
        return None
    return [one for one in all_of(slot_type, options) if one not in kept] or None


def all_of(slot_type: str, options: str | None = None) -> list[str]:
    """Return all there is of a type; nothing where that is not known. See ``all_but_kept``."""
    if slot_type == "category":
        seen = options == "categories"
        kinds = (one for one in DataCategory if seen or one.deletable is not Deletable.ELSEWHERE)
        return [kind.value for kind in kinds]
    return [purpose.value for purpose in ConsentPurpose] if slot_type == "purpose" else []


def staying(found: Entities) -> frozenset[str]:
    """Return what a message names to say that it shall stay."""
    kinds = ("only_kept", "kept_category", "kept_provider", "kept_purpose")
    return frozenset(str(one) for kind in kinds for one in found.get(kind, ()))


def _category(text: str, found: Entities) -> Any:
    return all_but_kept("category", found) or _first("category")(text, found)


def _purpose(text: str, found: Entities) -> Any:
    return all_but_kept("purpose", found) or _first("purpose")(text, found)


def _phone(text: str, found: Entities) -> Any:
    return _first("phone")(text, found)


def _contact(text: str, found: Entities) -> Any:
    if len(text) <= _LOOKED_AT:
        words = unicodedata.normalize("NFKC", text).strip()
        named = {address.lower() for address in _MAIL_IN_WORDS.findall(words)}
        if len(named) == 1:
            return named.pop()
        if _MAIL.match(words):
            return words.lower()
    return _phone(text, found)


def _first(kind: str) -> Callable[[str, Entities], Any]:
    def take(_text: str, found: Entities) -> Any:
        stays = staying(found)
        values = [one for one in found.get(kind, ()) if one not in stays]
        if not values:
            return None
        # "Not Google, it's WeChat": what is meant comes last. Where what is not meant is known to
        # stay, the others are meant alike: "marketing and location, not the recommendations".
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

_FREE = frozenset({"text", "field_value", "account_name", "long_text", "reply"})
"""Types that take any words, so that what looks like another wish is still an answer."""

_INPUTS: Mapping[str, InputKind] = {
    "code": InputKind.CODE,
    "date_of_birth": InputKind.DATE,
    "phone": InputKind.PHONE,
    "evidence": InputKind.UPLOAD,
    "reply": InputKind.UPLOAD,
}

ANY_REQUEST = "any"
"""What is taken back where the words do not name it; else a request kind."""

FILLED_FROM: Mapping[str, str] = {
    "provider": "provider",
    "category": "category",
    "purpose": "purpose",
    "profile_field": "profile_field",
    "ticket_number": "ticket_number",
}
"""Slot types that a flow's first sentence may already fill, and the entity they take."""


FILLED_BY_NAME: Mapping[str, str] = {
    "new_value": "new_value",
    "somebody_else": "somebody_else",
    "child_birth_date": "birth",
    "child_age": "child_age",
    "child_account": "account_name",
    "who": "account_name",
    "contact": "send_to",
}
"""Slots that a first sentence fills by their name, and the entity they take."""

ONLY_BESIDE = frozenset({"new_value"})
"""Those of them that say nothing by themselves: a new value, where not known of what."""


def takes_any_words(slot_type: str) -> bool:
    """Tell whether a type takes any words as the answer."""
    return slot_type in _FREE


FILES = "evidence"
"""The slot in which every flow keeps files; no other one is looked at when they are dropped."""


def takes_files(slot_type: str) -> bool:
    """Tell whether files are an answer; to a ``reply`` words are one, too."""
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
    """Return a slot's value as an argument: a typed mapping that the catalog words."""
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
