"""``privacydesk tickets``: work on requests, without the console.

Each command calls one method of ``services.staff``; ``ticket_text`` formats the output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privacydesk.cli import ticket_text
from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    Number,
    command_services,
    exit_with_usage_error,
    print_json,
    print_table,
    read_text_argument,
    run,
)
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.app import Services
    from privacydesk.domain.evidence import Evidence
    from privacydesk.services.staff.handling import HandoverResult
    from privacydesk.services.staff.services import StaffServices
    from privacydesk.services.staff.staleness import SeenState
    from privacydesk.services.staff.ticket_lookup import TicketDetails

tickets_app = typer.Typer(
    name="tickets", help="Requests: list, show, decide them.", no_args_is_help=True
)

Account = Annotated[
    str,
    typer.Option(
        "--account", metavar="ID", help="The requester's account, if the request names none."
    ),
]

SeenVersion = Annotated[
    int | None,
    typer.Option(
        "--seen",
        metavar="VERSION",
        min=1,
        help="The version you saw, from `tickets show`; the command is refused if the request has"
        " changed since.",
    ),
]

CarriedOut = Annotated[
    bool,
    typer.Option(
        "--carried-out", help="What has to be done by hand is done; else it becomes a task."
    ),
]

Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, in plain words, for the log.")
]


# -- reading -----------------------------------------------------------------------------------


@tickets_app.command("list")
def list_(
    states: Annotated[
        list[TicketState] | None,
        typer.Option("--state", help="Only this state; may be repeated. Default: all but closed."),
    ] = None,
    include_closed: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Only closed ones.")] = False,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="AGENT", help="Only what this agent holds.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List requests by due date, with the days counted so far."""
    selected = [
        state.value
        for state in _selected_states(states, include_closed=include_closed, only_closed=closed)
    ]
    tickets, damaged, formatter = run(_list(data_dir, selected, holder, limit))
    if as_json:
        print_json([formatter.record(ticket) for ticket in tickets])
    elif tickets:
        print_table([formatter.row(ticket) for ticket in tickets])
    else:
        typer.echo("No such requests.")
    if damaged:
        numbers = ", ".join(damaged)
        message = f"{len(damaged)} damaged, see privacydesk audit verify: {numbers}"
        typer.echo(message, err=True)


