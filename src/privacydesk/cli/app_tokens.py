"""``privacydesk app-tokens``: revoking tokens that the app's backend signed for its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    print_json,
    run,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_ACTOR: Final = "operator"
app_tokens_app = typer.Typer(
    name="app-tokens", help="Tokens of the app's users: revoke them.", no_args_is_help=True
)


@app_tokens_app.callback()
def app_tokens() -> None:
    """Tokens that the app's backend signs; a token's bearer chats as the account it names."""


@app_tokens_app.command("revoke")
def revoke(
    account: Annotated[
        str,
        typer.Option("--account", metavar="ID", help="Every token of this account until now."),
    ] = "",
    token_id: Annotated[
        str, typer.Option("--token-id", metavar="JTI", help="The one token with this id.")
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Revoke app tokens before they expire. Open chats request a new one from the app."""
    if bool(account) == bool(token_id):
        exit_with_usage_error("--account, --token-id", "give one of the two")
    revoked_at = run(_revoke(data_dir, account, token_id))
    if as_json:
        print_json({"revoked_at": revoked_at.isoformat()})
    elif account:
        typer.echo(
            f"App tokens of the account issued until {revoked_at:%Y-%m-%d %H:%M:%S} UTC"
            " are revoked."
        )
    else:
        typer.echo("The app token is revoked.")


async def _revoke(data_dir: Path | None, account: str, token_id: str) -> datetime:
    async with command_services(data_dir) as services:
        revocations = services.integrations.revocations
        if account:
            return await revocations.revoke_account(account, by=_ACTOR)
        return await revocations.revoke_token(token_id, by=_ACTOR)
