"""Parsing and validation of client frames: from bytes to a frame, or to a ``FrameError``.

The checks are written by hand because they run for every message: a validation library would take
longer than all other work on a message.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final

import orjson
from msgspec import Meta, Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.errors import DeskError, ErrorCode

MAX_ID = 64
MAX_UPLOADS = 10
MAX_CHOICES = 64
MAX_FIELDS = 16
MAX_TOKEN = 8192
MAX_LANGUAGES = 256
MAX_OFFSET = 2**53 - 1
"""The largest integer that a JavaScript number represents exactly."""

_ID_PATTERN: Final = r"[A-Za-z0-9_.~-]{1,64}"
"""The ids of clients have no colon; the desk's own job ids do."""
_ID = re.compile(_ID_PATTERN)
_MAX_CHOICE: Final = 128
_CHOICE = re.compile(rf"[\w.:+@-]{{1,{_MAX_CHOICE}}}")

# The types below describe frames in the AsyncAPI document; the functions check them.
FrameId = Annotated[str, Meta(pattern=f"^{_ID_PATTERN}$")]
ChoiceId = Annotated[str, Meta(min_length=1, max_length=_MAX_CHOICE)]
ChoiceIds = Annotated[tuple[ChoiceId, ...], Meta(max_length=MAX_CHOICES)]
Values = Annotated[dict[ChoiceId, str | ChoiceIds], Meta(min_length=1, max_length=MAX_FIELDS)]
Uploads = Annotated[tuple[FrameId, ...], Meta(min_length=1, max_length=MAX_UPLOADS)]
Offset = Annotated[int, Meta(ge=0, le=MAX_OFFSET)]
Token = Annotated[str, Meta(max_length=MAX_TOKEN)]
ShortText = Annotated[str, Meta(max_length=MAX_LANGUAGES)]


class FrameError(DeskError):
    """A frame is invalid.

    Attributes:
        id: the client's id of the frame; empty if it could not be read.
        is_violation: whether it counts as a protocol violation, several of which close the
            connection. An empty or overlong text is a user's mistake and does not count.
    """

    code = ErrorCode.INVALID_REQUEST

    def __init__(
        self,
        message: str,
        reason: str,
        *,
        frame_id: str = "",
        is_violation: bool = True,
        **data: Any,
    ) -> None:
        super().__init__(message, reason=reason, **data)
        self.id = frame_id
        self.is_violation = is_violation


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The first frame: the client's credentials, and which part of the log it has already.

    Attributes:
        token: the app token of a logged-in user.
        secret: the secret of an anonymous conversation.
        epoch: the epoch of the client's copy of the log.
        offset: the offset of the last event in that copy.
        languages: the accepted languages in the format of ``Accept-Language``.
        challenge: the token of a solved CAPTCHA, from a new client that was asked to solve one.
    """

    token: Token = ""
    secret: ShortText = ""
    epoch: ShortText = ""
    offset: Offset = 0
    languages: ShortText = ""
    challenge: Token = ""


class Send(Struct, frozen=True, tag_field="type", tag="send"):
    """A text message.

    Attributes:
        id: the client's id of the message.
        text: the cleaned text.
        offset: the offset of the question that the user saw when writing; 0 for none.
    """

    id: FrameId
    text: str
    offset: Offset = 0


class Choose(Struct, frozen=True, tag_field="type", tag="choose"):
    """Choices that the user made; ``offset`` is that of their question.

    Attributes:
        choice: the choice that was tapped; empty if several were made at once.
        choices: several choices made at once.
    """

    id: FrameId
    choice: ChoiceId
    offset: Offset
    choices: ChoiceIds = ()


class HandIn(Struct, frozen=True, tag_field="type", tag="hand_in"):
    """A card of questions that was filled in.

    Attributes:
        values: cleaned texts, and ids of choices, by the names of the fields.
        offset: the offset of the event with the card.
    """

    id: FrameId
    values: Values
    offset: Offset


class SubmitUploads(Struct, frozen=True, tag_field="type", tag="upload"):
    """The submission of uploaded files, by their upload ids.

    Attributes:
        done: whether these are all.
        text: words beside them; may be empty.
    """

    id: FrameId
    uploads: Uploads
    done: bool = False
    text: str = ""


class Typing(Struct, frozen=True, tag_field="type", tag="typing"):
    """A signal that the user is typing."""


class Read(Struct, frozen=True, tag_field="type", tag="read"):
    """A signal that the user has read all events up to an offset."""

    offset: Offset


class Renew(Struct, frozen=True, tag_field="type", tag="renew"):
    """A new app token for the same account."""

    token: Annotated[Token, Meta(min_length=1)]


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """A check that the connection is alive."""


Frame = Hello | Send | Choose | HandIn | SubmitUploads | Typing | Read | Renew | Ping
JobFrame = Send | Choose | HandIn | SubmitUploads
JOB_FRAMES: Final = (Send, Choose, HandIn, SubmitUploads)
"""As a tuple: ``isinstance`` would rebuild a union on each call."""


def parse_frame(data: bytes, *, max_text: int) -> Frame:
    """Parse a frame.

    Args:
        data: the encoded frame.
        max_text: maximum number of characters of a message.

    Raises:
        FrameError: the frame is invalid; the error never contains the input.
    """
    return _read_frame(_decode_json(data), max_text)


def parse_hello(data: bytes) -> Hello:
    """Parse the hello of an HTTP request, in which ``type`` is optional.

    An empty body is the hello of a new anonymous client.
    """
    if not data.strip():
        return Hello()
    return _read_hello(_require_object(_decode_json(data)))


def _read_frame(value: Any, max_text: int) -> Frame:
    fields = _require_object(value)
    kind = fields.get("type")
    if kind == "send":
        return _read_send(fields, max_text)
    if kind == "choose":
        return _read_choose(fields)
    if kind == "hand_in":
        return _read_hand_in(fields, max_text)
    if kind == "upload":
        return _read_submit_uploads(fields, max_text)
    if kind == "typing":
        return Typing()
    if kind == "read":
        return Read(_read_offset(fields))
    if kind == "ping":
        return Ping()
    if kind == "renew":
        return _read_renew(fields)
    if kind == "hello":
        return _read_hello(fields)
    raise FrameError("unknown frame type", "unknown_type")


def text_length(frame: JobFrame) -> int:
    """Return the number of characters of a frame's texts; 0 for other frames than messages."""
    if isinstance(frame, HandIn):
        return sum(len(one) for one in frame.values.values() if isinstance(one, str))
    return len(frame.text) if isinstance(frame, Send) else 0


