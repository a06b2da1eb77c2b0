"""``privacydesk``: dispatches to the commands, and prints their errors.

A command's module is imported only when the command runs, so that the help loads no database
driver, for example, and ``deadline`` no web server.
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

from privacydesk.cli.error_messages import describe_operator_error
from privacydesk.errors import DeskError
from privacydesk.invocation import as_invoked

EXIT_FAILED = 1
EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """An entry in the list of commands.

    Attributes:
        target: ``module:attribute`` within ``privacydesk.cli``; a function or a ``typer.Typer``.
        help: the command's line in the list.
    """

    target: str
    help: str


COMMANDS: Final = {
    "demo": CommandEntry(
        "serve:demo", "Run everything on one port with sample people, to try it out."
    ),
    "serve": CommandEntry("serve:serve", "Serve the chat and work on requests."),
    "doctor": CommandEntry(
        "doctor:doctor", "Check settings, data, secrets and services; say what to do."
    ),
    "support-bundle": CommandEntry(
        "support_bundle:support_bundle", "Write what helps to find a fault, without personal data."
    ),
    "understand": CommandEntry(
        "understand:understand_app", "Parse messages; train and evaluate the network."
    ),
    "deadline": CommandEntry("deadline:deadline", "Print the date an answer is due, day by day."),
    "calendar": CommandEntry("calendar:calendar_app", "Working-day calendars and their overrides."),
    "profile": CommandEntry(
        "profile:profile_app", "The operator profile: import, show, list and restore versions."
    ),
    "policy": CommandEntry(
        "policy:policy_app", "The operator's policy: import, show, ask, compare."
    ),
    "dialogs": CommandEntry("play:dialogs_app", "Flows: check them, draw one, play one."),
    "agents": CommandEntry("agents:agents_app", "The staff who work on requests."),
    "tickets": CommandEntry("tickets:tickets_app", "Requests: list, show, decide them."),
    "tasks": CommandEntry("tasks:tasks_app", "What teams are asked to do for requests."),
    "conversations": CommandEntry(
        "conversations:conversations_app", "Conversations: take one over, reply, hand it back."
    ),
    "incidents": CommandEntry(
        "incidents:incidents_app", "Notices about security incidents: prepare, release, follow."
    ),
    "texts": CommandEntry("texts:texts_app", "Saved replies that staff write with."),
    "ticketing": CommandEntry(
        "ticketing:ticketing_app", "Synchronization of requests with the tickets of a helpdesk."
    ),
    "webhooks": CommandEntry(
        "webhooks:webhooks_app", "Webhooks: notify other systems about requests."
    ),
    "staff-channels": CommandEntry(
        "staff_channels:staff_channels_app", "Group chats in which staff are told of alarms."
    ),
    "schemas": CommandEntry(
        "schemas:schemas", "Descriptions for programs: OpenAPI, AsyncAPI, JSON Schemas."
    ),
    "tokens": CommandEntry("tokens:tokens_app", "Tokens of the HTTP API, for other systems."),
    "mcp": CommandEntry(
        "mcp:mcp", "Let assistants read requests, deadlines, policy and reports (MCP)."
    ),
    "app-tokens": CommandEntry(
        "app_tokens:app_tokens_app", "Tokens of the app's users: revoke them."
    ),
    "db": CommandEntry("db:db_app", "The database."),
    "keys": CommandEntry("keys:keys_app", "Secrets that a deployment needs."),
    "reports": CommandEntry(
        "reports:reports", "Figures of a period: punctuality, backlog, refusals."
    ),
    "packs": CommandEntry(
        "packs:packs_app", "Packs of evidence: minors' data, a period, a request."
    ),
    "retention": CommandEntry(
        "retention:retention_app", "Deletion of content after its retention period."
    ),
    "receipts": CommandEntry(
        "receipts:receipts_app", "Receipts of closed requests: verify them, check their logs."
    ),
    "audit": CommandEntry(
        "audit:audit_app", "The audit trail: list it, verify that nothing was changed."
    ),
}


class LazyGroup(TyperGroup):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command; None if there is none of that name."""
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
        """Find a command; for a misspelt name, suggest a similar one."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            # The base class suggests only commands that were imported, and none was.
            similar = get_close_matches(args[0], COMMANDS, 1) if args else []
            if similar:
                error.message += f" Did you mean {similar[0]!r}?"
            raise


def _load(name: str, entry: CommandEntry) -> Any:
    module, _, attribute = entry.target.partition(":")
    target = getattr(import_module(f"privacydesk.cli.{module}"), attribute)
    if isinstance(target, typer.Typer):
        sub_app = target
    else:
        sub_app = typer.Typer()
        sub_app.command(name)(target)
    sub_app.rich_markup_mode = None
    # Shell completion is offered at the top level only.
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


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"privacydesk {version('privacydesk')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Answer people's requests about their personal data, each by its date.

    Settings come from the environment (PRIVACYDESK_…) and from a file: the one that
    PRIVACYDESK_CONFIG names, else privacydesk.toml in the data folder.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and exit with 0, with 1 for a failure or with 2 for misuse."""
    command = get_command(app)
    try:
        code = command.main(
            list(arguments) if arguments is not None else None,
            prog_name="privacydesk",
            standalone_mode=False,
        )
    except typer.TyperException as error:
        _exit_with_usage(error)
    except DeskError as error:
        _exit_with_error(error.message)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(_EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last place to report it in one line
        if message := describe_operator_error(error):
            _exit_with_error(message)
        _exit_with_bug(error)
    sys.exit(code if isinstance(code, int) else 0)


def _exit_with_error(message: str, code: int = EXIT_FAILED) -> NoReturn:
    typer.echo(f"error: {as_invoked(' '.join(message.split()))}", err=True)
    sys.exit(code)


def _exit_with_usage(error: typer.TyperException) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        sys.exit(EXIT_USAGE)
    _exit_with_error(error.format_message(), error.exit_code)


def _exit_with_bug(error: Exception) -> NoReturn:
    import structlog  # noqa: PLC0415 - needed for bugs only

    from privacydesk import logs  # noqa: PLC0415

    if not structlog.is_configured():
        logs.set_up()
    structlog.get_logger(__name__).error("command_failed", exc_info=error)
    _exit_with_error(
        f"an internal fault ({type(error).__name__}): nothing more was done; the entry above says"
        " where, please report it"
    )
