"""Text modules: saved replies of staff in every language, with placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.errors import InvalidRequestError

VARIABLES: Final = ("number", "kind", "due", "agent", "app")
"""The placeholders, written in braces like ``{number}``: the ticket's number, kind and due date,
the agent's name, and the app's name."""

MAX_CHARACTERS: Final = 4_000
"""The maximum length of a text in one language."""

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_NAME: Final = 40
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class TextModule(Struct, frozen=True):
    """A saved reply in every language.

    Attributes:
        name: unique name of lower-case letters, digits and hyphens.
        texts: the text by locale.
        version: raised by every change; a change based on an older version is refused.
    """

    name: str
    texts: Mapping[str, str]
    changed_by: str
    changed_at: datetime
    version: int = 1

    def render(self, locale: str, values: Mapping[str, str]) -> str | None:
        """Return the text in a language with its placeholders filled in.

        None if there is no text in that language, or a placeholder has no value, such as the
        number in a conversation without a ticket.
        """
        text = self.texts.get(locale)
        if text is None or not all(values.get(name) for name in placeholders_in(text)):
            return None
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def placeholders_in(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text in order, including repeated ones."""
    return tuple(_PLACEHOLDER.findall(text))


def validate_texts(
    name: str, texts: Mapping[str, str], locales: Sequence[str]
) -> Mapping[str, str]:
    """Validate a module's name and texts; return the texts as they are stored.

    Raises:
        InvalidRequestError: the name is invalid, a text is missing or too long, a placeholder is
            not one of ``VARIABLES``, or the languages have different placeholders.
    """
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise InvalidRequestError("a module's name is small letters and digits", reason="text_name")
    stripped = {locale: texts.get(locale, "").replace("\r\n", "\n").strip() for locale in locales}
    if not all(stripped.values()):
        raise InvalidRequestError("a module is written in every language", reason="text_missing")
    if any(len(text) > MAX_CHARACTERS for text in stripped.values()):
        raise InvalidRequestError(f"at most {MAX_CHARACTERS} characters", reason="text_long")
    if any(_has_invalid_placeholder(text) for text in stripped.values()):
        raise InvalidRequestError(
            f"places are {', '.join(VARIABLES)}, each in braces", reason="text_place"
        )
    if len({frozenset(placeholders_in(text)) for text in stripped.values()}) > 1:
        raise InvalidRequestError("the languages have other places", reason="text_places_differ")
    return stripped


def _has_invalid_placeholder(text: str) -> bool:
    rest = _PLACEHOLDER.sub("", text)
    return "{" in rest or "}" in rest or not set(placeholders_in(text)) <= set(VARIABLES)
