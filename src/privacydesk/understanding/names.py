"""Providers, data categories, purposes and profile fields that a sentence names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final

from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.errors import SettingsError
from privacydesk.understanding.lexicon_files import FAMILIES, Lexicon
from privacydesk.understanding.named_otherwise import named_otherwise
from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.phrases import Hit, Phrases, folded, outermost

_ALLOWED: Final = {
    "provider": frozenset(one.value for one in Provider),
    "category": frozenset(one.value for one in DataCategory),
    "purpose": frozenset((*(one.value for one in ConsentPurpose), *DEVICE_PERMISSIONS)),
    "profile_field": frozenset(one.value for one in ProfileField),
}

# English has a word "line" of its own.
_NO_MESSENGER = lazily(
    r"\b(?:in|hold|bottom|first|last|next|every|each|waiting|long|skip|a|this|end of)"
    r" (?:the |a )?line\b|\bline (?:of|up|number)\b|\bon the line\b|\bsubject line\b"
)

# Whoever is old tells why, and names no entry: 我岁数大了不会弄.
_NO_ENTRY = lazily(r"(?:岁数|年龄)(?:也|都|有点|太|实在|毕竟|比较)*(?:大|小|不小|到了|高)")
# The photo that is the avatar is one of the photos: 头像那张留着.
_A_PHOTO = lazily(r"头像(?:的|嘅)?[那嗰𠮶这呢][几两三]?张")
# A post that shows where it was made is no place: 带定位的动态.
_SHOWS_PLACE = lazily(
    r"(?:带有?|含有?|附有?|显示|标(?:了|注|记)?|有|没有?|冇|暴露)(?:了|着|出|我的?)*(?:定位|位置)(?:信息)?(?:的|嘅)"
    r"(?!记录|历史|数据|权限)"
    r"|\b(?:posts?|photos?|pictures?|pics|moments) (?:with|showing|that (?:show|have"
    r"|has)) (?:a |the )?"
    r"location(?: tags?)?\b(?! (?:history|data|records?))"
)
# A comment stands below a post, and goes without it: 我在阿May的动态下面留的言.
_NO_POST = lazily(
    r"(?:啲|嘅)?(?:动态|帖子?|贴文|朋友圈|说说|posts?)"
    r"(?:(?:的|嘅)?(?:下面?|底下|下边|评论区)(?:的|嘅)?(?:我|所有)?(?:留|写|发|回|评|讲|说)"
    # What is told in a post is the post's, and a photo in it goes without it.
    r"|(?:里面?|入面)(?:(?:我|所有)?(?:留|评|回)"
    r"|[^,。.!?;和跟与及同、删清]{0,14}?(?:的|嘅)(?:照片|图片|相|语音|录音|评论|留言)))"
    r"|\bcomment(?:s|ed)?(?: [a-z']{1,12}){0,3}? (?:under|on|below|to|at|beneath)"
    r"(?: [a-z]{1,16}(?:'s|s')?){0,3} posts?\b"
    # Comments and photos are posted, too.
    r"|\b(?:comments?|photos?|pictures?|pics|selfies|recordings?|messages?)(?: that| which)?"
    r" (?:i|i've|i have|we)(?: (?:ever|have|once|just))? posted\b"
    r"|\bposted (?:[a-z]{1,8} ){0,4}?(?:comments?|photos?|pictures?|pics|selfies|recordings?)\b"
)
# What does not reach a phone is why no code does, and no chat.
_NO_CHAT = lazily(
    r"\b(?:can't|cannot|can not|cant|couldn't|not|never|don't|dont|doesn't|unable to|won't)"
    r" (?:receiv(?:e|ing)|get(?:ting)?|got) (?:any |the |your |those |my )?"
    r"(?:text |sms |code )?messages?\b"
    r"|\b(?:sms|text) messages? (?:never|don't|dont|won't|aren't|isn't|doesn't)\b"
)
# What an address is made of names nothing: lin@qq.com.
_ADDRESS = lazily(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


class Names:
    """Finds what slots of these four types may hold."""

    def __init__(self, lexicon: Lexicon) -> None:
        for family, values in lexicon.names.items():
            wrong = set(values) - _ALLOWED[family]
            if wrong:
                raise SettingsError(
                    f"lexicon names.yaml: {family} has no {', '.join(sorted(wrong))}", key=family
                )
        self._phrases: Phrases[tuple[str, str]] = Phrases(
            (folded(word), (family, value))
            for family, values in lexicon.names.items()
            for value, words in values.items()
            for word in words
        )
        # Several look for names in the same words.
        self._hits = lru_cache(AT_HAND)(self._look_through)

    def find(self, text: str, families: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the values of each family in the order a folded text names them, once each."""
        hits = self._hits(text)
        if not hits:
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for family in FAMILIES:
            if family not in families:
                continue
            mine = outermost(hit for hit in hits if hit.means[0] == family)
            values = dict.fromkeys(hit.means[1] for hit in _meant(mine, text))
            if values:
                found[family] = tuple(values)
        return found

    def places(self, text: str, family: str, values: Collection[str]) -> list[tuple[int, int]]:
        """Return where a folded text names some values of a family: start and end of each name."""
        mine = outermost(hit for hit in self._hits(text) if hit.means[0] == family)
        named = (hit for hit in mine if hit.means[1] in values)
        return [(hit.start, hit.end) for hit in _meant(named, text)]

    def _look_through(self, text: str) -> tuple[Hit[tuple[str, str]], ...]:
        written = _ADDRESS.sub(_blank, text) if "@" in text else text
        return (*self._phrases.find(written), *named_otherwise(written))

    def besides(self, text: str) -> str:
        """Return what a folded text says besides the names in it."""
        at, rest = 0, []
        for hit in outermost(self._hits(text)):
            rest.append(text[at : max(at, hit.start)])
            at = max(at, hit.end)
        return " ".join((*rest, text[at:]))


def _blank(hit: re.Match[str]) -> str:
    return " " * len(hit[0])


_NONE: Final = {
    Provider.LINE.value: _NO_MESSENGER,
    ProfileField.BIRTHDAY.value: _NO_ENTRY,
    DataCategory.PROFILE.value: _A_PHOTO,
    DataCategory.LOCATION.value: _SHOWS_PLACE,
    DataCategory.POSTS.value: _NO_POST,
    DataCategory.CHAT.value: _NO_CHAT,
}
"""Words that only look like the name of something, by what they look like."""


def _meant(hits: Iterable[Hit[tuple[str, str]]], text: str) -> Iterator[Hit[tuple[str, str]]]:
    """Yield the hits that are no part of words that name something else."""
    # Looked for once a value: one word over and over has as many hits as the text has words.
    spans: dict[str, list[tuple[int, int]]] = {}
    for hit in hits:
        value = hit.means[1]
        if value not in spans:
            spans[value] = _others(value, text)
        if not _lies_in(hit, spans[value]):
            yield hit


def _others(value: str, text: str) -> list[tuple[int, int]]:
    """Return where a text names something else, in order and apart."""
    looks_like = _NONE.get(value)
    return [] if looks_like is None else [found.span() for found in looks_like.finditer(text)]


def _lies_in(hit: Hit[tuple[str, str]], spans: Sequence[tuple[int, int]]) -> bool:
    before = bisect_right(spans, hit.start, key=itemgetter(0))
    return before > 0 and hit.end <= spans[before - 1][1]
