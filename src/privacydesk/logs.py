"""Logging: one line per entry, for people or as JSON, without personal data.

Exceptions are formatted here and the result is redacted afterwards: messages of foreign
exceptions can hold anything a person typed, so only their types and places are written.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from privacydesk.errors import DeskError

REMOVED: Final = "[removed]"

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_PRIVATE_KEYS: Final = frozenset(
    {
        "account", "authorization", "body", "contact", "cookie", "email", "mail", "parameters",
        "params", "password", "payload", "phone", "secret", "statement", "text", "token", "words",
    }
)  # fmt: skip
"""Values under these names are never written."""

_PRIVATE: Final = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail addresses
    r"|\+\d[\d ()-]{6,17}\d"  # phone numbers with their country
    r"|(?<![\w.-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-])"  # mainland mobile numbers
    r"|(?<![\w.-])\d{17}[\dXx](?![\w-])"  # mainland identity numbers
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # app tokens
    r"|(?i:\bbearer\s+\S+)"
    r"|(?<![\w+/])[A-Za-z0-9+/]{43}=(?![\w+/=])"  # 32 bytes in base64: our secrets
    r"|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"  # user and password of an address
)
_OWN_KEYS: Final = frozenset({"timestamp", "level"})


def set_up(
    level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None
) -> None:
    """Send this package's entries, and those of libraries, to one stream.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        as_json: one JSON object a line instead of a line for people; see ``is_json``.
        stream: standard error unless given.
    """
    out = stream or sys.stderr
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        word_exceptions,
        redact,
    ]
    renderer = _renderer(out, as_json=is_json(as_json, out))
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain[:3],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                word_exceptions,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # At "info", libraries log what they do, and with it the data that they do it with.
    root.setLevel(max(_LEVELS[level], logging.WARNING))


def is_json(chosen: bool | None, stream: TextIO | None = None) -> bool:
    """Return whether entries are JSON: as chosen, else whenever the stream is no terminal."""
    return not (stream or sys.stderr).isatty() if chosen is None else chosen


def _renderer(out: TextIO, *, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


# -- exceptions --------------------------------------------------------------------------------


def word_exceptions(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by its types and places; keep the messages of our own errors only."""
    given: ExcInfo | BaseException | bool | None = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["exception"] = "\n".join(_lines(given))
    # A stack holds locations only, but what a library formatted itself may quote values.
    event.pop("exc_text", None)
    return event


def _lines(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield _name(current)
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        if isinstance(current, BaseExceptionGroup):
            for one in current.exceptions:
                yield from (f"  | {line}" for line in _lines(one))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _name(error: BaseException) -> str:
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return f"{name}: {error.message}" if isinstance(error, DeskError) else name


# -- redaction ---------------------------------------------------------------------------------


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Redact everything in an entry that is, or looks, personal or secret."""
    return {key: value if key in _OWN_KEYS else _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if key.lower() in _PRIVATE_KEYS:
        return REMOVED
    if isinstance(value, str):
        return _PRIVATE.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {str(name): _clean(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", one) for one in value]
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, bytes):
        return REMOVED
    return _PRIVATE.sub(REMOVED, str(value))
