"""Which entry of a profile gets which value: "my gender to female and my birthday to 2 Feb 1995".

A message is cut into clauses; one that names a single entry and gives a value is about that entry,
and a value in a clause that names none belongs to the entry that was named just before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from privacydesk.domain.account_terms import SPOKEN_GENDERS
from privacydesk.understanding.dates import birthdays
from privacydesk.understanding.new_values import FIELD, QUOTES, in_full, new_values, value_and_old
from privacydesk.understanding.normalise import normalise, plain
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.wrong_now import parted

A_NAME: Final = "name"
"""Stands for the nickname or the real name where it isn't said which: 名字改成小雨."""

Entry = tuple[str, str, str]
"""The entry, its new value, and what stands there now or an empty string."""

_LOOKED_AT: Final = 300
_HAN: Final = r"[\u4e00-\u9fff]"
_CUTS: Final = lazily(
    r"[,，。!！?？;；\n]+|\.(?!\d)"
    # 昵称叫 小雨 is one clause; other gaps part what is said in a hurry.
    rf"|(?<={_HAN})(?<![叫是为為成做到系係写寫]) +(?={_HAN})"
    r"|(?=(?:[还還]有|另外|以及|[并並]且|同埋|仲有|[和跟及、])"
    rf"(?:[把将將]|我的|我嘅|我|[个個]|也)*{FIELD})"
    r"|(?<=\bwrong) (?=(?:it['’]?s|it is|it should|should be)\b)"
    r"|(?=\bbut (?:it['’]?s|it is|it should|actually|really"
    r"|i['’]?m|i am|i was|the (?:right|correct|real)))"
    r"|(?=\b(?:and|also) (?:also )?(?:please )?(?:change |set |make |update |correct |fix )?"
    rf"(?:my\b|the\b|{FIELD}))",
    re.IGNORECASE,
)
_CHANGES: Final = lazily(
    r"改|[换換]|更正|[错錯]|不[对對]|修正|有[误誤]|唔[啱对對]"
    r"|\b(?:chang|fix|correct|updat|edit|rectif|wrong|mistake|incorrect)",
    re.IGNORECASE,
)
_VALUE: Final = r"(?P<value>[^\s,，。!！?？;；].{0,59}?)"
_DONE: Final = r"(?:吧|啊|哦|就好|就行|[谢謝]{2}|,? ?please|,? ?thanks)?[\s.。!！]*$"
_BESIDE: Final = lazily(
    rf"{FIELD}\s*(?:是|系|係|叫做?|[写寫](?![错錯])|[为為]|[:：]|is\b|to\b)\s*{_VALUE}{_DONE}",
    re.IGNORECASE,
)
# 改暱稱做阿豪: the entry stands between the two halves of the verb.
_MADE: Final = lazily(
    rf"[改换換](?:我的|我嘅|我)?{FIELD}(?:做|成|到|[为為])\s*{_VALUE}{_DONE}", re.IGNORECASE
)
_AFTER: Final = lazily(
    r"^\s*(?:(?:但|可|其[实實]|[实實][际際](?:上)?|正[确確]|真[实實])(?:的|嘅)?(?:是(?=[应應]))?)?"
    r"(?:[应應][该該]|而)?"
    r"(?:是|系|係|[为為]|叫做?|(?:but |and )?(?:actually |really )?"
    r"(?:it['’]?s(?: really| actually)?\b|it is\b|it should be\b|to be\b"
    r"|the (?:right|correct|real) (?:one |date |name |value )?is\b))"
    r"(?![我你他她它这這那因不错錯]| ?(?:still|currently|not|wrong|now|a|the|been|just)\b)"
    rf"\s*{_VALUE}{_DONE}",
    re.IGNORECASE,
)
_EXPLAINS: Final = lazily(r"[\u4e00-\u9fff]{1,4}[的嘅][\u4e00-\u9fff]")
_NOW: Final = lazily(r"now (?P<value>(?!showing|listed|displayed|wrong|a |the ).+)", re.IGNORECASE)
_NOT_OLD: Final = lazily(
    r"^\s*(?P<new>[^\s,，]{1,20}?)(?:[,，]? ?不是|唔系|唔係| not )(?P<old>[^\s,，。]{1,20})\s*$",
    re.IGNORECASE,
)
# Said after that it shall be changed: 改昵称，昵称叫阿哲. What it is called now is the old one.
_CALLED: Final = lazily(
    rf"^(?!.*(?:[现現]在|目前|原来|原來|本来|本來|以前|之前|而家)).*{FIELD}\s*(?:叫|[写寫])"
)
_OF_ME: Final = lazily(
    r"\s*(?:但|可|可是|但是|其[实實]|[实實][际際]上?)*"
    r"我(?:其[实實]|本[来來]|明明|[应應][该該]|真的)*"
    r"(?:(?:是|系|係)[个個]?([男女])(?:[的性生人孩仔]|嘅)?|([男女])(?:的|生|性|仔))"
    r"(?:嚟㗎|嚟嘅|[来來]的)?[的啊呀喎啦喇]?[\s.。!！]*"
    r"|\s*(?:but )?i(?:['’]?m| am)(?: actually| really)? (?:a )?"
    r"(male|female|man|woman|boy|girl|guy|dude|bloke|lady|gal)[\s.!]*",
    re.IGNORECASE,
)
_SAID_FOR: Final = {"guy": "man", "dude": "man", "bloke": "man", "lady": "woman", "gal": "woman"}
# "I'm a woman not a man" is two clauses.
_AND_NOT: Final = lazily(
    r"(\b(?:male|female|man|woman|boy|girl)) (not an? )"
    r"|([男女][的性生]?) ?(不是|唔系|唔係)(?=[男女个個])",
    re.IGNORECASE,
)
_NOT_ME: Final = lazily(
    r"\s*(?:而|又)?(?:我)?(?:并)?(?:不是|唔系|唔係)[个個]?[男女](?:[的性生人孩仔子]|嘅)?[的啊呀]?[\s.。!！]*"
    r"|\s*(?:and )?(?:i['’]?m )?not an? (?:male|female|man|woman|boy|girl)[\s.!]*",
    re.IGNORECASE,
)
_RATHER: Final = (
    r"(?:(?:算了|等等|等一下|不[对對]|不(?=[\s,，。])|那|[还還]是|要不[对對如]?|不如|都系|都係|就|我|想|要(?!不)|先|[帮幫]我|可以|能不能|能"
    r"|actually|oh|wait|no|sorry|hmm+|rather|please|let'?s|can i|could i|i want to"
    r"|i'd like to|i'd rather)[\s,，。.]*)*"
)
_INSTEAD: Final = lazily(
    rf"\s*{_RATHER}(?:改|[换換]|更正|修改|\b(?:change|correct|fix|edit|update)\b)\s*"
    rf"(?:一下|下|个|個|我的|我嘅|my |the )*(?P<field>{FIELD})\s*"
    r"(?:行不行|行吗|行嗎|可以吗|可以嗎|可不可以|好不好|好吗|好嗎|得唔得|算了|好了"
    r"|先|吧|呢|啊|啦|喇|instead|please|rather|then|,| )*"
    r"[\s?？.。!！~～]*(?:(?:改成|[换換]成|改[为為]|叫|[写寫]|\bto\b).+)?",
    re.IGNORECASE,
)
_TO: Final = lazily(rf"{FIELD}\s*to\b", re.IGNORECASE)
# "And my birthday is 3 March 1997", beside an entry that gets a new value.
_BESIDES: Final = lazily(
    r"^\s*(?:and|also|[还還]有|另外|以及|[并並]且|同埋|仲有|[和跟及、])", re.IGNORECASE
)
_BORN: Final = lazily(
    r"\bi was (?:actually |really |in fact )?born (?:on |in )?(?P<day>\S.{3,24})"
    r"|我(?:其[实實]|明明|本[来來]|[应應][该該]|[实實][际際]上?)*(?:是|系|係)?(?:[于於在喺])?"
    r"(?P<date>[\d一二三四五六七八九十〇零]{2,4}年.{2,8}?)(?:出生|出世|生)(?!日)",
    re.IGNORECASE,
)
_GENDERS: Final = sorted(SPOKEN_GENDERS, key=len, reverse=True)
_GENDER: Final = lazily(
    r"\b(?:" + "|".join(w for w in _GENDERS if w.isascii()) + r")\b"
    "|" + "|".join(w for w in _GENDERS if not w.isascii())
)
_DAY_OR_GENDER: Final = lazily(r"[\d年月]|" + "|".join(_GENDERS))
"""Without any of these neither a day nor a gender is told."""
_NAME: Final = lazily(r"(?<!实)名字|[改换]个?名(?!字|称|单)")
_PART_OF_NAME: Final = lazily(
    r"姓(?!名|[^,。.!?;]{0,2}名)|\b(?:sur|last |family |first |given |middle )name\b"
)
_AVATAR: Final = lazily(r"头像(?!框)|\b(?:avatar|profile (?:picture|photo|pic))\b")
_ENDING: Final = lazily(r"(?<=[男女])[的性生]$")
_STAYS: Final = lazily(
    r"(?:不用|不要|不必|不需要|无需|无须|先不|就不|(?<!性)别|唔使|唔好|唔需要)(?:再|去|帮我|给我)*(?:改|动|换|变|郁)"
    r"|(?:保持|维持)(?:不变|原样)|不变"
    r"|\b(?:leave|keep) (?:my |the )?[a-z ]{2,16}? (?:as (?:it is|is)|unchanged)\b"
)
_DENIES: Final = lazily(r"不是|唔系|唔係|\bnot\b|n't\b", re.IGNORECASE)
# 身份证号最后一位是X不是8 is about the number, and no name.
_NUMBERED: Final = lazily(
    r"\d|[身份][份分]?[证證]|[证證]件|[号號]码?|最[后後]一?[位个個]|\b(?:number|digit|id)\b",
    re.IGNORECASE,
)
_DAY: Final = lazily(r"(?<![年\d])(?P<month>\d{1,2})月(?P<day>\d{1,2})(?=[日号]|$)")
# "I meant 21 May": with a year it is a whole date.
_MONTHS: Final = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NO_YEAR: Final = r"(?!\d)(?!,? ?(?:19|20)\d\d)"
_ENGLISH_DAY: Final = lazily(
    rf"(?<![\d/.-])(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{_MONTHS})\b{_NO_YEAR}"
    rf"|\b(?P<month>{_MONTHS}) (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_NO_YEAR}"
)
# "I need it done before 5 May" tells no birthday.
_BY_THEN: Final = lazily(r"\b(?:before|by|until|till|til|after|since|from|on or before) (?:the )?$")
_NAMED_MONTHS: Final = "janfebmaraprmayjunjulaugsepoctnovdec"


