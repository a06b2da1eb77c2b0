"""``privacydesk profile``: the versions of the operator profile in the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    format_instant,
    load_settings_for,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.saved_settings import MAX_COMMENT, SavedSetting
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.errors import DeskError

if TYPE_CHECKING:
    from privacydesk.domain.operator_profile import ProfileGap
    from privacydesk.profile import OperatorProfile

profile_app = typer.Typer(
    name="profile",
    help="The operator profile: import, show, list and restore versions.",
    no_args_is_help=True,
)

_Version = Annotated[int, typer.Argument(metavar="VERSION", min=1)]


@profile_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The operator profile, as YAML.")],
    comment: Annotated[
        str, typer.Option("--comment", metavar="TEXT", help="Why. Default: the name of FILE.")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Check a profile and put it in force: every `serve` takes it over within seconds.

    Each restarts itself for that, on PostgreSQL one after another; open chats reconnect.
    """
    from privacydesk.profile import read_profile  # noqa: PLC0415 - imports the services

    try:
        profile = read_profile(file)
    except DeskError as error:
        exit_with_usage_error("FILE", error.message)
    version, is_new, gaps = run(_import(data_dir, profile, (comment or file.name)[:MAX_COMMENT]))
    for gap in gaps:
        subject = f"{gap.subject}: " if gap.subject else ""
        typer.echo(f"warning: {gap.kind.value}: {subject}{gap.hint}", err=True)
    if is_new:
        typer.echo(f"Version {version} of the profile is in force.")
    else:
        typer.echo(f"This profile is in force already, as version {version}.")


@profile_app.command("show")
def show(
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="VERSION", min=1, help="Default: the one in force."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a profile as YAML, as `profile import` takes it. Defaults are left out."""
    from privacydesk.profile import profile_yaml  # noqa: PLC0415 - imports the services

    typer.echo(profile_yaml(run(_find(data_dir, version)).body), nl=False)


@profile_app.command("history")
def history(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the versions, the newest first."""
    versions, zone = run(_history(data_dir))
    if as_json:
        print_json(
            [
                {
                    "version": one.version,
                    "at": one.at.isoformat(),
                    "by": one.by,
                    "comment": one.comment,
                    "restored": one.restored or None,
                }
                for one in versions
            ]
        )
        return
    print_table(
        [(str(one.version), format_instant(one.at, zone), one.by, _remark(one)) for one in versions]
    )


@profile_app.command("restore")
def restore(version: _Version, data_dir: DataDir = None) -> None:
    """Put an earlier version in force again, as a new version."""
    restored = run(_restore(data_dir, version))
    typer.echo(f"Version {restored} of the profile is in force: version {version} again.")


async def _import(
    data_dir: Path | None, profile: OperatorProfile, comment: str
) -> tuple[int, bool, tuple[ProfileGap, ...]]:
    from privacydesk.profile import dump_profile  # noqa: PLC0415 - imports the services

    async with command_services(data_dir, _in_force(data_dir) or profile) as services:
        profiles = services.profiles
        content = profiles.read.load(dump_profile(profile))
        saved = await profiles.put_in_force(content, by=BY_COMMAND, comment=comment)
        return *saved, content.gaps


async def _restore(data_dir: Path | None, version: int) -> int:
    async with command_services(data_dir, _in_force(data_dir)) as services:
        profiles = services.profiles
        content = profiles.read.load((await profiles.version(version)).body)
        saved, _ = await profiles.put_in_force(content, by=BY_COMMAND, restored=version)
        return saved


async def _find(data_dir: Path | None, version: int | None) -> SavedSetting:
    async with command_services(data_dir, _in_force(data_dir)) as services:
        if version is not None:
            return await services.profiles.version(version)
        return await services.profiles.current()


async def _history(data_dir: Path | None) -> tuple[tuple[SavedSetting, ...], ZoneInfo]:
    async with command_services(data_dir, _in_force(data_dir)) as services:
        return await services.profiles.history(), ZoneInfo(services.profile.zone)


def _in_force(data_dir: Path | None) -> OperatorProfile | None:
    """Return the profile in the database, whatever the file here says; None if there is none."""
    from privacydesk.app import profile_in_force  # noqa: PLC0415 - imports the database

    return profile_in_force(load_settings_for(data_dir))


def _remark(setting: SavedSetting) -> str:
    return f"version {setting.restored} again" if setting.restored else setting.comment
