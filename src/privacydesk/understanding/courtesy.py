"""What is said around a wish and is none: greetings before it, thanks or a threat after it.

In a short message greetings and thanks outweigh the wish ("hello, close it, thanks"), so both looks
at a message leave them out, when it is learnt from and when it is read. In a longer one they
outweigh nothing, and thanks may be all that a story is told for. Who threatens to complain if the
wish is not fulfilled does not complain yet.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND, bare, normalise
from privacydesk.understanding.patterns import lazily

_STOPS: Final = r"[\s,.!?;:~…、。，！？；：～]"

_BEFORE: Final = lazily(
    r"(?:(?:"
    r"(?:你|您|妳)(?:们)?好(?:呀|啊|哇|吖)?(?![像歹多几久意])|哈[喽啰罗]|哈?嗨|早安|早晨|午安"
    r"|(?:早上|上午|中午|下午|晚上)好|请问(?:一下|下)?|想?请教(?:一下|下)?|劳驾|不好意思|抱歉打扰"
    r"|打[扰搅](?:一下|下|了|您|你)?|麻烦(?:你|您)?(?:们)?(?=[帮给把注删解查转换改关撤取问])"
    r"|唔该(?:晒)?(?=[帮同将删注解转改查, ])|(?:在吗|在么|在不在)|请(?![假客求示])"
    rf"|亲亲?(?={_STOPS})|亲爱的|客服(?:小?姐姐|小?哥哥|小姐|先生)?(?=[你您]好|{_STOPS})"
    r"|(?:hi|hello|hey|hiya|helo|dear|greetings|please|pls|plz|kindly|excuse me"
    r"|good (?:morning|afternoon|evening|day)|sorry to (?:bother|disturb)(?: you)?)"
    r"(?: (?:there|team|sir/madam|sir|madam|ma'am|support|all|guys|everyone|friend))*(?![a-z0-9'])"
    rf"){_STOPS}*)+"
)
_AFTER: Final = lazily(
    rf"{_STOPS}*(?:(?:"
    r"(?:谢谢|多谢|感谢|蟹蟹|谢啦|谢了|3q|拜托|劳烦|有劳|麻烦(?=了|你|您)|唔该|辛苦(?=了|你|您|啦))"
    r"(?:你|您|们|晒|咗|了|啦|哈|哦|喔|呀|啊|哟|先|客服|亲|大家)*"
    r"|(?<![a-z0-9])(?:please|pls|plz|many thanks|thx|thnx|tks|ty|tysm|cheers|kindly"
    r"|thanks?(?: you| u)?(?: so much| very much| a lot| in advance| a million)?)"
    rf"){_STOPS}*)+$"
)
_CLAUSE: Final = r"[^.!?;。！？；]"
_THREAT: Final = lazily(
    rf"(?<!{_STOPS}){_STOPS}{{1,4}}(?:"
    r"(?:否则|(?:要)?不然|要不|唔系|再[不唔][^,.!?;，。！？；]{1,6}|[不唔][^,.!?;，。！？；]{1,6}我?就)(?:的话|嘅话)?"
    rf"{_CLAUSE}{{0,12}}?(?:投诉|举报|告你|告到|上告|起诉|打官司|律师|报警|曝光|发(?:微博|网上|小红书)"
    rf"|12315|12345|工信部|网信办|消协|消费者|监管|私隐专员|消委会){_CLAUSE}{{0,16}}"
    r"|(?:or(?: else)?|otherwise|if (?:not|you (?:don't|do not|won't)[^.!?;,]{0,20})),? *"
    r"(?:i|we|my lawyer)(?:'ll|'m| will| am| shall| would| have to)?(?![a-z])"
    rf"{_CLAUSE}{{0,30}}?(?:complain|report|sue\b|suing|lawyer|legal|court|regulator|police|authorit"
    rf"|\bico\b|expose|review){_CLAUSE}{{0,60}}"
    r")[\s.!?;~。！？；～]*$"
)
# 妈的, 给老子关了: whoever swears speaks of nobody's mother or father.
_SWEARS: Final = lazily(
    r"(?<![我你您她的爸和跟同])(?:他|去|操?你)?妈的(?=$|[\s,.!，。！]|烦|气|什么|怎么|你们|这|老子|快|赶|把|给"
    r"|真|太|又|还|破|垃圾)|(?<![a-z])(?:tmd|nmd|wtf)(?![a-z])"
)
_MYSELF: Final = lazily(
    r"(?<![我你他她的家])老子(?!的(?:手机|儿|爸)|今年|\d)|劳资(?!关系|纠纷|双方)"
)
_SHORT: Final = 60
"""How long a message may be, a Chinese character counting three times as much as a letter."""

_LAST_NARROW: Final = "\u02ff"


@lru_cache(AT_HAND)
def wish(text: str) -> str:
    """Return a message folded, without what is said around it; all of it where nothing else is."""
    folded = _without_swearing(_unthreatened(normalise(text)))
    if not _is_short(folded):
        return folded
    opening = _BEFORE.match(folded)
    start = opening.end() if opening else 0
    closing = _AFTER.search(folded, start)
    said = folded[start : closing.start() if closing else len(folded)]
    return said if bare(said) else folded


def _without_swearing(folded: str) -> str:
    if _OF_PARENTS.isdisjoint(folded) and not folded.isascii():
        return folded
    plainly = _MYSELF.sub("我", _SWEARS.sub(" ", folded)).strip()
    return plainly if bare(plainly) else folded


_OF_PARENTS: Final = frozenset("妈老劳t")
"""Without any of these nobody swears by them."""


def _unthreatened(folded: str) -> str:
    threat = _THREAT.search(folded)
    return folded[: threat.start()] if threat and bare(folded[: threat.start()]) else folded


def _is_short(folded: str) -> bool:
    if len(folded) > _SHORT:
        return False
    return sum(1 if character <= _LAST_NARROW else 3 for character in folded) <= _SHORT
