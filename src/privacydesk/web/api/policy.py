"""The operation that answers questions from the operator's policy."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.web.api.operations import ApiResponse, Call, Group, Operation, read_operation
from privacydesk.web.api.schemas import EmptyRequest, RequestModel, ResponseModel

_MAX_QUESTION: Final = 500


class PolicyQuery(RequestModel):
    """A question."""

    question: Annotated[
        str,
        Field(
            min_length=1,
            max_length=_MAX_QUESTION,
            pattern=r"^[^\x00]*[^\x00-\x20][^\x00]*$",
            description="A question about the policy, in Chinese or English.",
        ),
        AfterValidator(clean_text),
    ]


class PassageResponse(ResponseModel):
    """A passage of the policy, word for word."""

    document: str
    article: str = Field(description="Label and title of the article.")
    section: str = Field(description="Labels and titles of the lower headings; may be empty.")
    reference: str = Field(description="The numbers of the place; empty if not known.")
    anchor: str = Field(description="Where it begins on the policy's page, `/chat/policy`.")
    text: str
    sentence: str = Field(description="The sentence that answers best; empty if it is all of it.")


class PolicyAnswerResponse(ResponseModel):
    """What the policy says; nothing is put into other words."""

    answerable: bool = Field(description="Whether the policy answers the question.")
    language: str = Field(description="Language and script of the policy, as a BCP 47 tag.")
    passages: tuple[PassageResponse, ...] = Field(description="The best passages, best first.")


async def _answer(call: Call[PolicyQuery, EmptyRequest]) -> ApiResponse:
    # Identities share the threads fairly with the users of the chat.
    answer = await call.services.answer_policy(call.query.question, call.actor.encode())
    answer = answer or PolicyAnswer(asked=False)
    passages = tuple(
        PassageResponse(
            document=quote.document,
            article=quote.article,
            section=quote.section,
            reference=quote.reference,
            anchor=quote.anchor,
            text=quote.text,
            sentence=quote.sentence,
        )
        for quote in answer.quotes
    )
    return ApiResponse(
        PolicyAnswerResponse(
            answerable=answer.answerable, language=answer.tag or answer.language, passages=passages
        )
    )


POLICY: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "answer_from_policy",
        "/policy/answers",
        Group.POLICY,
        "Find the passages of the policy that answer a question.",
        scope=Scope.POLICY_READ,
        handler=_answer,
        query_model=PolicyQuery,
        response_model=PolicyAnswerResponse,
        details="The policy in force is searched as for users of the chat. The question is not"
        " kept.",
    ),
)
