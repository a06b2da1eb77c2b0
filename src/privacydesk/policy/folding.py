"""Normalised spelling for search: no differences between keyboards, scripts and regions.

What was learnt from questions (``knowledge/learnt.npz``) was learnt in this spelling, so
a change here needs the training of `benchmarks/policy_answers.py` again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

import opencc

from privacydesk.domain.stream_safe import stream_safe

MOST: Final = 2_000
"""The longest text that is folded, in characters; the rest is cut off."""

_AT_HAND: Final = 4
"""Cached folded texts: a question is folded in several places."""

# Lone surrogates, which can't be encoded, and control characters become a space.
_BROKEN: Final = re.compile(r"[\ud800-\udfff\x00-\x09\x0b-\x1f\x7f]")
# Zero-width and direction marks occur inside words.
_INVISIBLE: Final = re.compile(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES: Final = re.compile(r"[^\S\n]+")

# Regional spellings of one word that remain after simplification, and homophones typed by mistake.
# 了解帮助 has no 解绑 in it.
_REGIONAL: Final = re.compile(
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
def _simplifier() -> opencc.OpenCC:
    # Built at the first text: reading the dictionaries takes a few milliseconds.
    return opencc.OpenCC("t2s")


@lru_cache(_AT_HAND)
def fold(text: str) -> str:
    """Return the beginning of a text, folded; empty when nothing readable is in it.

    Simplified characters, lower case, compatible forms, single spaces. Never raises.
    """
    # Removing the invisible characters may join two runs of marks.
    head = stream_safe(_INVISIBLE.sub("", _BROKEN.sub(" ", text[:MOST])))
    # One compatibility character may stand for many, hence the second cut.
    plain = unicodedata.normalize("NFKC", head)[:MOST]
    folded = _simplifier().convert(plain).casefold()
    return _SPACES.sub(" ", _REGIONAL.sub(lambda hit: _USUAL[hit[0]], folded)).strip()
