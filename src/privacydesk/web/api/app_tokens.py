"""Operations that revoke app tokens, for the app's backend when a user logs out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.web.api.operations import Call, Group, Operation, Reply, act
from privacydesk.web.api.values import Asked, Instant, Moment, Nothing, Told

_LONGEST_ACCOUNT: Final = 128
_LONGEST_ID: Final = 256


class AccountTokens(Asked):
    """Whose tokens are revoked."""

    account: Annotated[str, Field(min_length=1, max_length=_LONGEST_ACCOUNT)] = Field(
        description="The account's id, as in `sub`. It need not be known to the desk."
    )
    at: Moment | None = Field(
        default=None,
        description=(
            "The present by the clock that tokens are signed with; it counts as far as 30 seconds"
            " from the desk's. The desk's unless given."
        ),
    )


class OneToken(Asked):
    """Which token is revoked."""

    token_id: Annotated[str, Field(min_length=1, max_length=_LONGEST_ID)] = Field(
        description="Its own id, as in `jti`."
    )


class TokensRevoked(Told):
    """What is revoked from now on. Whether anybody had such a token is not told."""

    revoked_at: Instant = Field(description="Of an account: tokens issued until then are revoked.")


async def _revoke_account(call: Call[Nothing, AccountTokens]) -> Reply:
    if call.left:
        return _told(datetime.fromisoformat(call.left))
    body = call.body
    return _told(
        await call.works.revocations.revoke_account(
            body.account, by=call.by, at=body.at, asked=call.asked
        )
    )


async def _revoke_one(call: Call[Nothing, OneToken]) -> Reply:
    if call.left:
        return _told(datetime.fromisoformat(call.left))
    revocations = call.works.revocations
    return _told(await revocations.revoke_token(call.body.token_id, by=call.by, asked=call.asked))


def _told(at: datetime) -> Reply:
    return Reply(TokensRevoked(revoked_at=at))


_SOON: Final = "Open chats learn of it within seconds, and ask the app for another token."

APP_TOKENS: Final[tuple[Operation[Any, Any], ...]] = (
    act(
        "revoke_account_tokens",
        "/app-tokens/revoke-account",
        Group.APP_TOKENS,
        "Revoke every app token of an account that was issued until now.",
        scope=Scope.APP_TOKENS_REVOKE,
        work=_revoke_account,
        body=AccountTokens,
        answer=TokensRevoked,
        more=f"Tokens without `iat` count as issued before. {_SOON}",
        guarded=False,
        tagged=False,
    ),
    act(
        "revoke_app_token",
        "/app-tokens/revoke-one",
        Group.APP_TOKENS,
        "Revoke one app token by its id.",
        scope=Scope.APP_TOKENS_REVOKE,
        work=_revoke_one,
        body=OneToken,
        answer=TokensRevoked,
        more=_SOON,
        guarded=False,
        tagged=False,
    ),
)
