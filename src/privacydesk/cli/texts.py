"""``privacydesk texts``: the saved replies that staff write with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    print_json,
    print_table,
    run,
    staff_rooms,
    words,
)

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.domain.text_modules import TextModule

texts_app = typer.Typer(
    name="texts", help="Saved replies that staff write with.", no_args_is_help=True
)

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

    Places are {number}, {kind}, {due}, {agent} and {app}, the same in each language.
    """
    texts = {"zh_Hans": words(hans), "zh_Hant": words(hant), "en": words(english)}
    module = run(_set(data_dir, by, name, texts))
    if as_json:
        print_json(_record(module))
    else:
        typer.echo(f"Saved {module.name}.")


@texts_app.command("remove")
def remove(name: Name, by: By, data_dir: DataDir = None) -> None:
    """Take a saved reply away. Supervisors only; what was written with it stays."""
    run(_remove(data_dir, by, name))
    typer.echo(f"Removed {name}.")


async def _list(data_dir: Path | None) -> tuple[TextModule, ...]:
    async with staff_rooms(data_dir) as rooms:
        return await rooms.tools.modules.all()


async def _set(data_dir: Path | None, by: str, name: str, texts: dict[str, str]) -> TextModule:
    async with staff_rooms(data_dir) as rooms:
        modules = rooms.tools.modules
        return await modules.save(by, name, texts, seen=_seen(await modules.all(), name))


async def _remove(data_dir: Path | None, by: str, name: str) -> None:
    async with staff_rooms(data_dir) as rooms:
        modules = rooms.tools.modules
        await modules.remove(by, name, seen=_seen(await modules.all(), name))


def _seen(modules: tuple[TextModule, ...], name: str) -> int:
    return next((module.version for module in modules if module.name == name), 0)


def _record(module: TextModule) -> dict[str, Any]:
    return {
        "name": module.name,
        "texts": dict(module.texts),
        "changed_by": module.changed_by,
        "changed_at": module.changed_at.isoformat(),
    }
