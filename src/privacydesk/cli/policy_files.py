"""Shared code of the policy commands: options, the library of imports, error exit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import typer

from privacydesk.cli.common import command_services, run, settings_with_database
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.policy.library import FilePolicyLibrary, PolicyLibrary, is_translation
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import precompute_vectors

_DEFAULT_DATA_DIR: Final = Path("data")
"""The same default as that of ``serve``."""

DATA_DIR = typer.Option(
    "--data-dir",
    metavar="DIR",
    envvar="PRIVACYDESK_DATA_DIR",
    help="Folder of the imported policies. Default: data.",
)
NAME = typer.Option("--name", metavar="NAME", help="The policy's name; versions share it.")
JSON = typer.Option("--json", help="Print JSON for programs.")


def library_in(data_dir: Path | None) -> PolicyLibrary:
    """Return the library of imported policies: those in the database, else in the data folder."""
    folder = data_dir or _DEFAULT_DATA_DIR
    settings = settings_with_database(folder)
    if settings is not None:
        from privacydesk.app import saved_policies  # noqa: PLC0415 - imports the database

        library = saved_policies(settings)
        if library.names():
            return library
    # The first start of this version takes over what lies in files.
    return FilePolicyLibrary(folder)


def import_version(
    version: PolicyVersion, data_dir: Path | None, progress: Callable[[int, int], None]
) -> bool:
    """Import a version with its search data; return False if it is in force already."""
    folder = data_dir or _DEFAULT_DATA_DIR
    # All cores may be used, because nothing else runs in this process.
    embedder = E5Embedder(os.cpu_count() or 1)
    if settings_with_database(folder) is not None:
        return run(_import(version, folder, embedder, progress))
    library = FilePolicyLibrary(folder)
    saved = library.save(version)
    if not is_translation(version.name):
        precompute_vectors(library, version, embedder, progress)
    return saved


async def _import(
    version: PolicyVersion,
    data_dir: Path,
    embedder: E5Embedder,
    progress: Callable[[int, int], None],
) -> bool:
    async with command_services(data_dir) as services:
        return await services.policies.import_version(
            version, by=BY_COMMAND, embedder=embedder, progress=progress
        )


def newest(library: PolicyLibrary, name: str) -> PolicyVersion:
    """Return the newest version of a policy, or end the command if there is none."""
    version = library.latest(name)
    if version is None:
        fail(f"no policy was imported under the name {name}")
    return version


def fail(message: str) -> NoReturn:
    """Print an error in one line, and exit with code 1."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
