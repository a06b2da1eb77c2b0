"""What limits a wish, as it was written: time ("去年"), with whom ("和小王"), which ("那两张")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from privacydesk.understanding.keeping import exception_in, is_denied, says_it_stays
from privacydesk.understanding.normalise import AT_HAND, normalise, plain
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.shown_children import names_child, shown_in
from privacydesk.understanding.some_of_them import of_somebody, says_more, some_in

_LONGEST: Final = 40
_OF_A_NAME: Final = 2
"""Characters by which the end of a name is known."""
_MOST: Final = 80
"""Characters of all that limits a wish."""
_NUMBER: Final = r"(?:\d{1,4}|[零〇一二三四五六七八九十两兩几幾数數半]{1,4})"
_WEEK: Final = r"(?:周|週|星期|礼拜|禮拜)"
_UNIT: Final = rf"(?:个|個)?(?:年|月|天|日|{_WEEK})"
_NAMED: Final = (
    rf"(?:(?:大前|前|去|上|今|舊|旧|本)年|(?:上|這|这|本|今)(?:个|個)?(?:月|{_WEEK})"
    r"|(?:昨|前|今|尋|寻|琴|噚)(?:天|日)|(?:前|这|這|最近)几天)"
)
_DATED: Final = (
    r"(?:(?:19|20)\d{2} ?(?:年(?: ?\d{1,2} ?月(?:份|底|初)?(?: ?\d{1,2} ?[日号號])?)?"
    r"|[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?!\d))"
    # 19年 is a year where no span of time is meant: 19年到21年, 19年的照片.
    r"|(?<![\d了过過满滿有近快这這那第整约約上用])[012]\d年(?=(?:底|初)?(?:的|嘅|发|發|拍|到|至|那|\d{1,2}月)|(?:春|夏|秋|冬)(?:天|季)|[-~—]\d))"
)
# 2020-2022, 2019至2021年, 19到21年: the first year needs no word of its own.
_YEARS: Final = (
    r"(?<!\d)(?:(?:19|20)\d{2} ?年? ?(?:到|至|-|~|—|–|to|thru|through|till) ?(?:19"
    r"|20)\d{2}(?!\d)(?: ?年)?"
    r"|[012]\d年? ?(?:到|至|-|~|—|–) ?[012]\d ?年(?!前|后|後|以|之|内))"
)
_SEASON: Final = "(?:春|夏|秋|冬)(?:天|季)|寒假|暑假|上半年|下半年"
_MONTH_OF: Final = r"(?:1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])"
# 三月 and 11月25号; 三个月 and 3月卡 are no time of the year.
_CALENDAR: Final = (
    rf"(?<![\d十一二三四五六七八九]){_MONTH_OF} ?月(?!卡)(?:份|底|初|中旬)?"
    r"(?: ?(?:[12]\d|3[01]|[1-9]|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]) ?[日号號])?"
)
# 国庆 is a name, too, and a birthday is an entry of the profile unless a day is spoken of.
_FEAST: Final = (
    r"(?:(?:除夕|春节|春節|元旦|元宵|清明|端午|七夕|中秋|重阳|重陽|圣诞|聖誕|平安夜|跨年|情人节|情人節|劳动节|勞動節"
    r"|儿童节|兒童節|万圣|萬聖|(?<![王李张張刘劉陈陳赵趙和跟])(?:国庆|國慶)|大年(?:初[一二三]|三十))(?:节|節)?"
    r"(?:那天|当天|當天|那日|那几天|那幾天|期间|期間|假期|前后|前後|那阵|那陣|那晚)?"
    r"|(?:过年|過年|五一|十一|[0-9一二三四五六七八九十]*岁?生日)"
    r"(?:那天|当天|當天|那日|那几天|那幾天|期间|期間|假期|长假|長假|那阵|那陣|那晚))"
)
_WITHIN: Final = rf"(?:的|嘅)?(?:{_SEASON}|{_CALENDAR}|{_FEAST})"
_POINT: Final = (
    rf"(?:{_DATED}(?:{_SEASON}|{_FEAST})?|{_NAMED}(?: ?{_WITHIN})?|{_FEAST}|{_CALENDAR}|{_SEASON})"
)
_BEFORE: Final = r"之前|以前|前|以内|以內|之内"
_WITH: Final = (
    rf"(?: ?(?:{_BEFORE}|之后|之後|以后|以後|后|後|以来|以來|起|为止|為止|以外|之外|年底|年初|底|初"
    r"|那年|那陣|那阵|整年|全年))?"
)
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
# Beside "only" these two are months, too.
_MONTHS: Final = rf"(?:{_MONTH}|may|march)"
_COUNT: Final = r"(?:\d{1,3}|an?|one|two|three|four|five|six|ten|twelve)"
_UNITS: Final = r"(?:days?|weeks?|months?|years?)"
# Which side of a day is meant, and that it is not the day: without it the opposite would go.
_SINCE: Final = (
    r"(?:(?:not (?:from|in|between|since)|(?:old|new|earli|lat)er than|other than|outside(?: of)?"
    r"|prior to|up (?:to|until)|(?:until|before|since|from) (?:the )?(?:end|beginning|start) of"
    r"|from|between|since|before|after|until|in|during|on|over|within) (?:the )?)?"
)
_DAYTIME: Final = "(?:night|nite|evening|morning|afternoon)"
_WEEKDAY: Final = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_SEASONS: Final = "(?:spring|summer|autumn|fall|winter)"
_FEASTS: Final = (
    r"(?:christmas(?: eve| day)?|(?:chinese |lunar )?new year(?:'?s)?(?: eve| day)?|spring festival"
    r"|mid-autumn(?: festival)?|national day|valentine'?s(?: day)?|halloween|thanksgiving|easter)"
)
_ENGLISH: Final = (
    rf"(?:{_FEASTS}(?: (?:of )?(?:(?:19|20)\d{{2}}|last year))?"
    rf"|(?:{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?)?(?:19|20)\d{{2}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?:19|20)\d{{2}})?"
    rf"|{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?)?"
    rf"|yesterday(?: {_DAYTIME})?|(?:last|this) (?:{_DAYTIME}|weekend|{_WEEKDAY}(?: {_DAYTIME})?)"
    rf"|(?<=from ){_WEEKDAY}(?: {_DAYTIME})?|{_SEASONS} (?:of )?(?:(?:19|20)\d{{2}}|last year)"
    rf"|(?:last|this) (?:week|month|year|{_MONTH}|{_SEASONS}))"
)
_PERIOD = lazily(
    rf"(?:从|從|由|自|\b(?:from|between) )?{_YEARS}(?:之间|之間|期间|期間)?"
    rf"|\b{_MONTHS} only\b(?! (?:i|you|we|be|have|do)\b)|\b(?:only|just) (?:in "
    rf"|from )?{_MONTHS}\b(?! (?:i|you|we|be|have|not)\b)"
    rf"|(?:从|從|由|自)?{_POINT}{_WITH} ?(?:到|至|-|~|—)"
    rf" ?(?:{_POINT}|现在|現在|今天|而家){_WITH}"
    rf"|{_POINT}{_WITH}(?: ?(?:[和跟同与與及、]|以及|[还還]有) ?{_POINT}{_WITH})?"
    rf"|(?:最近|近|过去|過去|这|這|前|头|頭|呢)(?:的|嘅)?{_NUMBER}{_UNIT}(?:以内|以內|内|內|里|裡|之内)?"
    rf"|{_NUMBER}{_UNIT}(?:{_BEFORE})"
    rf"|\b{_SINCE}{_ENGLISH}(?: (?:to|and|until|till|thru|through|-) (?:{_ENGLISH}|now|today))?\b"
    rf"|\b{_SINCE}(?:the )?(?:last|past|previous) (?:few |couple of |{_COUNT} )?{_UNITS}\b"
    r"|\b(?:on|from|before|after|since|around|at) (?:my|the) (?:\d{1,2}(?:st|nd|rd|th) )?birthday\b"
    rf"|\b(?:older|newer) than {_COUNT} {_UNITS}\b",
    re.IGNORECASE,
)
# Every Chinese limit but by somebody has one of these characters, which few sentences have.
_TELLS_LIMIT: Final = frozenset(
    "0123456789年月天日周週期拜季假节節庆慶夕秋旦诞誕清端重跨夜初和跟同與与发發寄关關"
    "张張条條篇则則段幅首个個最带帶有到半部"
)
_HAN = lazily("[\u4e00-\u9fff]")
_LETTER = lazily(r"[a-z]", re.IGNORECASE)
# "May" and "march" are words of their own, a month counts only beside something that makes it one.
_BARE_MONTH = lazily(rf"(?:{_MONTH}|may|march)\Z", re.IGNORECASE)
_CLAUSES = lazily(
    r"[,，。!！?？;；\n]+|但[是系係]?|不过|不過|\bbut\b"
    r"|(?<=[\u4e00-\u9fff]) +(?=(?![到至])[\u4e00-\u9fff])"
    # What shall stay is a clause of its own.
    r"|\b(?:and|then)\b(?= (?:please |just )?(?:keep|leave)\b)"
    r"|(?:和|[并並]且?|同埋?|然[后後])(?=保留|留[着著住返低])",
    re.IGNORECASE,
)
# Said of the person or the account, not of what is wished: 去年注册的, 我今年30岁.
_NO_LIMIT = lazily(
    r"注[册冊]|开通|開通|申请|申請|提交|提过|投诉|投訴|举报|舉報|[岁歲]|开始用|開始用"
    r"|\b(?:registered|signed up|sign up|joined|requested|filed|asked|years? old|started)\b",
    re.IGNORECASE,
)


# 三月份之前把照片删掉 says when to do it, 三月份之前的照片 which; what is over is no deadline.
_DEADLINE = lazily(r"(?:之前|以前|前|以内|以內|之内)$")
_ONLY_WITHIN = lazily(rf"{_NUMBER}{_UNIT}(?:以内|以內|之内)$")
_AGO = lazily(
    rf"(?:19|20)\d{{2}}|[去昨]|前[年天日]|上|最近|过去|過去|^{_NUMBER}(?:(?:个|個)(?:月|{_WEEK})|年|天|{_WEEK})"
)
_BEGINS = lazily(
    r"(?:[请請在]|麻烦|麻煩|你们|你們|能不能|能|可以|我|要|想|希望|最好|必须|必須|务必|務必|得|那就?|\s)*"
)
_ASKS = lazily(
    r"\s*(?:就|都|要|能|可以|必须|必須|务必|務必|一定|得|希望|你们|你們|可否|能不能|全)*"
    r"(?:[把将將请請帮幫]|[给給]我|麻烦|麻煩)"
)


# 我和小王的聊天记录 is not all of them; 照片和我的动态 only lists two things.
_SHARED: Final = (
    r"聊天|私[信聊]|对话|對話|消息|讯息|訊息|合照|合影|照片|相片|语音|語音|录音|錄音|通话|通話"
)
_SHARED_ENGLISH: Final = (
    r"\b(?:chats?|messages?|dms|conversations?|photos?|pictures?|pics|recordings?)"
    r"(?: history| logs?| messages)?(?: i (?:had|took|made))?"
)
_NOBODY: Final = r"(?!you\b|all\b|the account|my account|it\b|them\b|every)"
_NO_NAME: Final = (
    r"(?:from|in|on|at|since|before|after|and|or|but|please|this|that|last|too|also|as"
    r"|are|is|was|were|has|have|had|needs?|should|must|can|gone|deleted|removed|erased|because|bc"
    r"|while|when|who|to|for)"
)
_WITH_WHOM = lazily(
    r"(?:^|(?<=[我把将將删刪掉除了清年月天日季号號前后後]))"
    r"(?P<whom>(?:[和跟同與与]|[发發寄]给|[发發寄]給|关于|關於)(?!我的|我自己|我嘅|我有|你们|你們|平台|所有|全部|大家|每个|每個|任何)[^和跟同與与的嘅,，。]{1,12}?)"
    rf"(?:之间|之間)?(?:的|嘅)(?:所有|全部)?(?={_SHARED})"
    # 前男友跟我的聊天记录; 评论和我的照片 only lists two things.
    r"|(?:^|(?<=[把将將删刪掉]))(?P<theirs>(?!我)(?![^和跟同與与]*(?:照片|相片|[动動][态態]|评论|評論|留言|[语語]音|帖|[记記紀][录錄]|位置|资料|資料|信息))"
    r"[^和跟同與与的嘅,，。把将將]{1,10}[和跟同與与]我)(?:之间|之間)?(?:的|嘅)(?:所有|全部)?(?=聊天|私[信聊]|对话|對話|合照|合影|通话|通話)"
    r"|(?:^|(?<=[只净淨就要删刪]))(?P<only>[和跟同與与](?!我的|我自己|我嘅)[^和跟同與与的嘅,，。]{1,10})"
    r"(?:的|嘅)(?:那些|那几[条張张]|嗰啲)?\s*$"
    # 我跟小周聊过的 names the chats by that.
    r"|(?:^|(?<=[我把将將删刪掉]))(?P<talked>[跟和同與与](?!你们|你們|你哋|客服|平台)"
    r"[^和跟同與与嘅,，。]{1,12}?)(?=(?:聊|倾|傾)(?:过|過|咗|了)?(?:的|嘅)(?!天))"
    rf"|{_SHARED_ENGLISH} (?P<company>with {_NOBODY}(?:my |the )?[\w'-]+"
    rf"(?: (?!{_NO_NAME}\b)[\w'-]+)?)",
    re.IGNORECASE,
)


# What goes, what stays and what may limit either ask about the same message.
@lru_cache(AT_HAND)
def periods(text: str) -> tuple[str, ...]:
    """Return what limits a wish in a text, as it was written; empty where it names no limit.

    That is the first time, with whom, and which or how many of them. Of what shall stay
    ("不要删2020年之前的") all is returned: the time alone would say the opposite.
    """
    words = plain(text)
    # Pictures with a child in them are spoken of by a word for the child.
    shown = shown_in(clauses_of(text)) if names_child(words) else ""
    told = shown or not _TELLS_LIMIT.isdisjoint(words) or _LETTER.search(words) is not None
    if not told and not of_somebody(words):
        return ()
    clauses = [one for one in _meant(clauses_of(text)) if not _NO_LIMIT.search(one)]
    # How old a child is says nothing of when, where pictures of it are meant.
    which = shown or some_in(clauses, words)
    time, company = _time_in(clauses), _company_in(clauses)
    if time and time in which:
        time, which = ("", which) if says_more(which, time) else (time, "")
    if company in which:
        company = ""
    elif company and which.startswith(company[-_OF_A_NAME:]):
        # 女友的合照 in 和前女友的合照 tells nothing more.
        which = ""
    return as_one_limit(time, *(one for one in (company, which) if one not in time))


# 只删动态里的那些, "only the ones in my profile": where they are limits which.
_PLACE = lazily(
    r"(?:^|[,。 只净就要删])(?P<where>[^,。 只净就要删]{2,8}(?:里面?|入面|上面?|里头)(?:的|嘅)"
    r"(?:那些|那几[张条个]|𠮶啲|那张|那条)?)\W*$"
    r"|\b(?P<ones>the ones? (?:in|on|from|under) (?:my|the|[a-z]{2,16}'s) [\w ]{2,24})\W*$"
)


_IN = lazily(r"(?:里[面头]?|入面|上面?)[的嘅]|\bthe ones? ")
"""Without any of these no place is told."""


def place_in(folded: str) -> str:
    """Return where in the account those lie that a folded message limits a wish to."""
    hit = _PLACE.search(folded) if _IN.search(folded) is not None else None
    return "" if hit is None else hit["where"] or hit["ones"]


def as_one_limit(*limits: str) -> tuple[str, ...]:
    """Return several limits as the one value of a message; nothing where there are none."""
    told = [one for one in limits if one]
    comma = "，" if any(_HAN.search(one) for one in told) else ", "
    return (comma.join(told)[:_MOST],) if told else ()


def clauses_of(text: str) -> list[str]:
    """Return the clauses of a text as they were written."""
    return _CLAUSES.split(plain(text))


_MAY_DENY: Final = lazily("不是|唔[係系是]|[並并]非")


def _meant(clauses: Sequence[str]) -> list[str]:
    """Return clauses without those that deny what the next one puts right."""
    if len(clauses) < 2 or not any(_MAY_DENY.search(one) for one in clauses):  # noqa: PLR2004
        return list(clauses)
    folded = [normalise(one) for one in clauses]
    return [one for place, one in enumerate(clauses) if not is_denied(folded, place)]


def _time_in(clauses: Sequence[str]) -> str:
    for place, clause in enumerate(clauses):
        for hit in _PERIOD.finditer(clause):
            named = hit[0].strip()
            if len(named) > _LONGEST or _BARE_MONTH.match(named):
                continue
            after = clause[hit.end() :].strip() or "".join(clauses[place + 1 : place + 2])
            if _is_deadline(clause[: hit.start()], named, after):
                continue
            if says_it_stays(normalise(clause)):
                exception = exception_in(clause) or clause.strip()
                # Of "last year's posts except those about work" last year's go, but for those.
                return exception if named in exception else f"{named}, {exception}"
            return named
    return ""


def _is_deadline(before: str, named: str, after: str) -> bool:
    """Tell whether a time at the start of a sentence says until when something is to be done."""
    if not _DEADLINE.search(named) or not _BEGINS.fullmatch(before) or not _ASKS.match(after):
        return False
    return _ONLY_WITHIN.fullmatch(named) is not None or _AGO.search(named) is None


def _company_in(clauses: Iterable[str]) -> str:
    for clause in clauses:
        hit = _WITH_WHOM.search(clause)
        told = "" if hit is None else next(one for one in hit.groups() if one)
        whom = _PERIOD.sub("", told).strip()
        if len(whom) > 1:
            # With whom it was of what shall stay says the opposite by itself.
            stays = says_it_stays(normalise(clause))
            return (exception_in(clause) or clause.strip()) if stays else whom
    return ""
