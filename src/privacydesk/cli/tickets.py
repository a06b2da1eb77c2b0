"""``privacydesk tickets``: staff's work on requests, without a console.

``ticket_text`` has what is printed. Each command calls one method of ``services.staff``.
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
    misused,
    print_json,
    print_table,
    run,
    staff_rooms,
    words,
)
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.app import Rooms
    from privacydesk.domain.evidence import Evidence
    from privacydesk.services.staff.cases import Case
    from privacydesk.services.staff.handling import HandedOver
    from privacydesk.services.staff.staff import Staff
    from privacydesk.services.staff.staleness import Seen

tickets_app = typer.Typer(
    name="tickets", help="Requests: look at them, decide them.", no_args_is_help=True
)

Account = Annotated[
    str,
    typer.Option(
        "--account", metavar="ID", help="Whose account it is, where the request has none."
    ),
]

SeenVersion = Annotated[
    int | None,
    typer.Option(
        "--seen",
        metavar="VERSION",
        min=1,
        help="Refuse if the request is not of this version any more; `tickets show` has it.",
    ),
]

Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, in plain words, for the log.")
]


# -- looking -----------------------------------------------------------------------------------


@tickets_app.command("list")
def list_(
    states: Annotated[
        list[TicketState] | None,
        typer.Option("--state", help="Only these; may be repeated. Default: all but closed."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Only closed ones.")] = False,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="AGENT", help="Only what this agent holds.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List requests by their due date, with how far the count is."""
    chosen = _states(states, every=every, closed=closed)
    states_of = [state.value for state in chosen]
    found, damaged, reading = run(_list(data_dir, states_of, holder, limit))
    if as_json:
        print_json([reading.record(ticket) for ticket in found])
    elif found:
        print_table([reading.row(ticket) for ticket in found])
    else:
        typer.echo("No such requests.")
    if damaged:
        numbers = ", ".join(damaged)
        told = f"{len(damaged)} damaged, see privacydesk audit verify: {numbers}"
        typer.echo(told, err=True)


