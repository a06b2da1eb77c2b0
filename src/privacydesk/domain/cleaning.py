"""Cleaning of user input: removes characters that can't be stored or displayed, or are deceptive.

Line breaks and tabs are kept. Characters that change the direction of the surrounding text are
removed, since they can make other text look different; left-to-right and right-to-left marks are
kept, as Arabic and Hebrew need them. Long runs of combining marks are cut (``stream_safe``).
"""

from __future__ import annotations

import re
import unicodedata

from privacydesk.domain.stream_safe import stream_safe

MAX_NAME = 120
"""The maximum length of a file name, in characters."""

_UNWANTED = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 without tab and line feed
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # bidirectional embeddings, overrides, isolates
    "\ufeff\ufff9-\ufffb\ufffe\uffff"  # byte order mark, annotations, noncharacters
    "\ud800-\udfff"  # surrogates
    "]"
)


def _replace(match: re.Match[str]) -> str:
    character = match.group()
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return "\n" if character in "\r\u2028\u2029" else ""


def clean_text(text: str) -> str:
    """Return a message as it is stored: cleaned and stripped of surrounding whitespace."""
    if _UNWANTED.search(text) is not None:
        text = _UNWANTED.sub(_replace, text.replace("\r\n", "\n"))
    return stream_safe(text.strip())


def clean_name(name: str) -> str:
    """Return a file name without path and unwanted characters, at most ``MAX_NAME`` long."""
    name = re.split(r"[/\\]", clean_text(name))[-1]
    name = unicodedata.normalize("NFC", re.sub(r"\s+", " ", name)).strip(" .")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:  # noqa: PLR2004 - longer than any real extension
        return name[:MAX_NAME]
    return stem[: MAX_NAME - len(extension) - 1] + dot + extension
