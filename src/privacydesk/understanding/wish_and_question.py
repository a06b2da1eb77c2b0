"""A question about the policy beside a wish: 解绑微信，对了，聊天记录会保存多久.

Read as one, the wish or the question is lost. Both halves have to be plain by themselves, or the
message stays one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Recognised
from privacydesk.understanding.normalise import plain
from privacydesk.understanding.patterns import lazily

_LONGEST: Final = 200
"""Characters; what is longer tells a story."""

_PAUSE: Final = r"[\s,，。.;；:：!！?？…~—-]"
_BETWEEN: Final = lazily(
    # 另外想问, ，请问, 顺便
    rf"{_PAUSE}*(?:顺便|順便|顺带|順帶|另外|[还還]有|[对對]了|此外|仲有|仲想|最[后後])(?:{_PAUSE}|再|也|[还還]|我)*"
    r"(?:(?:想|要)?(?:[请請]?[问問]|咨询|諮詢|[请請]教|[了瞭]解|知道)(?:一?[下吓]|多?一?句)?)?"
    rf"{_PAUSE}*(?=[\u3400-\u9fff])"
    rf"|{_PAUSE}+我?(?:也|[还還]|再|就|仲)?(?:(?:想|要)[问問]|[请請][问問])(?:一?[下吓]|多?一?句)?{_PAUSE}*"
    rf"|(?:{_PAUSE}+|\s(?=and\b|also\b|but\b|btw\b))"
    r"(?:(?:and|also|oh|but|btw|by the way|one more (?:thing|question)|another (?:thing|question)"
    r"|(?:a )?quick question|can i ask|may i ask|could i ask"
    rf"|while (?:you're|i'm) at it){_PAUSE}+)+"
    r"(?:(?:i(?:'d| would)? (?:also )?(?:like|want) to (?:ask|know)|i(?:'m| am)? wonder(?:ing)?"
    rf"|please tell me|tell me|do you know){_PAUSE}+)?(?=[a-z])"
    r"|[.!?;]\s+(?=(?:do|does|did|are|is|who|how long|what|where|will|can)\b[^?]{8,140}\?\s*$)",
    re.IGNORECASE,
)
# How one's own wish is gone about is no question of its own.
_HOW_TO: Final = lazily(
    r"(?:怎[么麼样樣]|如何|点样|點樣|哪里|哪裡|边度|邊度)(?:样|才)?(?:能|可以)?(?:操作|弄|[办辦]|申请|申請|做|搞|整|[删刪]|改|[关關]|解|注[销銷]|查)"
    r"|\bhow (?:do|can|could|should|would) (?:i|we)\b|\bhow to\b|\bwhat (?:do|should) i\b",
    re.IGNORECASE,
)
_FEWEST: Final = 4
"""Characters of either half."""

_PHRASES: Final = ("phrase",)
_HOW_LONG: Final = "asks_duration"


class Recogniser(Protocol):
    """What is asked about each half; ``ports.Recogniser`` is one."""

    def recognise(self, text: str) -> Recognised:
        """Return the intent of a sentence."""

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values found in a text."""


class WishAndQuestion(NamedTuple):
    """The two halves of a message.

    Attributes:
        wished: what is to be done.
        asked: what is asked about the policy, as it was written.
        heard: what the recogniser made of the first, which is slow to ask.
    """

    wished: str
    asked: str
    heard: Recognised


def may_hold_both(text: str) -> bool:
    """Tell whether a message has a place where a question may begin or end beside a wish."""
    return len(text) <= _LONGEST and _BETWEEN.search(plain(text)) is not None


def wish_and_question(text: str, recogniser: Recogniser) -> WishAndQuestion | None:
    """Return wish and question of a message that has one of each, in either order. Slow at times.

    Args:
        text: for which ``may_hold_both`` holds.
        recogniser: asked about each half.
    """
    said = plain(text)
    for hit in _BETWEEN.finditer(said):
        first, second = said[: hit.start()].strip(), said[hit.end() :].strip()
        if min(len(first), len(second)) < _FEWEST:
            continue
        for wished, asked in ((first, second), (second, first)):
            heard = recogniser.recognise(wished)
            if heard.sure and heard.intent.kind is not None and _asks(asked, recogniser):
                return WishAndQuestion(wished, asked, heard)
    return None


def _asks(half: str, recogniser: Recogniser) -> bool:
    """Tell whether a half asks of the policy; what a form explains by itself is left to it."""
    if _HOW_TO.search(half) is not None:
        return False
    said = recogniser.entities(half, _PHRASES).get("phrase", ())
    if any(one.startswith("asks_") and one != _HOW_LONG for one in said):
        return False
    found = recogniser.recognise(half)
    return found.sure and found.intent is Intent.POLICY_QUESTION
