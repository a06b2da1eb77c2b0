"""Times that limit a wish, as they were written: "去年", "2020年以前", "last week"."""

from __future__ import annotations

import re
from typing import Final

from privacydesk.understanding.keeping import says_it_stays
from privacydesk.understanding.normalise import normalise, plain

_LONGEST: Final = 40
_NUMBER: Final = r"(?:\d{1,4}|[零〇一二三四五六七八九十两兩几幾数數半]{1,4})"
_WEEK: Final = r"(?:周|週|星期|礼拜|禮拜)"
_UNIT: Final = rf"(?:个|個)?(?:年|月|天|日|{_WEEK})"
_NAMED: Final = (
    rf"(?:(?:大前|前|去|今|舊|旧|本)年|(?:上|這|这|本|今)(?:个|個)?(?:月|{_WEEK})"
    r"|(?:昨|前|今|尋|寻|琴|噚)(?:天|日)|(?:前|这|這|最近)几天)"
)
_DATED: Final = (
    r"(?:19|20)\d{2} ?(?:年(?: ?\d{1,2} ?月(?:份|底|初)?(?: ?\d{1,2} ?[日号號])?)?"
    r"|[-/.]\d{1,2}(?:[-/.]\d{1,2})?)"
)
_POINT: Final = rf"(?:{_DATED}|{_NAMED}(?: ?\d{{1,2}} ?月(?:份)?)?)"
_BEFORE: Final = r"之前|以前|前|以内|以內|之内"
_WITH: Final = (
    rf"(?: ?(?:{_BEFORE}|之后|之後|以后|以後|以来|以來|起|为止|為止|年底|年初|底|初|那年|那陣|那阵"
    r"|整年|全年))?"
)
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_COUNT: Final = r"(?:\d{1,3}|an?|one|two|three|four|five|six|ten|twelve)"
_UNITS: Final = r"(?:days?|weeks?|months?|years?)"
_SINCE: Final = r"(?:(?:from|between|since|before|after|until|in|during|on|over|within) )?"
_ENGLISH: Final = (
    rf"(?:(?:{_MONTH} )?(?:19|20)\d{{2}}|{_MONTH}|yesterday"
    r"|(?:last|this) (?:week|month|year|summer|winter))"
)
_PERIOD = re.compile(
    rf"(?:从|從|由|自)?{_POINT}{_WITH} ?(?:到|至|-|~|—)"
    rf" ?(?:{_POINT}|{_NUMBER}月|现在|現在|今天|而家){_WITH}"
    rf"|{_POINT}{_WITH}"
    rf"|(?:最近|近|过去|過去|这|這|前|头|頭|呢)(?:的|嘅)?{_NUMBER}{_UNIT}(?:以内|以內|内|內|里|裡|之内)?"
    rf"|{_NUMBER}{_UNIT}(?:{_BEFORE})"
    rf"|\b{_SINCE}{_ENGLISH}(?: (?:to|and|until|till|through|-) (?:{_ENGLISH}|now|today))?\b"
    rf"|\b{_SINCE}(?:the )?(?:last|past|previous) (?:few |couple of |{_COUNT} )?{_UNITS}\b"
    rf"|\b(?:older|newer) than {_COUNT} {_UNITS}\b",
    re.IGNORECASE,
)
# Every Chinese period has one of these characters, which few sentences have.
_TELLS_TIME: Final = frozenset("0123456789年月天日周週期拜")
_LETTER = re.compile(r"[a-z]", re.IGNORECASE)
# "May" and "march" are words of their own, a month counts only beside something that makes it one.
_BARE_MONTH = re.compile(rf"(?:{_MONTH}|may|march)\Z", re.IGNORECASE)
_CLAUSES = re.compile(
    r"[,，。!！?？;；\n]+|但[是系係]?|不过|不過|\bbut\b"
    r"|(?<=[\u4e00-\u9fff]) +(?=(?![到至])[\u4e00-\u9fff])",
    re.IGNORECASE,
)
# Said of the person or the account, not of what is wished: 去年注册的, 我今年30岁.
_NO_LIMIT = re.compile(
    r"注[册冊]|开通|開通|申请|申請|提交|提过|投诉|投訴|举报|舉報|[岁歲]|开始用|開始用"
    r"|\b(?:registered|signed up|sign up|joined|requested|filed|asked|years? old|started)\b",
    re.IGNORECASE,
)


def periods(text: str) -> tuple[str, ...]:
    """Return the first time that a text names, as it was written; empty where it names none.

    Of what shall stay ("不要删2020年之前的") all is returned: the time alone would say the
    opposite.
    """
    words = plain(text)
    if _TELLS_TIME.isdisjoint(words) and _LETTER.search(words) is None:
        return ()
    for clause in _CLAUSES.split(words):
        if _NO_LIMIT.search(clause):
            continue
        for hit in _PERIOD.finditer(clause):
            named = hit[0].strip()
            if len(named) > _LONGEST or _BARE_MONTH.match(named):
                continue
            stays = says_it_stays(normalise(clause))
            return (clause.strip()[:_LONGEST] if stays else named,)
    return ()
