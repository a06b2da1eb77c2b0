"""Cleaning user input: what can't be stored, can't be seen, or only misleads is removed.

Line breaks and tabs stay, since people use them. Characters that turn the direction of the text
around them are taken out, so that nobody's words can disguise their neighbours; plain
left-to-right and right-to-left marks stay, since Arabic and Hebrew need them. Endless runs of
combining marks are cut, before anything has to normalise them.
"""

from __future__ import annotations

import re
import unicodedata

from privacydesk.domain.texts import stream_safe

MAX_NAME = 120
"""Characters of a file name that are kept."""

_UNWANTED = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 without tab and line feed
    "\u2028\u2029"  # separators that some parsers take for line ends
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # bidirectional embeddings, overrides, isolates
    "\ufeff\ufff9-\ufffb\ufffe\uffff"  # byte order mark, annotations, not characters
    "\ud800-\udfff"  # halves of a pair
    "]"
)


def _replace(found: re.Match[str]) -> str:
    character = found.group()
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return "\n" if character in "\r\u2028\u2029" else ""


def clean_text(text: str) -> str:
    """Return a message as it is stored: cleaned, without white space around it."""
    if _UNWANTED.search(text) is not None:
        text = _UNWANTED.sub(_replace, text.replace("\r\n", "\n"))
    return stream_safe(text.strip())


def clean_name(name: str) -> str:
    """Return a file name without path, controls and directions, short enough to show."""
    name = re.split(r"[/\\]", clean_text(name))[-1]
    name = unicodedata.normalize("NFC", re.sub(r"\s+", " ", name)).strip(" .")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:  # noqa: PLR2004 - longer than any real file ending
        return name[:MAX_NAME]
    return stem[: MAX_NAME - len(ending) - 1] + dot + ending
