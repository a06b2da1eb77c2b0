"""``privacydesk tokens``: the credentials of programs for the HTTP API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from privacydesk.calling import as_called
from privacydesk.cli.common import (
    AsJson,
    DataDir,
    misused,
    plain,
    print_json,
    print_table,
    run,
    staff_rooms,
)
from privacydesk.domain.api_tokens import LASTING, ApiToken, Scope

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.services.integrations.tokens import Made, Tokens

T = TypeVar("T")

_BY: Final = "operator"
_SHOWN: Final = 8
tokens_app = typer.Typer(
    name="tokens", help="Tokens of the HTTP API, for other systems.", no_args_is_help=True
)


@tokens_app.callback()
def tokens() -> None:
    """Tokens of the HTTP API: who shows one acts as the identity it belongs to."""


@tokens_app.command("add")
def add(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The identity that acts, one word; used in logs."),
    ],
    scopes: Annotated[list[Scope], typer.Option("--scope", help="What it opens; may be repeated.")],
    display_name: Annotated[
        str,
        typer.Option("--display-name", metavar="TEXT", help="What users see. Default: NAME."),
    ] = "",
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How long it works; 366 at most.")
    ] = LASTING.days,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a token. It is printed once.

    Several tokens may share an identity, so that one can replace another.
    """

    async def work(desk: Tokens, _: datetime) -> Made:
        return await desk.add(
            name, scopes, by=_BY, display_name=display_name, lasting=timedelta(days=days)
        )

    made = run(_with_tokens(data_dir, work))
    if as_json:
        print_json(_record(made.token, made.token.created_at) | {"token": made.text})
        return
    token = made.token
    typer.echo(f"Token {short(token)} for {token.agent}: {_scopes(token)}")
    typer.echo(made.text)
    typer.echo(f"It is shown this once and works until {token.expires_at:%Y-%m-%d %H:%M} UTC.")


@tokens_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List tokens, the newest first, with their last use."""

    async def work(desk: Tokens, now: datetime) -> tuple[tuple[ApiToken, ...], datetime]:
        return await desk.all(), now

    found, now = run(_with_tokens(data_dir, work))
    if as_json:
        print_json([_record(token, now) for token in found])
    elif found:
        print_table([_row(token, now) for token in found])
    else:
        typer.echo(
            as_called("No token yet. Make one: privacydesk tokens add NAME --scope SCOPE", data_dir)
        )


@tokens_app.command("revoke")
def revoke(
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="Its id, or the end of it; not its text.")
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Revoke a token for good, from the next request on."""
    if token.startswith("pdk_"):
        misused("TOKEN", "name it by its id, which `tokens list` shows: its text is a secret")

    async def work(desk: Tokens, now: datetime) -> tuple[ApiToken, datetime, bool]:
        found = await desk.find(token)
        fresh = await desk.revoke(found, by=_BY)
        return await desk.find(found.id.hex()), now, fresh

    found, now, fresh = run(_with_tokens(data_dir, work))
    if as_json:
        print_json(_record(found, now))
    elif fresh:
        typer.echo(f"Token {short(found)} of {found.agent} opens nothing any more.")
    else:
        typer.echo(f"Token {short(found)} of {found.agent} was revoked before.")


def short(token: ApiToken) -> str:
    """Return as much of a token's id as identifies it."""
    return token.id.hex()[-_SHOWN:]


async def _with_tokens(
    data_dir: Path | None, work: Callable[[Tokens, datetime], Awaitable[T]]
) -> T:
    async with staff_rooms(data_dir) as rooms:
        return await work(rooms.integrations.tokens, rooms.clock.now())


def _scopes(token: ApiToken) -> str:
    return ", ".join(sorted(scope.value for scope in token.scopes))


def _record(token: ApiToken, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id.hex(),
        "identity": token.agent,
        "scopes": sorted(scope.value for scope in token.scopes),
        "standing": token.standing(now).value,
        "created_at": token.created_at.isoformat(),
        "created_by": token.created_by,
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
        "used_at": token.used_at.isoformat() if token.used_at else None,
    }


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    used = f"used {token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never used"
    return (
        short(token),
        token.agent,
        plain(token.standing(now).value),
        f"until {token.expires_at:%Y-%m-%d}",
        used,
        _scopes(token),
    )
