"""Instants as microseconds, values as JSON bytes: what all row mappers share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_SECOND = 1_000_000

# Dates and dataclasses inside "JSON only" values are a mistake that must not pass silently: they
# would come back as something else.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def to_micros(instant: datetime) -> int:
    """Return microseconds since 1970, exactly; a naive instant raises TypeError."""
    since = instant - _EPOCH
    return (since.days * _DAY + since.seconds) * _SECOND + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return the aware UTC instant."""
    return _EPOCH + timedelta(microseconds=micros)


def opt_micros(instant: datetime | None) -> int | None:
    """Return ``to_micros`` or None."""
    return None if instant is None else to_micros(instant)


def opt_instant(micros: int | None) -> datetime | None:
    """Return ``from_micros`` or None."""
    return None if micros is None else from_micros(micros)


def to_json(value: Any) -> bytes:
    """Return ``value`` as JSON bytes; lone surrogates in it become U+FFFD.

    Raises:
        TypeError: something in it isn't JSON.
    """
    try:
        return orjson.dumps(value, _plain, _OPTIONS)
    except TypeError:
        # Either not JSON, which fails again, or a lone surrogate that got past the web's edge.
        return orjson.dumps(_scrubbed(value), _plain, _OPTIONS)


def from_json(raw: bytes) -> Any:
    """Return the value written by ``to_json``; tuples have become lists."""
    return orjson.loads(raw)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} isn't JSON")


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {_scrubbed(key): _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(inner) for inner in value]
    return value
