"""Request and response models for requests that programs file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import TicketState
from privacydesk.services.app_tokens import claimed_account
from privacydesk.web.api.schemas import (
    NonBlankText,
    RequestModel,
    ResponseModel,
    Text,
    Timestamp,
    TimestampInput,
)
from privacydesk.web.api.ticket_schemas import DayResponse, DeadlineResponse, ItemResponse

_MAX_ANSWERS: Final = 30
_MAX_VALUES: Final = 20
_Account = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]
_Short = Annotated[NonBlankText, Field(max_length=500)]


class LimitedToRequest(RequestModel):
    """Days to which a category is limited, in the operator's time zone."""

    category: DataCategory | Literal["all"]
    since: dt.date | None = Field(default=None, alias="from", description="The first day.")
    until: dt.date | None = Field(default=None, alias="to", description="The last day.")


class CheckRequest(RequestModel):
    """A check of the user's identity, or their confirmation, as the client states it."""

    how: _Short = Field(description="In plain words, for staff; it is kept in the ticket's log.")
    at: TimestampInput = Field(description="When; within the last 30 minutes, unless configured.")


class FileRequest(RequestModel):
    """A request of a user of the app."""

    kind: RequestKind
    account: _Account | None = Field(
        default=None, description="The account; required without `app_token`."
    )
    app_token: Annotated[str, Field(min_length=1, max_length=8192)] | None = Field(
        default=None,
        description="The user's app token, as for the chat. Without it the request waits until"
        " they have proven in the chat who they are.",
    )
    checked: CheckRequest | None = Field(
        default=None,
        description="That the app has itself just verified the user of `app_token`, such as by a"
        " code or by the device's biometrics; it counts as a one-time code.",
    )
    answers: dict[
        str, Text | Annotated[tuple[Text, ...], Field(min_length=1, max_length=_MAX_VALUES)]
    ] = Field(
        default_factory=dict,
        max_length=_MAX_ANSWERS,
        description="The answers to the questions that the chat asks for this kind, by name, as"
        " `GET /requests/kinds` describes them.",
    )
    limited_to: tuple[LimitedToRequest, ...] = Field(
        default=(), max_length=_MAX_VALUES, description="The days to which it is limited."
    )
    words: Text = Field(default="", description="The user's own words, for staff.")
    confirmation: CheckRequest | None = Field(
        default=None,
        description="How and when the user confirmed; required for what can't be undone.",
    )
    language: Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")] | None = Field(
        default=None, description="As in `Accept-Language`, for a user who is new to the chat."
    )

    def content(self) -> dict[str, Any]:
        """Return the content with the user for the token, which differs each time it is signed."""
        content = super().content()
        if self.app_token is not None:
            content["app_token"] = claimed_account(self.app_token)
        return content


class AttestedRequest(FileRequest):
    """A request of a user whose identity a person has checked."""

    account: _Account
    app_token: None = None
    checked: CheckRequest = Field(description="What was checked; it counts as a one-time code.")
    checked_by: Annotated[NonBlankText, Field(max_length=64)] = Field(
        description="The person who checked it: a name or a number by which they can be found."
    )


class FiledResponse(ResponseModel):
    """What was filed."""

    filed: bool = Field(
        description="False if the user has this request open already; it is the one described."
        " To file another one, answer `same` with `other`."
    )
    number: str | None = Field(
        description="The ticket's number; null in a preview of one that would be filed."
    )
    kind: RequestKind
    state: TicketState
    waits_for_proof: bool = Field(
        description="Whether it waits for the user to prove in the chat who they are."
    )
    verified_at: Timestamp | None
    due: DeadlineResponse | None = Field(description="Null while no deadline runs.")
    items: tuple[ItemResponse, ...]


class PreviewResponse(FiledResponse):
    """What would be filed."""

    filed: Literal[False] = Field(description="A preview files nothing: see `would_file`.")
    would_file: bool = Field(
        description="False if the user has this request open already; it is the one described."
    )
    days: tuple[DayResponse, ...] = Field(
        description="How the deadline is counted, day by day; empty without one."
    )
    to_confirm: tuple[str, ...] = Field(
        description="What the chat has the user confirm, in their language; empty for nothing."
    )
