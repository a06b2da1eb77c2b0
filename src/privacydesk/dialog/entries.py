"""New values for profile entries: which ones a message gives, and which ones an entry accepts.

A birthday is a date and a gender a word for one; anything else is asked for again. The digits of a
sent code are never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Final

from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.slots import TEXT_LIMIT, Entities, parse
from privacydesk.domain.account_terms import SPOKEN_GENDERS, GenderCode, ProfileField, Provider

VALUE: Final = "new_value"
FIELD: Final = "field"
"""The slots that a flow keeps an entry and its new value in."""

FIELD_VALUE: Final = "field_value"
"""The type of the slot for a new value."""

PHONE: Final = Provider.PHONE.value
"""The entry of a profile that is also a way to log in."""

_PHONE_DIGITS: Final = 6
"""The fewest digits of a phone number that replaces another one."""

_STOPS: Final = " .。!！,，"
_NAMES: Final = frozenset({ProfileField.NICKNAME.value, ProfileField.REAL_NAME.value})
_CARRIED: Final = _NAMES | {PHONE}
"""Entries whose value may be embedded in a sentence; any words may be part of a signature."""

_ALIKE: Final = 0.5
"""The similarity ratio from which two values are the same but for a slip."""
_OPENING: Final = frozenset("\"“”「『《‘'")
_CLOSING: Final = frozenset("\"“”」』》’'")
"""Quotation marks; around a whole value they are not part of it."""
_UNITS: Final = ("year", "month", "day")
_DAY_DIGITS: Final = 2
_PIECES: Final = "_day"
"""The slot for the parts of a birthday given so far."""
_LACKING: Final = {
    ("day",): "rectification.day_lacking",
    ("year",): "rectification.year_lacking",
    ("month", "day"): "rectification.month_lacking",
}
_GENDERS: Final = frozenset(GenderCode)
TYPED: Final = frozenset({ProfileField.BIRTHDAY.value, ProfileField.GENDER.value})
_RETRY: Final = {
    ProfileField.BIRTHDAY.value: "desk.retry.date_of_birth",
    ProfileField.GENDER.value: "rectification.gender_retry",
}


def shown_value(field: Any, value: Any) -> Any:
    """Return a value as a text's argument: a birthday or a gender as the reader writes it."""
    if field == ProfileField.BIRTHDAY.value and _is_day(str(value)):
        return {"$day": value}
    if field == ProfileField.GENDER.value and value in _GENDERS:
        return {"$term": f"gender.{value}"}
    return {"$texts": value} if isinstance(value, list) else value


def takes_values(flow: Flow) -> bool:
    """Whether a flow asks for the new value of an entry."""
    spec = flow.slots.get(VALUE)
    return spec is not None and spec.type == FIELD_VALUE


def fits(field: Any, value: Any, today: date) -> bool:
    """Whether an entry accepts a value. Nobody was born in the future."""
    if field == ProfileField.BIRTHDAY.value:
        return _is_day(str(value)) and value <= today.isoformat()
    return field != ProfileField.GENDER.value or value in SPOKEN_GENDERS


def offered(field: Any) -> tuple[str, ...]:
    """Return the values to offer for an entry; empty where it takes any words, or a day."""
    return tuple(one.value for one in GenderCode) if field == ProfileField.GENDER.value else ()


def is_value(field: str, value: str) -> bool:
    """Whether words can be the new value of an entry."""
    if field == ProfileField.REAL_NAME.value and len(value.strip(_STOPS)) == 1:
        return False
    if field == PHONE:
        return sum(one.isdecimal() for one in value) >= _PHONE_DIGITS
    return bool(value.strip())