@tickets_app.command("show")
def show(number: Number, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Print a request: its items, the count of days, evidence and log."""
    case, formatter = run(_show(data_dir, number))
    if as_json:
        print_json(formatter.full_record(case))
    else:
        typer.echo("\n".join(formatter.lines(case)))


@tickets_app.command("evidence")
def evidence(
    number: Number,
    opened: Annotated[
        str | None,
        typer.Option("--open", metavar="ID", help="The file to open; opening it is logged."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="The file to create.")
    ] = None,
    allow: Annotated[
        bool,
        typer.Option(
            "--allow",
            help="Allow the holder, or the agent in --for, to open a child's files. Supervisors"
            " only; this is logged.",
        ),
    ] = False,
    to_agent: Annotated[
        str, typer.Option("--for", metavar="AGENT", help="The agent whom --allow lets open them.")
    ] = "",
    by: Annotated[
        str | None, typer.Option("--as", metavar="AGENT", help="The agent who opens or allows it.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the evidence of a request, or open a file of it."""
    if allow:
        if by is None:
            exit_with_usage_error("--as", "say who allows it")
        supervisor = by
        _run_action(
            data_dir,
            by,
            lambda staff: staff.file_access.grant(number, supervisor, to=to_agent),
            as_json=as_json,
        )
        return
    if opened is not None:
        if to is None:
            exit_with_usage_error("--to", "say which file to write")
        if by is None:
            exit_with_usage_error("--as", "say who opens it")
        file = run(_open(data_dir, number, opened, by, to))
        typer.echo(f"Wrote {file.size:,} bytes of {file.media_type} to {to}. This was logged.")
        return
    case, formatter = run(_show(data_dir, number))
    if as_json:
        print_json(ticket_text.evidence_records(case.evidence))
    elif case.evidence:
        print_table([formatter.evidence_row(file) for file in case.evidence])
    else:
        typer.echo("Nothing was handed in.")


@tickets_app.command("ask-access")
def ask_access(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Ask the supervisors for access to a child's files."""
    _run_action(
        data_dir, by, lambda staff: staff.file_access.request(number, by, reason), as_json=as_json
    )


@tickets_app.command("refuse-access")
def refuse_access(
    number: Number,
    by: By,
    reason: Reason,
    to: Annotated[str, typer.Option("--for", metavar="AGENT", help="The agent who asked.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Refuse an agent's request for access to a child's files. Supervisors only."""
    _run_action(
        data_dir, by, lambda staff: staff.file_access.deny(number, by, to, reason), as_json=as_json
    )


# -- actions -----------------------------------------------------------------------------------


@tickets_app.command("claim")
def claim(
    number: Number,
    by: By,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Even if another agent is the holder.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Become the holder of a request."""
    expected_holder = None if take_over else ""
    _run_action(
        data_dir,
        by,
        lambda staff: staff.handling.claim(number, by, expected_holder=expected_holder),
        as_json=as_json,
    )


To = Annotated[str, typer.Option("--to", metavar="AGENT", help="The new holder. Default: nobody.")]


@tickets_app.command("assign")
def assign(
    number: Number, by: By, to: To = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Assign a request to another agent: your own, or as a supervisor any."""
    _run_action(data_dir, by, lambda staff: staff.handling.assign(number, by, to), as_json=as_json)


@tickets_app.command("hand-over")
def hand_over(
    by: By,
    holder: Annotated[
        str,
        typer.Option(
            "--from", metavar="AGENT", help="The agent whose open requests are handed over."
        ),
    ],
    to: To = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Assign all open requests of an absent agent to another one. Supervisors only."""
    result = run(_hand_over(data_dir, holder, by, to))
    if as_json:
        print_json({"moved": result.moved_count, "kept": list(result.kept_numbers)})
        return
    typer.echo(f"Handed over: {result.moved_count}.")
    if result.kept_numbers:
        kept = ", ".join(result.kept_numbers)
        typer.echo(f"These stay, since {to} made the first decision on them: {kept}")


@tickets_app.command("reply")
def reply(
    number: Number,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to write; - reads standard input.")
    ],
    by: By,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the user: the request waits for the answer.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write to the user about a request. The deadline is not suspended, even with --ask."""
    message = read_text_argument(text)
    _run_action(
        data_dir,
        by,
        lambda staff: (
            staff.handling.ask_requester(number, by, message)
            if ask
            else staff.handling.reply(number, by, message)
        ),
        as_json=as_json,
    )


@tickets_app.command("examine")
def examine(
    number: Number,
    by: By,
    accept: Annotated[
        bool, typer.Option("--accept", help="The evidence is sufficient: the deadline starts.")
    ] = False,
    reject: Annotated[bool, typer.Option("--reject", help="It is not; needs --reason.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why not; shown to the user.")
    ] = "",
    account: Account = "",
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Accept or reject the evidence of the requester's identity. Its files are deleted then."""
    if accept == reject:
        exit_with_usage_error("--accept, --reject", "give one of the two")
    if reject and not reason.strip():
        exit_with_usage_error("--reason", "say why the evidence is not enough")
    _run_action(
        data_dir,
        by,
        lambda staff: staff.examinations.examine(
            number, by, accepted=accept, reason=reason, account=account, seen=seen
        ),
        as_json=as_json,
    )


@tickets_app.command("decide")
def decide(
    number: Number,
    by: By,
    grant: Annotated[bool, typer.Option("--grant", help="Do what is asked.")] = False,
    refuse: Annotated[
        bool, typer.Option("--refuse", help="Refuse it; needs --ground and --reason.")
    ] = False,
    text: Annotated[
        str,
        typer.Option(
            "--text",
            metavar="TEXT",
            help="The answer, if the request is a question; else a note to the user, such as how"
            " a data file is delivered.",
        ),
    ] = "",
    account: Account = "",
    ground: Annotated[
        Ground | None,
        typer.Option("--ground", help="One of those in article 7, section 6; always recorded."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="In plain words; shown to the user.")
    ] = "",
    withhold: Annotated[
        bool,
        typer.Option("--withhold", help="Cite the clause, not the ground (1 to 3; supervisors)."),
    ] = False,
    abuse_request: Annotated[
        list[str] | None,
        typer.Option(
            "--abuse-request",
            metavar="NUMBER",
            help="For the ground malice_or_abuse: a request that shows it; repeatable.",
        ),
    ] = None,
    abuse_facts: Annotated[
        str,
        typer.Option(
            "--abuse-facts", metavar="TEXT", help="What these requests show; for staff alone."
        ),
    ] = "",
    carried_out: CarriedOut = False,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Grant or refuse a request. The user is informed, and the deadline stops.

    What nothing carries out by itself becomes a task, unless --carried-out says that it is done.
    """
    if grant == refuse:
        exit_with_usage_error("--grant, --refuse", "give one of the two")
    if grant:
        for option, given in (("--ground", ground), ("--reason", reason), ("--withhold", withhold)):
            if given:
                exit_with_usage_error(option, "goes with --refuse")
        _run_action(
            data_dir,
            by,
            lambda staff: staff.decisions.grant(
                number,
                by,
                text=read_text_argument(text),
                account=account,
                carried_out=carried_out,
                seen=seen,
            ),
            as_json=as_json,
        )
        return
    if ground is None:
        exit_with_usage_error(
            "--ground", f"name one of {', '.join(ground.value for ground in Ground)}"
        )
    if not reason.strip():
        exit_with_usage_error("--reason", "say why, in plain words")
    for option, given in (
        ("--text", text),
        ("--account", account),
        ("--carried-out", carried_out),
    ):
        if given:
            exit_with_usage_error(option, "goes with --grant")
    _run_action(
        data_dir,
        by,
        lambda staff: staff.decisions.refuse(
            number,
            by,
            ground=ground,
            reason=reason,
            withhold=withhold,
            abuse_requests=tuple(abuse_request or ()),
            abuse_facts=abuse_facts,
            seen=seen,
        ),
        as_json=as_json,
    )


@tickets_app.command("confirm")
def confirm(
    number: Number,
    by: By,
    carried_out: CarriedOut = False,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Confirm another agent's decision that needs two agents. It is carried out then.

    Without --seen the request is shown first, and you are asked.
    """
    confirmed = _confirm_seen(data_dir, number, seen, "Confirm this decision?")
    _run_action(
        data_dir,
        by,
        lambda staff: staff.decisions.confirm(number, by, seen=confirmed, carried_out=carried_out),
        as_json=as_json,
    )


@tickets_app.command("send-back")
def send_back(
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="What is wrong; only staff see it.")
    ],
    by: By,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Send back a decision that waits for a second agent.

    Without --seen the request is shown first, and you are asked.
    """
    confirmed = _confirm_seen(data_dir, number, seen, "Send this decision back?")
    _run_action(
        data_dir,
        by,
        lambda staff: staff.decisions.send_back(number, by, reason, seen=confirmed),
        as_json=as_json,
    )


@tickets_app.command("extend")
def extend(
    number: Number,
    by: By,
    working_days: Annotated[
        int, typer.Option("--working-days", metavar="N", min=1, max=365, help="How many more.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="In plain words; shown to the user.")
    ],
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Extend a request's deadline. Supervisors only; lateness is measured by the first one."""
    _run_action(
        data_dir,
        by,
        lambda staff: staff.handling.extend(
            number, by, working_days=working_days, reason=reason, seen=seen
        ),
        as_json=as_json,
    )


@tickets_app.command("escalate")
def escalate(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Escalate a request to the supervisors. Its holder and deadline don't change."""
    _run_action(
        data_dir, by, lambda staff: staff.escalations.escalate(number, by, reason), as_json=as_json
    )


@tickets_app.command("restore")
def restore(
    number: Number,
    by: By,
    reason: Reason,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Restore the account that was suspended for a request. Supervisors only."""
    _run_action(
        data_dir,
        by,
        lambda staff: staff.restorations.restore(number, by, reason, seen=seen),
        as_json=as_json,
    )


@tickets_app.command("answer-escalation")
def answer_escalation(
    number: Number,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="How to proceed; - reads standard input.")
    ],
    by: By,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Answer an agent's escalation. Supervisors only; the user does not see it."""
    message = read_text_argument(text)
    _run_action(
        data_dir, by, lambda staff: staff.escalations.answer(number, by, message), as_json=as_json
    )


@tickets_app.command("merge")
def merge(
    number: Number,
    by: By,
    into: Annotated[
        str, typer.Option("--into", metavar="NUMBER", help="The request that stays open.")
    ],
    reason: Reason,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Close a request as a duplicate of another one of the same person, who is informed."""
    _run_action(
        data_dir,
        by,
        lambda staff: staff.merges.merge(number, by, into, reason, seen=seen),
        as_json=as_json,
    )


@tickets_app.command("hold")
def hold(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Put a request under legal hold: none of its content is deleted. Supervisors only."""
    _run_action(
        data_dir, by, lambda staff: staff.holds.set_hold(number, by, reason), as_json=as_json
    )


@tickets_app.command("release-hold")
def release_hold(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Release a legal hold; expired content is deleted with the next retention run."""
    _run_action(
        data_dir, by, lambda staff: staff.holds.clear_hold(number, by, reason), as_json=as_json
    )


# -- implementation ----------------------------------------------------------------------------


def _confirm_seen(data_dir: Path | None, number: str, seen: int | None, question: str) -> SeenState:
    """Return the state on which the action is based: the given version, or the one shown now."""
    if seen is not None:
        return seen
    if not sys.stdin.isatty():
        exit_with_usage_error("--seen", "name the version you saw, or run this in a terminal")
    case, formatter = run(_show(data_dir, number))
    if case.ticket.work.proposal is not None:
        # To standard error, since a program may read standard output.
        typer.echo("\n".join(formatter.lines(case)), err=True)
        if not typer.confirm(question, err=True):
            raise typer.Exit(1)
    return case.digest


def _run_action(
    data_dir: Path | None,
    by: str,
    action: Callable[[StaffServices], Awaitable[Ticket]],
    *,
    as_json: bool,
) -> None:
    """Run an action and print the state of the request after it."""
    ticket, formatter = run(_call_action(data_dir, by, action))
    if as_json:
        print_json(formatter.record(ticket))
    else:
        print_table([formatter.row(ticket)])


async def _call_action(
    data_dir: Path | None, by: str, action: Callable[[StaffServices], Awaitable[Ticket]]
) -> tuple[Ticket, ticket_text.TicketFormatter]:
    async with command_services(data_dir) as services:
        await services.staff.roster.person(by)
        return await action(services.staff), _formatter(services)


async def _hand_over(data_dir: Path | None, holder: str, by: str, to: str) -> HandoverResult:
    async with command_services(data_dir) as services:
        await services.staff.roster.person(by)
        return await services.staff.handling.hand_over(holder, by, to)


async def _list(
    data_dir: Path | None, states: list[str], holder: str | None, limit: int
) -> tuple[tuple[Ticket, ...], tuple[str, ...], ticket_text.TicketFormatter]:
    async with command_services(data_dir) as services:
        lookup = services.staff.tickets
        tickets = await lookup.list_tickets(states=states, holder=holder, limit=limit)
        return tickets, await lookup.unreadable_numbers(), _formatter(services)


async def _show(
    data_dir: Path | None, number: str
) -> tuple[TicketDetails, ticket_text.TicketFormatter]:
    async with command_services(data_dir) as services:
        return await services.staff.tickets.details(number), _formatter(services)


async def _open(data_dir: Path | None, number: str, name: str, by: str, to: Path) -> Evidence:
    async with command_services(data_dir) as services:
        await services.staff.roster.person(by)
        try:
            # Created first, so that opening the evidence is not logged if this fails.
            file = os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        except OSError as error:
            raise SettingsError(f"--to: {to} can't be created: {error.strerror}") from None
        with file:
            try:
                evidence_file = await services.staff.evidence.open(number, name, by)
                file.write(evidence_file.body)
            except BaseException:
                to.unlink(missing_ok=True)  # noqa: ASYNC240 - a local file that was just created
                raise
        return evidence_file


def _selected_states(
    named: list[TicketState] | None, *, include_closed: bool, only_closed: bool
) -> Sequence[TicketState]:
    if sum(map(bool, (named, include_closed, only_closed))) > 1:
        exit_with_usage_error("--state, --all, --closed", "give one of them")
    if only_closed:
        return (TicketState.CLOSED,)
    if include_closed:
        return tuple(TicketState)
    return named or [state for state in TicketState if state is not TicketState.CLOSED]


def _formatter(services: Services) -> ticket_text.TicketFormatter:
    return ticket_text.TicketFormatter(services.deadlines, services.clock.now())