def genders(folded: str) -> tuple[str, ...]:
    """Return the words for a gender in a folded text, in order: 女的 is 女."""
    return tuple(_ENDING.sub("", hit[0]) for hit in _GENDER.finditer(folded))


def name_meant(folded: str) -> tuple[str, ...]:
    """Tell whether a name shall change, which may be the nickname or the real one: 我想改名字."""
    return ("yes",) if _NAME.search(folded) else ()


def part_of_name(folded: str) -> tuple[str, ...]:
    """Tell whether a surname or a given name is spoken of, which is no whole one: 姓打成阵."""
    return ("yes",) if _PART_OF_NAME.search(folded) else ()


def avatar_meant(folded: str) -> tuple[str, ...]:
    """Tell whether an avatar is spoken of, which people change themselves: 改头像."""
    return ("yes",) if _AVATAR.search(folded) else ()


def named_instead(folded: str) -> str:
    """Return the word for an entry that is to be changed, or for it and its value: 还是改签名吧."""
    hit = _INSTEAD.fullmatch(folded)
    return "" if hit is None else hit["field"]


def left_as_they_are(text: str, fields_in: Callable[[str], tuple[str, ...]]) -> frozenset[str]:
    """Return the entries that shall not be changed: 名字改成留白，性别不用改."""
    said = plain(text)
    if len(said) > _LOOKED_AT or not _STAYS.search(normalise(said)):
        return frozenset()
    clauses = (normalise(clause) for clause in _clauses(said))
    return frozenset(
        field for clause in clauses if _STAYS.search(clause) for field in fields_in(clause)
    )


