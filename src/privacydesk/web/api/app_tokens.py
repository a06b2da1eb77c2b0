"""Operations that revoke app tokens, for example when a user logs out of the app."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.web.api.operations import ApiResponse, Call, Group, Operation, write_operation
from privacydesk.web.api.schemas import (
    EmptyRequest,
    RequestModel,
    ResponseModel,
    Timestamp,
    TimestampInput,
)

_MAX_ACCOUNT_LENGTH: Final = 128
_MAX_ID_LENGTH: Final = 256


class RevokeAccountTokensRequest(RequestModel):
    """The account whose tokens are revoked."""

    account: Annotated[str, Field(min_length=1, max_length=_MAX_ACCOUNT_LENGTH)] = Field(
        description="The id of the account, as in `sub`. The desk need not know the account."
    )
    at: TimestampInput | None = Field(
        default=None,
        description=(
            "The current time of the clock that tokens are signed with, limited to 30 seconds from"
            " the desk's clock. By default, the time of the desk's clock."
        ),
    )


class RevokeTokenRequest(RequestModel):
    """The token that is revoked."""

    token_id: Annotated[str, Field(min_length=1, max_length=_MAX_ID_LENGTH)] = Field(
        description="The id of the token, as in `jti`."
    )


class RevocationResponse(ResponseModel):
    """The revocation. It doesn't disclose whether there was such a token."""

    revoked_at: Timestamp = Field(
        description="The tokens of an account that were issued until then are revoked."
    )


async def _revoke_account(call: Call[EmptyRequest, RevokeAccountTokensRequest]) -> ApiResponse:
    if call.recorded_result:
        return _response(datetime.fromisoformat(call.recorded_result))
    revoked_at = await call.services.revocations.revoke_account(
        call.body.account, by=call.actor, at=call.body.at, api_request=call.api_request
    )
    return _response(revoked_at)


async def _revoke_token(call: Call[EmptyRequest, RevokeTokenRequest]) -> ApiResponse:
    if call.recorded_result:
        return _response(datetime.fromisoformat(call.recorded_result))
    revoked_at = await call.services.revocations.revoke_token(
        call.body.token_id, by=call.actor, api_request=call.api_request
    )
    return _response(revoked_at)


def _response(at: datetime) -> ApiResponse:
    return ApiResponse(RevocationResponse(revoked_at=at))


_EFFECT: Final = "Open chats are notified within seconds, and ask the app for another token."

APP_TOKENS: Final[tuple[Operation[Any, Any], ...]] = (
    write_operation(
        "revoke_account_tokens",
        "/app-tokens/revoke-account",
        Group.APP_TOKENS,
        "Revoke all app tokens of an account that were issued until now.",
        scope=Scope.APP_TOKENS_REVOKE,
        handler=_revoke_account,
        body_model=RevokeAccountTokensRequest,
        response_model=RevocationResponse,
        details=f"Tokens without `iat` are revoked, too. {_EFFECT}",
        supports_if_match=False,
        has_etag=False,
    ),
    write_operation(
        "revoke_app_token",
        "/app-tokens/revoke-one",
        Group.APP_TOKENS,
        "Revoke one app token by its id.",
        scope=Scope.APP_TOKENS_REVOKE,
        handler=_revoke_token,
        body_model=RevokeTokenRequest,
        response_model=RevocationResponse,
        details=_EFFECT,
        supports_if_match=False,
        has_etag=False,
    ),
)
