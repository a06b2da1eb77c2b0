"""The account that a sentence tells of: a nickname, an account's name, the number of a room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from privacydesk.understanding.normalise import plain
from privacydesk.understanding.patterns import lazily

_LOOKED_AT: Final = 300
"""Characters in which a name is looked for: longer messages are stories."""

_BRIEF: Final = 60
"""Characters of a message that does nothing but call an account by its name."""

_NAME: Final = r"[\s:：是叫為为「『“\"']*(?P<name>[^\s,，。.!！?？;；、「」『』“”\"']{1,24}?)"
_ENDS: Final = (
    r"(?=$|[\s,，。!！?？;；、「」『』“”\"']|\.(?:\s|$)"
    # Chinese goes on without a gap: 有个叫果果的在聊天室.
    r"|的|在|他|她|说|說|今年|应该|應該|才\d|就是|好像)"
)
_CALLED = lazily(
    r"(?:(?:昵称|暱稱|网名|網名|账号名|帳號名|用户名|用戶名|花名)(?:就|也)?"
    r"|(?:账号|帳號|户口|戶口|id|ID)(?=\s*(?:是|叫|为|為|[:：]))"
    r"|有[个個位](?:人|用户|用戶|主播|小孩|孩子|小朋友|女孩|男孩|小女孩|小男孩)?(?=叫))"
    rf"{_NAME}{_ENDS}"
)
_CALLED_IN_ENGLISH = lazily(
    r"\b(?:nick ?names?|user ?names?|account names?|screen names?|handle|goes by|account called"
    r"|user called|kid called|someone called|account)"
    r"(?:\s+(?:is|are|of|the name|it's))*\s*[:=]?\s+[\"'“‘]?(?P<name>[^\s,;!?\"'“”’]{2,24}?)"
    r"(?=$|[\s,;!?\"'“”’]|\.(?:\s|$))",
    re.IGNORECASE,
)
_ROOM = lazily(
    r"(?:房间|房間|聊天室|直播间|直播間|room)(?:号|號|号码|號碼|\s*(?:number|no\.?"
    r"|id))?\s*[:：#是]?\s*"
    r"(?P<room>\d{2,12})",
    re.IGNORECASE,
)
# 聊天室「夜猫电台」, "in the room 'Moonlight Lounge'"
_ROOM_CALLED = lazily(
    r"(?:房间|房間|聊天室|直播间|直播間|\broom)(?:\s*(?:叫做?|名为|名為|called|named))?\s*"
    r"[「『“‘\"'](?P<room>(?![\s的嘅])[^「」『』“”‘’\"'\n]{1,24})[」』”’\"'](?![a-z])",
    re.IGNORECASE,
)
# "The guy's account is …" names that of somebody a child is with, and not the child's.
_GROWN_UPS = lazily(
    r"(?:男的|女的|男人|女人|男朋友|女朋友|男友|女友|大叔|叔叔|(?<!未)成年人|大人|骗子|騙子|坏人"
    r"|壞人|那男|那女|老板|老闆)"
    r"(?:的|嘅|那个|那個|个|個|用|在这儿|在這兒|\s)*$"
    r"|\b(?:guy|man|woman|boyfriend|girlfriend|dude|adult|grown-?up|predator|creep|groomer|scammer)"
    r"(?:['’]?s)?\s+(?:user\s*|screen\s*|app\s*)?$",
    re.IGNORECASE,
)
# What follows is said of an account, or asked, and calls it nothing.
_NO_NAME = lazily(
    r"^(?:什么|什麼|啥|乜|不|没|沒|被|是|叫|的|我|你|他|她|佢|这|這|那|哪|忘|改|错|錯|要|想|和"
    r"|跟|资料|資料|头像|頭像)"
    r"|^(?:is|are|was|and|or|the|a|an|to|for|of|in|on|at|it|that|this|what|closed?|deleted?|banned"
    r"|please|but|with|from|here|has|have|had|should|can|must|because|so|if|when|who|under|by|not"
    r"|i|he|she|they|his|her|my|your|immediately|now|data|age|removed|details|settings?)$",
    re.IGNORECASE,
)

# Without a word that links the two ("the nickname shows …") what follows has to look like a name.
_LINKED = lazily(
    r"[是叫為为:：=「『“\"'‘]|\b(?:is|are|it's|called|goes by|nick ?names? of)\b", re.IGNORECASE
)
_SAID_OF_IT = lazily(
    r"^(?:用|写|寫|填|打|显|顯|含|带|帶|设|設|起|弄|取|有|暴露|泄|洩|里|裡|上|都|也|太|变|變|该"
    r"|該|需|能|可|好|就|还|還|给|給|把|乱|亂|登|换|換|出)"
    r"|^(?:behind|without|using|via|through|after|before|since|then|when|while|which|now|yesterday"
    r"|today|last|there|secretly|himself|herself|themselves|shows?|says?|contains?|uses?|used|got"
    r"|as|all|too|again|over|even|she's|he's|can|could|would|will|may|might|did|does|do)$",
    re.IGNORECASE,
)
_SPELT = lazily(
    r"^(?:(?:mis)?spell?(?:ed|t)|misspelt|wrong\w*|incorrect\w*|written|typed|shown|showing"
    r"|missing|offensive"
    r"|inappropriate|rude|outdated|old|real|fake|still|also|completely|totally|so|too|entered"
    r"|displayed|public|visible|hers?|mine|like|using|just|only|called)$",
    re.IGNORECASE,
)
# A bare "account" has any word behind it: "her account moon_milk", but not "an account behind …".
_ANY_WORD = lazily(r"\baccount\s+$", re.IGNORECASE)
_LOOKS_LIKE_ONE = lazily(r"[\d_]|[a-z][A-Z]|^[A-Z]")

_CALLS_IT: Final = (
    r"(?:(?:她|他|佢|孩子|小孩|女儿|女兒|儿子|兒子|我女儿|我女兒|我儿子|我兒子|個仔|個女|个仔"
    r"|个女|娃)(?:在那[里裡])?(?:的|嘅|個|个)?)?"
    r"\s?(?:(?:昵称|暱稱|网名|網名|账号|帳號|帐号|户口|戶口|用户名|用戶名|花名|名字|id"
    r"|account)(?:名称?|名稱?)?)?"
    r"(?:应该|應該|好像|就|也|都)?(?:是|叫做?|係|系|为|為|:|：)+(?:做)?"
)
_ALONE = lazily(
    rf"{_CALLS_IT}[\s「『“\"']{{0,3}}(?P<chinese>(?!我|你|什么|什麼|咩|乜|谁|誰|不|没|沒|妈|媽"
    r"|爸|她|他|佢)"
    r"[^\s,，。!！?？;；「」『』“”\"']{1,24}?(?<![的嘅]))"
    r"[\s」』”\"'。.!！]{0,3}(?:吧|啊|呀|啦)?[\s。.!！]{0,3}"
    r"|(?:(?:her|his|their|the|my (?:son|daughter|kid|child)'s) )?"
    r"(?:nick ?name|user ?name|screen name|account(?: name)?|handle|id|name(?: there| on there)?)"
    r"(?: on there| in (?:the|your) app)?(?:\s*[:=]\s*|(?:'s| is| should be)(?: called)? )[\"'“]?"
    r"(?P<english>(?!(?:not|wrong|unknown|something|the|a|an|i|probably)\b)[^\s,;!?\"'“”]{2,24}"
    r"(?: [^\s,;!?.\"'“”]{1,24})?)[\"'”]?[\s.!]{0,3}"
    r"|(?:it's|its|it is|she's|he's|she is|he is|she|he) (?:called|goes by) [\"'“]?"
    r"(?P<goes_by>[^\s,;!?\"'“”]{2,24})[\"'”]?(?: there| on there)?[\s.!]{0,3}",
    re.IGNORECASE,
)


def account_alone(text: str) -> tuple[str, ...]:
    """Return the account of a message that only calls it: 账号叫 小黄, "it's called …"."""
    said = plain(text).strip()
    hit = _ALONE.fullmatch(said) if len(said) <= _BRIEF else None
    if hit is None:
        return ()
    return ((hit["chinese"] or hit["english"] or hit["goes_by"]).rstrip(". "),)


def account_names(text: str) -> tuple[str, ...]:
    """Return the account that is named, as it was written; with its room, where that is told, too.

    Two names are none: which one is meant has to be asked.
    """
    said = plain(text)[:_LOOKED_AT]
    names = {
        hit["name"] for hit in _names_in(said) if _GROWN_UPS.search(said, 0, hit.start()) is None
    }
    rooms = dict.fromkeys(hit[0].strip() for hit in _ROOM.finditer(said))
    rooms |= dict.fromkeys(hit["room"].strip() for hit in _ROOM_CALLED.finditer(said))
    if len(names) > 1 or len(rooms) > 1 or not (names or rooms):
        return ()
    return (", ".join((*names, *rooms)),)


def accounts_of_others(text: str) -> tuple[str, ...]:
    """Tell whether the only account that is named is that of somebody whom a child is with."""
    said = plain(text)[:_LOOKED_AT]
    theirs = any(_GROWN_UPS.search(said, 0, hit.start()) for hit in _names_in(said))
    return ("yes",) if theirs and not account_names(text) else ()


_MAY_CALL: Final = lazily(
    r"[称稱名账帳户戶]|有[个個位]|nick|user|account|screen|handle|goes|called|\bid\b|id[\s是叫为為:：]",
    re.IGNORECASE,
)
"""Without any of these nothing is called by its name."""


def _names_in(said: str) -> Iterator[re.Match[str]]:
    if _MAY_CALL.search(said) is None:
        return
    for pattern in (_CALLED, _CALLED_IN_ENGLISH):
        for hit in pattern.finditer(said):
            if _is_name(hit):
                yield hit


def _is_name(hit: re.Match[str]) -> bool:
    name, before = hit["name"], hit[0][: hit.start("name") - hit.start()]
    if _NO_NAME.match(name) or _SPELT.match(name):
        return False
    if _LINKED.search(before):
        return True
    if _ANY_WORD.search(before):
        return _LOOKS_LIKE_ONE.search(name) is not None
    return _SAID_OF_IT.match(name) is None
