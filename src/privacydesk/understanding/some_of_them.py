"""What limits a wish to some of a kind, as it was written: "my two oldest posts", 最早的两张照片.

Without it all of the kind would go. A plain kind limits nothing: 我的照片都删了, "those photos".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from privacydesk.understanding.anothers_things import PERSON
from privacydesk.understanding.keeping import exception_in, says_it_stays
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.patterns import lazily

_KIND: Final = (
    r"(?:照片|相片|自拍|合照|合影|[图圖]片|[图圖相](?!册|簿|冊|关|關|信)|[动動][态態]|[帖贴貼]子?文?|朋友圈|[说說]{2}"
    r"|[评評][论論]|留言|[弹彈]幕|[语語]音|[录錄]音|[声聲]音|音[频頻]|消息|[讯訊]息|私信|聊天(?:[记記紀][录錄])?"
    r"|[视視]频|影片|(?:[\u4e00-\u9fff]{2})?[记記紀][录錄])"
)
_OF: Final = "(?:的|嘅)"
_NUMBER: Final = r"(?:\d{1,3}|[一二三四五六七八九十两兩几幾俩倆]{1,3})"
# 五条 and 三张 count what was posted or taken; 个 counts everything else, too.
_PIECE: Final = r"(?:[张張条條篇则則段幅]|[个個首](?=[\u4e00-\u9fff]*?" + _KIND + "))"
_ORDER: Final = (
    r"(?:最(?:早|近|新|旧|舊|老|初|开始|開始|后|後|前面|后面|後面|上面|下面)"
    r"|前面?|[头頭]|[后後]面|倒数|倒數|第)"
)
# 第四十五条 is one of a law.
_ARTICLE: Final = "[条條]"
_SUCH: Final = rf"(?:[^,，。把将將删刪年月天日周週期]{{0,6}}?{_OF})?"
# 那条短信 is none of what was posted.
_NOTHING_ELSE: Final = r"(?=$|[\s,，。!！?？;；]|[删刪清移去掉把将將都就]|吧|啊|我)"
# 第二张和第五张照片
_LISTED: Final = rf"(?:第{_NUMBER}{_PIECE}?(?:[、和跟同与與]|以及|[还還]有) ?){{0,5}}"
# 最早的两张照片, 最近发的三条动态, 前三张, 第一条动态, 最早的照片.
_ORDERED: Final = (
    rf"(?:{_LISTED}{_ORDER}{_SUCH}{_NUMBER}{_PIECE}{_SUCH}(?:{_KIND}|(?<!{_ARTICLE}){_NOTHING_ELSE}))"
    # 除了第一条
    rf"|除[了咗去]{_ORDER}{_NUMBER}{_PIECE}"
    rf"|最(?:早|近|新|旧|舊|老|初|后|後){_SUCH}{_KIND}"
    rf"|最(?:早|近|新|旧|舊|老|初|后|後){_OF}?{_NUMBER}[条條]{_NOTHING_ELSE}"
)
# 两条动态, 几张照片; 一张都不留 speaks of all, and 第十条 of the policy has no kind beside it.
_COUNTED: Final = rf"(?<!第){_NUMBER}{_PIECE}{_SUCH}{_KIND}(?!都|也)"
# 一半的照片, 照片删一半留一半
_HALF: Final = (
    rf"(?:一半|半数|(?:一|大|小)部分)(?:的|嘅)?{_KIND}|(?:[删刪清](?:掉|除)?|只要)一半"
    r"(?:[,， ]?(?:留|保留)(?:着|下)?一半)?"
)
# 那张在海边的照片, 带定位的那条动态, 在海边拍的那几张; 那些照片 may be all of them.
_POINTED: Final = (
    # 那个 by itself is what one says while one thinks.
    rf"(?P<before>[^,，。]{{0,24}}?)(?P<which>[那这這嗰呢]{_NUMBER}?(?:[张張条條篇则則段幅首]|[个個](?={_KIND}))"
    rf"(?:[^,，。把将將删刪]{{1,16}}?{_OF})?(?:{_KIND}|{_NOTHING_ELSE}))"
)
# 带定位的动态, 有前任的照片, 提到他的评论.
_DESCRIBED: Final = (
    r"(?:[带帶]有?|(?<![没沒所还還仲])有(?![关關没沒])|提到|拍到|[写寫]到|出现|出現)"
    rf"[^,，。把将將删刪的嘅]{{1,12}}{_OF}{_KIND}"
)
# 前任的照片, 给他的评论: whose they are, or of whom, staff find out; all of a kind is not meant.
_OF_SOMEBODY: Final = rf"(?:[给給对對畀俾]|(?<![和跟同與与其])){PERSON}{_OF}{_KIND}"
_SOMEBODYS_OWN: Final = lazily(_OF_SOMEBODY)
_CHINESE: Final = lazily(
    rf"(?:{_ORDERED})|(?:{_DESCRIBED})|(?:{_COUNTED})|(?:{_OF_SOMEBODY})|(?:{_HALF})"
)
_POINTED_AT: Final = lazily(_POINTED)
_ASKED_FOR: Final = lazily(
    r".*(?:[把将將]|[删刪][掉除了]?|清[除空掉]|移除|去掉|只|[就仅僅]|想|要|[帮幫给給][我忙]|[请請]|麻[烦煩]|看|[导導]出|[没沒]有|[是系係])"
)
_MINE: Final = lazily(r"^[\s了掉]*(?:就?[是系係])?(?:我自己|我)?(?:的|嘅)?\s*")

_PLURAL: Final = (
    r"(?:posts|photos|pictures|pics|selfies|comments|messages|recordings|chats|moments|replies)"
)
_SINGULAR: Final = r"(?:post|photo|picture|pic|selfie|comment|message|recording)"
_MANY: Final = (
    r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|a few|a couple of|several|some of)"
)
_RANK: Final = r"(?:(?:very )?(?:oldest|newest|latest|first|last|earliest|most recent|recent))"
_WHOSE: Final = r"(?:(?:of )?(?:the|my|those|these) )?"
_TELLS: Final = r"(?:with|without|at|of|where|from|about|showing|in|on|that|which|i)"
_APP: Final = (
    r"(?:my|your|the|this|you)? ?(?:account|profile|app|wall|database|servers?|platform|you)\b"
)
_CHILD: Final = r"(?:son|daughter|kid|child|boy|girl|baby|grandson|granddaughter)"
_SOMEBODY: Final = (
    r"(?:him|her|them|my (?!own\b|account\b|profile\b|wall\b|page\b|data\b|app\b|phone\b|device\b"
    rf"|{_CHILD}\b)[a-z]+)"
)
_SOMEBODYS: Final = (
    rf"(?:his|her|their|(?:my )?(?!{_CHILD}'s|(?:it|that|there|here|what|who|let|he|she|year|month"
    r"|week|summer|winter|spring|autumn|night|one|app|company|mochat)'s)[a-z]{2,24}'s)"
)
_ENGLISH: Final = lazily(
    rf"\b(?:{_WHOSE}(?:{_MANY} {_WHOSE}(?:{_RANK} )?|{_RANK} (?:{_MANY} )?)"
    rf"(?:{_PLURAL}|{_SINGULAR})\b"
    r"|(?:(?<=only )|(?<=just )|(?=that |this )(?!\w+ message\b))(?:the|that|this|my) "
    rf"{_SINGULAR}\b(?! (?:wall|data))"
    rf"(?: {_TELLS} [^,.!?;\n]+)?"
    rf"|(?:(?<=only )|(?<=just ))(?:the )?{_RANK} (?:ones?|{_MANY})(?=$|[,.!?;])"
    rf"|(?:the|that|this|my) {_SINGULAR} {_TELLS} (?!{_APP})[^,.!?;\n]+"
    rf"|(?:the ones?|those) {_TELLS} (?!{_APP})[^,.!?;\n]+"
    rf"|(?:the|my) {_PLURAL} (?:at|where|showing|mentioning|containing) (?!{_APP})[^,.!?;\n]+"
    rf"|(?:(?:the|my|all|any) )?{_PLURAL} of {_SOMEBODY}\b|{_SOMEBODYS} (?:{_PLURAL}|{_SINGULAR})\b"
    rf"|(?:the|my) {_PLURAL} (?:that|which) (?!you\b|i\b|are\b|were\b|have\b)[^,.!?;\n]+)",
    re.IGNORECASE,
)
_ALL: Final = lazily(r"全|都[删刪]|所有|[统統]{2}|\b(?:all|every\w*)\b", re.IGNORECASE)
_WHOLE: Final = lazily(r"(?:所有的?|全部的?|\b(?:all|every one of|each of))\s*$", re.IGNORECASE)
_HELD: Final = lazily(r"(?:有|[发發传傳存][了过過]?|共|\b(?:have|had|posted|uploaded|got))\s*$")


# 昨天发的那条动态, "the ones from last summer": but for its time it says nothing of them.
_SAYS_LITTLE: Final = lazily(
    rf"{_KIND}|有|在|{_OF}|[发發拍传傳写寫说說][了过過]?|[那这這嗰]{_PIECE}"
    rf"|\b(?:the|that|this|my|ones?|from|i|posted|took|made|{_PLURAL}|{_SINGULAR})\b|[\s,]+",
    re.IGNORECASE,
)


def says_more(which: str, time: str) -> bool:
    """Tell whether words for some of a kind say more of them than their time, which is in them."""
    return _SAYS_LITTLE.sub("", which.replace(time, " ")) != ""


def of_somebody(text: str) -> bool:
    """Tell whether a text names in Chinese what somebody else has or is seen in: 前任的照片."""
    return _SOMEBODYS_OWN.search(text) is not None


def some_in(clauses: Iterable[str], text: str) -> str:
    """Return the words that limit a wish to some of a kind; empty where all of it is meant.

    Args:
        clauses: of the text, without those that are about something else.
        text: the whole of it: in "I have 200 photos, delete them all" no number limits anything.
    """
    said = list(clauses)
    # 只删一张照片，就是在海边那张: what is pointed at says most, wherever it is.
    found = [(clause, _pointed_at(clause)) for clause in said]
    found += [(clause, _told(clause, text)) for clause in said]
    clause, words = next((one for one in found if one[1]), ("", ""))
    if words and says_it_stays(normalise(clause)):
        return exception_in(clause) or clause.strip()
    return words


def _told(clause: str, text: str) -> str:
    for pattern in (_CHINESE, _ENGLISH):
        for hit in pattern.finditer(clause):
            before = clause[: hit.start()]
            if not _WHOLE.search(before) and not (_ALL.search(text) and _HELD.search(before)):
                return hit[0].strip()
    return ""


def _pointed_at(clause: str) -> str:
    """Return what is pointed at with what is told of it before: 带定位的那条动态."""
    hit = _POINTED_AT.search(clause)
    if hit is None:
        return ""
    before = _MINE.sub("", _ASKED_FOR.sub("", hit["before"]))
    return f"{before}{hit['which']}".strip()
