"""Kinds of data that a sentence names by what was done with them, or by a short word.

跟阿杰聊的那些 are chats, and in Cantonese 相 is a photo where no longer word has it. Such words
need what stands around them, so that no list can hold them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from privacydesk.domain.account_terms import DataCategory
from privacydesk.understanding.patterns import PART, lazily
from privacydesk.understanding.phrases import Hit

_CATEGORY: Final = "category"
_OF: Final = "(?:的|嘅)"
_SAID: Final = (
    rf"(?:聊|倾)(?:过|咗|了)?{_OF}(?!天)(?:那些|[嗰𠮶]啲|所有|全部)?(?:东西|内容|嘢|话|偈)?"
)
_ONCE: Final = (
    r"(?:以前|之前|过去|从前|曾经|一直|这些年|自己|所有|全部|一共"
    r"|在(?:这里?|呢度|上面|平台上?|app上?|你们(?:平台|这)(?:上|里)?))"
)
_THINGS: Final = (
    rf"{_OF}(?:那些|[嗰𠮶]啲|所有|全部|一切)*(?:东西|内容|嘢|[帖贴](?!子))"
    r"(?!的?(?:照|图|语|视|评|记录))"
)
_BEFORE_PHOTO: Final = r"(?:^|(?<=[\s,。.!?;:、删除清同和跟系晒嘅的啲净只要呢剷旧新有d]))"
_AFTER_PHOTO: Final = (
    r"(?=$|[\s,。.!?;:、]|都|就|唔|不|别|全|晒|删|留|同埋?(?!意|样|时)|和|跟|及|啦|喇|吧|先)"
)
_PATTERNS: Final = (
    (
        DataCategory.CHAT,
        # With whom is said just before: 跟小周聊过的, 我同Michael倾过嘅嘢.
        lazily(rf"[跟和同与](?!你们|你哋|客服|平台){PART}{{1,14}}?(?P<name>{_SAID})"),
    ),
    (
        DataCategory.PHOTOS,
        lazily(rf"{_BEFORE_PHOTO}(?P<name>相){_AFTER_PHOTO}"),
    ),
    (DataCategory.POSTS, lazily(r"(?<=[条个篇段些每])(?P<name>posts?)(?![a-z])")),
    (
        DataCategory.POSTS,
        lazily(r"\b(?:every|each|any|no|single|that|which|one) (?P<name>post)\b(?! office)"),
    ),
    # What somebody put up, of whatever sort: 我发过的东西.
    (
        DataCategory.POSTS,
        lazily(
            rf"(?:我{_ONCE}{{0,3}}|(?:^|[,。:; ])(?:过去|以前|之前|从前|早年)|[把将删清年月]"
            r"|删[除掉]|所有|全部)(?P<name>发(?:布|表)?(?:过|咗|了)?"
            rf"(?:{_THINGS}"
            rf"|{_OF}(?=(?:都|全|晒|通通|统统|全部|一律)*(?:给我|帮我|俾我|要)*(?:删|清|撤|下架))))"
        ),
    ),
    # What went to one person lies in the chat with them: 我发给阿杰的东西.
    (
        DataCategory.CHAT,
        lazily(
            rf"(?:发|传|讲|说)(?:过|咗|了)?(?:给|俾|畀)(?!我|你|客服|平台){PART}{{1,10}}?(?P<name>{_THINGS})"
        ),
    ),
    (DataCategory.COMMENTS, lazily(rf"(?P<name>留(?:过|下|低|咗)?{_OF}言)")),
    (DataCategory.COMMENTS, lazily(r"\b(?:every|each|any|single|that|one) (?P<name>comment)\b")),
    (DataCategory.COMMENTS, lazily(r"\bi(?:'ve| have)? (?:\w+ and )?(?P<name>commented)\b")),
    (
        DataCategory.SEARCH_HISTORY,
        lazily(
            r"\b(?P<name>(?:things?|anything|everything|what(?:ever)?|stuff) i(?:'ve)? searched)\b"
        ),
    ),
    # Topping up is 增值 in Hong Kong; 增值服务 is something else.
    (DataCategory.RECHARGE, lazily(r"(?P<name>增值(?:咗|过|了))(?=几多|多少|几次|的|嘅)")),
)


def named_otherwise(folded: str) -> Iterator[Hit[tuple[str, str]]]:
    """Yield what a folded text names without its name: where, and family and value."""
    for kind, pattern in _PATTERNS:
        for hit in pattern.finditer(folded):
            yield Hit(hit.start("name"), hit.end("name"), (_CATEGORY, kind.value))
