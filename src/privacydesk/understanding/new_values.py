"""The new value that a sentence gives beside what it is for: "change my nickname to Mia"."""

from __future__ import annotations

import re
from typing import Final

from privacydesk.understanding.normalise import plain

_LONGEST: Final = 60
_OPEN: Final = '「『“‘"《'
_CLOSE: Final = '」』”’"》'

_LEAD: Final = (
    r"(?:改成|改为|改為|改做|换成|換成|更正成|更正为|更正為"
    r"|应该是|應該是|应为|應為|应该系|應該係|应该叫|應該叫"
    r"|\b(?:change|changed|set|correct|corrected|update|updated)\b[^,.!?;]{0,40}?\bto\b"
    r"|\bshould be\b)"
)
_QUOTED = re.compile(
    rf"(?:{_LEAD}|叫做?|是|\bto\b)[\s:：]*"
    rf"[{_OPEN}](?P<value>[^{_CLOSE}]{{1,{_LONGEST}}})[{_CLOSE}]",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"{_LEAD}[\s:：]*"
    rf"(?P<value>[^\s,，。.!！?？;；、{_OPEN}][^,，。!！?？;；\n]{{0,{_LONGEST}}})",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:就好|就行|可以吗|好吗|吧|谢谢|謝謝|,? ?please|,? ?thanks)\s*$", re.IGNORECASE
)
# A nickname may well end in 了, a number does not: 换成13912345678了.
_NUMBER_DONE = re.compile(r"(?<=[\d日号])(?:了|喇|啦)$")
_NOT_A_VALUE = re.compile(
    r"^(?:别的|別的|什么|什麼|其他|正确|正確|对的|對的|新的|另一个|另一個"
    r"|something|another|the right|the correct)",
    re.IGNORECASE,
)


def new_values(text: str) -> tuple[str, ...]:
    """Return the value as it was written, in quotation marks or at the end of a clause."""
    said = plain(text)
    hit = _QUOTED.search(said) or _BARE.search(said)
    if hit is None:
        return ()
    value = _NUMBER_DONE.sub("", _TAIL.sub("", hit["value"]).strip(" ."))
    return () if not value or _NOT_A_VALUE.match(value) else (value,)
