"""Providers, data categories, purposes and profile fields that a sentence names."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from privacydesk.domain.account import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.errors import SettingsError
from privacydesk.understanding.lexicon_files import FAMILIES, Lexicon
from privacydesk.understanding.phrases import Hit, Phrases, folded

"""Purposes whose consent the phone keeps; they stand beside ``ConsentPurpose``."""

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
        found: dict[str, tuple[str, ...]] = {}
        for family in FAMILIES:
            if family not in families:
                continue
            mine = [hit for hit in hits if hit.means[0] == family]
            values = dict.fromkeys(
                hit.means[1] for hit in mine if not _inside(hit, mine) and _meant(hit, text)
            )
            if values:
                found[family] = tuple(values)
        return found


def _inside(hit: Hit[tuple[str, str]], others: list[Hit[tuple[str, str]]]) -> bool:
    return any(
        one.start <= hit.start and hit.end <= one.end and one.end - one.start > hit.end - hit.start
        for one in others
    )


def _meant(hit: Hit[tuple[str, str]], text: str) -> bool:
    if hit.means[1] != Provider.LINE.value:
        return True
    return not any(
        phrase.start() <= hit.start and hit.end <= phrase.end()
        for phrase in _NO_MESSENGER.finditer(text)
    )
