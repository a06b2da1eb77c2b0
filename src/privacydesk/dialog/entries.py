"""New values for entries of a profile: which a message gives, and which an entry takes.

A birthday is a date and a gender a word for one; anything else is asked for again. The digits of a
code that was sent are no value of anything.
"""

from __future__ import annotations

import re
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
"""A telephone number that is to replace another one has at least so many."""
_NUMBER: Final = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){5,20}")

_STOPS: Final = " .。!！,，"
_NAMES: Final = frozenset({ProfileField.NICKNAME.value, ProfileField.REAL_NAME.value})
_CARRIED: Final = _NAMES | {PHONE}
"""Entries whose value may be told in a sentence. Of a signature any words may be a part."""

# 和微信一样 points at a value, 宇宙的宇 explains a character of one, 最后一个字错了 says what is
# wrong with it, and 清空 asks that there be none.
_NO_VALUE: Final = re.compile(
    r"(?:就|要|改成|用)*[和跟同與与].{1,12}(?:一样|一樣|一致|相同|同款)的?"
    r"|(?:the )?same as .{1,40}"
    r"|(?:应该是|應該是|系|是)?.{0,3}(.).{0,2}的\1"
    r"|(?:不要了?|唔要|全部?|都|直接|[给給]我|[帮幫]我|把它?|[,，。!！\s])*"
    r"(?:清空|留空|空着|空白|[删刪][掉除]|不要了|什[么麼]都不[写寫要留])(?:就[行好]|吧|了|算了|[,，。!！\s])*"
    r"|.{0,8}(?:字|名|姓|拼音|读音|讀音).{0,5}(?:错了?|錯咗?了?|不对|不對|唔啱|有误|有誤)[^是叫]{0,4}"
    r"|(?:就|只有)(?:这些|這些|这样|這樣)了?|(?:没|沒)(?:有|别的|別的)了?|冇(?:喇|啦|嘢)?"
    r"|that['’]?s (?:all|it)|nothing(?: else)?"
    r"|(?:just )?(?:leave|make) it (?:empty|blank)|(?:clear|empty|delete|remove) it",
    re.IGNORECASE,
)
# Around a name that was asked for: 好了 就叫阿雨吧, "ok, it's Sunny".
_AROUND_NAME: Final = re.compile(
    r"^(?:(?:好了|ok|okay|hmm+|maybe|then)[\s,，.!]+)?"
    r"(?:(?:要不|不如|那)?就?(?:叫做?|[是系係])|要不就?|不如|it'?s |call me "
    r"|(?:how|what) about |make it )?"
    r"\s*(?P<name>\S.*?)(?:[吧啦喇囉呀]|,? (?:please|pls|then)[.!]?)?$",
    re.IGNORECASE,
)
_LONE: Final = re.compile(
    r"^(?:是|系|係|我是|我系|i['’]?m |i am |it['’]?s )(?:a )?|[的生性啊呀吧啦.。!！~\s]+$"
)
_RESPELT: Final = re.compile(
    r"(?:(?:[Nn]o|[Oo]h|[Ww]ait|[Oo]ops)[,.! ]+)*(?:[Ss]orry|[Oo]ops|[Tt]ypo|[Mm]y mistake)[,:.! ]+"
    r"(?:it'?s |it is |[Ii] meant? |it should be )?"
    r"(?P<name>(?!I\b)[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3})[.!]?"
)
# 打错了 小雨点点, 唔係,係阿濠仔: what was mistyped is written once more.
_MISTYPED: Final = re.compile(
    r"(?:[啊哎诶欸呀哦喔唉等下一]|不好意思|对不起|對不起|唔好意思|sorry|oops|[,，.。!！~\s]){0,8}"
    r"(?:(?:我)?(?:[打写寫填输輸][错錯]|手滑|手误|手誤)(?:字|咗|了|啦|喇)*|不[对對](?!劲|勁)|[错錯](?:字)?[了咗啦喇]|唔[啱係系]|typo)"
    r"[,，.。:：!！~\s]+(?:(?:应该|應該|我?[说說]的|正确的?|正確)?(?:是|系|係|叫做?|改[成做])[\s:：]*)?"
    r"[\"“”「『]?(?P<value>[^\s,，。.!！?？\"“”「『」』]{1,30})[\"“”」』]?(?:才对|才對|先啱|[吧啦喇呀啊])?[。.!！~\s]*",
    re.IGNORECASE,
)
_ALIKE: Final = 0.5
"""From which share of characters in common two values are the same but for a slip."""

