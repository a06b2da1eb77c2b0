"""Words that take a wish back: "I don't want to unbind it any more", "I've changed my mind"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.copies import copy_instead
from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily

ANY: Final = "any"
"""Taken back without saying what."""

_VERBS: Final[Mapping[str, Intent]] = {
    "解绑": Intent.UNBINDING,
    "解除绑定": Intent.UNBINDING,
    "解除": Intent.UNBINDING,
    "撤回": Intent.CONSENT_WITHDRAWAL,
    "unbind": Intent.UNBINDING,
    "unlink": Intent.UNBINDING,
    "注销": Intent.DEREGISTRATION,
    "销号": Intent.DEREGISTRATION,
    "删号": Intent.DEREGISTRATION,
    "close": Intent.DEREGISTRATION,
    "删除": Intent.DELETION,
    "删掉": Intent.DELETION,
    "删": Intent.DELETION,
    "delete": Intent.DELETION,
    "导出": Intent.ACCESS,
    "export": Intent.ACCESS,
    "更正": Intent.RECTIFICATION,
    "改": Intent.RECTIFICATION,
    "correct": Intent.RECTIFICATION,
    "change": Intent.RECTIFICATION,
    "投诉": Intent.COMPLAINT,
    "complain": Intent.COMPLAINT,
}
_SHORT_VERBS: Final[Mapping[str, Intent]] = {
    "解": Intent.UNBINDING,
    "撤": Intent.CONSENT_WITHDRAWAL,
    "关": Intent.CONSENT_WITHDRAWAL,
    "销": Intent.DEREGISTRATION,
}
"""Parts of many words: they count right before the 了 that ends a clause, as in 不解了."""
_ANY_VERB = "|".join(_VERBS)
_ENGLISH = "|".join(verb for verb in _VERBS if verb.isascii())

# 了 at the end of the clause is what takes back: 不删照片 names an exception, 不删了 an end.
_NO_MORE = lazily(
    r"(?:不想|不要|不用|不必|先别|先不|唔想|唔好|唔使|不|别|唔)(?:再|要|帮我|替我|给我|去)*"
    rf" ?(?P<verb>{_ANY_VERB})[^,。.!?;]{{0,12}}?(?:了|喇|啦|住)(?:吧|啊|哦|先)?(?=$|[,。.!;~ ])"
)
# 我不是要删，我是要下载: the one is not wished, the other is.
_BUT_ANOTHER = lazily(
    rf"(?:不是|唔系|并非)(?:真的|我)?(?:要|想)(?P<verb>{_ANY_VERB})[^,。.!?;]{{0,10}}?[,。; ]*"
    r"(?:而|我|只)*(?:是|系|只?)(?:要|想)"
    r"|\b(?:don't|dont|do not|didn't|not) (?:want |mean |need )?(?:you )?"
    rf"to (?P<other>{_ENGLISH})\b"
    r"[^.!?;]{0,24}?[,;. ]+(?:i |but |just |only |please |instead )*"
    r"(?:(?:want(?:ed)?|need(?:ed)?|meant?) "
    r"|(?!(?P=other)\b)(?:delete|unlink|unbind|export|remove|erase|close|send|change) (?!it\b"
    r"|that\b|anything\b))"
)
_NO_MORE_SHORT = lazily(
    r"(?:不想|不要|先别|先不|唔想|唔好|唔使|不|别|唔)(?:再|要|去)*"
    rf"(?P<verb>{'|'.join(_SHORT_VERBS)})(?:了|喇|啦|住)(?:吧|啊|哦|先)?(?=$|[,。.!;~ ])"
)
_NOT_ANY_MORE = lazily(
    r"\b(?:no longer|don't|do not|not) (?:want |wanna |need )?(?:you )?(?:to )?"
    rf"(?P<verb>{_ENGLISH})\b[^,.!?;]*\b(?:any ?more|after all)\b"
    rf"|\bno longer (?:want|need) to (?P<other>{_ENGLISH})\b"
)
# 我没说要注销啊: what was never asked for is not wished. Of data it may be said beside what is.
_GERUNDS: Final[Mapping[str, Intent]] = {
    "closing": Intent.DEREGISTRATION,
    "deleting": Intent.DELETION,
    "unlinking": Intent.UNBINDING,
    "unbinding": Intent.UNBINDING,
}
_NEVER_SAID = lazily(
    r"(?:没有?|冇|从来没|并没)(?:人)?(?:跟|和|同)?(?:你们?|你哋)?(?:说|讲|话|想|打算|叫你[们哋]?"
    r"|让你[们哋]?|要求)"
    r"(?:过|咗)?(?:是|系)?(?:要|想|去|帮我|把|将)*(?:我的|我嘅|个|账号|账户|户口)*"
    r"(?:(?P<closes>注销|销号|删号)"
    # 我没说要删动态 speaks of the posts, and of nothing else that may go.
    rf"|(?P<verb>{_ANY_VERB})(?:掉|除)?(?:它|这个|这些|账号|账户|户口"
    r"|个?account)?(?=[啊呀呢吖喎哦噢㗎的!。.~ ]*$))"
    r"|(?:不是|唔系|又没|又冇)(?:真的)?(?:要|想|叫你[们哋]?)(?P<shuts>注销|销号|删号)"
    r"(?:账号|账户|户口|号)?(?=[啊呀呢吖喎哦噢㗎的!。.~ ]*$)"
    r"|\b(?:never|didn't|didnt|did not|wasn't|haven't|who|nobody) (?:have )?(?:ever )?"
    r"(?:say|said|ask(?:ed)?|want(?:ed)?|mean|meant|request(?:ed)?|trying|planning)"
    r"(?: that| anything| something| about| for| you| i| want(?:ed)?| would)*(?: to)? "
    rf"(?P<other>{_ENGLISH}|{'|'.join(_GERUNDS)})(?: (?:my|the|this|whole))*(?: account| it"
    r"| anything)?"
    r"(?=[,.!?; ]*$)"
)
_AN_ACCOUNT: Final = lazily(r"账|户口|account")
_REGRET = lazily(
    r"(?:^|[,。.!;~ ])我?(?:反悔|后悔|改主意|改变主意)(?:了|喇|啦)"
    r"|^(?:还是|帮我|请)?(?:撤销|撤回|撤)(?:了|掉)?吧[。.!~ ]*$"
    r"|\b(?:i've |i have |i )?changed my mind\b|^(?:please )?(?:undo|take back) (?:that|it)\b"
)

# "Never mind, keep it": what is kept is named, and nothing else is asked for.
_LEAVES = lazily(
    r"^(?:nvm|never ?mind|forget it)[,.!; ]+(?:just |please )?(?:keep|leave) [^,.!;]{1,24}[.! ]*$"
    r"|^(?:算了|算啦|算喇)[,。.!;~ ]*[^,。.!;]{0,8}(?:留着|留住|留返|留低)(?:吧|啦|先)?[。.!~ ]*$"
)

# "Leave the searches, though": all of the message keeps what it names, and nothing in it deletes.
_KEEPS = lazily(
    r"^(?:啊|哦|呃|嗯|等等|等一下|等下|且慢|慢着|不对|对了|算了|还是|要不|那个|就|把|我的|我嘅"
    r"|[ ,。.!~])*(?P<what>[^,。.!?;~ 不没删别唔]{2,10}?)"
    r"(?:[ ,]|先|还是|就|都|我|想|要|得|也|请|系)*"
    r"(?:留着|留住|留返|留低|留下|保留|不动|别动|唔郁)"
    r"(?:吧|啦|先|住|好了|喇|啊|不删|别删)*[。.!~ ]*$"
    r"|^(?:wait|hold on|hmm|oh|actually|no|please|[ ,.!])*(?:keep|leave) (?:my |the )?"
    r"(?P<thing>[a-z ]{3,24}?)(?: alone| in place| for now| though| please|[.! ])*$"
)
_LONGEST: Final = 120
"""Characters; what is longer tells more than what stays."""
_NOT_ALL: Final = lazily(
    r"账|号|户口|account|profile page|login|\bones?\b"
    # 海边那张留着 and 女儿的留着 keep some of what goes.
    r"|(?:[那这𠮶呢第最前头后][^,。]{0,3}?|[一两三几\d])[张条段篇则幅首]|(?<![我你])[的嘅]$"
)


# The word lists and the trained recogniser ask about the same message.
@lru_cache(AT_HAND)
def taken_back(words: str) -> tuple[str, ...]:
    """Return what a folded message takes back: intents by name, or ``any`` where none is named."""
    found = [
        _VERBS[hit.groupdict().get("verb") or hit.groupdict()["other"]].value
        for pattern in (_NO_MORE, _NOT_ANY_MORE)
        for hit in pattern.finditer(words)
    ]
    found += disowned(words)
    found += [_SHORT_VERBS[hit["verb"]].value for hit in _NO_MORE_SHORT.finditer(words)]
    if not found and (_REGRET.search(words) or leaves(words)):
        return (ANY,)
    if not found and _keeps_data(words):
        return (Intent.DELETION.value,)
    return tuple(dict.fromkeys(found))


def disowned(words: str) -> tuple[str, ...]:
    """Return the intents, by name, that a folded message says nobody ever asked for."""
    return tuple(_never_said(hit).value for hit in _NEVER_SAID.finditer(words))


def _never_said(hit: re.Match[str]) -> Intent:
    verb = hit["verb"] or hit["other"]
    if verb is None or _AN_ACCOUNT.search(hit[0]) is not None:
        return Intent.DEREGISTRATION
    return _VERBS.get(verb) or _GERUNDS[verb]


def left_for_another(words: str) -> tuple[str, ...]:
    """Return what a folded message denies to wish, where it says what is wished instead."""
    found = [_VERBS[hit["verb"] or hit["other"]].value for hit in _BUT_ANOTHER.finditer(words)]
    if copy_instead(words):
        found.append(Intent.DELETION.value)
    return tuple(dict.fromkeys(found))


def leaves(words: str) -> bool:
    """Tell whether a folded message gives up what was wished, and keeps what it names."""
    return _LEAVES.search(words) is not None


def _keeps_data(words: str) -> bool:
    kept = _KEEPS.match(words) if len(words) <= _LONGEST else None
    if kept is None:
        return False
    # "Keep the recent ones" keeps some of what goes.
    return _NOT_ALL.search(kept["what"] or kept["thing"]) is None
