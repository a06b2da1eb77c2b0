"""One of several wishes is let go of: 最后一个不用了, "never mind the last one"."""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import lazily

LAST: Final = "last"
FIRST: Final = "first"
OTHERS: Final = "others"

_PLACED: Final = (
    r"(?:(?P<last>最后|最尾|末尾|后面)|(?P<first>最前面?|前面|第一|最先|最开始|开头))"
    r"(?:的|说|讲|提|那|这|[嗰𠮶]|呢|面)*一?(?:个|件|项|样|条|桩|份)?(?:事情?|申请|要求)?"
)
_CHINESE: Final = lazily(
    rf"(?:哦|噢|啊|对了|等等|不过|但是?|还是|那|就|算了|[ ,])*{_PLACED}[ ,]*"
    r"(?:还是|就|都|我|先|也)*(?:不用|不要|不办|不弄|不搞|不做|不需要|不必|算|取消|唔使|唔要|唔搞|别)(?:管|办|弄|搞|做)*(?:了|喇|啦|吧|先)*"
)
_ENGLISH: Final = lazily(
    r"(?:oh|actually|but|no|wait|and|then|[ ,])*"
    r"(?:never ?mind|nvm|forget(?: about)?|skip|drop|scratch|not|cancel|leave out) (?:about )?"
    r"the (?:very )?(?P<which>last|first)(?: one| thing| request| bit| part)?"
    r"|(?:oh|actually|but|no|wait|and|then|[ ,])*(?:the )?(?P<one>last|first) (?:one|thing|request)"
    r"(?: is|'s)?(?: no longer| not|n't) needed"
)
_ONLY_ONE: Final = lazily(
    r"(?:还是|就|那|算了|[ ,])*(?:先?(?:只|就|净)(?:要|办|弄|做|搞|处理)?|先(?:办|弄|做|搞|处理))"
    r"(?:第一|最前面的?|前面(?:那|的)?)(?:一?(?:个|件|项|样|条))(?:就(?:行|好|可以))?(?:了|吧|先)*"
    r"|(?:just|only) the first(?: one| thing)?|(?:the )?first (?:one )?only|only (?:the )?first one"
)
_AROUND: Final = " ,.!;~…。，！；、\n"


def let_go(folded: str) -> str:
    """Return which wish a folded message, or a clause, lets go of; empty where it says more."""
    words = folded.strip(_AROUND)
    hit = _CHINESE.fullmatch(words)
    if hit is not None:
        return LAST if hit["last"] else FIRST
    hit = _ENGLISH.fullmatch(words)
    if hit is not None:
        return str(hit["which"] or hit["one"])
    return OTHERS if _ONLY_ONE.fullmatch(words) else ""
