"""Detects the encoding of a policy file and decodes it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from privacydesk.errors import DeskError, ErrorCode

MAX_BYTES = 5 * 1024 * 1024
"""The maximum size in bytes. No policy is that long, and the desk keeps it in memory."""

# GB18030 decodes almost any bytes. If the result has control or private-use characters, the file
# is not text.
_NOT_GB_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff]")

# The first bytes of document formats that are not plain text, with their descriptions.
_CONTAINERS = (
    (b"%PDF-", "the file is a PDF"),
    (b"PK\x03\x04", "the file is a Word document or another archive"),
    (b"\xd0\xcf\x11\xe0", "the file is an old Word document"),
    (b"{\\rtf", "the file is in rich text format"),
)
_WEB_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-[^-]|--+[^->])*--+>\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_SAVE_AS_TEXT = "save the policy as plain text or Markdown and import that"
_UNKNOWN = "the file is neither UTF-8, UTF-16 nor GB18030 text: save it as UTF-8"
_SEARCHED_START = 4096
"""How many characters are searched for the beginning of a web page."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file without its byte order mark, and the detected encoding."""

    text: str
    encoding: str


def unreadable(message: str, **data: object) -> DeskError:
    """Return the error for a file that can't be imported."""
    return DeskError(message, code=ErrorCode.POLICY_UNREADABLE, **data)


def decode_policy(data: bytes) -> DecodedText:
    """Decode a policy file: UTF-8, UTF-16 with a byte order mark, or GB18030.

    Raises:
        DeskError: POLICY_UNREADABLE if the file is too large, isn't text, or has another format,
            such as a web page.
    """
    if len(data) > MAX_BYTES:
        raise unreadable("the file is larger than 5 MB", limit_bytes=MAX_BYTES)
    for signature, description in _CONTAINERS:
        if data.startswith(signature):
            raise unreadable(f"{description}: {_SAVE_AS_TEXT}")
    decoded = _decode(data)
    if _WEB_PAGE.match(decoded.text[:_SEARCHED_START]):
        raise unreadable(f"the file is a web page with its markup: {_SAVE_AS_TEXT}")
    return decoded


def _decode(data: bytes) -> DecodedText:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise unreadable("the file is UTF-32: save it as UTF-8")
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
        raise unreadable(_UNKNOWN) from error
    if _NOT_GB_TEXT.search(text):
        raise unreadable(_UNKNOWN)
    return DecodedText(text, "GB18030")
