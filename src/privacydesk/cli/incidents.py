"""``privacydesk incidents``: preparing, releasing and following notices about incidents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    command_services,
    exit_with_usage_error,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.incidents import (
    Audience,
    Incident,
    IncidentDraft,
    IncidentProgress,
    NoticePart,
    NoticeText,
)

if TYPE_CHECKING:
    from privacydesk.services.staff.incidents import Incidents

T = TypeVar("T")

_LOCALES: Final = ("zh_Hans", "zh_Hant", "en")
incidents_app = typer.Typer(
    name="incidents",
    help="Notices about security incidents: prepare, release, follow them.",
    no_args_is_help=True,
)

_Id = Annotated[
    str, typer.Argument(metavar="INCIDENT", help="Its id, or the end of it, as `list` prints it.")
]


@incidents_app.callback()
def incidents() -> None:
    """Notices about security incidents; one person prepares a notice, another releases it."""


@incidents_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List notices, newest first, with how far they have come."""

    async def read(incidents: Incidents) -> list[tuple[Incident, IncidentProgress]]:
        return [(one, await incidents.progress(one)) for one in await incidents.all()]

    rows = run(_with_incidents(data_dir, read))
    if as_json:
        print_json([_record(one, progress) for one, progress in rows])
    elif rows:
        print_table([_row(one, progress) for one, progress in rows])
    else:
        typer.echo("No notice yet.")


