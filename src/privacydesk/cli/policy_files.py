"""Shared code of the policy commands: options, the library of imports, error exit."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

import typer

from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion

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


def library_in(data_dir: Path | None) -> FilePolicyLibrary:
    """Return the library of imported policies in a data folder."""
    return FilePolicyLibrary(data_dir or _DEFAULT_DATA_DIR)


def newest(library: FilePolicyLibrary, name: str) -> PolicyVersion:
    """Return the newest version of a policy, or end the command if there is none."""
    version = library.latest(name)
    if version is None:
        fail(f"no policy was imported under the name {name}")
    return version


def fail(message: str) -> NoReturn:
    """Print an error in one line, and exit with code 1."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
