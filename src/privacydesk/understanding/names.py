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
from privacydesk.understanding.phrases import Hit, Phrases, folded, outermost

_ALLOWED: Final = {
    "provider": frozenset(one.value for one in Provider),
    "category": frozenset(one.value for one in DataCategory),
    "purpose": frozenset((*(one.value for one in ConsentPurpose), *DEVICE_PERMISSIONS)),
    "profile_field": frozenset(one.value for one in ProfileField),
}

# English has a word "line" of its own.
_NO_MESSENGER = re.compile(
    r"\b(?:in|hold|bottom|first|last|next|every|each|waiting|long|skip|a|this|end of)"
    r" (?:the |a )?line\b|\bline (?:of|up|number)\b|\bon the line\b|\bsubject line\b"
)


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
        hits = self._phrases.find(text)
        if not hits:
            return {}
        no_messenger = [phrase.span() for phrase in _NO_MESSENGER.finditer(text)]
        found: dict[str, tuple[str, ...]] = {}
        for family in FAMILIES:
            if family not in families:
                continue
            mine = outermost(hit for hit in hits if hit.means[0] == family)
            values = dict.fromkeys(hit.means[1] for hit in mine if not _lies_in(hit, no_messenger))
            if values:
                found[family] = tuple(values)
        return found


def _lies_in(hit: Hit[tuple[str, str]], spans: Collection[tuple[int, int]]) -> bool:
    if hit.means[1] != Provider.LINE.value:
        return False
    return any(start <= hit.start and hit.end <= end for start, end in spans)