@tickets_app.command("show")
def show(number: Number, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Print a request: what is asked, its count day by day, evidence and log."""
    case, reading = run(_show(data_dir, number))
    if as_json:
        print_json(reading.full_record(case))
    else:
        typer.echo("\n".join(reading.lines(case)))


@tickets_app.command("evidence")
def evidence(
    number: Number,
    opened: Annotated[
        str | None, typer.Option("--open", metavar="ID", help="The file to open; this is logged.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file to write it to.")
    ] = None,
    allow: Annotated[
        bool,
        typer.Option(
            "--allow",
            help="Let the holder, or --for, open a child's files; supervisors only, logged.",
        ),
    ] = False,
    to_agent: Annotated[
        str, typer.Option("--for", metavar="AGENT", help="Whom --allow lets open them.")
    ] = "",
    by: Annotated[
        str | None, typer.Option("--as", metavar="AGENT", help="Who opens or allows it.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List what was handed in for a request, or open one file of it."""
    if allow:
        if by is None:
            misused("--as", "say who allows it")
        supervisor = by
        _acted(
            data_dir,
            by,
            lambda staff: staff.files.allow(number, supervisor, to=to_agent),
            as_json=as_json,
        )
        return
    if opened is not None:
        if to is None:
            misused("--to", "say which file to write")
        if by is None:
            misused("--as", "say who opens it")
        one = run(_open(data_dir, number, opened, by, to))
        typer.echo(f"Wrote {one.size:,} bytes of {one.media_type} to {to}. The opening was logged.")
        return
    case, reading = run(_show(data_dir, number))
    if as_json:
        print_json(ticket_text.evidence_records(case.evidence))
    elif case.evidence:
        print_table([reading.evidence_row(one) for one in case.evidence])
    else:
        typer.echo("Nothing was handed in.")


@tickets_app.command("ask-access")
def ask_access(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Ask the supervisors to be let open a child's files."""
    _acted(data_dir, by, lambda staff: staff.files.ask(number, by, reason), as_json=as_json)


@tickets_app.command("refuse-access")
def refuse_access(
    number: Number,
    by: By,
    reason: Reason,
    to: Annotated[str, typer.Option("--for", metavar="AGENT", help="Who asked.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Keep a child's files closed for an agent who asked. Supervisors only."""
    _acted(data_dir, by, lambda staff: staff.files.refuse(number, by, to, reason), as_json=as_json)


# -- acting ------------------------------------------------------------------------------------


@tickets_app.command("claim")
def claim(
    number: Number,
    by: By,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Also when another agent holds it.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Become the holder of a request."""
    over = None if take_over else ""
    _acted(data_dir, by, lambda staff: staff.handling.claim(number, by, over=over), as_json=as_json)


To = Annotated[
    str, typer.Option("--to", metavar="AGENT", help="Who gets it; left out: those nobody holds.")
]


@tickets_app.command("assign")
def assign(
    number: Number, by: By, to: To = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Give a request to somebody else: one's own, or as a supervisor anybody's."""
    _acted(data_dir, by, lambda staff: staff.handling.assign(number, by, to), as_json=as_json)


@tickets_app.command("hand-over")
def hand_over(
    by: By,
    holder: Annotated[
        str, typer.Option("--from", metavar="AGENT", help="Whose open requests, all of them.")
    ],
    to: To = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give all open requests of an absent agent to somebody else. Supervisors only."""
    handed = run(_hand_over(data_dir, holder, by, to))
    if as_json:
        print_json({"moved": handed.moved, "kept": list(handed.kept)})
        return
    typer.echo(f"Handed over: {handed.moved}.")
    if handed.kept:
        typer.echo(f"These stay, since {to} decided them first: {', '.join(handed.kept)}")


@tickets_app.command("reply")
def reply(
    number: Number,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to write; - reads standard input.")
    ],
    by: By,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for more: the request waits for the answer.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write to the user about a request. The clock runs on, also while an answer is awaited."""
    said = words(text)
    _acted(
        data_dir,
        by,
        lambda staff: (
            staff.handling.ask(number, by, said) if ask else staff.handling.reply(number, by, said)
        ),
        as_json=as_json,
    )


@tickets_app.command("examine")
def examine(
    number: Number,
    by: By,
    accept: Annotated[
        bool, typer.Option("--accept", help="The evidence shows it: the clock starts.")
    ] = False,
    reject: Annotated[bool, typer.Option("--reject", help="It does not; needs --reason.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why not; the user is told.")
    ] = "",
    account: Account = "",
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Settle whether evidence shows who asks. The files are removed then."""
    if accept == reject:
        misused("--accept, --reject", "give one of the two")
    if reject and not reason.strip():
        misused("--reason", "say why the evidence is not enough")
    _acted(
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
            help="The answer, where words are what is asked; else told beside the decision, as how"
            " a data file is handed over.",
        ),
    ] = "",
    account: Account = "",
    ground: Annotated[
        Ground | None, typer.Option("--ground", help="Of article 7, section 6; always recorded.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="In plain words; the user is told.")
    ] = "",
    withhold: Annotated[
        bool,
        typer.Option("--withhold", help="Cite the clause, not the ground (1 to 3; supervisors)."),
    ] = False,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Grant or refuse a request. The decision is told to the user and stops the clock."""
    if grant == refuse:
        misused("--grant, --refuse", "give one of the two")
    if grant:
        for option, given in (("--ground", ground), ("--reason", reason), ("--withhold", withhold)):
            if given:
                misused(option, "goes with --refuse")
        _acted(
            data_dir,
            by,
            lambda staff: staff.decisions.grant(
                number, by, text=words(text), account=account, seen=seen
            ),
            as_json=as_json,
        )
        return
    if ground is None:
        misused("--ground", f"name one of {', '.join(one.value for one in Ground)}")
    if not reason.strip():
        misused("--reason", "say why, in plain words")
    for option, given in (("--text", text), ("--account", account)):
        if given:
            misused(option, "goes with --grant")
    _acted(
        data_dir,
        by,
        lambda staff: staff.decisions.refuse(
            number, by, ground=ground, reason=reason, withhold=withhold, seen=seen
        ),
        as_json=as_json,
    )


@tickets_app.command("confirm")
def confirm(
    number: Number,
    by: By,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Confirm what another agent decided, where that takes two: it is done and told.

    Without --seen the request is shown, and asked about.
    """
    looked = _looked(data_dir, number, seen, "Confirm this decision?")
    _acted(
        data_dir,
        by,
        lambda staff: staff.decisions.confirm(number, by, seen=looked),
        as_json=as_json,
    )


@tickets_app.command("send-back")
def send_back(
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="What is not right; for staff alone.")
    ],
    by: By,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take a decision back that waits for a second agent.

    Without --seen the request is shown, and asked about.
    """
    looked = _looked(data_dir, number, seen, "Send this decision back?")
    _acted(
        data_dir,
        by,
        lambda staff: staff.decisions.send_back(number, by, reason, seen=looked),
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
        str, typer.Option("--reason", metavar="TEXT", help="In plain words; the user is told.")
    ],
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give a request more time. Supervisors only; lateness is measured by the first date."""
    _acted(
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
    """Ask the supervisors to look at a request. Its holder and its clock stay as they are."""
    _acted(
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
    """Have the account that was stopped for a request restored. Supervisors only."""
    _acted(
        data_dir,
        by,
        lambda staff: staff.restorations.restore(number, by, reason, seen=seen),
        as_json=as_json,
    )


@tickets_app.command("answer-escalation")
def answer_escalation(
    number: Number,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="How to go on; - reads standard input.")
    ],
    by: By,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Answer an agent who asked the supervisors. Supervisors only; the user sees none of it."""
    said = words(text)
    _acted(data_dir, by, lambda staff: staff.escalations.answer(number, by, said), as_json=as_json)


@tickets_app.command("merge")
def merge(
    number: Number,
    by: By,
    into: Annotated[
        str, typer.Option("--into", metavar="NUMBER", help="The request that goes on.")
    ],
    reason: Reason,
    seen: SeenVersion = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Close a request as the duplicate of another of the same person, who is told which goes on."""
    _acted(
        data_dir,
        by,
        lambda staff: staff.merging.merge(number, by, into, reason, seen=seen),
        as_json=as_json,
    )


@tickets_app.command("hold")
def hold(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Put a request under legal hold: nothing of it goes. Supervisors only."""
    _acted(data_dir, by, lambda staff: staff.holds.hold(number, by, reason), as_json=as_json)


@tickets_app.command("release-hold")
def release_hold(
    number: Number, by: By, reason: Reason, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Release a legal hold; what is over its period goes with the next retention run."""
    _acted(data_dir, by, lambda staff: staff.holds.release(number, by, reason), as_json=as_json)


# -- with the rooms ----------------------------------------------------------------------------


def _looked(data_dir: Path | None, number: str, seen: int | None, question: str) -> Seen:
    """Return what the act is based on: the named version, or else the request as it is shown."""
    if seen is not None:
        return seen
    if not sys.stdin.isatty():
        misused("--seen", "say which version was looked at, or run this in a terminal")
    case, reading = run(_show(data_dir, number))
    if case.ticket.work.proposal is not None:
        # To standard error: a program may read the answer.
        typer.echo("\n".join(reading.lines(case)), err=True)
        if not typer.confirm(question, err=True):
            raise typer.Exit(1)
    return case.sight


def _acted(
    data_dir: Path | None, by: str, act: Callable[[Staff], Awaitable[Ticket]], *, as_json: bool
) -> None:
    """Do something and print how the request stands now."""
    ticket, reading = run(_act(data_dir, by, act))
    if as_json:
        print_json(reading.record(ticket))
    else:
        print_table([reading.row(ticket)])


async def _act(
    data_dir: Path | None, by: str, act: Callable[[Staff], Awaitable[Ticket]]
) -> tuple[Ticket, ticket_text.Reading]:
    async with staff_rooms(data_dir) as rooms:
        await rooms.staff.roster.person(by)
        return await act(rooms.staff), _reading(rooms)


async def _hand_over(data_dir: Path | None, holder: str, by: str, to: str) -> HandedOver:
    async with staff_rooms(data_dir) as rooms:
        await rooms.staff.roster.person(by)
        return await rooms.staff.handling.hand_over(holder, by, to)


async def _list(
    data_dir: Path | None, states: list[str], holder: str | None, limit: int
) -> tuple[tuple[Ticket, ...], tuple[str, ...], ticket_text.Reading]:
    async with staff_rooms(data_dir) as rooms:
        cases = rooms.staff.cases
        found = await cases.list(states=states, holder=holder, limit=limit)
        return found, await cases.damaged(), _reading(rooms)


async def _show(data_dir: Path | None, number: str) -> tuple[Case, ticket_text.Reading]:
    async with staff_rooms(data_dir) as rooms:
        return await rooms.staff.cases.case(number), _reading(rooms)


async def _open(data_dir: Path | None, number: str, name: str, by: str, to: Path) -> Evidence:
    async with staff_rooms(data_dir) as rooms:
        await rooms.staff.roster.person(by)
        try:
            # Created before the opening is logged, so that no failed opening is logged.
            file = os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        except OSError as error:
            raise SettingsError(f"--to: {to} can't be made: {error.strerror}") from None
        with file:
            try:
                one = await rooms.staff.evidence.open(number, name, by)
                file.write(one.body)
            except BaseException:
                to.unlink(missing_ok=True)  # noqa: ASYNC240 - one local file, at the end of its life
                raise
        return one


def _states(named: list[TicketState] | None, *, every: bool, closed: bool) -> Sequence[TicketState]:
    if sum(map(bool, (named, every, closed))) > 1:
        misused("--state, --all, --closed", "give one of them")
    if closed:
        return (TicketState.CLOSED,)
    if every:
        return tuple(TicketState)
    return named or [state for state in TicketState if state is not TicketState.CLOSED]


def _reading(rooms: Rooms) -> ticket_text.Reading:
    return ticket_text.Reading(rooms.deadlines, rooms.clock.now())
