"""Operations that file requests for users: from the app, or from a call centre."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.selection import Span
from privacydesk.domain.ticket import TicketState
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.intake import Check, Filed, IntakeRequest, LimitedTo
from privacydesk.web.api.intake_schemas import (
    AttestedRequest,
    CheckRequest,
    FiledResponse,
    FileRequest,
    PreviewResponse,
)
from privacydesk.web.api.kind_schemas import RequestKindsResponse, kind_response
from privacydesk.web.api.operations import (
    ApiResponse,
    Call,
    Group,
    Operation,
    read_operation,
    write_operation,
)
from privacydesk.web.api.schemas import EmptyRequest
from privacydesk.web.api.ticket_schemas import (
    ItemResponse,
    day_responses,
    deadline_response,
    item_fields,
)
from privacydesk.web.texts import LANGUAGE_TAGS


async def _file(call: Call[EmptyRequest, Any]) -> ApiResponse:
    filed = await call.services.intake.file(_request(call), call.bearer.agent, job_id=call.job_id)
    return ApiResponse(FiledResponse(**_fields(filed), number=filed.ticket.number))


async def _show(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return await _show_filed(call, attested=False)


async def _show_attested(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return await _show_filed(call, attested=True)


async def _show_filed(call: Call[EmptyRequest, EmptyRequest], *, attested: bool) -> ApiResponse:
    ticket = await call.services.intake.find(
        call.path["number"], call.bearer.agent, attested=attested
    )
    return ApiResponse(FiledResponse(**_fields(Filed(ticket)), number=ticket.number))


async def _preview(call: Call[EmptyRequest, Any]) -> ApiResponse:
    filed = await call.services.intake.preview(_request(call), call.bearer.agent)
    return ApiResponse(
        PreviewResponse(
            **(_fields(filed) | {"filed": False}),
            would_file=filed.is_new,
            number=None if filed.is_new else filed.ticket.number,
            days=day_responses(call.services.inbox.answer_days(filed.ticket)),
            to_confirm=filed.wording,
        )
    )


async def _kinds(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    intake, locale = call.services.intake, call.locale
    kinds = tuple(kind_response(one, partial(intake.text, locale)) for one in intake.kinds(locale))
    return ApiResponse(RequestKindsResponse(language=LANGUAGE_TAGS[locale], kinds=kinds))


def _request(call: Call[EmptyRequest, Any]) -> IntakeRequest:
    body = call.body
    return IntakeRequest(
        kind=body.kind,
        account=body.account or "",
        answers=body.answers,
        limited_to=tuple(
            LimitedTo(one.category, Span(since=one.since, until=one.until))
            for one in body.limited_to
        ),
        words=body.words,
        locale=negotiate(body.language, "") if body.language else "",
        app_token=body.app_token or "",
        checked=_check(body.checked),
        checked_by=body.checked_by if isinstance(body, AttestedRequest) else "",
        confirmed=_check(body.confirmation),
    )


def _check(stated: CheckRequest | None) -> Check | None:
    return None if stated is None else Check(stated.how, stated.at)


def _fields(filed: Filed) -> dict[str, Any]:
    ticket = filed.ticket
    return {
        "filed": filed.is_new,
        "kind": ticket.kind,
        "state": ticket.state,
        "waits_for_proof": ticket.state is TicketState.AWAITING_VERIFICATION,
        "verified_at": ticket.verified_at,
        "due": deadline_response(ticket),
        "items": tuple(ItemResponse(**item_fields(item)) for item in ticket.items),
    }


_RULES: Final = (
    "It goes by the rules of the chat: the same questions, quotas and deadlines. An answer, proof"
    " or confirmation that is missing or not taken is named in `faults` (422), and nothing is filed"
)

_OWN: Final = "Or whose proof the caller has brought. All others are as unknown (404)."

REQUESTS: Final[tuple[Operation[Any, Any], ...]] = (
    write_operation(
        "file_request",
        "/requests",
        Group.REQUESTS,
        "File a request for a user of the app.",
        scope=Scope.REQUESTS_FILE,
        handler=_file,
        body_model=FileRequest,
        response_model=FiledResponse,
        details=f"{_RULES}.",
        supports_if_match=False,
        has_etag=False,
    ),
    write_operation(
        "preview_request",
        "/requests/preview",
        Group.REQUESTS,
        "Return what would be filed, until when it would be answered, and what to confirm.",
        scope=Scope.REQUESTS_FILE,
        handler=_preview,
        body_model=FileRequest,
        response_model=PreviewResponse,
        details="Nothing is stored, and quotas are not looked at.",
        supports_if_match=False,
        has_etag=False,
        changes_nothing=True,
    ),
    read_operation(
        "list_request_kinds",
        "/requests/kinds",
        Group.REQUESTS,
        "List the kinds of requests that can be filed, with the answers that each of them takes.",
        scope=Scope.REQUESTS_FILE,
        other_scopes=frozenset({Scope.REQUESTS_ATTEST}),
        handler=_kinds,
        query_model=EmptyRequest,
        response_model=RequestKindsResponse,
        details="As this desk offers them, in the language of `Accept-Language`, else in that of"
        " the token's owner or in English.",
    ),
    read_operation(
        "show_request",
        "/requests/{number}",
        Group.REQUESTS,
        "Show a request that the caller has filed.",
        scope=Scope.REQUESTS_FILE,
        handler=_show,
        query_model=EmptyRequest,
        response_model=FiledResponse,
        details=_OWN,
    ),
    write_operation(
        "file_attested_request",
        "/requests/attested",
        Group.REQUESTS,
        "File a request for a user whose identity a person has checked, as in a call centre.",
        scope=Scope.REQUESTS_ATTEST,
        handler=_file,
        body_model=AttestedRequest,
        response_model=FiledResponse,
        details=f"{_RULES}.",
        supports_if_match=False,
        has_etag=False,
    ),
    write_operation(
        "preview_attested_request",
        "/requests/attested/preview",
        Group.REQUESTS,
        "Return what would be filed for a user whose identity a person has checked.",
        scope=Scope.REQUESTS_ATTEST,
        handler=_preview,
        body_model=AttestedRequest,
        response_model=PreviewResponse,
        details="Nothing is stored, and quotas are not looked at.",
        supports_if_match=False,
        has_etag=False,
        changes_nothing=True,
    ),
    read_operation(
        "show_attested_request",
        "/requests/attested/{number}",
        Group.REQUESTS,
        "Show a request that the caller has filed for a user whose identity a person has checked.",
        scope=Scope.REQUESTS_ATTEST,
        handler=_show_attested,
        query_model=EmptyRequest,
        response_model=FiledResponse,
        details=_OWN,
    ),
)
