"""``privacydesk tokens``: managing the tokens of the HTTP API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    humanize,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.api_tokens import DEFAULT_LIFETIME, ApiToken, Scope
from privacydesk.invocation import as_invoked

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.services.integrations.api_tokens import ApiTokens, NewToken

T = TypeVar("T")

_ACTOR: Final = "operator"
_SHORT_ID_LENGTH: Final = 8
_SEEN_BY_USERS: Final = frozenset(
    {
        Scope.REQUESTS_FILE,
        Scope.REQUESTS_ATTEST,
        Scope.TICKETS_REPLY,
        Scope.CONVERSATIONS_WRITE,
    }
)
"""Scopes under which users are told who acts."""
tokens_app = typer.Typer(
    name="tokens", help="Tokens of the HTTP API, for other systems.", no_args_is_help=True
)


@tokens_app.callback()
def tokens() -> None:
    """Tokens of the HTTP API; a token's bearer acts as the identity it belongs to."""


@tokens_app.command("add")
def add(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The identity that the token acts as, one word; used in logs."
        ),
    ],
    scopes: Annotated[
        list[Scope], typer.Option("--scope", help="What the token allows; may be repeated.")
    ],
    display_name: Annotated[
        str,
        typer.Option(
            "--display-name",
            metavar="TEXT",
            help="What users see, such as “Settings page”. Default: the app's name.",
        ),
    ] = "",
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="Days until it expires; at most 366.")
    ] = DEFAULT_LIFETIME.days,
    of_staff: Annotated[
        bool, typer.Option("--staff", help="NAME is a member of staff, who acts by the token.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Create a token, and print it once.

    An identity may have several tokens, so that one can replace another. A member of staff needs
    one for what no program may do: supervising, and confirming decisions. Give it to nobody else.
    """
    lifetime = timedelta(days=days)

    async def add_token() -> NewToken:
        async with command_services(data_dir) as services:
            tokens = services.integrations.tokens
            if of_staff:
                agent = await services.staff.roster.person(name)
                return await tokens.add_for_staff(agent, scopes, by=_ACTOR, lifetime=lifetime)
            return await tokens.add(
                name, scopes, by=_ACTOR, display_name=display_name, lifetime=lifetime
            )

    created = run(add_token())
    if as_json:
        print_json(_record(created.token, created.token.created_at) | {"token": created.secret})
        return
    token = created.token
    typer.echo(f"Token {short(token)} for {token.agent}: {_scopes(token)}")
    typer.echo(created.secret)
    typer.echo(f"It is shown this once and works until {token.expires_at:%Y-%m-%d %H:%M} UTC.")
    if not (of_staff or display_name) and _SEEN_BY_USERS & token.scopes:
        typer.echo(
            "Users see the app's name for it. To give it one of its own, make the first token of"
            " another NAME with --display-name.",
            err=True,
        )


@tokens_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List tokens, newest first, with their last use."""

    async def list_tokens(
        tokens: ApiTokens, now: datetime
    ) -> tuple[tuple[ApiToken, ...], datetime]:
        return await tokens.all(), now

    api_tokens, now = run(_with_tokens(data_dir, list_tokens))
    if as_json:
        print_json([_record(token, now) for token in api_tokens])
    elif api_tokens:
        print_table([_row(token, now) for token in api_tokens])
    else:
        typer.echo(
            as_invoked(
                "No token yet. Make one: privacydesk tokens add NAME --scope SCOPE", data_dir
            )
        )


@tokens_app.command("revoke")
def revoke(
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN", help="The token's id, or the end of it; not the token itself."
        ),
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Revoke a token permanently."""
    if token.startswith("pdk_"):
        exit_with_usage_error(
            "TOKEN", "give its id, which `tokens list` shows: the token itself is a secret"
        )

    async def revoke_token(tokens: ApiTokens, now: datetime) -> tuple[ApiToken, datetime, bool]:
        api_token = await tokens.find(token)
        is_revoked_now = await tokens.revoke(api_token, by=_ACTOR)
        return await tokens.find(api_token.id.hex()), now, is_revoked_now

    api_token, now, is_revoked_now = run(_with_tokens(data_dir, revoke_token))
    if as_json:
        print_json(_record(api_token, now))
    elif is_revoked_now:
        typer.echo(f"Token {short(api_token)} of {api_token.agent} opens nothing any more.")
    else:
        typer.echo(f"Token {short(api_token)} of {api_token.agent} was revoked before.")


def short(token: ApiToken) -> str:
    """Return the end of a token's id, which identifies it."""
    return token.id.hex()[-_SHORT_ID_LENGTH:]


async def _with_tokens(
    data_dir: Path | None, call: Callable[[ApiTokens, datetime], Awaitable[T]]
) -> T:
    async with command_services(data_dir) as services:
        return await call(services.integrations.tokens, services.clock.now())


def _scopes(token: ApiToken) -> str:
    return ", ".join(sorted(scope.value for scope in token.scopes))


def _record(token: ApiToken, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id.hex(),
        "identity": token.agent,
        "scopes": sorted(scope.value for scope in token.scopes),
        "standing": token.status(now).value,
        "created_at": token.created_at.isoformat(),
        "created_by": token.created_by,
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
        "used_at": token.used_at.isoformat() if token.used_at else None,
    }


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    used = f"used {token.used_at:%Y-%m-%d %H:%M} UTC" if token.used_at else "never used"
    return (
        short(token),
        token.agent,
        humanize(token.status(now).value),
        f"until {token.expires_at:%Y-%m-%d}",
        used,
        _scopes(token),
    )
