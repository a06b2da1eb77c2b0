"""Language identification: the locale of a sentence, or none without enough evidence.

Switching the language under somebody who only named a product is worse than staying, so anything
short of a sentence is no evidence.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

import opencc

from privacydesk.domain.stream_safe import stream_safe

_MOST: Final = 2_000
"""Most characters of a message that are examined."""
_MIN_CHARACTERS: Final = 5
_MIN_WORDS: Final = 3
_CLEARLY: Final = 4
"""How many times as often as the other one script must occur in a mixed text."""

# Lone surrogates, which can't be encoded, and control characters may stand for a gap.
_BROKEN: Final = re.compile(r"[\ud800-\udfff\x00-\x09\x0b-\x1f\x7f]")
# Zero-width and direction marks hide inside words.
_INVISIBLE: Final = re.compile(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_QUOTED: Final = re.compile(r"“[^”]*”|\"[^\"]*\"|「[^」]*」|『[^』]*』|《[^》]*》|‘[^’]*’")
_CHINESE: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?")
# Dates and amounts are numbers in any language.
_COUNTED: Final = re.compile(r"民[國国]|\d+\s*[年月日号號歲岁块塊元]")
_CODE: Final = re.compile(r"[a-z\d@/\\_.:-]*[\d@/\\_][a-z\d@/\\_.:-]*")

_NAMES: Final = frozenset(
    re.findall(
        r"\S+",
        "ok okay wechat weixin qq weibo apple google gmail line facebook fb id app vip cp "
        "icloud iphone android instagram tiktok huawei xiaomi samsung pd",
    )
)

# A sentence has some of these; a row of names or pinyin syllables has none.
_ENGLISH: Final = frozenset(
    re.findall(
        r"\S+",
        "i i'm im i've i'd my mine the an is are am was were do does don't dont did how what "
        "what's why when where which who please pls want need would could should will won't "
        "it it's its of for and not no this that these with from about your all any some have "
        "has had help hello hi thank thanks delete remove close account data unbind by on in "
        "at there someone they but",
    )
)


@cache
def _scripts() -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters that occur only in traditional and only in simplified text.

    Simplification also changes characters that both scripts share (后, 里, 台 …); these are
    excluded by the legacy character set of each side.
    """
    every = [chr(point) for point in range(0x4E00, 0xA000)]
    # One call, with line ends between so that no two characters are converted as a phrase.
    after = opencc.OpenCC("t2s").convert("\n".join(every)).split("\n")
    pairs = [(one, other) for one, other in zip(every, after, strict=True) if one != other]
    traditional = frozenset(one for one, _ in pairs if not _encodes(one, "gb2312"))
    return traditional, frozenset(other for _, other in pairs if not _is_common_big5(other))


def _encodes(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _is_common_big5(character: str) -> bool:
    # Big5 puts its 5,401 common characters first; simplified forms among the rare are coincidence.
    last_common = b"\xc6\x7e"
    return _encodes(character, "big5") and character.encode("big5") <= last_common


def language_of(text: str) -> str:
    """Return ``zh_Hans``, ``zh_Hant`` or ``en``; empty when the text is inconclusive."""
    looked_at = _plain(text)
    said = _COUNTED.sub(" ", _QUOTED.sub(" ", looked_at))
    words = _english_words(said)
    characters = _CHINESE.findall(said)
    if characters:
        # A sentence of one language around a term of the other is not certain for either.
        return _chinese(characters) if len(characters) > len(words) else ""
    # Someone who quotes Chinese reads it, so this is no evidence for English.
    if _CHINESE.search(looked_at):
        return ""
    own = [word for word in words if word not in _NAMES]
    if len(own) >= _MIN_WORDS and not _ENGLISH.isdisjoint(own):
        return "en"
    return ""


def _plain(text: str) -> str:
    """Return the part that is examined: NFKC-normalised, without unprintable characters."""
    # Removing invisible characters may join two runs of combining marks.
    head = stream_safe(_INVISIBLE.sub("", _BROKEN.sub(" ", text[:_MOST])))
    # One compatibility character may expand to many, hence the second cut.
    return unicodedata.normalize("NFKC", head)[:_MOST]


def _english_words(said: str) -> list[str]:
    folded = said.casefold().replace("’", "'")
    return _WORD.findall(_CODE.sub(" ", folded)) if _WORD.search(folded) else []


def _chinese(characters: list[str]) -> str:
    if len(characters) < _MIN_CHARACTERS:
        return ""
    traditional_only, simplified_only = _scripts()
    traditional = len([c for c in characters if c in traditional_only])
    simple = len([c for c in characters if c in simplified_only])
    if traditional > _CLEARLY * simple:
        return "zh_Hant"
    if simple > _CLEARLY * traditional:
        return "zh_Hans"
    return ""
