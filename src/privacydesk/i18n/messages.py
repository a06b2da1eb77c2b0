"""Parsing one PO file into messages, split at their placeholders once and for all.

A PO file's ``msgid`` is the key, not a sentence. Babel reads the file; what Babel lets pass
silently (a key given twice, a ``msgctxt``, a fuzzy mark) is found here.
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
"""A plural message is chosen by the first of these that one of its forms shows."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MSGID: Final = re.compile(r'^msgid[ \t]+"([^"\n]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """One key's sentence in one locale.

    Attributes:
        texts: the sentence; a plural message has one per form, in the order of the PO file.
        parts: each text split: literal, name, literal, name, …, literal.
        counting: the argument that chooses the form; empty for a message without plural.
        file: locale and file name, for messages.
        line: where its ``msgid`` stands.
        fuzzy: whether it is marked for review.
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
    """Return the names in braces. All other braces are literal."""
    return frozenset(_PLACEHOLDER.findall(text))


# Desks that are opened one after the other in a process read the same files.
@lru_cache(256)
def read_messages(text: str, file: str) -> tuple[Mapping[str, Message], tuple[LocaleFault, ...]]:
    """Read a PO file.

    Args:
        text: the file's text.
        file: locale and file name, for faults.

    Returns:
        Messages by key, without untranslated ones, and the faults of the file.
    """
    try:
        catalog = read_po(io.BytesIO(text.encode()), abort_invalid=True)
    except (PoFileError, ValueError, IndexError) as error:
        line = getattr(error, "lineno", None)
        what = f"it can't be read as PO: {getattr(error, 'message', None) or 'a quote is missing'}"
        remedy = "check the quotes around this line"
        return {}, (LocaleFault(file, (line or 0) + 1, "", what, remedy),)
    found: dict[str, Message] = {}
    faults = [
        LocaleFault(file, line, key, "the key is defined twice", "keep one of the two")
        for key, line in _doubled(text)
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
            found[message.key] = message
    return found, tuple(faults)


def fill(parts: tuple[str, ...], values: Mapping[str, str]) -> str:
    """Fill a split sentence with values, which are inserted as they are and not parsed again.

    Raises:
        KeyError: a placeholder has no value.
    """
    shown = [values[part] if at % 2 else part for at, part in enumerate(parts)]
    for at in range(1, len(shown), 2):
        if _is_chinese(shown[at]):
            # The spaces in a sentence set off Latin letters and figures, which this is not.
            shown[at - 1] = _CHINESE_BEFORE.sub("", shown[at - 1])
            shown[at + 1] = _CHINESE_AFTER.sub("", shown[at + 1])
    return "".join(shown)


_CHINESE_BEFORE = re.compile(r"(?<=[\u4e00-\u9fff]) $")
_CHINESE_AFTER = re.compile(r"^ (?=[\u4e00-\u9fff])")


def _is_chinese(text: str) -> bool:
    return bool(text) and not any(character.isascii() and character.isalnum() for character in text)


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


def _doubled(text: str) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for match in _MSGID.finditer(text):
        if match[1] in seen:
            yield match[1], text.count("\n", 0, match.start()) + 1
        seen.add(match[1])
