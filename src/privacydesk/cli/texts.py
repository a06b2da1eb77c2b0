"""``privacydesk texts``: saved replies for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    command_services,
    print_json,
    print_table,
    read_text_argument,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.domain.text_modules import TextModule

texts_app = typer.Typer(name="texts", help="Saved replies for staff.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")]


@texts_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the saved replies."""
    modules = run(_list(data_dir))
    if as_json:
        print_json([_record(module) for module in modules])
    elif modules:
        print_table(
            [
                (module.name, locale, text)
                for module in modules
                for locale, text in sorted(module.texts.items())
            ]
        )
    else:
        typer.echo("No saved replies yet.")


@texts_app.command("set")
def set_(
    name: Name,
    hans: Annotated[str, typer.Option("--zh-hans", metavar="TEXT", help="In Simplified Chinese.")],
    hant: Annotated[str, typer.Option("--zh-hant", metavar="TEXT", help="In Traditional Chinese.")],
    english: Annotated[str, typer.Option("--en", metavar="TEXT", help="In English.")],
    by: By,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write a saved reply, or change one. Supervisors only.

    Placeholders are {number}, {kind}, {due}, {agent} and {app}; each language must use the same.
    """
    texts = {
        "zh_Hans": read_text_argument(hans),
        "zh_Hant": read_text_argument(hant),
        "en": read_text_argument(english),
    }
    module = run(_set(data_dir, by, name, texts))
    if as_json:
        print_json(_record(module))
    else:
        typer.echo(f"Saved {module.name}.")


@texts_app.command("remove")
def remove(name: Name, by: By, data_dir: DataDir = None) -> None:
    """Delete a saved reply. Supervisors only; messages written with it stay."""
    run(_remove(data_dir, by, name))
    typer.echo(f"Removed {name}.")


async def _list(data_dir: Path | None) -> tuple[TextModule, ...]:
    async with command_services(data_dir) as services:
        return await services.console.modules.all()


async def _set(data_dir: Path | None, by: str, name: str, texts: dict[str, str]) -> TextModule:
    async with command_services(data_dir) as services:
        modules = services.console.modules
        return await modules.save(by, name, texts, seen=_current_version(await modules.all(), name))


async def _remove(data_dir: Path | None, by: str, name: str) -> None:
    async with command_services(data_dir) as services:
        modules = services.console.modules
        await modules.remove(by, name, seen=_current_version(await modules.all(), name))


def _current_version(modules: tuple[TextModule, ...], name: str) -> int:
    return next((module.version for module in modules if module.name == name), 0)


def _record(module: TextModule) -> dict[str, Any]:
    return {
        "name": module.name,
        "texts": dict(module.texts),
        "changed_by": module.changed_by,
        "changed_at": module.changed_at.isoformat(),
    }
