"""How old the speaker says they are. A child's or a stranger's age is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from privacydesk.understanding.patterns import lazily

_SCHOOL_AGE: Final = 11
"""What a primary-school pupil is taken for: surely a child."""

_YOUNGEST: Final = 3
_OLDEST: Final = 120
_DIGITS: Final = {c: place for place, c in enumerate("零一二三四五六七八九")} | {"两": 2}

_AGE = r"(?P<age>\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[三四五六七八九])"
_FILL = (
    r"(?:今年|现在|目前|其实|才|刚|只有|就|还|是|已经|都|满|快|大概|未够|未满|先|得|而家|真的"
    r"|一个| )*"
)
# After the age: somebody else's, or a time long ago.
_NOT_MINE = (
    r"(?! ?的? ?(?:儿子|女儿|孩子|小孩|娃|弟|妹|侄|外甥|孙|外孙|闺女|丫头|同学|朋友|那|时"
    r"|以|之|就|开始|注册|起|生日|前|后|仔|囡))"
)
_STATED = lazily(rf"(?:我|本人|俺|咱){_FILL}{_AGE} ?(?:周岁|岁){_NOT_MINE}")
_STATED_BARE = lazily(
    rf"(?:我|本人|俺)(?:今年|其实)?(?:才|刚满|只有|今年|先|得) ?{_AGE}(?=$|[,。.!?;、~ ])"
)
_STATED_ALONE = lazily(
    r"(?:^|[,。.!?;~ ])我(?:今年|现在|才|就)? ?(?P<age>1[0-7])"
    r"(?=$|[,。.!?;、~ ](?! ?[\d点月日号个年块元天周分楼]))"
)
_SUBJECTLESS = lazily(rf"(?:^|[,。.!?;] ?)今年(?:才|刚满|只有|刚)? ?{_AGE} ?岁{_NOT_MINE}")
_PUPIL = lazily(
    r"(?:我|本人|俺)(?:现在|还|就|只|才|是|在|一个|一名|个| )*"
    r"(?:小学生(?!的|家长|时)|(?:上|读|念)(?:小学|国小)(?!的|时|那|老师))"
)
# 我六年级, 我读紧小六; of a pupil's teacher or parent it is said otherwise.
_GRADE = lazily(
    r"(?:我|本人|俺)(?:今年|现在|而家|还|仲|就|才|先|在|系|是|读紧|读着|读|上|念|个| )*"
    r"(?:(?:小学)?[一二三四五六1-6]年级|小[一二三四五六](?=$|[,。.!?;、~ 了的啦喇]))"
    r"(?!的?(?:老师|班主任|家长|孩子|时|那))"
)
_ENGLISH_GRADE = lazily(
    r"\b(?:i'm|im|i am|i'm still|i am still)(?: only| just)? (?:in|a) (?:the )?"
    r"(?:(?:1st|2nd|3rd|[4-6]th|first|second|third|fourth|fifth|sixth)[- ]grade(?:r)?"
    r"|(?:primary|grade|year) ?[1-6]\b|p[1-6]\b)(?! teacher)"
)
_ENGLISH = lazily(
    r"\b(?:i'm|im|i am|i just turned|i turned|i've just turned)(?: (?:only|just|actually|still|now"
    r"|about|almost|like))* (?P<age>\d{1,3})(?: ?-?years?[- ]?old| ?yrs? ?old| ?y/?o\b"
    r"|(?= ?(?:$|[,.!?;)]|(?:and|so|but|btw|please|pls|plz|don't|dont|is|am|can|could|will|do"
    r"|should|may|what|why|how|i|my|wanna|want)\b)))"
)
_ENGLISH_PUPIL = lazily(
    r"\b(?:i'm|im|i am|i go to|i am still|i'm still)(?: (?:still|only|just))*"
    r"(?: (?:in|at|to|a|an))? ?(?:primary|elementary|grade)[- ]school(?! teacher| parent)"
)

_YOUNG = lazily(
    r"(?<!\d)(?:[3-9]|1[0-7])(?!\d) ?(?:周?岁|years? old|yrs? old|-year-old|year-old|y/?o\b)"
    r"|(?:才|只有|刚满|未满|不满|先得) ?(?:[3-9]|1[0-7])(?![\d个天年月块元条次分小时])"
    r"|\b(?:only|just|is|aged|under) (?:[3-9]|1[0-7])(?= ?(?:$|[,.!?;，]|years))"
    r"|(?<!十)(?:[四五六七八九]|十[一二三四五六七]?)岁"
)

# Words that put the sentence into somebody else's mouth, or make it a supposition.
_SAID_OR_SUPPOSED = lazily(
    r"(?:如果|假如|假设|要是|若|万一|(?<!跟你)(?<!老实)说(?!实话)|讲|告诉|自称|写着|填了?|认识"
    r"|系统|显示"
    r"|\bif\b|\bsays?\b|\bsaid\b|\btold\b|\bclaims?\b|\bsuppose\b|\bwhen\b)[^,。.!?;]*$"
)
_SOMEBODY_ELSE = lazily(
    r"儿子|女儿|孩子|小孩|娃|弟弟|妹妹|孙|侄|闺女|丫头|他|她|主播|对方|有人|同学|那个|仔|囡"
)


_IN_ENGLISH: Final = (
    *("seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
    *("sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_ENGLISH_AGES: Final = {name: age for age, name in enumerate(_IN_ENGLISH, start=7)}
_ANSWER: Final = 30
"""Characters of a message that may be the answer to how old somebody is."""
_TOLD = lazily(
    r"(?P<under>不到|未到|未满|不满|未够|唔够|\bunder |\bbelow |\bless than |\bnot yet )? ?"
    r"(?:(?P<age>(?<!\d)\d{1,3}(?!\d)|[二三四五六七八九]?十[一二三四五六七八九]?"
    r"|[三四五六七八九](?= ?岁))"
    rf"|\b(?P<word>{'|'.join(_ENGLISH_AGES)})\b)"
    r"(?! ?(?:岁|years old)? ?(?:以|或|前|后|时|年|月|号|日|点|分|块|元|个))"
)
_SEVERAL = lazily(r"\d ?(?:or|to|and|或|至|到|和|-|~) ?\d")

# Without any of these no pattern here can fit, which is so for nearly all sentences.
_ABOUT_AGE = lazily(r"[\d岁]|小[学一二三四五六]|国小|年级|school|grade|primary")


_AT_SCHOOL: Final = lazily(
    r"初[一二三]|小学|[一二三四五六]年级|幼儿园|[上念读]初中"
    r"|\b(?:[1-9]th|first|second|third) grade|\b(?:grade|year) [1-9]\b"
    r"|\b(?:primary|middle|elementary) school\b"
)
_CHILD_UNDER: Final = 14
_ADULT_FROM: Final = 18
_MINOR: Final = lazily(
    r"我(?:自己|本人|现在)?(?:是|还是|系|仲系)(?:个|一个|一名)?未成年(?:人)?(?!的|孩|儿|家长"
    r"|监护|子)"
    r"|\b(?:i'm|i am|im) (?:still )?(?:a minor|underage|under 18)\b"
)


OWN_CHILD: Final = r"(?:儿子|女儿|闺女|孩子|小孩|娃|阿仔|个仔|我个女(?![的人孩生士])|囡|孙女|孙子)"
"""What people call a child of their own."""
_ENGLISH_CHILD: Final = r"(?:son|daughter|child|kid|boy|girl|grandson|granddaughter)"
# 快20了 is not twenty yet, and 20天 is no age.
_CHILDS_AGE: Final = lazily(
    rf"(?:{OWN_CHILD}|(?<![有一那𠮶这呢])个女(?![的人孩生士]))"
    r"(?:今年|现在|目前|其实|都|也|已经|已|满|是|有|系|而家|个|得|先|仲|只有|才|刚|还|就| )*"
    r"(?P<age>\d{1,2}|[二三四五]?十[一二三四五六七八九]?|[三四五六七八九](?=岁))"
    r"(?: ?周?岁|多岁|几岁|了|啦|喇|(?=$|[,。.!?; ]))"
    rf"|\b{_ENGLISH_CHILD}(?: is|'s| turned| just turned|,)*"
    r"(?: (?:already|now|just|actually|aged?|who is|who's))*"
    r" (?P<told>\d{1,2})"
    r"(?= ?(?:$|[,.!?;]|years? old|yrs? old|now|already|and|so|but|can|may|is|last|this|yesterday))"
    rf"|\b(?P<old>\d{{1,2}})[- ]?(?:years?|yrs?)[- ]old {_ENGLISH_CHILD}\b"
    # "the mum of a 16 year old"
    r"|\b(?:mum|mom|mother|dad|father|parent|guardian) (?:of|to) (?:an? )?"
    r"(?P<of>\d{1,2})[- ]?(?:years?|yrs?)[- ]?olds?\b"
    # "my 10 yr old made an account"
    r"|\bmy (?:\w+ )?(?P<my>\d{1,2})[- ]?(?:years?|yrs?|y/?o)(?:[- ]?olds?)?\b"
    r"(?!(?:[- ]?olds?)? (?:account|profile|app|phone|photo|picture|post|video|message|chat|data"
    r"|e?mail|number"
    r"|history|record|comment|membership|subscription)s?\b)"
)
# 我儿子昵称叫小黄 今年11, "my son is on here, he's 13": told of a child that was named before.
_CHILD_NAMED: Final = lazily(
    rf"{OWN_CHILD}|(?<![有一那𠮶这呢])个女(?![的人孩生士])|\b(?:my"
    rf"|our) (?:[\w-]+ ){{0,2}}?{_ENGLISH_CHILD}\b"
)
_AGE_LATER: Final = lazily(
    r"(?:(?:^|[,。.!?; ])(?:(?:他|她|佢)(?:今年|现在|而家)?|今年)|(?<=[儿女子娃仔孩])今年)"
    r"(?:才|刚|只有|先|得|就|已经|都|满|也| )*"
    r"(?P<age>\d{1,2}|[二三四五]?十[一二三四五六七八九]?|[三四五六七八九](?=岁))"
    r"(?: ?周?岁|(?=$|[,。.!?; ](?! ?[\d点月日号个年块元天周])))"
    r"|\b(?:he|she)(?:'s|s| is| just turned| turned)(?: (?:only|just|already|now|still|like"
    r"|about))*"
    r" (?P<told>\d{1,2})\b(?![/:.-]\d)(?! ?(?:%|am\b|pm\b|months?|weeks?|days?|hours?|minutes?"
    r"|times?|km))"
)

_OF_AGE: Final = lazily(
    rf"{OWN_CHILD}[^,。.!?;]{{0,6}}?(?<![未没不快冇])(?:成年(?!人)|成人了|满了?(?:18|十八)"
    r"|上大学|大学生|读大学)"
    rf"|(?<![未没不快冇])(?:已经?成年|成年)的?{OWN_CHILD}"
    rf"|\b(?:adult|grown(?:[- ]?up)?) {_ENGLISH_CHILD}\b"
    rf"|\b{_ENGLISH_CHILD}(?:'s| is| has)? (?:(?:already|now|just) )*(?:an adult|grown[- ]?up"
    r"|of age|over 18|come of age|turned 18)\b"
)
_NOT_OF_AGE: Final = lazily(
    r"未成年|没成年|没有成年|不是成年|快成年|等[^,。]{0,6}成年|\b(?:not|isn't|until|when)\b"
)
_SURELY_GROWN: Final = 20
"""What somebody of age is taken for: grown up, whichever way years are counted."""


def grown_child(folded: str) -> int | None:
    """Return how old a child is that a folded message says has come of age; None without one."""
    grown = next((age for age in _ages_of_children(folded) if age >= _ADULT_FROM), None)
    if grown is not None:
        return grown
    if _COMES_OF_AGE.search(folded) is None or _OF_AGE.search(folded) is None:
        return None
    return _SURELY_GROWN if _NOT_OF_AGE.search(folded) is None else None


def child_age(folded: str) -> int | None:
    """Return how old a folded message says the speaker's child is, grown up or not."""
    grown = grown_child(folded)
    if grown is not None:
        return grown
    ages = {age for age in _ages_of_children(folded) if age >= _YOUNGEST}
    return ages.pop() if len(ages) == 1 else None


