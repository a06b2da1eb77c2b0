"""The response that describes the kinds of requests that can be filed."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from pydantic import Field

from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.request_kinds import AnswerSpec, AnswerType, KindSpec, Wording
from privacydesk.web.api.schemas import ResponseModel

_ToText = Callable[[Wording], str]


class NeededProof(StrEnum):
    """The proof with which a request is filed as proven."""

    NONE = "none"
    SESSION = "session"
    """`app_token`."""
    CODE = "one_time_code"
    """`checked`."""
    DOCUMENT = "document"
    """Papers that only the chat takes: a program's request waits for them."""


_PROOFS: Final = {
    None: NeededProof.DOCUMENT,
    Assurance.NONE: NeededProof.NONE,
    Assurance.APP_SESSION: NeededProof.SESSION,
    Assurance.ONE_TIME_CODE: NeededProof.CODE,
}


class AnswerOptionResponse(ResponseModel):
    """A value that an answer may have."""

    value: str
    label: str


class RequestAnswerResponse(ResponseModel):
    """An answer that a kind of request takes.

    A name comes several times, each with its own `when`, where type, question or values depend on
    another answer.
    """

    name: str = Field(description="The key in `answers`.")
    type: AnswerType = Field(
        description="A `choice` of `options`; a `text`; a `date` not after today, as 2014-05-01; a"
        " `contact`: a phone number with `+` and its country code, or a mail address."
    )
    several: bool = Field(description="Whether it takes several values, as a list.")
    required: bool = Field(
        description="Whether nothing is filed without it, where it is asked (`when`, `with_proof`)."
    )
    with_proof: bool = Field(
        description="Whether it is asked only if the request comes with the `proof` of its kind;"
        " a request that waits for its proof is filed without it."
    )
    when: tuple[dict[str, tuple[str, ...]], ...] = Field(
        description="It is asked if one of these fits: other answers, each with the values of which"
        " it has one; no values mean that it is not given. Empty if it is always asked."
    )
    question: str = Field(description="What the chat asks.")
    label: str = Field(description="A label for a form; the question, if there is no shorter one.")
    hint: str | None = Field(description="A sentence below the label.")
    max_length: int | None = Field(description="The most characters of a `text`.")
    options: tuple[AnswerOptionResponse, ...] = Field(description="What a `choice` offers.")
    depends_on_account: bool = Field(
        description="Whether only those values are taken that the account has, such as its login"
        " methods; `options` may then be empty."
    )


class RequestKindResponse(ResponseModel):
    """A kind of request that can be filed."""

    kind: RequestKind
    label: str = Field(description="As in the menu of the chat.")
    proof: NeededProof = Field(
        description="What shows who asks: `none`; a `session` (`app_token`); a `one_time_code`"
        " (`checked`); or a `document`, which the chat takes. Some answers, such as a real name to"
        " be corrected, take a document as well."
    )
    waits_for_proof: bool = Field(
        description="Whether a request without that proof is filed and waits for it in the chat;"
        " otherwise it is refused."
    )
    needs_confirmation: bool = Field(
        description="Whether a request with proof takes `confirmation`."
    )
    takes_days: bool = Field(description="Whether it takes `limited_to`.")
    answers: tuple[RequestAnswerResponse, ...]


class RequestKindsResponse(ResponseModel):
    """The kinds of requests that can be filed."""

    language: str = Field(description="The language of the texts, as a BCP 47 tag.")
    kinds: tuple[RequestKindResponse, ...]


def kind_response(spec: KindSpec, to_text: _ToText) -> RequestKindResponse:
    """Return a kind of request in words."""
    return RequestKindResponse(
        kind=spec.kind,
        label=to_text(spec.label),
        proof=_PROOFS[spec.proof],
        waits_for_proof=spec.waits,
        needs_confirmation=spec.confirmed,
        takes_days=spec.limited,
        answers=tuple(_answer_response(one, to_text) for one in spec.answers),
    )


def _answer_response(spec: AnswerSpec, to_text: _ToText) -> RequestAnswerResponse:
    asks = to_text(spec.asks)
    options = (
        AnswerOptionResponse(value=str(one.value), label=to_text(Wording(one.key, one.args)))
        for one in spec.options
    )
    return RequestAnswerResponse(
        name=spec.name,
        type=spec.type,
        several=spec.several,
        required=spec.required,
        with_proof=spec.with_proof,
        when=tuple(dict(case) for case in spec.when),
        question=asks,
        label=asks if spec.label is None else to_text(spec.label),
        hint=None if spec.hint is None else to_text(spec.hint),
        max_length=spec.longest or None,
        options=tuple(options),
        depends_on_account=spec.of_account,
    )