def retry_key(frame: Running, said: str) -> str:
    """Return the key of what is said if words are no value of the form's entry."""
    field = frame.slots.get(FIELD)
    if field == ProfileField.BIRTHDAY.value:
        lacking = _LACKING.get(_missing(frame.slots.get(_PIECES) or {}))
        return lacking or _RETRY[field]
    if field in _RETRY:
        return _RETRY[field]
    if field == ProfileField.REAL_NAME.value and len(said.strip(_STOPS)) == 1:
        return "rectification.whole_name"
    return "rectification.value_retry" if len(said) <= TEXT_LIMIT else "desk.retry.field_value"


def fields_with_values(entities: Entities) -> tuple[str, ...]:
    """Return the entries that a message gives a new value for, in their order."""
    return tuple(field for field, _, _ in entities.get("entry", ()))


def fields_told(entities: Entities) -> tuple[str, ...]:
    """Return the entries that an answer gives a value for, if one was asked for."""
    return tuple(field for field, _, _ in entities.get("entry_told", ()))


def told_of(field: str, entities: Entities, *, asked: bool = False) -> dict[str, Any]:
    """Return the slots that a message fills beside the name of an entry.

    Args:
        field: the entry.
        entities: what the message names.
        asked: the entry was asked for, so that what is said of it is the new value: 昵称叫小雨.
    """
    pairs = entities.get("entry_told" if asked else "entry", ())
    new = next((new for name, new, _ in pairs if name == field), "")
    others = {name for name in entities.get("profile_field", ()) if name != field}
    if not new and not others and field not in TYPED:
        new = next(iter(entities.get(VALUE, ())), "")
    if not new and not others and field in TYPED and asked:
        new = _typed(field, entities) or ""
    return {VALUE: new} if new and is_value(field, new) else {}


def answer(field: Any, text: str, entities: Entities, *, answers: bool) -> Any:
    """Return the new value that an answer gives for an entry; None if it gives none.

    Args:
        field: the entry.
        text: the answer.
        entities: what it names.
        answers: whether it answers what is asked at all: 和微信一样 only points at a value.
    """
    if field in TYPED:
        return _typed(str(field), entities)
    told = told_of(str(field), entities, asked=True)
    named = any(name == field for name, _, _ in entities.get("entry_told", ()))
    carried = field in _CARRIED or "slip" in entities.get("phrase", ())
    if named or (carried and VALUE in told):
        return _unquoted(told.get(VALUE, "")) or None
    if field == PHONE and len(numbers := entities.get("written_phone", ())) == 1:
        # "It's +852 6123 4567, thanks"
        text = numbers[0]
    if field in _NAMES:
        text = _unquoted(next(iter(entities.get("bare_value", ())), text.strip()))
    return parse("text", text, entities) if answers and is_value(str(field), text) else None


def _unquoted(value: str) -> str:
    """Return a value without the quotation marks around all of it."""
    inner = value[1:-1]
    around = value[:1] in _OPENING and value[-1:] in _CLOSING and len(value) > len("“”")
    return inner if around and not _OPENING.union(_CLOSING).intersection(inner) else value


def _is_day(value: str) -> bool:
    """Whether a value is a date in the stored format."""
    year, _, rest = value.partition("-")
    month, _, day = rest.partition("-")
    digits = (year, 4), (month, 2), (day, 2)
    return all(one.isascii() and one.isdecimal() and len(one) == length for one, length in digits)


def piece_together(frame: Running, text: str, entities: Entities) -> str | None:
    """Return a birthday that is told in several messages: "March 1990", then "the 3rd".

    The parts are kept with the form until the date is complete; None until then.
    """
    if frame.slots.get(FIELD) != ProfileField.BIRTHDAY.value:
        return None
    before: dict[str, str] = dict(frame.slots.get(_PIECES) or {})
    fresh: dict[str, str] = {}
    for part in entities.get("part_of_date", ())[:1]:
        fresh |= dict(zip(_UNITS, part.split("-"), strict=False))
    fresh |= dict(entities.get("date_piece", ()))
    bare = text.strip()
    if bare.isdecimal() and len(bare) <= _DAY_DIGITS and _missing(before | fresh) == ("day",):
        fresh["day"] = bare.zfill(_DAY_DIGITS)
    told = before | fresh
    if told and told.keys() != set(_UNITS):
        frame.slots[_PIECES] = told
    if not fresh or _missing(told):
        return None
    frame.slots.pop(_PIECES, None)
    return _day(told) or None


