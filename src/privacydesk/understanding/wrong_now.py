"""What is said to stand in an entry wrongly, and is no new value: 性別欄位怎麼變成男生了.

写成 tells what stands there, and 改成 what shall; 变成 either, by what comes before it. What a
document says is right, wherever it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from privacydesk.understanding.patterns import lazily

_WISHED: Final = (
    r"(?:应该|應該|应|應|要|想|请|請|[帮幫]我|[帮幫]忙|麻烦|麻煩|希望|可以|能|可唔可以"
    r"|把|将|將|同我|(?<![系统統件p])[给給]我|替我)"
)
_VALUE: Final = r"(?P<value>[^\s,，。!！?？;；].{0,59}?)"
_END: Final = (
    r"(?:了|咗|喇|啦|呢|啊|的)?\s*"
    r"(?:$|(?=(?:[,，。;；]|(?:但|可|其[实實]|[实實][际際])?(?:是|上)?"
    r"(?:[应應][该該]?(?:是|系|係|[为為]|叫)|正[确確](?:的|嘅)?(?:[应應][该該])?(?:是|系|係|[为為])))))"
)
_FILLED: Final = (
    r"(?:[写寫]|填|打|[录錄]|登[记記]|登[录錄]|[显顯]示|[标標]|[记記]|弄|搞|整|[认認]|判定?|[识識][别別]"
    r"|[设設]置?|存|搞[错錯]|[写寫打填][错錯])"
)
_STATES: Final = (
    lazily(
        rf"^(?P<before>.{{0,60}}?){_FILLED}(?:了|咗)?(?:成|做)(?:了|咗)?\s*[「『“\"‘]?{_VALUE}[」』”\"’]?{_END}"
    ),
    lazily(
        rf"^(?P<before>.{{0,60}}?)[变變](?:成|咗|做)(?:了|咗)?\s*[「『“\"‘]?{_VALUE}[」』”\"’]?{_END}"
    ),
    lazily(
        r"^(?P<before>.{0,60}?)(?:[显顯]示|[写寫]|填|登[记記]|[说說話话])(?:的|嘅|着|[著住])?(?:我)?(?:是|系|係|[为為])\s*"
        rf"[「『“\"‘]?{_VALUE}[」』”\"’]?{_END}"
    ),
    # 点解个性别显示男
    lazily(
        r"^(?P<before>.{0,60}?)[显顯]示(?:咗|了|[着著住紧緊])?(?P<value>[男女](?:[性的生仔嘅]|子)?)"
        rf"(?:喎|啊|呀|的)?{_END}"
    ),
    # 性别怎么是男的
    lazily(
        r"^(?P<before>.{0,60}?(?:怎么|怎麼|点解|點解|[为為]什么|[为為]什麼|居然|竟然|凭什么|憑什麼)"
        r".{0,6}?)(?:是|系|係)(?P<value>[男女](?:[性的生仔嘅]|子)?)"
        rf"(?:啊|呀|喎|㗎)?{_END}"
    ),
    # 性别被改成女, 生日自动换成1990年: nobody wished that.
    lazily(
        r"^(?P<before>.{0,60}?(?:被|俾人|怎么|怎麼|点解|點解|[为為]什么|[为為]什麼|莫名|[无無]端|自[动動]|[谁誰])"
        rf".{{0,12}}?)(?:改|[换換])(?:[了咗](?=[成做]))?(?:成|做|咗)(?:了|咗)?\s*[「『“\"‘]?{_VALUE}[」』”\"’]?{_END}"
    ),
    lazily(
        r"^(?P<before>.{0,60}?)\b(?:says|shows|reads|displays|lists|states|claims|thinks"
        r"|(?:does|did|do) (?:it|that|this|you|(?:my|the) \w+) "
        r"(?:say|show|read|display|list|state|think))"
        r"(?: that)?(?: (?:i['’]?m|i am|i was|it['’]?s|it is|my \w+ is))?"
        r"(?: (?:a|an|as|me as)\b){0,3}\s*"
        r"[“\"'‘]?(?P<value>[^\s,.!?;].{0,59}?)[”\"'’]?\s*[.!]?$",
        re.IGNORECASE,
    ),
    lazily(
        r"^(?P<before>.{0,60}?)\b(?:got|have|has|had|put|lists?|listed|recorded|registered|set"
        r"|entered|saved|written|spell(?:ed)?|spelt|showing|shown?|displayed|down)\b"
        r"(?:[^,.!?;]{0,30}? )?(?:down )?as (?:a |an |being )?"
        r"[“\"'‘]?(?P<value>[^\s,.!?;].{0,59}?)[”\"'’]?\s*[.!]?$",
        re.IGNORECASE,
    ),
    # "It's still old_bird": what has not changed yet.
    lazily(
        r"^(?P<before>)\s*(?:but |and )?(?:it['’]?s|it is|is|i['’]?m|i am) "
        r"(?:still|currently|at the moment|right now|now (?:showing|listed|displayed)(?: as)?) "
        r"[“\"'‘]?(?P<value>[^\s,.!?;].{0,59}?)[”\"'’]?\s*[.!]?$",
        re.IGNORECASE,
    ),
    lazily(
        r"^(?P<before>)\s*(?:[现現]在|目前|而家|依家)?(?:[还還]是|仲系|仲係|[还還]叫|依然是)\s*"
        rf"[「『“\"‘]?{_VALUE}[」』”\"’]?{_END}"
    ),
)
_ON_PAPER: Final = lazily(
    r"身份[证證]|身分[证證]|[证證]件|[护護][照]|户口|戶口|出生[证證]|出世[纸紙]|[驾駕]照"
    r"|\b(?:passport|id(?: card)?|licen[cs]e|certificate|document|papers?)\b",
    re.IGNORECASE,
)
_WISHES: Final = lazily(rf"{_WISHED}.{{0,30}}$")
_PLEASE: Final = lazily(
    r"\b(?:please|pls|want|should|can you|could you|would you|needs? to|like)\b", re.IGNORECASE
)
_SIGN: Final = lazily(
    r"[成做咗变變]|怎[么麼]|[点點]解|什[么麼]|居然|竟然|[显顯]示|[写寫填]|登[记記]|[还還][是叫]|仲[系係]"
    r"|\b(?:says?|shows?|reads?|displays?|lists?|states?|claims|thinks?|as|still|currently|now|moment)\b",
    re.IGNORECASE,
)
"""Without any of these nothing below is found."""


class Wrong(NamedTuple):
    """What stands in an entry, as a clause tells it, and what the clause goes on with."""

    value: str
    rest: str


def wrong_now(clause: str) -> Wrong | None:
    """Return what a clause tells to stand in an entry; None where it tells of none."""
    if _SIGN.search(clause) is None or _ON_PAPER.search(clause) is not None:
        return None
    for state in _STATES:
        hit = state.search(clause)
        if hit is None:
            continue
        before = hit["before"]
        if _WISHES.search(before) is not None or _PLEASE.search(before) is not None:
            return None
        return Wrong(hit["value"], clause[hit.end() :].lstrip())
    return None


def parted(clauses: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield the clauses, each with what it tells to stand in an entry wrongly, or nothing.

    What a clause goes on with after that is a clause by itself: 写成了女应该是男.
    """
    for clause in clauses:
        wrong = wrong_now(clause)
        if wrong is None:
            yield clause, ""
            continue
        head = clause[: len(clause) - len(wrong.rest)] if wrong.rest else clause
        yield head, wrong.value
        if wrong.rest:
            yield wrong.rest, ""