@incidents_app.command("show")
def show(incident: _Id, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show a notice: its texts, and what became of it."""

    async def read(incidents: Incidents) -> tuple[Incident, IncidentProgress]:
        found = await incidents.find(incident)
        return found, await incidents.progress(found)

    found, progress = run(_with_incidents(data_dir, read))
    if as_json:
        print_json(_record(found, progress))
        return
    _print(found, progress)


@incidents_app.command("prepare")
def prepare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What staff call the incident.")],
    texts: Annotated[
        Path,
        typer.Option(
            "--texts",
            metavar="FILE",
            help="YAML: zh_Hans, zh_Hant and en, each with facts, measures, advice, remedies.",
        ),
    ],
    by: By,
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts", metavar="FILE", help="Account ids, one a line; or id,locale each."
        ),
    ] = None,
    audience: Annotated[
        Audience, typer.Option("--to", help="Who is told; a list needs --accounts.")
    ] = Audience.LIST,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Send push messages and SMS in quiet hours, too.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Prepare a notice. Nothing is sent before somebody else releases it."""
    if (audience is Audience.LIST) is not (accounts is not None):
        exit_with_usage_error("--accounts", "give it with `--to list`, and only then")
    draft = IncidentDraft(name, audience, _read_texts(texts), urgent)

    async def call(incidents: Incidents) -> tuple[Incident, IncidentProgress]:
        prepared = await incidents.prepare(draft, _read_lines(accounts), by)
        return prepared, await incidents.progress(prepared)

    prepared, progress = run(_with_incidents(data_dir, call))
    if as_json:
        print_json(_record(prepared, progress))
        return
    _print(prepared, progress)
    typer.echo(
        f"Not sent yet: another supervisor or administrator releases it with `privacydesk incidents"
        f" release {prepared.short_id} --as AGENT`."
    )


@incidents_app.command("release")
def release(incident: _Id, by: By, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Release a notice that somebody else prepared; `serve` sends it."""
    _change(data_dir, incident, "release", by, as_json)


@incidents_app.command("pause")
def pause(incident: _Id, by: By, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Stop sending; nothing more goes out within seconds."""
    _change(data_dir, incident, "pause", by, as_json)


@incidents_app.command("resume")
def resume(incident: _Id, by: By, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Go on sending."""
    _change(data_dir, incident, "resume", by, as_json)


@incidents_app.command("discard")
def discard(incident: _Id, by: By, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Discard a notice that was not released, with its list."""
    _change(data_dir, incident, "discard", by, as_json)


@incidents_app.command("public")
def public(
    incident: _Id,
    language: Annotated[
        str, typer.Option("--language", metavar="LOCALE", help="zh_Hans, zh_Hant or en.")
    ] = "zh_Hans",
    data_dir: DataDir = None,
) -> None:
    """Print a notice to publish, for people who could not be reached; it names nobody."""
    if language not in _LOCALES:
        exit_with_usage_error("--language", f"one of {', '.join(_LOCALES)}")

    async def read(incidents: Incidents) -> str:
        found = await incidents.find(incident)
        return incidents.public_text(found, await incidents.progress(found), language)

    typer.echo(run(_with_incidents(data_dir, read)))


def _change(data_dir: Path | None, name: str, action: str, by: str, as_json: bool) -> None:
    async def call(incidents: Incidents) -> tuple[Incident, IncidentProgress]:
        found = await incidents.find(name)
        change = getattr(incidents, action)
        changed: Incident = await change(found.id, by, seen=found.version)
        return changed, await incidents.progress(changed)

    changed, progress = run(_with_incidents(data_dir, call))
    if as_json:
        print_json(_record(changed, progress))
    else:
        print_table([_row(changed, progress)])


async def _with_incidents(data_dir: Path | None, call: Callable[[Incidents], Awaitable[T]]) -> T:
    async with command_services(data_dir) as services:
        return await call(services.console.incidents)


def _read_texts(file: Path) -> dict[str, NoticeText]:
    import yaml  # noqa: PLC0415 - slow, and other commands don't need it

    try:
        content = yaml.safe_load(file.read_text("utf-8"))
        return {
            locale: {part: str(content[locale][part.value]) for part in NoticePart}
            for locale in _LOCALES
        }
    except (OSError, UnicodeError) as error:
        exit_with_usage_error("--texts", f"{file} can't be read: {error}")
    except (yaml.YAMLError, TypeError, KeyError):
        exit_with_usage_error(
            "--texts", "write facts, measures, advice and remedies for each of zh_Hans, zh_Hant, en"
        )


def _read_lines(file: Path | None) -> Iterator[str]:
    if file is None:
        return
    try:
        with file.open(encoding="utf-8-sig") as lines:
            yield from lines
    except (OSError, UnicodeError) as error:
        exit_with_usage_error("--accounts", f"{file} can't be read: {error}")


def _row(incident: Incident, progress: IncidentProgress) -> tuple[str, ...]:
    return (
        incident.short_id,
        incident.state.value,
        incident.audience.value,
        f"{progress.told} of {progress.total} told",
        f"{progress.read} read",
        incident.name,
    )


def _print(incident: Incident, progress: IncidentProgress) -> None:
    typer.echo(f"{incident.name} ({incident.short_id})")
    released = incident.released_by or "nobody yet"
    rows = [
        ("state", incident.state.value),
        ("to", incident.audience.value),
        ("prepared by", incident.prepared_by),
        ("released by", released),
        *((name, str(number)) for name, number in _numbers(progress).items()),
        *(
            (f"{channel}, {outcome}", str(number))
            for (channel, outcome), number in sorted(progress.notified.items())
        ),
    ]
    print_table(rows)
    for locale, texts in incident.texts.items():
        typer.echo(f"\n{locale}")
        print_table([(part.value, texts[part]) for part in NoticePart])


def _numbers(progress: IncidentProgress) -> dict[str, int]:
    return {
        "recipients": progress.total,
        "told": progress.told,
        "waiting": progress.waiting,
        "failed": progress.failed,
        "read": progress.read,
        "unreached": progress.unreached,
    }


def _record(incident: Incident, progress: IncidentProgress) -> dict[str, Any]:
    return {
        "id": incident.id.hex(),
        "name": incident.name,
        "state": incident.state.value,
        "audience": incident.audience.value,
        "urgent": incident.urgent,
        "prepared_by": incident.prepared_by,
        "prepared_at": incident.prepared_at.isoformat(),
        "released_by": incident.released_by,
        "released_at": incident.released_at.isoformat() if incident.released_at else None,
        "sent_at": incident.sent_at.isoformat() if incident.sent_at else None,
        **_numbers(progress),
        "notified": [
            {"channel": channel, "outcome": outcome, "recipients": number}
            for (channel, outcome), number in sorted(progress.notified.items())
        ],
        "texts": {
            locale: {part.value: text for part, text in texts.items()}
            for locale, texts in incident.texts.items()
        },
    }
