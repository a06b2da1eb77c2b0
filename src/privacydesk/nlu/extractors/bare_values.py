"""Values given without naming their field: an answer, and the words around it."""

from __future__ import annotations

import re
from typing import Final

_LOOKED_AT: Final = 200
"""Most characters of a value with the words around it."""

# 好了 就叫阿雨吧, "ok, it's Sunny", 改成小雨.
_AROUND: Final = re.compile(
    r"^(?:(?:好了|ok|okay|hmm+|maybe|then)[\s,，.!]+)?"
    r"(?:(?:要不|不如|那)?就?(?:叫做?|[是系係])|要不就?|不如|it'?s |call me "
    r"|(?:how|what) about |make it |change (?:it )?to |(?:it )?should be "
    r"|[请請]?(?:[帮幫]我)?(?:改成|改[为為]|[换換]成|改做|[应應][该該](?:是|[系係]|叫)|[应應][为為]))?"
    r"[\s:：]*(?P<value>\S.*?)(?:[吧啦喇囉呀]|,? (?:please|pls|then)[.!]?)?$",
    re.IGNORECASE,
)
# 打错了 小雨点点, 唔係,係阿濠仔, "sorry, typo: Tan Mei Leng": what was mistyped is written again.
_AGAIN: Final = re.compile(
    r"(?:[啊哎诶欸呀哦喔唉等下一]|不好意思|对不起|對不起|唔好意思|no|oh|wait|sorry|oops|[,，.。!！~\s]){0,8}"
    r"(?:(?:我)?(?:[打写寫填输輸][错錯]|手滑|手误|手誤)(?:字|咗|了|啦|喇)*|不[对對](?!劲|勁)|[错錯](?:字)?[了咗啦喇]"
    r"|唔[啱係系]|sorry|oops|typo|my mistake)"
    r"[,，.。:：!！~\s]+"
    r"(?:(?:应该|應該|我?[说說]的|正确的?|正確)?(?:是|系|係|叫做?|改[成做])[\s:：]*"
    r"|it'?s |it is |i meant? |it should be )?"
    r"[\"“”「『]?(?P<value>[^,，。!！?？\"“”「『」』]{1,30}?)[\"“”」』]?"
    r"(?:才对|才對|先啱|[吧啦喇呀啊])?[.。!！~\s]*",
    re.IGNORECASE,
)


def bare_value(text: str) -> str:
    """Return an answer without the words around its value: 就叫阿雨吧."""
    words = text.strip()
    found = _AROUND.match(words) if len(words) <= _LOOKED_AT else None
    return found["value"] if found else words


def value_again(text: str) -> str:
    """Return the value that is rewritten after an admitted typo; empty without one."""
    words = text.strip()
    found = _AGAIN.fullmatch(words) if len(words) <= _LOOKED_AT else None
    return found["value"] if found else ""
