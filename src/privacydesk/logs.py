"""Logging: one line per entry, for people or as JSON, without personal data.

Exceptions are formatted here, and the result is redacted. Messages of exceptions from other
packages may have personal data, so only their types and locations are logged.
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
"""Names of values that are always redacted."""

_PRIVATE: Final = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail addresses
    r"|\+\d[\d ()-]{6,17}\d"  # phone numbers with their country
    r"|(?<![\w.-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-])"  # mainland mobile numbers
    r"|(?<![\w.-])\d{17}[\dXx](?![\w-])"  # mainland identity numbers
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # app tokens
    r"|(?i:\bbearer\s+\S+)"
    r"|(?<![\w+/])[A-Za-z0-9+/]{43}=(?![\w+/=])"  # 32 bytes in base64: the desk's secrets
    r"|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"  # user and password in a URL
)
_UNREDACTED_KEYS: Final = frozenset({"timestamp", "level"})


def set_up(
    level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None
) -> None:
    """Configure logging of this package and of libraries to one stream.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        as_json: whether each line is a JSON object; None for the default of ``is_json``.
        stream: the stream; None for standard error.
    """
    out = stream or sys.stderr
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        format_exceptions,
        redact,
    ]
    renderers = _renderers(out, as_json=is_json(as_json, out))
    structlog.configure(
        processors=[*processors, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors[:3],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                format_exceptions,
                redact,
                *renderers,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Never below "warning": at "info", libraries log the data that they process.
    root.setLevel(max(_LEVELS[level], logging.WARNING))


def is_json(chosen: bool | None, stream: TextIO | None = None) -> bool:
    """Return whether entries are logged as JSON.

    Args:
        chosen: the configured value; None to use JSON unless the stream is a terminal.
        stream: the stream; None for standard error.
    """
    return not (stream or sys.stderr).isatty() if chosen is None else chosen


def _renderers(out: TextIO, *, as_json: bool) -> tuple[Processor, ...]:
    if as_json:
        return (structlog.processors.JSONRenderer(),)
    return (
        _escape_unprintable,
        structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    )


def _escape_unprintable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Escape line breaks and control characters, so that no value can forge a line of the log.

    JSON escapes them anyway. Tracebacks keep their lines: ``format_exceptions`` made them.
    """
    return {
        key: _escaped(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


# -- exceptions --------------------------------------------------------------------------------


def format_exceptions(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by types and locations; only ``DeskError`` messages are kept."""
    exc_info: ExcInfo | BaseException | bool | None = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()[1]
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    if isinstance(exc_info, BaseException):
        event["exception"] = "\n".join(_format_exception(exc_info))
    # A traceback formatted by a library may quote values.
    event.pop("exc_text", None)
    return event


def _format_exception(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield _describe(current)
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        if isinstance(current, BaseExceptionGroup):
            for member in current.exceptions:
                yield from (f"  | {line}" for line in _format_exception(member))
        is_hidden = current.__suppress_context__
        current = current.__cause__ or (None if is_hidden else current.__context__)


def _describe(error: BaseException) -> str:
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return f"{name}: {error.message}" if isinstance(error, DeskError) else name


# -- redaction ---------------------------------------------------------------------------------


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Redact all values of an entry that are, or look like, personal data or secrets."""
    return {
        key: value if key in _UNREDACTED_KEYS else _redact_value(key, value)
        for key, value in event.items()
    }


def _redact_value(key: str, value: Any) -> Any:
    if key.lower() in _PRIVATE_KEYS:
        return REMOVED
    if isinstance(value, str):
        return _PRIVATE.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {str(name): _redact_value(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value("", item) for item in value]
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, bytes):
        return REMOVED
    return _PRIVATE.sub(REMOVED, str(value))