def days_of_year(folded: str) -> tuple[str, ...]:
    """Return days that are told without a year, as ``MM-DD``: 是8月11号, "it's 11 August"."""
    found = [(int(hit["month"]), int(hit["day"])) for hit in _DAY.finditer(folded)]
    for hit in _ENGLISH_DAY.finditer(folded):
        if _BY_THEN.search(folded, 0, hit.start()):
            continue
        month = _NAMED_MONTHS.index((hit["m"] or hit["month"])[:3]) // 3 + 1
        found.append((month, int(hit["d"] or hit["day"])))
    return tuple(f"{month:02}-{day:02}" for month, day in found if month <= 12 and day <= 31)  # noqa: PLR2004 - a calendar


class Told(NamedTuple):
    """An entry with the value that a message tells of it."""

    entry: Entry
    new: bool
    """Whether it is a new value beyond doubt: what an entry is may be the old one."""


def entries(text: str, fields_in: Callable[[str], tuple[str, ...]]) -> tuple[Told, ...]:
    """Return the entries that a message tells a value of, the value as it was written.

    A birthday is given as ISO 8601 and a gender by its word alone; other words for one are none.
    """
    said = in_full(text)
    if len(said) > _LOOKED_AT:
        return ()
    found: dict[str, Told] = {}
    stood: dict[str, str] = {}
    about, changes, denied = "", False, False
    for clause, wrong in parted(_clauses(said)):
        called = changes and _CALLED.search(clause) is not None
        changes = changes or _CHANGES.search(clause) is not None
        named = fields_in(normalise(clause))
        if wrong and len(named) <= 1:
            # What stands there is put right by what follows.
            about, changes = named[0] if named else about, True
            stood[about] = typed(about, _bare(wrong))
            continue
        of_me = _OF_ME.fullmatch(clause) if about == "gender" and changes else None
        if of_me is not None:
            told = next(one for one in of_me.groups() if one).lower()
            found[about] = Told((about, _SAID_FOR.get(told, told), ""), new=True)
            continue
        if len(named) > 1:
            about = ""
            continue
        # What an entry is instead of what it is not, is its new value: 不是2001年，是2002年.
        new, old, sure = _value_in(
            clause, bool(named), pending=bool(about), changes=changes or denied
        )
        denied = _DENIES.search(clause) is not None
        about = named[0] if named else about
        value = typed(about, new)
        if about in found and _EXPLAINS.fullmatch(value):
            # 羽毛的羽改成下雨的雨 says how the name that was just told is written.
            continue
        if about and value and (sure or about not in found):
            added = changes and _BESIDES.match(clause) and any(one.new for one in found.values())
            found[about] = Told((about, value, old), sure or called or bool(added))
    if changes and "birthday" not in found and "birthday" in fields_in(normalise(said)):
        found.update(_born(said))
    return tuple(
        one._replace(entry=(field, new, old or stood.get(field, "")))
        for one in found.values()
        for field, new, old in (one.entry,)
    )


