"""What stands around the words of a letter: its salutation, a civil opening, its signature.

"Marketing Manager", "Head of Data" and a number beside a name ask for nothing, and of a short wish
"Many thanks" would make small talk. Only the layout of a letter tells them: the closing words have
a line of their own, and nothing but names follows.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.normalise import bare, normalise, plain
from privacydesk.understanding.patterns import lazily

_CLOSING: Final = lazily(
    r"(?:(?:(?:many|much|with|kind|kindest|warm|warmest|best) )?(?:thanks|regards|wishes)"
    r"(?: (?:and|&) (?:best |kind |kindest |warm )?regards| in advance| again| so much| a lot)?"
    r"|(?:thank you|thx|cheers|rgds|brgds|warmly)(?: (?:so|very) much| in advance"
    r"| for your (?:help|time|assistance))?"
    r"|(?:yours|your's) (?:sincerely|faithfully|truly)|(?:sincerely|faithfully|respectfully)"
    r"(?: yours)?"
    r"|(?:yours|best|all the best)(?=,)"
    r"|谢谢(?:您|你|你们)?|多谢(?:晒)?|感谢|此致(?: ?敬礼)?|敬礼|顺颂商祺"
    r"|(?:敬)?祝好?(?:安好|顺利|商祺)?)[ ,，.!！。~-]{0,3}"
)
_DASHES: Final = lazily(r"(?:-- ?|—+|_{3,}|-{3,}|\*{3,})")
_SIGNED: Final = lazily(r"\S{1,10} ?(?:敬上|谨启|谨上|敬启|上)[ 。.]?")
_SALUTATION: Final = lazily(
    r"(?:(?:dear|hello|hi|hey|good (?:morning|afternoon|evening)) ?[^,.!?:;]{0,40}"
    r"|(?:to whom it may concern)|(?:尊敬的|敬爱的|亲爱的)[^,。!?:;]{1,16}"
    r"|(?:您|你)们?好)[ ,.:!。…]{0,3}"
)
_CIVIL: Final = lazily(
    r"^\W{0,3}(?:i )?(?:hope|trust) (?:(?:that )?"
    r"(?:you're|you are|ur|everyone is|all is|you're all) "
    r"(?:keeping |doing )?(?:well|good|fine|ok|okay|great)"
    r"|(?:that )?this (?:e-?mail |message |letter |note )?"
    r"finds you [a-z ]{2,24}?)(?: today)?[.,!;]+\s+",
)
_DEVICE: Final = lazily(
    r"(?:sent|get|gesendet) (?:from|via|outlook)\b.{0,40}|(?:发|寄)自我?的?.{1,20}"
)
# A sentence is no signature: somebody goes on, and it may be about the wish.
_GOES_ON: Final = lazily(
    r"\b(?:i|i'm|im|i'd|i've|me|my|you|your|we|our|it|this|that|please|pls|plz|also|and then|but"
    r"|don't|dont|no|not|want|need|delete|remove|close|keep|leave|send|p\.?s|btw|by the way"
    r"|except|only|just|without|before|after|since|from|until|older|newer|those|these|all|every\w*"
    r"|accounts?|posts?|photos?|pics|comments?|chats?|messages?)\b"
    r"|[?!]|注销|[我你您请要想删把给帮关撤解改别不唔除只留全都]"
)
_WORDS: Final = lazily(r"[^\W\d_]{3,}")
_STOPPED: Final = lazily(r"[,:，：]\s*$")
_LINE: Final = 60
"""Characters of a line that may be part of a signature."""
_LINES: Final = 8
"""Lines of a signature, and no letter has more."""


def letter_body(text: str) -> str:
    """Return a message without what a letter has around its words; as it is where it is none."""
    if "\n" not in text:
        return text
    lines = plain(text).split("\n")
    start = _start(lines)
    end = _end(lines, start)
    if end == len(lines) and (start == 0 or not _STOPPED.search(lines[start - 1])):
        return text
    body = "\n".join(lines[start:end]).strip()
    civil = _CIVIL.search(body.casefold())
    if civil is not None:
        body = body[civil.end() :]
    return body if bare(body) else text


def _start(lines: list[str]) -> int:
    """Return the line on which the words begin, behind a salutation on a line of its own."""
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    return first + 1 if _SALUTATION.fullmatch(normalise(lines[first])) is not None else 0


def _end(lines: list[str], start: int) -> int:
    """Return the line before which the words end: that of the closing words, or the last one."""
    for place in range(start + 1, len(lines)):
        line = normalise(lines[place])
        closes = _CLOSING.fullmatch(line) or _DASHES.fullmatch(line) or _SIGNED.fullmatch(line)
        if closes is not None and _only_names(lines[place + 1 :]):
            return place
        if _DEVICE.fullmatch(line) is not None and not any(map(bare, lines[place + 1 :])):
            return place
    return len(lines)


def _only_names(lines: list[str]) -> bool:
    """Tell whether lines hold nothing but whom a letter is from, or nothing at all.

    Below the name stand offices and firms, which may be called anything: Product Owner, Keep Ltd.
    """
    written = [line.strip() for line in lines if line.strip()]
    return len(written) <= _LINES and all(
        _is_name(normalise(line)) or (place > 0 and _is_title(line))
        for place, line in enumerate(written)
    )


def _is_title(line: str) -> bool:
    """Tell whether each word of a line begins as a name does, and no sentence is in it."""
    words = _WORDS.findall(line)
    return (
        len(line) <= _LINE
        and bool(words)
        and all(word[0].isupper() for word in words)
        and "?" not in line
    )


def _is_name(line: str) -> bool:
    if _DEVICE.fullmatch(line) or _CLOSING.fullmatch(line) or _DASHES.fullmatch(line):
        return True
    return len(line) <= _LINE and _GOES_ON.search(line) is None
