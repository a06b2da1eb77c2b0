"""Slips of the tongue: "delete the photos, no, I mean the comments", 我要注销，哎算了.

What a message comes to is told by what stands behind the correction. Both sides have to name
something: 这个决定不对，我要投诉 corrects nobody, and a value is corrected where it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from privacydesk.understanding.normalise import bare, normalise, plain
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.taking_back import taken_back

_LONGEST: Final = 120
"""Characters; what is longer tells a story."""

_PAUSE: Final = r"[\s,，。.;；、!！…~—-]"
_OH: Final = r"(?:哦|噢|喔|啊|呃|额|額|诶|欸|唉|哎呀?|等等|等下|等一下|咦)"
_SLIP: Final = lazily(
    rf"(?:{_PAUSE}|{_OH})+(?:不[对對](?!劲|勁)|[说說讲講打写寫][错錯](?:了|咗|啦)?|口[误誤])"
    rf"(?:{_PAUSE}|了|啦)*(?:我?(?:应该|應該)?(?:是(?=[想要说說])|[说說]的是|的?意思是|(?:是|系|係)(?!不是)))?"
    # 解綁google，唔係，係line: a pause on both sides, or "not the photos" would be all the same.
    rf"|(?:{_PAUSE}|{_OH})+(?:不是|唔系|唔係){_PAUSE}+(?:我?(?:是|系|係))?"
    r"|[\s,.;:!…-]+(?:(?:oh|no|wait|sorry|oops|actually|ah|or)[\s,.!]+)*"
    r"(?:i mean[t]?|or rather|scratch that|(?:no|wait|sorry|oops)[\s,]+(?:no|wait|sorry|oops))\b"
    r"[\s,:.!]*",
    re.IGNORECASE,
)
_GIVES_UP: Final = lazily(
    rf"(?:{_PAUSE}|{_OH})+(?:算[了啦喇]|never ?mind|nvm|forget it)(?:吧|{_PAUSE})*", re.IGNORECASE
)
# "Delete my account. Actually don't. Just the posts": a stop or the end has to follow, or the
# words deny what comes behind them.
_TAKES_BACK: Final = lazily(
    r"[\s,.;:!…-]+(?:(?:oh|no|wait|sorry|oops|actually|ah|hmm+|on second thoughts?|hang on|hold on)"
    r"[\s,.!]+)+(?:no|nope|don['’]?t|do not|not that)(?: do (?:it|that))?"
    r"(?:\s*[,.;:!…—-]+\s*|\s*$)"
    rf"|{_PAUSE}{{1,4}}(?:{_OH}{_PAUSE}{{0,4}}){{0,3}}(?:先?[别別]|唔好|咪住)[了啦喇啊呀]?"
    rf"(?:{_PAUSE}+|$)",
    re.IGNORECASE,
)
_MAY_SLIP: Final = lazily(
    r"不[对對是]|唔[系係好]|[别別]|咪住|don['’]?t|do not|\bnot?\b|nope"
    r"|[错錯]|口[误誤]|算[了啦喇]|mean|rather|scratch|wait|sorry|oops|mind|nvm|forget",
    re.IGNORECASE,
)
"""Without any of these nothing is corrected, which is so for nearly all messages."""

_FIRST_CLAUSE: Final = lazily(rf"^[^,，。.;；、!！\s]*{_PAUSE}*")
_WISHED: Final = "wish_words"
_WISHES: Final = (_WISHED,)
_CLOSES: Final = "deregistration"
_DATA: Final = ("category",)
_THINGS: Final = ("category", "provider", "purpose", "profile_field")


class Recogniser(Protocol):
    """What is asked about each side; ``ports.Recogniser`` is one."""

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values found in a text."""


class Slip(NamedTuple):
    """What a message comes to that corrects itself.

    Attributes:
        said: what is wished; empty where all of it is given up.
        about: what it is wished of, where that alone was corrected; else empty.
        given_up: the wishes that nothing is left of.
    """

    said: str
    about: str = ""
    given_up: tuple[str, ...] = ()


def slip_in(text: str, recogniser: Recogniser) -> Slip | None:
    """Return what a message comes to; None where it corrects nothing."""
    said = plain(text)
    if len(said) > _LONGEST or _MAY_SLIP.search(said) is None:
        return None
    gives_up = _GIVES_UP.search(said)
    takes_back = None if gives_up else _TAKES_BACK.search(said)
    hit = gives_up or takes_back or _SLIP.search(said)
    if hit is None:
        return None
    before, after = said[: hit.start()], said[hit.end() :]
    wished = recogniser.entities(before, _WISHES).get(_WISHED, ())
    if not wished or taken_back(normalise(before)):
        # "I don't want it closed any more, forget it" takes back what was filed.
        return None
    if gives_up is not None:
        after = _without_giving_up(after)
        if not after:
            return Slip("", given_up=wished)
    if takes_back is not None and not bare(after):
        return Slip("", given_up=wished)
    if recogniser.entities(after, _WISHES):
        return Slip(after)
    if gives_up is None and _CLOSES in wished and recogniser.entities(after, _DATA):
        # Of the account nothing goes but the data that is named.
        return Slip(f"{'delete' if after.isascii() else '删除'} {after.strip()}")
    about = gives_up is None and recogniser.entities(after, _THINGS)
    return Slip(before, after) if about else None


def _without_giving_up(words: str) -> str:
    """Return what is said behind 算了 without saying once more that it is not wanted: 不删了."""
    clause = _FIRST_CLAUSE.match(words)
    if clause is not None and taken_back(normalise(clause[0])):
        return words[clause.end() :]
    return words
