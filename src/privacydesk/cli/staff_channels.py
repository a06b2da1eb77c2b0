"""``privacydesk staff-channels``: the group chats in which staff are told of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_clock,
    exit_with_usage_error,
    load_settings_for,
    print_json,
    run,
)
from privacydesk.errors import InvalidRequestError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

staff_channels_app = typer.Typer(
    name="staff-channels",
    help="Group chats in which staff are told of alarms and assignments.",
    no_args_is_help=True,
)


@staff_channels_app.callback()
def staff_channels() -> None:
    """Group chats in which staff are told of alarms and assignments; `serve` writes into them."""


@staff_channels_app.command("list")
def list_channels(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the group chats in the settings, and what each is told."""
    channels = load_settings_for(data_dir).staff_channels
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "platform": one.platform.value,
                    "language": one.language,
                    "alarms": list(one.alarms),
                }
                for one in channels
            ]
        )
        return
    for one in channels:
        typer.echo(f"{one.name}  {one.platform}  {one.language}  {' '.join(one.alarms)}")


@staff_channels_app.command("test")
def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The chat's name in the settings.")],
    data_dir: DataDir = None,
) -> None:
    """Post a test message into a group chat, now. Exits with 1 if it is not accepted."""
    fault = run(_test(name, data_dir))
    if fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(1)
    typer.echo("The message was accepted.")


async def _test(name: str, data_dir: Path | None) -> str:
    """Post a test message; return why it was not accepted, or an empty string."""
    from privacydesk import logs  # noqa: PLC0415 - these import the web client and the database
    from privacydesk.app import choose_profile  # noqa: PLC0415
    from privacydesk.app.desk_address import desk_origin  # noqa: PLC0415
    from privacydesk.app.staff_channels import connect_channels, staff_channels  # noqa: PLC0415
    from privacydesk.connectors.staff_channels import describe_channel_fault  # noqa: PLC0415
    from privacydesk.data import locale_files  # noqa: PLC0415
    from privacydesk.i18n.catalog import Catalogs  # noqa: PLC0415
    from privacydesk.outages import Outages  # noqa: PLC0415
    from privacydesk.services.staff_channels import StaffMessageTexts  # noqa: PLC0415

    settings = load_settings_for(data_dir)
    logs.set_up("error", as_json=settings.log_json)
    channel = next((one for one in staff_channels(settings) if one.name == name), None)
    if channel is None:
        exit_with_usage_error("NAME", "no group chat of that name is in the settings")
    desk_names = choose_profile(settings, beside_serve=True).desk_names
    catalogs = Catalogs.load(locale_files(settings.locales))
    texts = StaffMessageTexts(catalogs, desk_names, desk_origin(settings))
    clock = command_clock(settings.data_dir)
    async with connect_channels(settings, clock, Outages(clock)) as senders:
        try:
            await senders[name].send(texts.test(channel.locale))
        except (InvalidRequestError, UnavailableError) as error:
            return describe_channel_fault(error)
    return ""
