"""Some of a kind that shall stay, told without its name: 有狗的别删, "keep those of my mum".

Without it they would go with the rest of their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from privacydesk.understanding.keeping import keeps_account, says_it_stays
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.patterns import lazily

# 女儿的留着, 有狗那张别删, "keep the ones from Japan": they need the rest of their kind.
_SOME: Final = lazily(
    r"[\u4e00-\u9fffa-z0-9](?:的|嘅|𠮶|那)(?!些?时)[张条篇则段幅首个些啲几两三]{0,3}"
    r"(?=都|就|也|要|给|帮|先|我|请|全|一|别|不|唔|保|留|[,。!?\s]|$)"
    # 第一张不要删, 最近一条留下
    r"|(?:第(?:\d{1,3}|[一二三四五六七八九十两]{1,3})|最(?:早|近|新|旧|前|后)面?|[头前后])"
    r"(?:的|嘅)?[那𠮶]?[一两三几\d]?[张条篇则段幅首]"
    r"|最(?:早|近|新|旧|前|后)面?(?:的|嘅)(?=$|[,。.!?; ]|那|就|吧|啦|喇|都|别|不|唔)"
    # 毕业照别删
    r"|[\u4e00-\u9fff]{2}照(?=都|就|也|要|先|全|别|不|唔|保|留)"
    r"|\b(?:those|these|(?:the|that|this) (?:\w+ )?ones?)\b"
    r"|\b(?:latest|newest|oldest|(?:most )?recent|last|first)\b(?! (?:name|thing|time|of all))"
)
# 生日那条留着 keeps a post, and has nothing to do with an entry of the profile.
_POINTED_AT: Final = lazily(
    r"[\u4e00-\u9fffa-z0-9](?:[那这𠮶][一两三几\d]?[张条篇则段幅首])(?=都|就|也|要|给|帮|先|我|请|全|别|不|唔"
    r"|保|留|[,。!?\s]|$)"
)
# 不是要删 says what is not meant, and keeps nothing of what is.
_ONLY_DENIES: Final = lazily(r"(?:不是|唔系|并非)(?:要|想|叫|让|话)?(?:你们?|你哋)?(?:删|清|解)")
# 其他的别动 and 我的别删 tell none apart.
_ALL_THE_SAME: Final = lazily(
    r"(?:其[他它余]|别的|剩下)(?:的|嘅)?|\b(?:the )?(?:others?|rest)\b"
    r"|(?:^|[别不要把])(?:我|你们|你)的|真的|我说的|刚才?的|之前说的|\bnever mind\b"
)


# 全家福别删, 旅游攻略留着: what the lists do not know by its name is one of what goes.
_CALLED: Final = lazily(
    r"(?:但|但是|不过|可是|就|把|那个|只有|唯独|啲|我的|我嘅| ){0,3}(?P<what>[\u4e00-\u9fff]{2,8}?)"
    r"(?:就|都|也|要|先|给我|帮我|请|千万|一定|的话|那些|那个|嗰啲| ){0,3}"
    r"(?:(?:别|不要|不用|不许|唔好|唔使)(?:给我|帮我)?(?:删|动|郁)(?:掉|了|除|走|我的)?"
    r"|留[着住返低下]|保留)(?:吧|啊|哈|啦|喇|哦|着|就行|就好|别删|不删)*[ ~]*"
)
_NO_NAME: Final = lazily(
    r"先|暂时|暂|千万|其[他它余]|别的|剩下|账|户口|号|全部|全都|全$|所有|一切|都|这|那|它|他|她|你|我|什么|东西|一个|一定|说|"
    r"让|叫|为什么|怎么|还是|算了|等|现在|以后|的话|已经|没|不|别|删|清|资料|信息|数据|内容|记录"
)


def called(clauses: Iterable[str], names: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the clauses that keep what no list knows by its name: 全家福别删.

    Args:
        clauses: of a message that deletes some kind of data, as written.
        names: as for ``exceptions``.
    """
    return tuple(clause.strip() for clause in clauses if _is_called(normalise(clause), names))


def _is_called(clause: str, names: Callable[[str], bool]) -> bool:
    hit = _CALLED.fullmatch(clause)
    return hit is not None and not _NO_NAME.search(hit["what"]) and not names(clause)


def exceptions(clauses: Iterable[str], names: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the clauses that keep some of what another one names, as they were written.

    Args:
        clauses: of a message, as written.
        names: tells of a folded clause whether it names a kind of data, a login or the like; such
            a clause says by itself what stays.
    """
    return tuple(clause.strip() for clause in clauses if _keeps_some(normalise(clause), names))


def _keeps_some(clause: str, names: Callable[[str], bool]) -> bool:
    if not says_it_stays(clause) or keeps_account(clause) or _ONLY_DENIES.search(clause):
        return False
    return bool(_SOME.search(_ALL_THE_SAME.sub(" ", clause))) and not names(clause)


def points_at_one(clause: str) -> bool:
    """Tell whether a folded clause points at one of what was posted, whatever it calls it by."""
    return _POINTED_AT.search(clause) is not None
