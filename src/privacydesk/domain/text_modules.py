"""Text modules: saved replies of staff, in every language, with placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.errors import InvalidRequestError

VARIABLES: Final = ("number", "kind", "due", "agent", "app")
"""The placeholders of a module: the request's number, what it asks for, the date of its answer; the
agent who writes; the app. In braces, as ``{number}``."""

LONGEST: Final = 4_000
"""The longest module, in characters of one language."""

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME: Final = 40
_PLACE: Final = re.compile(r"\{([^{}]*)\}")


class TextModule(Struct, frozen=True):
    """One text in every language.

    Attributes:
        name: small letters, digits and hyphens; what it is found by.
        texts: by locale.
        version: raised by every change; a change made on an older one is refused.
    """

    name: str
    texts: Mapping[str, str]
    changed_by: str
    changed_at: datetime
    version: int = 1

    def filled(self, locale: str, values: Mapping[str, str]) -> str | None:
        """Return the text in a language with its placeholders filled.

        None where it is not written in that language, or a placeholder has no value: a
        conversation without a request has no number.
        """
        text = self.texts.get(locale)
        if text is None or not all(values.get(name) for name in places(text)):
            return None
        return _PLACE.sub(lambda found: values[found[1]], text)


def places(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text in order, each as often as it occurs."""
    return tuple(_PLACE.findall(text))


def checked(name: str, texts: Mapping[str, str], locales: Sequence[str]) -> Mapping[str, str]:
    """Return a module's texts as they are kept.

    Raises:
        InvalidRequestError: the name is invalid, a language is missing or too long, a placeholder
            is not one of ``VARIABLES``, or the languages do not have the same placeholders.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidRequestError("a module's name is small letters and digits", reason="text_name")
    kept = {locale: texts.get(locale, "").replace("\r\n", "\n").strip() for locale in locales}
    if not all(kept.values()):
        raise InvalidRequestError("a module is written in every language", reason="text_missing")
    if any(len(text) > LONGEST for text in kept.values()):
        raise InvalidRequestError(f"at most {LONGEST} characters", reason="text_long")
    if any(_is_odd(text) for text in kept.values()):
        raise InvalidRequestError(
            f"places are {', '.join(VARIABLES)}, each in braces", reason="text_place"
        )
    if len({frozenset(places(text)) for text in kept.values()}) > 1:
        raise InvalidRequestError("the languages have other places", reason="text_places_differ")
    return kept


def _is_odd(text: str) -> bool:
    braces = _PLACE.sub("", text)
    return "{" in braces or "}" in braces or not set(places(text)) <= set(VARIABLES)