def _born(said: str) -> dict[str, Told]:
    """Return the birthday of whoever says when they were born, and that it stands there wrong."""
    for clause, wrong in parted(_clauses(said)):
        hit = None if wrong else _BORN.search(clause)
        day = typed("birthday", hit["day"] or hit["date"]) if hit is not None else ""
        if day:
            return {"birthday": Told(("birthday", day, ""), new=True)}
    return {}


def values_wished(text: str) -> tuple[str, ...]:
    """Return the new values of a message, without what it tells to stand there: 昵称变成乱码了."""
    values, said = new_values(text), plain(text)
    if not values or len(said) > _LOOKED_AT:
        return values
    clauses = tuple(parted(_clauses(said)))
    wrong = tuple(_bare(one) for _, one in clauses if one)
    wished = tuple(one for one in values if not one.lstrip("了咗").startswith(wrong))
    if wished or not wrong:
        return wished
    # 昵称被人改成了乱码 帮我改回小雨: what is wished may stand behind what happened.
    others = (new_values(clause) for clause, stands in clauses if not stands)
    return next((told for told in others if told), ())


def wrong_told(text: str) -> tuple[str, ...]:
    """Return the days and genders that a message tells to stand there, and to be wrong."""
    said = plain(text)
    if len(said) > _LOOKED_AT or _DAY_OR_GENDER.search(normalise(said)) is None:
        return ()
    wrong = [normalise(one) for _, one in parted(_clauses(said)) if one]
    return tuple(value for one in wrong for value in (*birthdays(one), *genders(one)))


