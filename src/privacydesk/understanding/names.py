"""Providers, data categories, purposes and profile fields that a sentence names."""

from __future__ import annotations

import re
from collections.abc import Collection
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

    def find(self, text: str, families: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the values of each family in the order a folded text names them, once each."""
        hits = self._phrases.find(_ADDRESS.sub(_blank, text) if "@" in text else text)
        if not hits:
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for family in FAMILIES:
            if family not in families:
                continue
            mine = outermost(hit for hit in hits if hit.means[0] == family)
            values = dict.fromkeys(hit.means[1] for hit in mine if not _lies_in(hit, text))
            if values:
                found[family] = tuple(values)
        return found

    def besides(self, text: str) -> str:
        """Return what a folded text says besides the names in it."""
        at, rest = 0, []
        for hit in outermost(self._phrases.find(text)):
            rest.append(text[at : max(at, hit.start)])
            at = max(at, hit.end)
        return " ".join((*rest, text[at:]))


def _blank(hit: re.Match[str]) -> str:
    return " " * len(hit[0])


_NONE: Final = {Provider.LINE.value: _NO_MESSENGER, ProfileField.BIRTHDAY.value: _NO_ENTRY}
"""Words that only look like the name of something, by what they look like."""


def _lies_in(hit: Hit[tuple[str, str]], text: str) -> bool:
    """Tell whether a hit is part of words that name something else."""
    looks_like = _NONE.get(hit.means[1])
    if looks_like is None:
        return False
    spans = (phrase.span() for phrase in looks_like.finditer(text))
    return any(start <= hit.start and hit.end <= end for start, end in spans)
