"""Whether a sentence that names data does nothing but choose it: "just my chats, please".

Whoever asks about what they name, denies it or tells of it chooses nothing: 这条动态是谁发的.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import lazily

# "Could I have just the chats?" chooses, politely.
_POLITELY: Final = lazily(
    r"(?:可(?:不可)?以|能(?:不能)?|行|得|好)(?:只|给|看|要|发|吗|么|嘛|不)"
    r"|\b(?:can|could|may) (?:i|you)\b"
)
_ASKS: Final = lazily(
    r"为什么|为啥|凭什么|凭啥|怎么|咋|点解|点样|谁|边个|哪|多少|多久|几[条个张次时点]|什么|啥|乜"
    r"|干嘛|干吗|是不是|有没有|有冇|会不会"
    r"|\b(?:why|who|whose|how|when|where|what|which|wonder\w*|is|are|was|were|do|does|did)\b"
)
_ASKS_AT_ALL: Final = lazily(r"[?吗么嘛呢]")
# 不用全部 wants no more than what is named; any other denial is of what is named.
_TELLS: Final = lazily(
    r"(?:没|冇|未)(?!别|其|什么)|(?<!要)不(?!用|要|需|必)|唔(?!使|要|该)|过(?!的|嘅)|已经|早就|看到|见到|发现|竟|居然|像"
    r"|\b(?:not(?! (?:all|everything|the rest))|never|isn't|wasn't|aren't|didn't|haven't|hasn't"
    r"|wrong|should|must|saw|found|thought|already)\b"
)
_OTHERWISE: Final = lazily(
    r"[换改删清关停撤退转藏锁]|收回|恢复|还给"
    r"|\b(?:change|fix|delete|remove|erase|hide|stop|turn|restore|recover|correct|update)\b"
)
_CHOOSES: Final = lazily(
    r"[要给俾畀发寄看睇查拿攞选想只行得]|导出|净系|就好|可以|够|一份|部分"
    r"|\b(?:want|need|only|just|give|send|show|see|get|like|copy|have|choose|pick|do|enough|fine"
    r"|please|pls)\b"
)
# What may stand around and between names without saying anything.
_SAYS_NOTHING: Final = lazily(
    r"[\s\W]|[和跟与及同的我嘅啊呀吧啦喇哦嗯了那就也还有请帮]|谢谢|里面|这个|这些|以及"
    # All there is but what is named.
    r"|除[了去]?|以外|之外|都|全部|\b(?:everything|except|but|apart from|other than)\b"
    r"|\b(?:and|or|my|the|of|all|yes|ok|okay|also|plus|thanks|thank you|those|these)\b"
)


def only_chooses(rest: str) -> bool:
    """Tell of a folded message, without the names in it, whether it chooses what they name."""
    asks = _ASKS.search(rest) or (_ASKS_AT_ALL.search(rest) and not _POLITELY.search(rest))
    if asks or _TELLS.search(rest) or _OTHERWISE.search(rest):
        return False
    return _CHOOSES.search(rest) is not None or not _SAYS_NOTHING.sub("", rest)
