"""Conversions that all row mappers share: instants to microseconds, values to JSON bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_SECOND = 1_000_000

# Reject dates and dataclasses inside "JSON only" values: they would be read back as other types.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def to_micros(instant: datetime) -> int:
    """Return the exact number of microseconds since 1970; a naive instant raises TypeError."""
    since = instant - _EPOCH
    return (since.days * _DAY + since.seconds) * _SECOND + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return the instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def opt_micros(instant: datetime | None) -> int | None:
    """Return ``to_micros(instant)``, or None for None."""
    return None if instant is None else to_micros(instant)


def opt_instant(micros: int | None) -> datetime | None:
    """Return ``from_micros(micros)``, or None for None."""
    return None if micros is None else from_micros(micros)


def to_json(value: Any) -> bytes:
    """Return ``value`` as JSON bytes; lone surrogates in it become U+FFFD.

    Raises:
        TypeError: a part of it isn't JSON.
    """
    try:
        return orjson.dumps(value, _to_dict, _OPTIONS)
    except TypeError:
        # Either not JSON, which fails again, or a lone surrogate that the web layer let through.
        return orjson.dumps(_replace_surrogates(value), _to_dict, _OPTIONS)


def from_json(raw: bytes) -> Any:
    """Return the value that ``to_json`` encoded; tuples come back as lists."""
    return orjson.loads(raw)


def _to_dict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} isn't JSON")


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {
            _replace_surrogates(key): _replace_surrogates(inner) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_replace_surrogates(inner) for inner in value]
    return value
