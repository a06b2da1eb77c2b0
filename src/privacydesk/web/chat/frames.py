"""Parsing of client frames. Pure: bytes in, a small value or a ``FrameError`` out.

Checks are written by hand because this runs for every message: a model library takes longer than
everything else on the way.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.errors import DeskError, ErrorCode

MAX_ID = 64
MAX_UPLOADS = 10
MAX_TOKEN = 8192
MAX_LANGUAGES = 256
MAX_OFFSET = 2**53 - 1
"""Offsets stay below what a JavaScript number holds exactly."""

_ID = re.compile(r"[A-Za-z0-9_.~-]{1,64}")
"""No colon: ids with one are the desk's own."""
_CHOICE = re.compile(r"[\w.:+@-]{1,128}")


class FrameError(DeskError):
    """A frame that can't be accepted.

    Attributes:
        id: the client's id of the frame, if that could be read.
        bad: whether it counts as abuse; too long a text is a person's mistake, not abuse.
    """

    code = ErrorCode.INVALID_REQUEST

    def __init__(
        self, message: str, reason: str, *, frame_id: str = "", bad: bool = True, **data: Any
    ) -> None:
        super().__init__(message, reason=reason, **data)
        self.id = frame_id
        self.bad = bad


class Hello(Struct, frozen=True):
    """The client's credentials, and how much of the log it holds.

    Attributes:
        challenge: token for a solved challenge, from a new client that was asked for one.
    """

    token: str = ""
    secret: str = ""
    epoch: str = ""
    offset: int = 0
    languages: str = ""
    challenge: str = ""


class Send(Struct, frozen=True):
    """A message; the text is cleaned. ``offset`` is of the question its writer saw, or 0."""

    id: str
    text: str
    offset: int = 0


class Choose(Struct, frozen=True):
    """A tapped choice."""

    id: str
    choice: str
    offset: int


class HandIn(Struct, frozen=True):
    """Files to hand in."""

    id: str
    uploads: tuple[str, ...]


class Typing(Struct, frozen=True):
    """The user is writing."""


class Read(Struct, frozen=True):
    """The user has seen everything up to an offset."""

    offset: int


class Renew(Struct, frozen=True):
    """A new token for the same account."""

    token: str


class Ping(Struct, frozen=True):
    """A check that the connection is alive."""


Frame = Hello | Send | Choose | HandIn | Typing | Read | Renew | Ping
JobFrame = Send | Choose | HandIn


def parse_frame(data: bytes, *, max_text: int) -> Frame:
    """Return the frame in ``data``.

    Raises:
        FrameError: with a reason that names what is wrong, never the input.
    """
    return read_frame(_load(data), max_text=max_text)


def parse_hello(data: bytes) -> Hello:
    """Return the hello in a body whose ``type`` may be missing; an empty body is anonymous."""
    if not data.strip():
        return Hello()
    return _hello(_object(_load(data)))


def read_frame(value: Any, *, max_text: int) -> Frame:
    """Return the frame in a decoded JSON value."""
    fields = _object(value)
    kind = fields.get("type")
    if kind == "send":
        return _send(fields, max_text)
    if kind == "choose":
        frame_id = _frame_id(fields)
        choice = fields.get("choice")
        if type(choice) is not str or _CHOICE.fullmatch(choice) is None:
            raise FrameError("choice must be a short string", "wrong_type", frame_id=frame_id)
        return Choose(frame_id, choice, _offset(fields, frame_id))
    if kind == "upload":
        return _hand_in(fields)
    if kind == "typing":
        return Typing()
    if kind == "read":
        return Read(_offset(fields))
    if kind == "ping":
        return Ping()
    if kind == "renew":
        return _renew(fields)
    if kind == "hello":
        return _hello(fields)
    raise FrameError("no such frame type", "unknown_type")


def characters_of(frame: Send | Choose | HandIn) -> int:
    """Return the length of a frame's text."""
    return len(frame.text) if isinstance(frame, Send) else 0


def _load(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # A lone surrogate is legal JSON but no text; it gets a second, slower parser, because some
        # keyboards and languages do send it and the message should still arrive.
        if b"\\u" not in data:
            raise FrameError("not JSON in UTF-8", "not_json") from None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise FrameError("not JSON in UTF-8", "not_json") from None


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise FrameError("a frame is a JSON object", "wrong_type")
    return value


def _frame_id(fields: dict[str, Any]) -> str:
    value = fields.get("id")
    if type(value) is not str or _ID.fullmatch(value) is None:
        raise FrameError("id must be 1 to 64 letters, digits, dots, dashes", "bad_id")
    return value


def _send(fields: dict[str, Any], max_text: int) -> Send:
    frame_id = _frame_id(fields)
    text = fields.get("text")
    if type(text) is not str:
        raise FrameError("text must be a string", "wrong_type", frame_id=frame_id)
    text = clean_text(text)
    if not text:
        raise FrameError("the text is empty", "empty", frame_id=frame_id, bad=False)
    if len(text) > max_text:
        raise FrameError(
            "the text is too long",
            "too_long",
            frame_id=frame_id,
            bad=False,
            limit=max_text,
            count=len(text),
        )
    return Send(frame_id, text, _offset(fields, frame_id) if "offset" in fields else 0)


def _renew(fields: dict[str, Any]) -> Renew:
    token = _text(fields, "token", MAX_TOKEN)
    if not token:
        raise FrameError("a renewal brings a token", "no_token")
    return Renew(token)


def _hand_in(fields: dict[str, Any]) -> HandIn:
    frame_id = _frame_id(fields)
    uploads = fields.get("uploads")
    if type(uploads) is not list or not 1 <= len(uploads) <= MAX_UPLOADS:
        raise FrameError("uploads must be a list of 1 to 10", "wrong_type", frame_id=frame_id)
    for upload in uploads:
        if type(upload) is not str or _ID.fullmatch(upload) is None:
            raise FrameError("uploads must hold upload ids", "bad_id", frame_id=frame_id)
    return HandIn(frame_id, tuple(uploads))


def _hello(fields: dict[str, Any]) -> Hello:
    hello = Hello(
        token=_text(fields, "token", MAX_TOKEN),
        secret=_text(fields, "secret", MAX_LANGUAGES),
        epoch=_text(fields, "epoch", MAX_LANGUAGES),
        offset=_offset(fields) if "offset" in fields else 0,
        languages=_text(fields, "languages", MAX_LANGUAGES),
        challenge=_text(fields, "challenge", MAX_TOKEN),
    )
    if hello.token and hello.secret:
        raise FrameError("a token or a secret, not both", "wrong_type")
    return hello


def _text(fields: dict[str, Any], name: str, limit: int) -> str:
    value = fields.get(name, "")
    if type(value) is not str or len(value) > limit or not value.isascii():
        raise FrameError(f"{name} must be a plain short string", "wrong_type")
    return value


def _offset(fields: dict[str, Any], frame_id: str = "") -> int:
    value = fields.get("offset", 0)
    # A bool is an int to isinstance, a huge number is a float to the decoder: neither is an offset.
    if type(value) is not int or not 0 <= value <= MAX_OFFSET:
        raise FrameError("offset must be a whole number", "wrong_type", frame_id=frame_id)
    return value
