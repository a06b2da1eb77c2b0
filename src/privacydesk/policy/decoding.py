"""From the bytes of a file to text, by trial: policies arrive in several encodings."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from privacydesk.errors import DeskError, ErrorCode

MAX_BYTES = 5 * 1024 * 1024
"""Larger files are refused: no policy is that long, and the desk keeps each in memory."""

# GB18030 gives a character to almost any bytes. Control and private-use characters in the
# outcome mean that the bytes were no text at all.
_NOT_GB_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file without its byte order mark, and the encoding that read it."""

    text: str
    encoding: str


def unreadable(message: str, **data: object) -> DeskError:
    """Make the error for a file that can't be imported."""
    return DeskError(message, code=ErrorCode.POLICY_UNREADABLE, **data)


def decode_policy(data: bytes) -> DecodedText:
    """Decode a policy file: UTF-8 with or without mark, UTF-16 with mark, or GB18030.

    Raises:
        DeskError: POLICY_UNREADABLE when the file is too large or isn't text.
    """
    if len(data) > MAX_BYTES:
        raise unreadable("the file is larger than 5 MB", limit_bytes=MAX_BYTES)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return DecodedText(data.decode("utf-16"), "UTF-16")
        except UnicodeDecodeError as error:
            raise unreadable("the file is marked as UTF-16 but isn't") from error
    if b"\x00" in data:
        raise unreadable("the file isn't text: it holds NUL bytes")
    try:
        return DecodedText(data.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise unreadable("the file is neither UTF-8, UTF-16 nor GB18030 text") from error
    if _NOT_GB_TEXT.search(text):
        raise unreadable("the file is neither UTF-8, UTF-16 nor GB18030 text")
    return DecodedText(text, "GB18030")
