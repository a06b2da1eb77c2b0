"""``privacydesk``: finds the command, and reports errors in words.

A command's module is imported when it runs, not before: the list of commands costs no database
driver, and ``deadline`` no web server.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from privacydesk.calling import as_called
from privacydesk.cli.refusals import refused_by_system
from privacydesk.errors import DeskError

EXIT_FAILED = 1
EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives.

    Attributes:
        place: ``module:attribute`` within ``privacydesk.cli``; a function or a ``typer.Typer``.
        help: its line in the list of commands.
    """

    place: str
    help: str


COMMANDS: Final = {
    "demo": Entry("serve:demo", "Run everything on one port with sample people, to try it out."),
    "serve": Entry("serve:serve", "Serve the chat and work on requests."),
    "understand": Entry("understand:understand_app", "What sentences ask for; train the model."),
    "deadline": Entry("deadline:deadline", "Print the date an answer is due, day by day."),
    "calendar": Entry("calendar:calendar_app", "Working-day calendars and their overrides."),
    "policy": Entry("policy:policy_app", "The operator's policy: import it, look at it, ask it."),
    "dialogs": Entry("play:dialogs_app", "Flows: prove them, draw one, play one."),
    "agents": Entry("agents:agents_app", "The people who work on requests."),
    "tickets": Entry("tickets:tickets_app", "Requests: look at them, decide them."),
    "conversations": Entry(
        "conversations:conversations_app", "Conversations: take one over, reply, hand it back."
    ),
    "texts": Entry("texts:texts_app", "Saved replies that staff write with."),
    "ticketing": Entry(
        "ticketing:ticketing_app", "Requests kept alike with the tickets of a helpdesk."
    ),
    "webhooks": Entry("webhooks:webhooks_app", "Tell other systems what happens to requests."),
    "tokens": Entry("tokens:tokens_app", "Tokens of the HTTP API, for other systems."),
    "app-tokens": Entry("app_tokens:app_tokens_app", "Tokens of the app's users: revoke them."),
    "db": Entry("db:db_app", "The database."),
    "keys": Entry("keys:keys_app", "Secrets that a deployment needs."),
    "reports": Entry("reports:reports", "Figures of a period: punctuality, backlog, refusals."),
    "retention": Entry("retention:retention_app", "Incoming away what was kept for its period."),
    "audit": Entry("audit:audit_app", "Who did what: look at it, check that nothing was changed."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order in which help lists them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command; None when there is none of that name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name, entry)
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command; a misspelt one is answered with the likely name."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            # The group itself only suggests commands that were imported, and none was.
            likely = get_close_matches(args[0], COMMANDS, 1) if args else []
            if likely:
                error.message += f" Did you mean {likely[0]!r}?"
            raise


def _load(name: str, entry: Entry) -> Any:
    module, _, attribute = entry.place.partition(":")
    found = getattr(import_module(f"privacydesk.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        sub_app = found
    else:
        sub_app = typer.Typer()
        sub_app.command(name)(found)
    sub_app.rich_markup_mode = None
    # Completion is only offered at the top level.
    sub_app._add_completion = False  # noqa: SLF001 - typer has no public name for it
    command = get_command(sub_app)
    command.name = name
    return command


app = typer.Typer(
    name="privacydesk",
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"privacydesk {version('privacydesk')}")
        raise typer.Exit


@app.callback()
def top(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_tell_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Answer people's requests about their personal data, each by its date.

    Settings come from the environment (PRIVACYDESK_…) and from a file: the one that
    PRIVACYDESK_CONFIG names, else privacydesk.toml in the data folder.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code: 0, 1 for failed, 2 for misused."""
    command = get_command(app)
    try:
        code = command.main(
            list(arguments) if arguments is not None else None,
            prog_name="privacydesk",
            standalone_mode=False,
        )
    except typer.TyperException as error:
        _leave_usage(error)
    except DeskError as error:
        _leave(error.message)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(_EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last place where it can be told in one line
        _leave(told) if (told := refused_by_system(error)) else _leave_unknown(error)
    sys.exit(code if isinstance(code, int) else 0)


def _leave(message: str, code: int = EXIT_FAILED) -> NoReturn:
    typer.echo(f"error: {as_called(' '.join(message.split()))}", err=True)
    sys.exit(code)


def _leave_usage(error: typer.TyperException) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        sys.exit(EXIT_USAGE)
    _leave(error.format_message(), error.exit_code)


def _leave_unknown(error: Exception) -> NoReturn:
    import structlog  # noqa: PLC0415 - only a fault needs it

    from privacydesk import logs  # noqa: PLC0415

    if not structlog.is_configured():
        logs.set_up()
    structlog.get_logger(__name__).error("command_failed", exc_info=error)
    _leave(
        f"an internal fault ({type(error).__name__}): nothing more was done; the entry above says"
        " where, please report it"
    )
