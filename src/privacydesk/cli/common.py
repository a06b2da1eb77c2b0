"""What commands share: options, settings, opened rooms, and words for people."""

from __future__ import annotations

import asyncio
import json
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
    from privacydesk.app import Rooms, Upkeep
    from privacydesk.domain.account import AccountAnswer
    from privacydesk.domain.account_terms import AccountAction
    from privacydesk.domain.code_delivery import SendAnswer
    from privacydesk.domain.quotes import PolicyAnswer
    from privacydesk.domain.turn import Observed
    from privacydesk.settings import Settings

T = TypeVar("T")

SETTINGS_FILE: Final = "privacydesk.toml"
"""Looked for in the data folder, so that a command finds the settings of the desk it works on."""

_DEMO_CLOCK: Final = "demo-clock.json"

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
    str, typer.Option("--as", metavar="AGENT", help="Who acts: a name from `agents list`.")
]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The request's number, in any spelling.")
]


def load(data_dir: Path | None, **given: Any) -> Settings:
    """Build the settings for a data folder, with the file in it unless another is named.

    Raises:
        SettingsError: a setting is wrong; the message names it.
    """
    from privacydesk.settings import load_settings  # noqa: PLC0415 - costs half a second

    file = (data_dir or _DEFAULT_DATA_DIR) / SETTINGS_FILE
    found = file if file.is_file() else None
    if data_dir is not None:
        given["data_dir"] = data_dir
        if found is not None:
            _check_folder(found, data_dir)
    return load_settings(found, **given)


def _check_folder(file: Path, data_dir: Path) -> None:
    """Refuse a copied folder: one whose settings file names another, where the database is.

    Raises:
        SettingsError: it does.
    """
    try:
        named = tomllib.loads(file.read_text("utf-8")).get("data_dir")
    except (OSError, ValueError):
        # Reported when the settings are read.
        return
    if isinstance(named, str) and Path(named).resolve() != data_dir.resolve():
        raise SettingsError(
            f"{file} names another folder, {named}: take `data_dir` and `database_url` out of it,"
            " or name that folder",
            key="data_dir",
        )


class LeftToServe:
    """A stub for outside services: commands record what to do, ``serve`` does it."""

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Refuse; see ``domain.account.AccountService``."""
        del action, account, payload, key
        raise UnavailableError("a command asks nothing of the account service")

    async def send(
        self, to: object, template: str, locale: str, code: str, *, key: str
    ) -> SendAnswer:
        """Refuse; see ``domain.codes.CodeSender``."""
        del to, template, locale, code, key
        raise UnavailableError("a command sends no codes")

    async def notify(self, to: object, notice: object, *, key: str) -> SendAnswer:
        """Refuse; see ``domain.notices.NoticeGateway``."""
        del to, notice, key
        raise UnavailableError("a command sends no notices")

    async def hear(
        self, text: str, whose: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observed:
        """Refuse; see ``ports.Understanding``."""
        del text, whose, today, question
        raise UnavailableError("a command hears nobody")

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Refuse; see ``ports.Understanding``."""
        del question, whose
        raise UnavailableError("a command answers nobody")

    async def go_by(self, policy: str, digest: str) -> None:
        """Refuse; see ``ports.Understanding``."""
        del policy, digest
        raise UnavailableError("a command answers nobody")


@asynccontextmanager
async def staff_rooms(data_dir: Path | None) -> AsyncIterator[Rooms]:
    """Open the rooms beside a running ``serve``, for one short piece of work.

    Raises:
        SettingsError: a setting is missing or wrong, or the database needs ``db upgrade``.
    """
    from privacydesk import logs  # noqa: PLC0415 - these two bring the database and the web along
    from privacydesk.app import Outside, open_rooms  # noqa: PLC0415

    settings = load(data_dir)
    logs.set_up("error", as_json=settings.log_json)
    outside = Outside(LeftToServe(), LeftToServe())
    clock = clock_of(settings.data_dir)
    async with open_rooms(
        settings,
        outside,
        profile=settings.operator(),
        clock=clock,
        understanding=LeftToServe(),
        beside_serve=True,
    ) as rooms:
        yield rooms


def upkeep_of(rooms: Rooms) -> Upkeep:
    """Return the database's upkeep; commands always have one."""
    return rooms.upkeep


def clock_of(data_dir: Path) -> Clock:
    """Return the machine's clock, or the demo's if this is its folder.

    The demo's clock can be moved ahead; it records how far. It is only read here, so that it is
    never moved back by a command.
    """
    system = SystemClock()
    file = data_dir / _DEMO_CLOCK
    if not file.is_file():
        return system
    try:
        ahead = timedelta(seconds=float(json.loads(file.read_text("utf-8"))["ahead_seconds"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        raise SettingsError(f"{file} holds no clock; start the demo again to make one") from None
    return MovableClock(system.now() + ahead)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work and return its result."""
    return asyncio.run(work)


def misused(option: str, why: str) -> NoReturn:
    """End the command with exit code 2 and one line that names the option."""
    typer.echo(f"error: {option}: {why}", err=True)
    raise typer.Exit(2)


def words(text: str) -> str:
    """Return a text given on the command line; ``-`` reads standard input."""
    return sys.stdin.read() if text == "-" else text


def print_json(value: Any) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows with aligned columns; the last one is as long as it is."""
    if not rows:
        return
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)
        ]
        typer.echo("  ".join([*cells, row[-1]]).rstrip())


def plain(name: str) -> str:
    """Return an identifier of the code as words."""
    return name.replace("_", " ")


def day_text(day: date) -> str:
    """Return a day as people write it."""
    return f"{day:%a} {day.day} {day:%B %Y}"


def instant_text(at: datetime, zone: tzinfo) -> str:
    """Return an instant as people write it, to the minute, in the operator's zone."""
    local = at.astimezone(zone)
    return f"{day_text(local.date())}, {local:%H:%M}"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def show_progress(table: str, done: int, total: int = 0) -> None:
    """Show on a terminal how many rows of a table are done; print nothing for programs."""
    if sys.stderr.isatty():
        of = f" of {total}" if total else ""
        sys.stderr.write(f"\r\x1b[K{table}: {done}{of}")
        sys.stderr.flush()


def end_progress() -> None:
    """Clear what ``show_progress`` shows."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
