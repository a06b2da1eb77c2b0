"""Words that keep something: "delete my photos, but the account stays".

They never close the account, and what they name beside what shall go is not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND

_ACCOUNT: Final = r"(?:账号|账户|户口|(?<![大小])号|account)"
_MINE: Final = r"(?:我的|我嘅|我|个|my|the|this|whole|entire| )*"
_NO: Final = r"(?:先不|先别|不想|不要|不用|不是要|不|别|唔好|唔使|唔想|唔)"
_KEPT: Final = re.compile(
    # The account first: "my account stays", 账号我还要用, 号不注销.
    rf"(?:{_MINE}{_ACCOUNT} ?(?:我|本身|本人|先|都|也| )*"
    r"(?:(?:还|还是|还要|仲要|仲|要|想|得|会|继续|照|照样|一直|需要|打算| )+"
    r"(?:留|用|玩|keep)(?:着|住|返|下去|的|嘅)?"
    rf"|{_NO}(?:注销|销|关闭|关|动|郁|删|close|delete)(?:了|掉|咗)?"
    r"|保留|留着|留返|留住|(?:must |should )?(?:stays?|keep)(?:着)?"
    # Keeping that is a complaint: 账号留着不合适, 留喺度做乜.
    r")(?!不|没|也没|干|做乜|有什么|有啥|喺度)"
    # Everything but the account.
    rf"|(?:(?<![删清移解消免])除[了咗]|\bexcept(?: for)?|\bapart from|\bother than) ?"
    rf"{_MINE}{_ACCOUNT}(?! ?(?:注销|销|被|登))"
    # The account last: keep my account, 保留账号, 不注销账号, without closing it.
    rf"|(?:保留|留着|留返|留住|keep着?){_MINE}{_ACCOUNT}|{_NO}(?:注销|销|关闭|关){_MINE}{_ACCOUNT}?(?!了|喇|就)"
    r"|\b(?:don'?t|do not|not|without|rather than|instead of) (?:want(?:ing)? to )?"
    rf"(?:close|closing|delete|deleting){_MINE}account\b"
    r")"
)
_ASKED: Final = re.compile(r"不能不|不得不|能不能|可不可以|要不要")


# The word lists, the recogniser and the entities ask about the same message.
@lru_cache(AT_HAND)
def keeps_account(folded: str) -> bool:
    """Tell whether a folded message says that the account stays."""
    return _KEPT.search(folded) is not None and _ASKED.search(folded) is None


_BETWEEN: Final = re.compile(
    r"[,。.!?;:~…、\n]+|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])|\bbut\b|但是?|不过|可是"
)
_STAYS: Final = re.compile(
    r"(?<![别不没唔])留[着著住返]|留下|(?<![别不没唔])保留|[别不][要用许准]?(?:删|动(?!态))|唔(?:好|使)?(?:删|郁)|(?<![删清移解消免])除[了咗]"
    r"|\bkeep\b|\bexcept\b|\bleave\b|\b(?:don't|dont|do not) (?:delete|remove|touch|erase)\b"
    r"|\bnot (?:the|my)\b|\bstays?\b"
)
# That somebody else keeps it is why it shall go: 你们还留着我的聊天记录, "you still keep".
_COMPLAINED_OF: Final = re.compile(
    r"你们|你哋|平台|系统|公司|还(?:留|保留|在)|一直|仍|为什么|为啥|凭什么|点解|不是说|\b(?:you|they|still|why)\b"
)


def says_it_stays(folded: str) -> bool:
    """Tell of a folded clause whether what it names shall stay."""
    return _STAYS.search(folded) is not None and _COMPLAINED_OF.search(folded) is None


def kept_parts(folded: str) -> Iterator[str]:
    """Yield the clauses of a folded message that say of what they name that it shall stay."""
    for said in _BETWEEN.split(folded):
        if says_it_stays(said):
            yield said