# Quotation marks around all of a value are none of it.
_QUOTED: Final = re.compile("^[\"“”「『《‘']([^\"“”「」『』《》‘’']+)[\"“”」』》’']$")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS: Final = ("year", "month", "day")
_DAY_DIGITS: Final = 2
_PIECES: Final = "_day"
"""The slot for what was told of a birthday so far."""
_LACKING: Final = {
    ("day",): "rectification.day_lacking",
    ("year",): "rectification.year_lacking",
    ("month", "day"): "rectification.month_lacking",
}
_GENDERS: Final = frozenset(GenderCode)
_TYPED: Final = frozenset({ProfileField.BIRTHDAY.value, ProfileField.GENDER.value})
_RETRY: Final = {
    ProfileField.BIRTHDAY.value: "desk.retry.date_of_birth",
    ProfileField.GENDER.value: "rectification.gender_retry",
}


def shown_value(field: Any, value: Any) -> Any:
    """Return a value as an argument of a text: a birthday or a gender as the reader writes it."""
    if field == ProfileField.BIRTHDAY.value and _ISO.fullmatch(str(value)):
        return {"$day": value}
    if field == ProfileField.GENDER.value and value in _GENDERS:
        return {"$term": f"gender.{value}"}
    return value


def takes_values(flow: Flow) -> bool:
    """Tell whether a flow asks for the new value of an entry."""
    spec = flow.slots.get(VALUE)
    return spec is not None and spec.type == FIELD_VALUE


def fits(field: Any, value: Any, today: date) -> bool:
    """Tell whether a value is one that an entry takes. Nobody was born in the future."""
    if field == ProfileField.BIRTHDAY.value:
        return _ISO.fullmatch(str(value)) is not None and value <= today.isoformat()
    return field != ProfileField.GENDER.value or value in SPOKEN_GENDERS


def is_value(field: str, value: str) -> bool:
    """Tell whether words can be the new value of an entry."""
    if field == ProfileField.REAL_NAME.value and len(value.strip(_STOPS)) == 1:
        return False
    if field == PHONE:
        return sum(one.isdecimal() for one in value) >= _PHONE_DIGITS
    return _NO_VALUE.fullmatch(value.strip()) is None


def retry_key(frame: Running, said: str) -> str:
    """Return what is said where words are no value of the entry a form is about."""
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
    """Return the entries that a value is told of, where one was asked for."""
    return tuple(field for field, _, _ in entities.get("entry_told", ()))


def told_of(field: str, entities: Entities, *, asked: bool = False) -> dict[str, Any]:
    """Return the slots that a message fills beside the name of an entry.

    Args:
        field: the entry.
        entities: what the message names.
        asked: the entry was asked for, so that what is told of it is the new value: 昵称叫小雨.
    """
    pairs = entities.get("entry_told" if asked else "entry", ())
    new = next((new for name, new, _ in pairs if name == field), "")
    others = {name for name in entities.get("profile_field", ()) if name != field}
    if not new and not others and field not in _TYPED:
        new = next(iter(entities.get(VALUE, ())), "")
    if not new and not others and field in _TYPED and asked:
        new = _typed(field, entities) or ""
    return {VALUE: new} if new and is_value(field, new) else {}


def answer(field: Any, text: str, entities: Entities) -> Any:
    """Return the new value that an answer gives for an entry; None where it is none."""
    if field in _TYPED:
        return _typed(str(field), entities)
    told = told_of(str(field), entities, asked=True)
    named = any(name == field for name, _, _ in entities.get("entry_told", ()))
    carried = field in _CARRIED or "slip" in entities.get("phrase", ())
    if named or (carried and VALUE in told):
        return _QUOTED.sub(r"\1", told.get(VALUE, "")) or None
    if field in _NAMES and (around := _AROUND_NAME.match(text.strip())):
        text = _QUOTED.sub(r"\1", around["name"])
    if field == PHONE and len(numbers := _NUMBER.findall(text)) == 1:
        # "It's +852 6123 4567, thanks"
        text = numbers[0]
    return parse("text", text, entities) if is_value(str(field), text) else None


