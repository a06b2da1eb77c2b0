"""Questions of what becomes of things: "will my posts stay?", 注销了还能找回来吗.

The words in them name what is offered, and choose none of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily

_LONGEST: Final = 120
"""Characters; what is longer tells a story."""

_ASKED_IN_ENGLISH: Final = lazily(
    r"^(?:(?:wait|but|and|so|or|oh|hmm+|ok|okay|well|actually|hold on|one question|quick question"
    r"|question|then|after that|if i (?:do|close it|unlink it|unbind it))[ ,.:!-]+)*"
    r"(?:(?:will|would|do|does|did|are|is|has|have) "
    # "Will you close it", "is it done": asks for something, or how a request stands.
    r"(?:my|the|others?|other people|people|everyone|anyone|they|friends"
    r"|i (?:still|lose|get|be|have|keep))\b"
    r"|(?:can|could|may|might) (?:i (?:still|get (?:it|them|my|the)|come back|undo|restore"
    r"|recover|reopen|log ?in|sign up|keep (?:my|the|using|it)\b)"
    r"|(?:others?|other people|people|everyone|anyone|they|friends) )"
    r"|what (?:will )?(?:happens?|becomes?) (?:to|of|with|if|when|after)\b"
    r"|what if (?:i|we) (?:don't|do not|dont|leave|keep|say no|skip)\b"
    r"|what(?:'s| is) the difference\b"
    r"|what about (?:my|the) )"
)
_ASKED_IN_CHINESE: Final = lazily(
    r"怎么办|怎么算|怎么处理|咋办|(?<![快早])点(?:算|办)"
    # 唔删嘅话会点, 不删有什么影响
    r"|(?:会|有)(?:点(?:样)?|怎么?样|怎样|如何|(?:什么|咩|乜|啥)(?:后果|影响|区别|分别|不同))"
    r"(?:的|嘅|呢|啊|呀|㗎|吗|嘛)*[?!。. ]*$"
    r"|会不会|会唔会|还能不能|能不能(?:恢复|找回|再)|还在不在|还会不会"
    # 注销的话聊天记录会删吗
    r"|(?:的话|嘅话|之后|以后)[^,。.!;]{0,10}?(?:会|要)(?:不会|被|一起|一并|都|全)*(?:删|清)[^,。.!;]{0,4}?(?:吗|么|嘛)"
    # 仲搵唔搵得返, 仲喺唔喺度, 仲有冇
    r"|(?:还|仲)(?:会|可以|能|可)?(?P<verb>[\u4e00-\u9fff])[不唔](?P=verb)"
    r"|(?:如果|的话|嘅话|之后|以后|后|咗)[^,。.!;]{0,14}?(?:还|仲)(?:有冇|有没有)"
    r"|(?:还|仲|以后|之后|后)[^,。.!;]{0,6}?(?:能|会|可以|在|看得)"
    r"[^,。.!;]{0,14}(?:吗|么|嘛|冇)[?!。. ]*$"
    # 会删掉我的动态吗 is about what else happens; 可以删吗 asks for it.
    r"|^(?:那|这样|会|注销|之后|后|就|一起|也|连|[, ])*会[^,。.!;]{0,8}(?:删|清)[^,。.!;]{0,10}"
    r"(?:吗|么|嘛)[?!。. ]*$"
    r"|(?:会|能)[^,。.!;]{0,10}(?:恢复|找回|消失|没了|保留|看到|留着|清空|退)"
    r"[^,。.!;]{0,6}(?:吗|么|嘛)[?!。. ]*$"
)
# Who asks for the desk to do something, or whether it was done, asks for no consequence.
_ASKED_OF_THE_DESK: Final = lazily(r"(?:能不能|可不可以|可以|能|会不会)(?:帮我|帮忙|给我|先)")


# "Will unbinding delete my account?": by something, and not by the desk.
_OF_THE_ACCOUNT: Final = lazily(
    r"\b(?:will|would|does|could|can|did) (?:that|this|it|[a-z]+ing)\b[^,.!?;]{0,30}?"
    r"\b(?:delete|close|remove|cancel|lose|end|kill|affect|disable|deactivate|wipe) "
    r"(?:my|the|this) (?:whole |entire )?acc(?:t|ount)\b"
)
_OF_THE_REST: Final = lazily(
    r"\bwhat (?:else )?(?:does|will|would|did) (?!nothing|anything|something|everything)[a-z]+ing\b"
    r"[^,.!?;]{0,24}?\b(?:affect|change|stop|break|do|mean)\b(?! (?:my|the) acc)"
)

_OF_UNDOING: Final = lazily(
    r"\b(?:can|could|is|will|would) (?!nothing|anything|something|everything)[a-z]+ing\b"
    r"[^,.!?;]{0,30}?\b(?:undone|reversed|reversible|permanent|final|forever)\b"
)


_TOPICS: Final = {
    "asks_account": _OF_THE_ACCOUNT,
    "asks_effect": _OF_THE_REST,
    "asks_undo": _OF_UNDOING,
}


def asks_after(folded: str) -> tuple[str, ...]:
    """Return what a folded message asks after that something is to do, as topics of forms."""
    if "ing" not in folded and "acc" not in folded:
        return ()
    return tuple(topic for topic, asked in _TOPICS.items() if asked.search(folded))


@lru_cache(AT_HAND)
def asks_consequence(folded: str) -> bool:
    """Tell whether a folded message asks what becomes of something."""
    if len(folded) > _LONGEST or _ASKED_OF_THE_DESK.search(folded):
        return False
    return any(one.search(folded) for one in (_ASKED_IN_ENGLISH, _ASKED_IN_CHINESE))
