"""Parses a PO file into messages, which are split at their placeholders.

The ``msgid`` is the key of a message. Babel parses the file; this module also finds the faults that
Babel ignores, such as duplicate keys, ``msgctxt`` and fuzzy marks.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel.messages.catalog import Message as PoMessage
from babel.messages.pofile import PoFileError, read_po

from privacydesk.i18n.faults import LocaleFault

COUNTING: Final = ("count", "tries", "days", "place")
"""Placeholders for counts. The first of them in a plural message selects its form."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MSGID: Final = re.compile(r'^msgid[ \t]+"([^"\n]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """The message for a key in one locale.

    Attributes:
        texts: the text; a plural message has one for each form, in the order of the PO file.
        parts: each text, split: literal, placeholder, literal, …, literal.
        counting: the argument that selects the plural form; empty for a message without plural.
        file: locale and file name, for error messages.
        line: the line of its ``msgid``.
        fuzzy: whether it is marked as fuzzy.
    """

    key: str
    texts: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    placeholders: frozenset[str]
    counting: str = ""
    file: str = ""
    line: int = 0
    fuzzy: bool = False


def placeholders_of(text: str) -> frozenset[str]:
    """Return the names of placeholders. Other braces are literal."""
    return frozenset(_PLACEHOLDER.findall(text))


# Cached, since tests open many desks in one process.
@lru_cache(256)
def read_messages(text: str, file: str) -> tuple[Mapping[str, Message], tuple[LocaleFault, ...]]:
    """Parse a PO file.

    Args:
        text: the text of the file.
        file: locale and file name, for faults.

    Returns:
        The translated messages by key, and the faults of the file.
    """
    try:
        catalog = read_po(io.BytesIO(text.encode()), abort_invalid=True)
    except (PoFileError, ValueError, IndexError) as error:
        line = getattr(error, "lineno", None)
        what = f"it can't be read as PO: {getattr(error, 'message', None) or 'a quote is missing'}"
        remedy = "check the quotes around this line"
        return {}, (LocaleFault(file, (line or 0) + 1, "", what, remedy),)
    messages: dict[str, Message] = {}
    faults = [
        LocaleFault(file, line, key, "the key is defined twice", "keep one of the two")
        for key, line in _duplicate_keys(text)
    ]
    for po in catalog:
        if not po.id:
            continue
        message = _message(po, file)
        if po.context is not None:
            what, remedy = "it has a msgctxt", "keys are unique: remove it"
            faults.append(LocaleFault(file, message.line, message.key, what, remedy))
        if not all(message.texts):
            what, remedy = "the translation is empty", "write it"
            faults.append(LocaleFault(file, message.line, message.key, what, remedy))
        elif isinstance(po.id, tuple) and not message.counting:
            what = f"it has plural forms and shows none of {', '.join(COUNTING)}"
            remedy = "show the number that chooses the form, or leave the plural out"
            faults.append(LocaleFault(file, message.line, message.key, what, remedy))
        else:
            messages[message.key] = message
    return messages, tuple(faults)


def fill(parts: tuple[str, ...], values: Mapping[str, str]) -> str:
    """Fill a split text with values, which are inserted unchanged.

    Raises:
        KeyError: a placeholder has no value.
    """
    filled = [values[part] if index % 2 else part for index, part in enumerate(parts)]
    for index in range(1, len(filled), 2):
        if _is_chinese(filled[index]):
            # The spaces are for values in Latin letters and digits.
            filled[index - 1] = _CHINESE_BEFORE.sub("", filled[index - 1])
            filled[index + 1] = _CHINESE_AFTER.sub("", filled[index + 1])
    return "".join(filled)


_CHINESE_BEFORE = re.compile(r"(?<=[\u4e00-\u9fff]) $")
_CHINESE_AFTER = re.compile(r"^ (?=[\u4e00-\u9fff])")
_LATIN = re.compile(r"[0-9A-Za-z]")


def _is_chinese(text: str) -> bool:
    return bool(text) and not _LATIN.search(text)


def _message(po: PoMessage, file: str) -> Message:
    plural = isinstance(po.id, tuple)
    key = str(po.id[0] if isinstance(po.id, (tuple, list)) else po.id)
    strings = po.string if isinstance(po.string, (tuple, list)) else (po.string,)
    texts = tuple(str(text) for text in strings)
    names = frozenset[str]().union(*(placeholders_of(text) for text in texts))
    return Message(
        key=key,
        texts=texts,
        parts=tuple(tuple(_PLACEHOLDER.split(text)) for text in texts),
        placeholders=names,
        counting=next((name for name in COUNTING if name in names), "") if plural else "",
        file=file,
        line=po.lineno or 0,
        fuzzy=po.fuzzy,
    )


def _duplicate_keys(text: str) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for match in _MSGID.finditer(text):
        if match[1] in seen:
            yield match[1], text.count("\n", 0, match.start()) + 1
        seen.add(match[1])
