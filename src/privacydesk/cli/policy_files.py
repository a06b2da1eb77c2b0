"""What the policy commands share: where imports are stored, and how a command fails."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

import typer

from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion

_DEFAULT_DATA_DIR: Final = Path("data")
"""As for `serve`."""

DATA_DIR = typer.Option(
    "--data-dir",
    metavar="DIR",
    envvar="PRIVACYDESK_DATA_DIR",
    help="Where imported policies live; `data` by default.",
)
NAME = typer.Option("--name", metavar="NAME", help="The policy's name; versions share it.")
JSON = typer.Option("--json", help="Print JSON for programs.")


def library_in(data_dir: Path | None) -> FilePolicyLibrary:
    """Return the imports of a data folder."""
    return FilePolicyLibrary(data_dir or _DEFAULT_DATA_DIR)


def newest(library: FilePolicyLibrary, name: str) -> PolicyVersion:
    """Return the newest version of a name, or end the command."""
    version = library.latest(name)
    if version is None:
        fail(f"no policy was imported under the name {name}")
    return version


def fail(message: str) -> NoReturn:
    """End the command with one line that says why."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
