"""Entries and accounts that are said to be a child's: "my son's birthday is wrong".

What a parent wishes for them is a guardian's matter, and changes nothing of the parent's own.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import lazily

_CHILD: Final = (
    r"(?:大女儿|小女儿|女儿|大儿子|小儿子|儿子|闺女|孩子|小孩|小朋友|宝宝|娃娃|娃|囡囡|囡|仔仔"
    r"|阿仔|阿女|个仔"
    r"|个女(?![的人孩生士])|孙女|孙子|细路仔?)"
)
_ENTRY: Final = (
    r"(?:出生(?:日期|年份|年月)?|生日|年龄|岁数|性别|昵称|网名|名字|姓名|头像|签名|个人资料|资料"
    r"|实名|身份信息)"
)
_ENGLISH_CHILD: Final = (
    r"(?:son|daughter|kid|child|boy|girl|grandson|granddaughter|little one|toddler|teen(?:ager)?)"
)
_ENGLISH_ENTRY: Final = (
    r"(?:date of birth|birth ?(?:day|date|year)|dob|age|gender|sex|nick ?name|user ?name"
    r"|screen ?name"
    r"|display ?name|profile|(?:profile )?(?:name|picture|photo|pic|details?)|avatar|signature|bio"
    r"|details|information|info)"
)
# 改成我女儿的名字, 填了儿子的生日: these are what one's own entry is, or shall be.
_NO_VALUE: Final = (
    r"(?<![成为用叫和跟与填写输是系])(?<![填写输用设登成]了)(?<![填写输用设登]咗)(?<!写的是)"
)
_THEIR: Final = rf"{_CHILD}(?:在你们这[里儿]?|在这里|账号)?(?:的|嘅|里的|上的)?{_ENTRY}"
_ENTRIES = lazily(
    rf"{_NO_VALUE}(?<![我们家的嘅]){_THEIR}"
    rf"|{_NO_VALUE}(?:我|俺|咱)(?:们)?(?:家|屋企)?(?:的|嘅)?{_THEIR}"
    r"|(?<!to )(?<!with )(?<!as )(?<!used )(?<!put )(?<!entered )(?<!typed )(?<!set )(?<!gave )"
    r"(?<!is )(?<!was )(?<!use )(?<!using )(?<!put in )(?<!has )(?<!have )"
    rf"\b(?:my|our) (?:(?:[\w-]+ ){{0,3}}?){_ENGLISH_CHILD}'s (?:[\w-]+ )?{_ENGLISH_ENTRY}\b"
)
# "What data you've collected about him" is the child's, where a child of one's own is named.
_OWN_CHILD: Final = lazily(
    rf"\b(?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD}(?:'s)?\b"
    r"(?! (?:account )?(?:helped|told|showed|says|said))"
)
_KEPT: Final = (
    r"(?:data|info(?:rmation)?|details|records?|history|chats?|messages|photos|pictures|posts"
    r"|everything|anything|what|stuff|files?)"
)
_SEEN: Final = lazily(
    rf"\b{_KEPT}\b[^.!?;]{{0,40}}?\b(?:about|on|of|for|from|regarding|concerning) "
    rf"(?:him|her|them|(?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD})\b"
    r"(?!'s| (?:own )?(?:phone|behalf))"
    rf"|\b(?:(?:his|her|their)|(?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD}'s) "
    rf"(?:\w+ )?(?:{_KEPT}|profile|account)\b"
)
_ONES_OWN: Final = lazily(
    r"我自己|我本人|成自己|是我的(?!孩|女|儿|娃|小)|不是(?:我)?(?:孩子|女儿|儿子|娃)(?:的|嘅)"
    r"|本人(?:的|嘅)|(?:改|换|写|填)(?:成|为|返|回)我(?!的?(?:女|儿|孩|娃|小))"
    r"|我(?:的|嘅|个)?(?:生日|性别|昵称|名字|头像|签名|资料|账|号|户口)"
    r"|\bmy (?:own\b|(?:birth|gender|nick|user ?name|name|profile|avatar|age|signature|account|data"
    r"|details|info))|\bmine\b|\bmyself\b|\bby mistake\b"
)


_MINE: Final = lazily(
    rf"\b(?:my|our) (?:own )?(?:{_KEPT}|account|profile)\b|\babout me\b|\bmyself\b|\bon me\b"
)


def meant_of_childs(heard: Intent, folded: str) -> Intent | None:
    """Return ``GUARDIAN`` where a child's entry is to be put right, or its data to be seen.

    None otherwise.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard is Intent.ACCESS:
        seen = _OWN_CHILD.search(folded) and _SEEN.search(folded) and not _MINE.search(folded)
        return Intent.GUARDIAN if seen else None
    if heard is not Intent.RECTIFICATION or _ONES_OWN.search(folded) is not None:
        return None
    return Intent.GUARDIAN if _ENTRIES.search(folded) is not None else None