# "My five-year-old", "my son is nine"
_SPELT: Final = {
    name: str(age)
    for age, name in enumerate(("three", "four", "five", "six", *_IN_ENGLISH), start=_YOUNGEST)
}
_SPELT_AGE: Final = lazily(
    rf"\b(?:{'|'.join(_SPELT)})(?=[- ]years?[- ]?olds?\b)"
    rf"|(?:(?<=\bis )|(?<=\baged )|(?<='s )|(?<=\bturned ))(?:{'|'.join(_SPELT)})\b"
    r"(?=\s*(?:$|[,.!?;]|(?:and|so|but|now|already)\b))"
)


# Nearly all sentences have none of these, and are looked at no further.
_NUMBER: Final = lazily(r"[\d三四五六七八九十]")
_NUMBER_TOLD: Final = lazily(rf"[\d三四五六七八九十]|{'|'.join(_IN_ENGLISH)}")
_COMES_OF_AGE: Final = lazily(r"成[年人]|满|大学|adult|grown|of age|18")


def _ages_of_children(folded: str) -> Iterator[int]:
    if folded.isascii():
        folded = _SPELT_AGE.sub(lambda hit: _SPELT[hit[0]], folded)
    if _NUMBER.search(folded) is None:
        return
    for hit in _CHILDS_AGE.finditer(folded):
        yield _number(hit["age"] or hit["told"] or hit["old"] or hit["of"] or hit["my"])
    named = _CHILD_NAMED.search(folded)
    if named is not None:
        for hit in _AGE_LATER.finditer(folded, named.start()):
            yield _number(hit["age"] or hit["told"])


