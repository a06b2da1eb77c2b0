"""Base classes and field types of the request and response models of the API."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.instants import write_instant
from privacydesk.domain.request_faults import RequestFault

MAX_TEXT_LENGTH: Final = 10_000
"""Maximum number of characters of a text."""

DEFAULT_PAGE_SIZE: Final = 50
"""Default number of entries on a page of a list."""

_MAX_PAGE_SIZE: Final = 200
_MAX_WAIT_SECONDS: Final = 30
"""Less than the 60 seconds after which common proxies give up."""
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LEAP_SECOND: Final = re.compile(r"(:[0-9]{2}:)60", re.ASCII)
_MIN_TIMESTAMP: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIMESTAMP: Final = datetime(9999, 12, 31, tzinfo=UTC)
_DECIMAL: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class RequestModel(BaseModel):
    """Base class of request models. Unknown fields are refused, not ignored."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )

    def content(self) -> dict[str, Any]:
        """Return what makes two bodies the same request, as JSON."""
        return self.model_dump(mode="json")


class ResponseModel(BaseModel):
    """Base class of response models. Clients ignore unknown fields, so that fields can be added."""

    # ``defer_build``: models are built on first use, so that the process starts faster.
    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        from_attributes=True,
        # A field with a default is in every response, too.
        json_schema_serialization_defaults_required=True,
    )


class EmptyRequest(RequestModel):
    """A request without query parameters or without fields in its body."""


def _wrong_format(message: str) -> PydanticCustomError:
    return PydanticCustomError(RequestFault.WRONG_FORMAT.value, message)


def _check_decimal(value: object) -> object:
    """Refuse spellings of an integer in a query that only Python would accept, such as ``1_0``."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise _wrong_format("not a whole number")
    return value


def _parse_timestamp(value: object) -> datetime:
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise _wrong_format("not RFC 3339 with an offset from UTC; in an address, + is %2B")
    # A leap second is read as the second before it; timestamps out of range are clamped.
    at = datetime.fromisoformat(_LEAP_SECOND.sub(r"\g<1>59", value.upper()))
    try:
        return max(at.astimezone(UTC), _MIN_TIMESTAMP)
    except OverflowError:
        return _MIN_TIMESTAMP if at.year == 1 else _MAX_TIMESTAMP


def _convert_integral_float(value: object) -> object:
    """Convert 2.0 to 2: in JSON Schema, and in some languages, they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


QUERY_INTEGER: Final = BeforeValidator(_check_decimal)
"""For an integer in a query; declare it after the bounds, so that these appear in the schema."""

BODY_INTEGER: Final = BeforeValidator(_convert_integral_float)
"""For an integer in a JSON body."""

PageSize = Annotated[
    int, Field(ge=1, le=_MAX_PAGE_SIZE, description="Maximum number of entries."), QUERY_INTEGER
]
"""The number of entries on a page of a list."""


class WaitingQuery(RequestModel):
    """A query that may wait for something to come."""

    wait: Annotated[int, Field(ge=0, le=_MAX_WAIT_SECONDS), QUERY_INTEGER] = Field(
        default=0,
        description="Seconds to wait if there is nothing yet; the response comes as soon as there"
        " is something.",
    )


# The patterns list characters explicitly: ``\s`` differs between regular expression engines.
Text = Annotated[
    str, Field(max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00]*$"), AfterValidator(clean_text)
]
"""A text, possibly empty, without invisible and misleading characters."""

NonBlankText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00]*[^\x00-\x20][^\x00]*$"),
    AfterValidator(clean_text),
]
"""A text with at least one non-blank character, cleaned like ``Text``."""

AgentName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20]+$")]
"""The name of an agent, who may be a member of staff or an integration."""

Cursor = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The start of a page: the ``next`` of the previous page."""

TimestampInput = Annotated[
    datetime,
    BeforeValidator(_parse_timestamp),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time in a request: RFC 3339 with a UTC offset."""

Timestamp = Annotated[
    datetime,
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time in a response: RFC 3339 in UTC."""
