"""New values in the words around them: "typo, it's Rainie", 证件上是林晓雨; words that are none.

Words that only point at a value, explain a character of one or ask that there be none are asked
about again.
"""

from __future__ import annotations

import re
from typing import Final

from privacydesk.dialog.slots import Entities
from privacydesk.domain.account_terms import ProfileField, Provider

PHONE: Final = Provider.PHONE.value
"""The entry of a profile that is also a way to log in."""

_NAMES: Final = frozenset({ProfileField.NICKNAME.value, ProfileField.REAL_NAME.value})

_PHONE_DIGITS: Final = 6
"""A telephone number that is to replace another one has at least so many."""

_CARRIER: Final = 40
"""Characters of a message that may be a value with a few words around it."""

# 和微信一样 points at a value, 宇宙的宇 explains a character of one, 最后一个字错了 says what is
# wrong with it, and 清空 asks that there be none.
_NO_VALUE: Final = re.compile(
    r"(?:就|要|改成|用)*[和跟同與与].{1,12}(?:一样|一樣|一致|相同|同款)的?"
    r"|(?:the )?same as .{1,40}"
    r"|(?:应该是|應該是|系|是)?.{0,3}(.).{0,2}的\1"
    r"|(?:不要了?|唔要|全部?|都|直接|[给給]我|[帮幫]我|把它?|[,，。!！\s])*"
    r"(?:清空|留空|空着|空白|[删刪][掉除]|不要了|什[么麼]都不[写寫要留])(?:就[行好]|吧|了|算了|[,，。!！\s])*"
    r"|.{0,8}(?:字|名|姓|拼音|读音|讀音).{0,5}(?:错了?|錯咗?了?|不对|不對|唔啱|有误|有誤)[^是叫]{0,4}"
    r"|(?:just )?(?:leave|make) it (?:empty|blank)|(?:clear|empty|delete|remove) it",
    re.IGNORECASE,
)
_SLIP: Final = (
    r"(?:[打写寫说說填](?:错|錯)(?:字)?(?:了|咗)?|不[对對]|唔[啱对對]"
    r"|(?:oops|sorry|typo|my mistake|oh no|no)\b)"
)
_SLIPPED: Final = re.compile(rf"^{_SLIP}", re.IGNORECASE)
_BEFORE: Final = rf"(?:(?:那|要不|不如|好了|ok|okay|嗯|哦|{_SLIP})[\s,，.。!！]*)"
_IS: Final = (
    r"(?:叫做?|改成|改做|改为|改為|换成|換成|[是系係]|it'?s|it is|call me|should be|i meant)"
)
_AFTER: Final = r"(?:[吧啦喇囉呀嘞]|\s+\S{1,2}的\S)?[。.!！]*"
_CALLED: Final = re.compile(
    rf"^(?:{_BEFORE}*(?:就|我|应该|應該|想)*{_IS}|(?:ok|okay|好了|{_SLIP})[\s,，.]+)"
    rf"\s*[“\"'「]?(?P<value>[^,，。!！?？\s].*?)[”\"'」]?{_AFTER}$",
    re.IGNORECASE,
)
_ON_PAPER: Final = re.compile(
    r"(?:身份[证證]|护照|護照|[证證]件)上?(?:写|寫)?(?:的|嘅)?(?:名字)?(?:就)?[是系係叫]\s*"
    r"(?P<name>[\u4e00-\u9fff·]{2,12})$"
    r"|\b(?:id|passport)(?: card)? (?:says|shows|has) (?P<latin>[A-Z][\w' -]{1,40})$"
)
_DIGITS: Final = re.compile(r"\+?\d[\d\s-]{5,18}\d")
_IT_IS: Final = re.compile(r"^(?:那?就[是叫系係]|应?[該该]?是|叫|[系係]|it'?s )", re.IGNORECASE)


def is_value(field: str, value: str) -> bool:
    """Tell whether words can be the new value of an entry."""
    if field == PHONE:
        return sum(one.isdecimal() for one in value) >= _PHONE_DIGITS
    return _NO_VALUE.fullmatch(value.strip()) is None


def puts_right(said: str) -> bool:
    """Tell whether a message begins by saying that something before it was wrong."""
    return _SLIPPED.match(said.strip()) is not None


def told_in(field: str, said: str, entities: Entities) -> str:
    """Return the value that a sentence carries; nothing where it may be the value itself."""
    words = said.strip()
    if field == PHONE:
        numbers = entities.get("phone", ()) or _DIGITS.findall(words)
        return str(numbers[0]) if numbers and not words.isdecimal() else ""
    is_name = field == ProfileField.REAL_NAME.value
    if is_name and (paper := _ON_PAPER.search(words)):
        return str(paper["name"] or paper["latin"])
    # Of a signature any words may be a part: 是你让我看见.
    carried = field in _NAMES or puts_right(words)
    called = _CALLED.match(words) if carried and len(words) <= _CARRIER else None
    if called is not None:
        return str(called["value"])
    return _IT_IS.sub("", words) if is_name and _IT_IS.match(words) else ""