def gender_put_right(text: str) -> tuple[str, str] | None:
    """Return the right gender and the wrong one that stands there: 我男的，系统写成女了.

    What one is oneself has to be told, and to be another; the entry need not be named.
    """
    said = plain(text)
    if len(said) > _LOOKED_AT or not _GENDER.search(normalise(said)):
        return None
    mine: dict[str, str] = {}
    theirs: dict[str, str] = {}
    said = _AND_NOT.sub(lambda hit: f"{hit[1] or hit[3]}, {hit[2] or hit[4]}", said)
    for clause, wrong in parted(_clauses(said)):
        of_me = _OF_ME.fullmatch(clause)
        if wrong:
            theirs.update((_sex(one), one) for one in genders(normalise(wrong)))
        elif of_me is not None:
            mine.update((_sex(one), one) for one in genders(normalise(clause)))
        elif _NOT_ME.fullmatch(clause):
            theirs.update((_sex(one), one) for one in genders(normalise(clause)))
    if len(mine) != 1 or len(theirs) != 1 or mine.keys() == theirs.keys():
        return None
    return next(iter(mine.values())), next(iter(theirs.values()))


def _sex(word: str) -> str:
    word = _SAID_FOR.get(word, word)
    return "female" if word[0] in "女fgw" else "male" if word[0] in "男mb" else word


def _value_in(clause: str, named: bool, *, pending: bool, changes: bool) -> tuple[str, str, bool]:
    """Return the new value, the old one, and whether the first is one beyond doubt."""
    new, old = value_and_old(clause)
    if new:
        return new, old, True
    made = _MADE.search(clause)
    if made is not None and named:
        return _bare(made["value"]), "", True
    beside = _BESIDE.search(clause) if named else None
    if beside is not None:
        now = _NOW.match(beside["value"])
        if now is not None:
            # "My legal name is now Grace Tan" says what it has become.
            return _bare(now["value"]), "", True
        return _bare(beside["value"]), "", changes and _TO.search(clause) is not None
    if not named and pending:
        pair = _NOT_OLD.match(clause)
        if pair is not None and _AFTER.match(clause) is None:
            return pair["new"], pair["old"], True
        after = _AFTER.match(clause)
        if after is not None:
            return _bare(after["value"]), "", changes
    return "", "", False


def typed(field: str, words: str) -> str:
    """Return a value as its entry takes it; empty where it is none of that kind."""
    if field == "birthday":
        days = birthdays(normalise(words))
        return days[0] if len(days) == 1 else ""
    if field == "gender":
        return (genders(normalise(words)) or ("",))[-1]
    if field == "real_name" and _NUMBERED.search(words) is not None:
        return ""
    return words


def _bare(words: str) -> str:
    return words.strip(f" {QUOTES}")


def _clauses(said: str) -> Iterator[str]:
    """Yield the clauses of a message; what stands in quotation marks is not cut."""
    quoted = [hit.span() for hit in _QUOTED_WORDS.finditer(said)]
    start = 0
    for cut in _CUTS.finditer(said):
        if any(begin < cut.start() < end for begin, end in quoted):
            continue
        yield said[start : cut.start()]
        start = cut.end()
    yield said[start:]


_QUOTED_WORDS: Final = lazily(r"[「『“‘《][^」』”’》]{1,60}[」』”’》]|\"[^\"]{1,60}\"")
