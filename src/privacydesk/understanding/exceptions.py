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
    r"[\u4e00-\u9fffa-z0-9](?:的|嘅|𠮶|那)(?!些?时)[张条篇段幅首个些啲几两三]{0,3}"
    r"(?=都|就|也|要|给|帮|先|我|请|全|一|别|不|唔|保|留|[,。!?\s]|$)"
    # 第一张不要删, 最近一条留下
    r"|(?:第(?:\d{1,3}|[一二三四五六七八九十两]{1,3})|最(?:早|近|新|旧|前|后)面?|[头前后])"
    r"(?:的|嘅)?[那𠮶]?[一两三几\d]?[张条篇段幅首]"
    r"|最(?:早|近|新|旧|前|后)面?(?:的|嘅)(?=$|[,。.!?; ]|那|就|吧|啦|喇|都|别|不|唔)"
    r"|\b(?:those|these|(?:the|that|this) (?:\w+ )?ones?)\b"
    r"|\b(?:latest|newest|oldest|(?:most )?recent|last|first)\b(?! (?:name|thing|time|of all))"
)
# 其他的别动 and 我的别删 tell none apart.
_ALL_THE_SAME: Final = lazily(
    r"(?:其[他它余]|别的|剩下)(?:的|嘅)?|\b(?:the )?(?:others?|rest)\b"
    r"|(?:^|[别不要把])(?:我|你们|你)的|真的|我说的|刚才?的|之前说的|\bnever mind\b"
)


def exceptions(clauses: Iterable[str], names: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the clauses that keep some of what another one names, as they were written.

    Args:
        clauses: of a message, as written.
        names: tells of a folded clause whether it names a kind of data, a login or the like; such
            a clause says by itself what stays.
    """
    return tuple(clause.strip() for clause in clauses if _keeps_some(normalise(clause), names))


def _keeps_some(clause: str, names: Callable[[str], bool]) -> bool:
    if not says_it_stays(clause) or keeps_account(clause):
        return False
    return bool(_SOME.search(_ALL_THE_SAME.sub(" ", clause))) and not names(clause)