def drop_value(frame: Running) -> None:
    """Drop the value of a form's entry; the parts of a birthday hold until others are told."""
    held = str(frame.slots.pop(VALUE, ""))
    if frame.slots.get(FIELD) == ProfileField.BIRTHDAY.value and _is_day(held):
        frame.slots[_PIECES] = dict(zip(_UNITS, held.split("-"), strict=True))


def _missing(told: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(unit for unit in _UNITS if unit not in told)


def _day(told: Mapping[str, str]) -> str:
    """Return year, month and day as a date; empty if there is no such day."""
    try:
        return date.fromisoformat("-".join(told[unit] for unit in _UNITS)).isoformat()
    except ValueError:
        return ""


def correction(frame: Running, entities: Entities) -> str:
    """Return the value that replaces the one a form has; empty if a message gives none.

    A message that names another entry is another request.
    """
    field, held = str(frame.slots.get(FIELD, "")), frame.slots.get(VALUE)
    others = {name for name in entities.get("profile_field", ()) if name != field}
    if held is None or others:
        return ""
    if field == PHONE and entities.get("phone"):
        value = entities["phone"][-1]
    elif field not in TYPED:
        value = told_of(field, entities, asked=True).get(VALUE, "")
    elif field == ProfileField.GENDER.value:
        # "Man, that took long" names none, and "no, female, it says male now" one new one.
        fresh = [one for one in entities.get("gender", ()) if one != held]
        value = fresh[-1] if fresh and _puts_another(entities) else ""
    else:
        value = _typed(field, entities) or _another_day(field, str(held), entities)
    return "" if value == held else str(value)


def value_again(frame: Running, entities: Entities) -> str:
    """Return the value of a form's entry as rewritten after a slip; empty if it was not.

    Anything may be said after a slip, so the new value may differ in only a few characters.
    """
    field, held = frame.slots.get(FIELD), str(frame.slots.get(VALUE) or "")
    told = next(iter(entities.get("value_again", ())), "")
    if field in TYPED or not held or told in {"", held}:
        return ""
    alike = SequenceMatcher(None, held, told, autojunk=False).ratio() >= _ALIKE
    return told if alike else ""


def _puts_another(entities: Entities) -> bool:
    """Whether a message replaces one thing with another."""
    said = entities.get("phrase", ())
    told = entities.get(VALUE) or entities.get("entry_told")
    return bool(told) or not {"instead", "slip"}.isdisjoint(said)


def _typed(field: str, entities: Entities) -> Any:
    """Return the date or the word for a gender that a message names; the last one counts."""
    kind = "birthday" if field == ProfileField.BIRTHDAY.value else "gender"
    values = entities.get(kind, ())
    several = kind == "birthday" and len(values) > 1 and "instead" not in entities.get("phrase", ())
    return values[-1] if values and not several else None


def _another_day(field: str, held: str, entities: Entities) -> str:
    """Return a birthday with a part of it corrected: 是8月11号, "the 13th", 98年."""
    if field != ProfileField.BIRTHDAY.value or not _is_day(held):
        return ""
    days = entities.get("day_of_year", ())
    if len(days) == 1:
        return f"{held[:4]}-{days[0]}"
    told = dict(zip(_UNITS, held.split("-"), strict=True))
    # 不，5月，写成了6月 names the old value, too.
    pieces = [(unit, new) for unit, new in entities.get("date_piece", ()) if new != told[unit]]
    fresh = dict(pieces)
    return _day({**told, **fresh}) if fresh and len(fresh) == len(pieces) else ""