def _decode_json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # orjson rejects lone surrogates, which are legal JSON. Some keyboards and programming
        # languages do send them, so try the slower parser, which accepts them.
        if b"\\u" not in data:
            raise FrameError("not JSON in UTF-8", "not_json") from None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise FrameError("not JSON in UTF-8", "not_json") from None


def _require_object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise FrameError("a frame is a JSON object", "wrong_type")
    return value


def _read_id(fields: dict[str, Any]) -> str:
    value = fields.get("id")
    if type(value) is not str or _ID.fullmatch(value) is None:
        raise FrameError("id must be 1 to 64 letters, digits, dots, dashes", "bad_id")
    return value


def _read_send(fields: dict[str, Any], max_text: int) -> Send:
    frame_id = _read_id(fields)
    text = fields.get("text")
    if type(text) is not str:
        raise FrameError("text must be a string", "wrong_type", frame_id=frame_id)
    text = clean_text(text)
    if not text:
        raise FrameError("the text is empty", "empty", frame_id=frame_id, is_violation=False)
    _check_length(text, max_text, frame_id)
    return Send(frame_id, text, _read_offset(fields, frame_id) if "offset" in fields else 0)


def _read_choose(fields: dict[str, Any]) -> Choose:
    frame_id = _read_id(fields)
    if "choices" in fields:
        return _read_several(fields, frame_id)
    choice = fields.get("choice")
    if type(choice) is not str or _CHOICE.fullmatch(choice) is None:
        raise FrameError("choice must be a short string", "wrong_type", frame_id=frame_id)
    return Choose(frame_id, choice, _read_offset(fields, frame_id))


def _check_length(text: str, max_text: int, frame_id: str) -> None:
    if len(text) > max_text:
        raise FrameError(
            "the text is too long",
            "too_long",
            frame_id=frame_id,
            is_violation=False,
            limit=max_text,
            count=len(text),
        )


