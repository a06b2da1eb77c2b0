"""Base classes and field types of the API's models: strict input, plain output."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from privacydesk.domain.cleaning import clean_text

MOST_WORDS: Final = 10_000
"""Most characters of one text."""

PAGE: Final = 50
"""Entries on a page of a list by default."""

_MOST: Final = 200
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LEAP: Final = re.compile(r"(:[0-9]{2}:)60", re.ASCII)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class Asked(BaseModel):
    """Base of request models. Fields that are not described are refused rather than ignored."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )


class Told(BaseModel):
    """Base of response models. Clients ignore unknown fields: some may be added."""

    # Built on first use, as those above: startup is faster, and most may never be needed.
    model_config = ConfigDict(frozen=True, defer_build=True)


class Nothing(Asked):
    """Everything is in the address."""


def _whole(value: object) -> object:
    """Refuse spellings of a query number that only Python would accept."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("not a whole number")
    return value


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise ValueError("not an instant")
    # A leap second becomes the last second of its minute; dates beyond the calendar are clamped.
    at = datetime.fromisoformat(_LEAP.sub(r"\g<1>59", value.upper()))
    try:
        return max(at.astimezone(UTC), _EARLIEST)
    except OverflowError:
        return _EARLIEST if at.year == 1 else _LATEST


def _integral(value: object) -> object:
    """Accept 2.0 as 2: for JSON Schema, and in some languages, they are the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


IN_ADDRESS: Final = BeforeValidator(_whole)
"""For an integer in a query. Bounds are declared before it, so that the description has them."""

IN_BODY: Final = BeforeValidator(_integral)
"""For an integer in JSON."""

Limit = Annotated[int, Field(ge=1, le=_MOST, description="How many at most."), IN_ADDRESS]
"""Entries on a page of a list."""

# Patterns list characters one by one: what counts as whitespace differs between languages.
Text = Annotated[
    str, Field(max_length=MOST_WORDS, pattern=r"^[^\x00]*$"), AfterValidator(clean_text)
]
"""A text, possibly empty; cleaned like staff's input in the console, since people read it."""

Words = Annotated[
    str,
    Field(min_length=1, max_length=MOST_WORDS, pattern=r"^[^\x00]*[^\x00-\x20][^\x00]*$"),
    AfterValidator(clean_text),
]
"""A text that a person reads, with at least one non-blank character. Cleaned, too."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20]+$")]
"""The name of a member of staff, or of an integration."""

Cursor = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Where a page begins: the ``next`` of the previous page, and nothing else."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in a request: RFC 3339, with an offset."""

Instant = Annotated[
    datetime,
    PlainSerializer(_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in an answer: RFC 3339, in UTC."""