def piece_together(frame: Running, text: str, entities: Entities) -> str | None:
    """Return a birthday that is told in several messages: "March 1990", then "the 3rd".

    What was told is kept with the form until the day is whole; None until then.
    """
    if frame.slots.get(FIELD) != ProfileField.BIRTHDAY.value:
        return None
    told: dict[str, str] = dict(frame.slots.get(_PIECES) or {})
    for part in entities.get("part_of_date", ())[:1]:
        told |= dict(zip(_UNITS, part.split("-"), strict=False))
    told |= dict(entities.get("date_piece", ()))
    bare = text.strip()
    if bare.isdecimal() and len(bare) <= _DAY_DIGITS and _missing(told) == ("day",):
        told["day"] = bare.zfill(_DAY_DIGITS)
    if told and told.keys() != set(_UNITS):
        frame.slots[_PIECES] = told
    if _missing(told):
        return None
    frame.slots.pop(_PIECES, None)
    return _day(told) or None


def _missing(told: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(unit for unit in _UNITS if unit not in told)


def _day(told: Mapping[str, str]) -> str:
    """Return year, month and day as a date; nothing where there is no such day."""
    try:
        return date.fromisoformat("-".join(told[unit] for unit in _UNITS)).isoformat()
    except ValueError:
        return ""


def correction(frame: Running, entities: Entities) -> str:
    """Return the value that a message puts in the place of the one a form has; else nothing.

    Where it names another entry, that is another wish.
    """
    field, held = str(frame.slots.get(FIELD, "")), frame.slots.get(VALUE)
    others = {name for name in entities.get("profile_field", ()) if name != field}
    if held is None or others:
        return ""
    if field == PHONE and entities.get("phone"):
        value = entities["phone"][-1]
    elif field not in _TYPED:
        value = told_of(field, entities, asked=True).get(VALUE, "")
    elif field == ProfileField.GENDER.value:
        # "Man, that took long" names none, and "no, female, it says male now" only one anew.
        fresh = [one for one in entities.get("gender", ()) if one != held]
        value = fresh[-1] if fresh and _puts_another(entities) else ""
    else:
        value = _typed(field, entities) or _another_day(field, str(held), entities)
    return "" if value == held else str(value)


def respelt(frame: Running, text: str) -> str:
    """Return a name that is spelt anew in so many words: "no, sorry, Tan Mei Leng"; else nothing.

    A capital letter tells it from what else one may be sorry about. So is a gender, by itself.
    """
    held = str(frame.slots.get(VALUE) or "")
    mistyped = _MISTYPED.fullmatch(text.strip()) if frame.slots.get(FIELD) not in _TYPED else None
    if mistyped and held and _is_nearly(held, mistyped["value"]):
        return mistyped["value"]
    if frame.slots.get(FIELD) == ProfileField.GENDER.value:
        word = _LONE.sub("", text.strip().casefold())
        held = str(frame.slots.get(VALUE, ""))
        return word if word in SPOKEN_GENDERS and held and word[0] != held[0] else ""
    found = _RESPELT.fullmatch(text.strip()) if frame.slots.get(FIELD) in _NAMES else None
    return found["name"] if found and frame.slots.get(VALUE) not in {None, found["name"]} else ""


def _is_nearly(held: str, told: str) -> bool:
    """Tell whether a value is another with a slip put right: most of its characters are the same.

    What is said after a slip may be anything; so alike are only two ways to write one thing.
    """
    if held == told:
        return False
    return SequenceMatcher(None, held, told, autojunk=False).ratio() >= _ALIKE


def _puts_another(entities: Entities) -> bool:
    """Tell whether a message puts something in the place of something else."""
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
    """Return a birthday with a part of it put right: 是8月11号, "the 13th", 98年."""
    if field != ProfileField.BIRTHDAY.value or _ISO.fullmatch(held) is None:
        return ""
    days = entities.get("day_of_year", ())
    if len(days) == 1:
        return f"{held[:4]}-{days[0]}"
    told = dict(zip(_UNITS, held.split("-"), strict=True))
    # "May, not June" names what stands there, too.
    pieces = [(unit, new) for unit, new in entities.get("date_piece", ()) if new != told[unit]]
    fresh = dict(pieces)
    return _day({**told, **fresh}) if fresh and len(fresh) == len(pieces) else ""
