"""Shared code of the commands: options, settings, services, text output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tomllib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar
from unicodedata import east_asian_width

import typer

from privacydesk.clock import Clock, MovableClock, SystemClock
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.errors import SettingsError, UnavailableError

if TYPE_CHECKING:
    from privacydesk.app import Services
    from privacydesk.domain.account import AccountAnswer
    from privacydesk.domain.account_terms import AccountAction
    from privacydesk.domain.code_delivery import SendAnswer
    from privacydesk.domain.quotes import PolicyAnswer
    from privacydesk.domain.turn import Observation
    from privacydesk.profile import OperatorProfile
    from privacydesk.settings import Settings

T = TypeVar("T")

SETTINGS_FILE: Final = "privacydesk.toml"
"""The settings file that commands look for in the data folder."""

_DEMO_CLOCK_FILE: Final = "demo-clock.json"

_DEFAULT_DATA_DIR: Final = Path("data")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        envvar="PRIVACYDESK_DATA_DIR",
        help=f"The desk's folder; its {SETTINGS_FILE} is read when PRIVACYDESK_CONFIG is unset.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
By = Annotated[
    str,
    typer.Option("--as", metavar="AGENT", help="The agent who acts: a name from `agents list`."),
]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The request's number, in any spelling.")
]


def load_settings_for(data_dir: Path | None, **overrides: Any) -> Settings:
    """Load the settings of a data folder.

    Its settings file is used unless PRIVACYDESK_CONFIG names another one.

    Args:
        data_dir: the data folder; default: ``data`` in the current folder.
        overrides: settings that take precedence over the file and the environment.

    Raises:
        SettingsError: a setting is wrong; the message names it.
    """
    from privacydesk.settings import load_settings  # noqa: PLC0415 - costs half a second

    file = (data_dir or _DEFAULT_DATA_DIR) / SETTINGS_FILE
    existing_file = file if file.is_file() else None
    if data_dir is not None:
        overrides["data_dir"] = data_dir
        if existing_file is not None:
            _refuse_copied_folder(existing_file, data_dir)
    return load_settings(existing_file, **overrides)


def find_settings_file(data_dir: Path | None) -> Path | None:
    """Return the file that ``load_settings_for`` reads; None for none."""
    from privacydesk.settings import CONFIG_VARIABLE  # noqa: PLC0415 - as above

    named = os.environ.get(CONFIG_VARIABLE)
    file = Path(named) if named else (data_dir or _DEFAULT_DATA_DIR) / SETTINGS_FILE
    return file if file.is_file() else None


def settings_with_database(data_dir: Path) -> Settings | None:
    """Return the settings of a data folder; None if it has no database yet.

    Raises:
        SettingsError: a setting is wrong.
    """
    from privacydesk.storage.engines import parse_url, sqlite_file  # noqa: PLC0415

    settings = load_settings_for(data_dir)
    file = sqlite_file(parse_url(settings.url))
    return settings if file is None or (file.is_file() and file.stat().st_size) else None


def _refuse_copied_folder(file: Path, data_dir: Path) -> None:
    """Refuse a folder whose settings file names another data folder, as in a copied folder.

    Otherwise the command would work on the database of the original folder.

    Raises:
        SettingsError: the file names another folder.
    """
    try:
        named_dir = tomllib.loads(file.read_text("utf-8")).get("data_dir")
    except (OSError, ValueError):
        # ``load_settings`` reports it.
        return
    if isinstance(named_dir, str) and Path(named_dir).resolve() != data_dir.resolve():
        raise SettingsError(
            f"{file} names another folder, {named_dir}: remove `data_dir` and `database_url` from"
            " the file, or name that folder",
            key="data_dir",
        )


class UnavailableInCommands:
    """A stub for external services that refuses every call.

    Commands only record what is to be done; ``serve`` does it.
    """

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Refuse; see ``domain.account.AccountService``."""
        del action, account, payload, key
        raise UnavailableError("commands don't call the account service")

    async def send(
        self, to: object, template: str, locale: str, code: str, *, key: str
    ) -> SendAnswer:
        """Refuse; see ``domain.code_delivery.CodeSender``."""
        del to, template, locale, code, key
        raise UnavailableError("commands don't send codes")

    async def notify(self, to: object, notice: object, *, key: str) -> SendAnswer:
        """Refuse; see ``domain.notices.NoticeGateway``."""
        del to, notice, key
        raise UnavailableError("commands don't send notices")

    async def interpret(
        self, text: str, whose: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """Refuse; see ``ports.LanguageUnderstanding``."""
        del text, whose, today, question
        raise UnavailableError("commands don't interpret messages")

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Refuse; see ``ports.LanguageUnderstanding``."""
        del question, whose
        raise UnavailableError("commands don't answer questions")

    async def switch_policy(self, policy: str, digest: str) -> None:
        """Refuse; see ``ports.LanguageUnderstanding``."""
        del policy, digest
        raise UnavailableError("commands don't answer questions")


@asynccontextmanager
async def command_services(
    data_dir: Path | None, profile: OperatorProfile | None = None
) -> AsyncIterator[Services]:
    """Open the services for a short command, which may run beside ``serve``.

    Args:
        data_dir: the data folder; default: ``data`` in the current folder.
        profile: the operator profile; default: the one in force.

    Raises:
        SettingsError: a setting is missing or wrong, or the database needs ``db upgrade``.
    """
    from privacydesk import logs  # noqa: PLC0415 - both import the database and the web
    from privacydesk.app import (  # noqa: PLC0415
        ExternalServices,
        choose_profile,
        open_services,
    )

    settings = load_settings_for(data_dir)
    logs.set_up("error", as_json=settings.log_json)
    async with open_services(
        settings,
        ExternalServices(UnavailableInCommands(), UnavailableInCommands()),
        profile=profile or choose_profile(settings, beside_serve=True),
        clock=command_clock(settings.data_dir),
        understanding=UnavailableInCommands(),
        beside_serve=True,
    ) as services:
        yield services


def command_clock(data_dir: Path) -> Clock:
    """Return the system clock, or the demo's clock if this is the demo's folder.

    The demo's clock may be ahead of the system clock by an offset, which the demo stores in a file.
    Commands only read that file.

    Raises:
        SettingsError: the file is damaged.
    """
    system_clock = SystemClock()
    file = data_dir / _DEMO_CLOCK_FILE
    if not file.is_file():
        return system_clock
    try:
        offset = timedelta(seconds=float(json.loads(file.read_text("utf-8"))["ahead_seconds"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        raise SettingsError(f"{file} holds no clock; start the demo again to make one") from None
    return MovableClock(system_clock.now() + offset)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result."""
    return asyncio.run(coroutine)


def exit_with_usage_error(option: str, reason: str) -> NoReturn:
    """Print a line that names the option, and exit with code 2."""
    typer.echo(f"error: {option}: {reason}", err=True)
    raise typer.Exit(2)


def read_text_argument(text: str) -> str:
    """Return a text argument; for ``-`` read it from standard input."""
    return sys.stdin.read() if text == "-" else text


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows with aligned columns; the last column is not padded."""
    if not rows:
        return
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)
        ]
        typer.echo("  ".join([*cells, row[-1]]).rstrip())


def humanize(name: str) -> str:
    """Return an identifier with spaces instead of underscores."""
    return name.replace("_", " ")


def format_day(day: date) -> str:
    """Return a date such as ``Wed 10 June 2026``."""
    return f"{day:%a} {day.day} {day:%B %Y}"


def format_instant(at: datetime, zone: tzinfo) -> str:
    """Return date and time in a zone, such as ``Wed 10 June 2026, 09:30``."""
    local = at.astimezone(zone)
    return f"{format_day(local.date())}, {local:%H:%M}"


def _width(text: str) -> int:
    """Return the columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def show_progress(table: str, done: int) -> None:
    """Show how many rows of a table are done, if standard error is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{table}: {done}")
        sys.stderr.flush()


def end_progress() -> None:
    """Clear the line of ``show_progress``."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
