"""``privacydesk support-bundle``: what helps to find a fault, without secrets and personal data."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from privacydesk.cli.common import DataDir, load_settings_for, run
from privacydesk.cli.doctor import find
from privacydesk.errors import DeskError, SettingsError
from privacydesk.system_errors import translate_os_errors

if TYPE_CHECKING:
    from privacydesk.profile import OperatorProfile
    from privacydesk.settings import Settings

_MAX_LINES: Final = 20_000
"""The last lines of a log that are looked at."""


def support_bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The JSON file to create.")],
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="The log of `serve`; - for standard input."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write versions, settings, findings of `doctor`, counts and log events into one file.

    Of settings and profile only numbers and choices are told, of log entries only what the program
    has put into words. No secret, address, path, name or text of anybody is in the file; read it
    before you hand it on. With systemd: journalctl -u privacydesk -o cat | privacydesk
    support-bundle FILE --log -
    """
    from privacydesk.app.support_bundle import make_bundle  # noqa: PLC0415 - imports the database

    findings = run(find(data_dir))
    settings, profile = _read(data_dir)
    bundle = make_bundle(settings, profile, findings, _lines(log))
    text = json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"
    with translate_os_errors("FILE", file), os.fdopen(_create(file), "w", encoding="utf-8") as out:
        out.write(text)
    typer.echo(f"{file} has {len(text) / 1000:.0f} KB. Read it before you hand it on.")


def _read(data_dir: Path | None) -> tuple[Settings | None, OperatorProfile | None]:
    """Return settings and profile as far as they can be read."""
    from privacydesk import app  # noqa: PLC0415 - as above

    settings = profile = None
    with suppress(DeskError):
        settings = load_settings_for(data_dir)
        profile = app.choose_profile(settings, beside_serve=True)
    return settings, profile


def _lines(log: Path | None) -> Iterable[str]:
    if log is None:
        return ()
    if str(log) == "-":
        return deque(sys.stdin, _MAX_LINES)
    with translate_os_errors("--log", log), log.open(encoding="utf-8", errors="replace") as lines:
        return deque(lines, _MAX_LINES)


def _create(file: Path) -> int:
    try:
        return os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise SettingsError(f"{file} exists already; nothing was written") from None
