"""One spelling for matching: what differs between keyboards, scripts and regions goes.

A folded text is for finding words in. It is never shown and never kept.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final

import opencc

from privacydesk.domain.texts import stream_safe
from privacydesk.understanding.patterns import lazily

LOOKED_AT: Final = 2_000
"""Characters of a message that are looked at; nobody states a wish only after that many."""

AT_HAND: Final = 4
"""Messages whose folded form is kept for the next question about them, and not longer."""

# Lone surrogates, which nothing can encode, and control characters stand where a gap may be meant.
_BROKEN = lazily(r"[\ud800-\udfff\x00-\x09\x0b-\x1f\x7f]")
# Zero-width and direction marks hide inside words.
_INVISIBLE = lazily(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NO_LETTER = lazily(r"[\W_]+")
_SPACES = lazily(r"[^\S\n]+")

# Regional spellings of one word that remain once the characters are simplified, and slips of
# whoever types by sound. 了解帮助 has no 解绑 in it.
_REGIONAL = lazily(
    "帐|身分|暱|纪录|登入|注消|註消|注肖|(?<!了)解帮(?!助|忙|我)|解邦|(?<!排行)解榜|解梆|砍掉|砍号|’"
)
_USUAL: Final = {
    "帐": "账",
    "身分": "身份",
    "暱": "昵",
    "纪录": "记录",
    "登入": "登录",
    "注消": "注销",
    "註消": "注销",
    "注肖": "注销",
    "解帮": "解绑",
    "解邦": "解绑",
    "解榜": "解绑",
    "解梆": "解绑",
    "砍掉": "删掉",
    "砍号": "删号",
    "’": "'",
}


@cache
def _to_simplified() -> opencc.OpenCC:
    # Built at the first sentence: reading the dictionaries takes a few milliseconds.
    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Return a text with traditional characters simplified; it must hold no lone surrogate."""
    return str(_to_simplified().convert(text))


# Intent, language and entities ask for the same message one after the other.
@lru_cache(AT_HAND)
def plain(text: str) -> str:
    """Return the part that is looked at: compatible forms folded, unprintable characters gone.

    Case, script and spaces stay. Lone surrogates become spaces, so that anything can follow.
    """
    # Taking the invisible out may join two runs of marks.
    head = stream_safe(_INVISIBLE.sub("", _BROKEN.sub(" ", text[:LOOKED_AT])))
    # One compatibility character may stand for many, hence the second cut.
    return unicodedata.normalize("NFKC", head)[:LOOKED_AT]


@lru_cache(AT_HAND)
def normalise(text: str) -> str:
    """Return a message folded for matching; empty when nothing readable is in it."""
    folded = simplified(plain(text)).casefold()
    return _SPACES.sub(" ", _REGIONAL.sub(lambda hit: _USUAL[hit[0]], folded)).strip()


def bare(text: str) -> str:
    """Return a folded text without spaces, punctuation and symbols, for comparing as a whole."""
    return _NO_LETTER.sub("", text)
