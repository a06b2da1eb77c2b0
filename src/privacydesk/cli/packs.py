"""``privacydesk packs``: packs of evidence as PDF or CSV, for auditors and regulators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privacydesk.cli.common import DataDir, Number, command_services, exit_with_usage_error, run
from privacydesk.domain.packs import PackFormat
from privacydesk.domain.periods import Period

if TYPE_CHECKING:
    from privacydesk.services.packs.pack import Pack
    from privacydesk.services.packs.packs import Packs

Build = Callable[["Packs", str], Awaitable["Pack"]]
"""Builds a pack in a language."""

packs_app = typer.Typer(
    name="packs",
    help="Packs of evidence: minors' data, a period, a self-check, a request.",
    no_args_is_help=True,
)

Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The file to write, a .pdf or a .csv.")
]
Language = Annotated[str, typer.Option("--language", metavar="TAG", help="zh-Hans, zh-Hant or en.")]


@packs_app.callback()
def packs() -> None:
    """Packs of evidence: each says where its figures come from; each export is audited."""


@packs_app.command("minors")
def minors(
    out: Out,
    year: Annotated[
        int | None, typer.Option("--year", help="The year; by default the one before this.")
    ] = None,
    language: Language = "",
    data_dir: DataDir = None,
) -> None:
    """Write the yearly audit of minors' data: requests, times, files opened, approvals."""

    async def build(service: Packs, locale: str) -> Pack:
        return await service.minors(service.last_year if year is None else year, locale)

    _write(data_dir, out, language, build)


@packs_app.command("period")
def period(
    out: Out,
    first: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in the desk's zone."),
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    language: Language = "",
    data_dir: DataDir = None,
) -> None:
    """Write the report of a period: the figures of `reports`, with their sources."""

    async def build(service: Packs, locale: str) -> Pack:
        return await service.period(Period(first.date(), last.date()), locale)

    _write(data_dir, out, language, build)


@packs_app.command("self-check")
def self_check(
    out: Out,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; by default 1 January."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; by default 31 December."),
    ] = None,
    language: Language = "",
    data_dir: DataDir = None,
) -> None:
    """Write a self-check of the desk: the evidence in its records, item by item."""

    async def build(service: Packs, locale: str) -> Pack:
        year = service.last_year + 1
        period = Period(
            date(year, 1, 1) if first is None else first.date(),
            date(year, 12, 31) if last is None else last.date(),
        )
        return await service.self_check(period, locale)

    _write(data_dir, out, language, build)


@packs_app.command("case")
def case(
    number: Number,
    out: Out,
    with_words: Annotated[
        str,
        typer.Option(
            "--with-words",
            metavar="REASON",
            help="Include what was written; the reason goes to the request's log. Needs --as.",
        ),
    ] = "",
    by: Annotated[
        str,
        typer.Option("--as", metavar="AGENT", help="The agent who exports it, with --with-words."),
    ] = "",
    language: Language = "",
    data_dir: DataDir = None,
) -> None:
    """Write the case file of a request, without what anybody wrote unless asked for."""
    if with_words and not by:
        exit_with_usage_error("--as", "name the agent who needs the words")

    async def build(service: Packs, locale: str) -> Pack:
        if with_words:
            return await service.case_file_with_words(number, locale, by, with_words)
        return await service.case_file(number, locale)

    _write(data_dir, out, language, build, by if with_words else "operator")


def _write(
    data_dir: Path | None, out: Path, language: str, build: Build, by: str = "operator"
) -> None:
    try:
        file_format = PackFormat(out.suffix.lower().removeprefix("."))
    except ValueError:
        exit_with_usage_error("--out", "name a file that ends with .pdf or .csv")
    content = run(_export(data_dir, file_format, language, build, by))
    try:
        out.write_bytes(content)
    except OSError as error:
        exit_with_usage_error("--out", f"{out} can't be written: {error.strerror}")
    typer.echo(f"Written: {out}")


async def _export(
    data_dir: Path | None, file_format: PackFormat, language: str, build: Build, by: str
) -> bytes:
    from privacydesk.i18n.negotiation import negotiate  # noqa: PLC0415 - as the services

    async with command_services(data_dir) as services:
        packs_service = services.oversight.packs
        pack = await build(packs_service, negotiate(language))
        return (await packs_service.export(pack, file_format, by)).content
