"""``privacydesk dialogs``: checking flows and their sentences, and drawing a flow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from privacydesk.data import TEMPLATE, dialog_files, locale_files, source_files
from privacydesk.dialog.checker import check as check_flows
from privacydesk.dialog.checker import check_against
from privacydesk.dialog.checks.texts import keys_used
from privacydesk.dialog.faults import DialogInvalidError
from privacydesk.dialog.graph import mermaid
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Flow, spoken
from privacydesk.errors import DeskError
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.check import check_catalogs
from privacydesk.i18n.extract import Used, collect, template

dialogs_app = typer.Typer(name="dialogs", help="Flows and their sentences.", no_args_is_help=True)

_DIALOGS = typer.Option("--dialogs", metavar="DIR", help="Instead of the shipped flows.")
_LOCALES = typer.Option("--locales", metavar="DIR", help="Instead of the shipped sentences.")


@dialogs_app.command("check")
def check(
    dialogs: Annotated[Path | None, _DIALOGS] = None,
    locales: Annotated[Path | None, _LOCALES] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="DIR", help="Flows that conversations may stand in."),
    ] = None,
) -> None:
    """Prove all flows and look over all sentences; one line a fault, and exit 1."""
    try:
        lines, flows, catalogs = _faults(dialogs, locales, against)
    except DeskError as error:
        typer.echo(error.message)
        raise typer.Exit(1) from None
    if lines:
        typer.echo("\n".join(lines))
        raise typer.Exit(1)
    steps = sum(len(flow.steps) for flow in flows.values())
    keys = len({key for locale in catalogs.locales for key in catalogs.catalog(locale).messages})
    typer.echo(
        f"{len(flows)} flows, {steps} steps, {keys} keys in {len(catalogs.locales)} locales:"
        " no faults"
    )


@dialogs_app.command("graph")
def graph(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow's name.")],
    dialogs: Annotated[Path | None, _DIALOGS] = None,
) -> None:
    """Draw a flow as Mermaid."""
    try:
        flows = read_flows(dialog_files(dialogs))
    except DeskError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None
    if flow not in flows:
        typer.echo(f"There is no flow {flow!r}; there are {', '.join(sorted(flows))}.", err=True)
        raise typer.Exit(1)
    typer.echo(mermaid(flows[flow]), nl=False)


@dialogs_app.command("extract")
def extract(
    locales: Annotated[
        Path, typer.Option("--locales", metavar="DIR", help="Where to read and write.")
    ] = Path("locales"),
) -> None:
    """Write the keys that flows, code and templates use to messages.pot. Needs a checkout."""
    try:
        text = current_template(locales)
    except DeskError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None
    (locales / TEMPLATE).write_text(text, encoding="utf-8", newline="\n")


def current_template(locales: Path | None = None) -> str:
    """Return ``messages.pot`` as it should be now.

    Raises:
        DeskError: flows, sentences or sources can't be read.
    """
    flows = read_flows(dialog_files())
    catalogs = Catalogs.load(locale_files(locales))
    plural = {
        key
        for locale in catalogs.locales
        for key, message in catalogs.catalog(locale).messages.items()
        if message.counting
    }
    return template(_used(flows, catalogs), plural)


def _faults(
    dialogs: Path | None, locales: Path | None, against: Path | None
) -> tuple[list[str], Mapping[str, Flow], Catalogs]:
    catalogs = Catalogs.load(locale_files(locales))
    try:
        flows = read_flows(dialog_files(dialogs))
    except DialogInvalidError as error:
        return [str(fault) for fault in error.faults], {}, catalogs
    found = [str(fault) for fault in check_flows(flows, catalogs.placeholders())]
    if against is not None:
        old = read_flows(dialog_files(against))
        found += [str(fault) for fault in check_against(old, flows)]
    used = _used(flows, catalogs)
    # A flow's missing keys were already reported with their step.
    told = {
        key for flow in flows.values() for step in spoken(flow) for key in keys_used(flow, step)
    }
    read = {locale: catalogs.catalog(locale) for locale in catalogs.locales}
    # With custom flows or sentences, keys that only the shipped ones use are no fault.
    families = used.families if dialogs is None and locales is None else {""}
    found += [
        str(fault)
        for fault in check_catalogs(read, used.keys, families)
        if fault.line or fault.key not in told
    ]
    return found, flows, catalogs


def _used(flows: Mapping[str, Flow], catalogs: Catalogs) -> Used:
    known = {key for locale in catalogs.locales for key in catalogs.catalog(locale).messages}
    keys = {
        flow.source: [key for step in spoken(flow) for key in keys_used(flow, step)]
        for flow in flows.values()
    }
    return collect(keys, source_files(), known)