def _read_hand_in(fields: dict[str, Any], max_text: int) -> HandIn:
    frame_id = _read_id(fields)
    given = fields.get("values")
    if type(given) is not dict or not 1 <= len(given) <= MAX_FIELDS:
        raise FrameError("values must be an object of 1 to 16", "wrong_type", frame_id=frame_id)
    values: dict[str, str | tuple[str, ...]] = {}
    for name, value in given.items():
        if _CHOICE.fullmatch(name) is None:
            raise FrameError("a field has a short name", "wrong_type", frame_id=frame_id)
        if type(value) is list:
            values[name] = _check_choices(value, frame_id)
        elif type(value) is str:
            values[name] = clean_text(value)
        else:
            raise FrameError("values holds texts and lists", "wrong_type", frame_id=frame_id)
    _check_length("\n".join(v for v in values.values() if isinstance(v, str)), max_text, frame_id)
    return HandIn(frame_id, values, _read_offset(fields, frame_id))


def _read_several(fields: dict[str, Any], frame_id: str) -> Choose:
    if "choice" in fields:
        raise FrameError("a choice or choices, not both", "wrong_type", frame_id=frame_id)
    choices = _check_choices(fields["choices"], frame_id)
    return Choose(frame_id, "", _read_offset(fields, frame_id), choices)


def _check_choices(choices: Any, frame_id: str) -> tuple[str, ...]:
    if type(choices) is not list or not 1 <= len(choices) <= MAX_CHOICES:
        raise FrameError("choices must be a list of 1 to 64", "wrong_type", frame_id=frame_id)
    for choice in choices:
        if type(choice) is not str or _CHOICE.fullmatch(choice) is None:
            raise FrameError("choices must hold short strings", "wrong_type", frame_id=frame_id)
    if len(set(choices)) != len(choices):
        raise FrameError("choices holds one twice", "wrong_type", frame_id=frame_id)
    return tuple(choices)


def _read_renew(fields: dict[str, Any]) -> Renew:
    token = _short_text(fields, "token", MAX_TOKEN)
    if not token:
        raise FrameError("a renewal needs a token", "no_token")
    return Renew(token)


def _read_submit_uploads(fields: dict[str, Any], max_text: int) -> SubmitUploads:
    frame_id = _read_id(fields)
    uploads = fields.get("uploads")
    if type(uploads) is not list or not 1 <= len(uploads) <= MAX_UPLOADS:
        raise FrameError("uploads must be a list of 1 to 10", "wrong_type", frame_id=frame_id)
    for upload in uploads:
        if type(upload) is not str or _ID.fullmatch(upload) is None:
            raise FrameError("uploads must hold upload ids", "bad_id", frame_id=frame_id)
    text = fields.get("text", "")
    if type(text) is not str:
        raise FrameError("text must be a string", "wrong_type", frame_id=frame_id)
    text = clean_text(text)
    _check_length(text, max_text, frame_id)
    return SubmitUploads(frame_id, tuple(uploads), fields.get("done") is True, text)


def _read_hello(fields: dict[str, Any]) -> Hello:
    hello = Hello(
        token=_short_text(fields, "token", MAX_TOKEN),
        secret=_short_text(fields, "secret", MAX_LANGUAGES),
        epoch=_short_text(fields, "epoch", MAX_LANGUAGES),
        offset=_read_offset(fields) if "offset" in fields else 0,
        languages=_short_text(fields, "languages", MAX_LANGUAGES),
        challenge=_short_text(fields, "challenge", MAX_TOKEN),
    )
    if hello.token and hello.secret:
        raise FrameError("a token or a secret, not both", "wrong_type")
    return hello


def _short_text(fields: dict[str, Any], name: str, limit: int) -> str:
    value = fields.get(name, "")
    if type(value) is not str or len(value) > limit or not value.isascii():
        raise FrameError(f"{name} must be a plain short string", "wrong_type")
    return value


def _read_offset(fields: dict[str, Any], frame_id: str = "") -> int:
    value = fields.get("offset", 0)
    # ``isinstance`` would accept a bool; the decoder returns huge integers as floats.
    if type(value) is not int or not 0 <= value <= MAX_OFFSET:
        raise FrameError("offset must be a whole number", "wrong_type", frame_id=frame_id)
    return value