def is_teen(folded: str) -> bool:
    """Tell whether the speaker says that they are under age, and not that they are a child."""
    age = own_age(folded)
    if age is None:
        return _MINOR.search(folded) is not None
    return _CHILD_UNDER <= age < _ADULT_FROM


def at_school(folded: str) -> bool:
    """Tell whether a folded message names a school or a grade that only minors go to."""
    return _AT_SCHOOL.search(folded) is not None


def names_young_age(folded: str) -> bool:
    """Tell whether a folded message names an age under 18, whosever it is."""
    return _YOUNG.search(folded) is not None


def own_age(folded: str) -> int | None:
    """Return the age in years that a folded text states for its speaker, or None."""
    if _ABOUT_AGE.search(folded) is None:
        return None
    for pattern in (_STATED, _STATED_BARE, _STATED_ALONE, _ENGLISH):
        for hit in pattern.finditer(folded):
            age = _number(hit["age"])
            if _YOUNGEST <= age <= _OLDEST and not _SAID_OR_SUPPOSED.search(folded, 0, hit.start()):
                return age
    for pattern in (_PUPIL, _GRADE, _ENGLISH_PUPIL, _ENGLISH_GRADE):
        pupil = pattern.search(folded)
        if pupil is not None and not _SAID_OR_SUPPOSED.search(folded, 0, pupil.start()):
            return _SCHOOL_AGE
    bare = _SUBJECTLESS.search(folded)
    if bare is not None and not _SOMEBODY_ELSE.search(folded):
        return _number(bare["age"])
    return None


def told_age(folded: str) -> int | None:
    """Return the age in years that a short answer gives, whosever it is; None without a single one.

    "Not yet fourteen" is thirteen.
    """
    if len(folded) > _ANSWER or _NUMBER_TOLD.search(folded) is None or _SEVERAL.search(folded):
        return None
    told = {
        (_ENGLISH_AGES[hit["word"]] if hit["word"] else _number(hit["age"])) - bool(hit["under"])
        for hit in _TOLD.finditer(folded)
    }
    ages = [age for age in told if _YOUNGEST <= age <= _OLDEST]
    return ages[0] if len(told) == 1 and ages else None


def _number(words: str) -> int:
    if words.isdecimal():
        return int(words)
    tens, ten, ones = words.rpartition("十")
    if not ten:
        return _DIGITS[words]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
