"""``privacydesk dialogs``: checking flows and their texts, and drawing a flow."""

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
from privacydesk.dialog.schema import Flow, card_keys, spoken
from privacydesk.errors import DeskError
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.check import check_catalogs
from privacydesk.i18n.extract import UsedKeys, collect, template
from privacydesk.services.rendering import wording_version

dialogs_app = typer.Typer(name="dialogs", help="Flows and their texts.", no_args_is_help=True)

_DIALOGS = typer.Option("--dialogs", metavar="DIR", help="Use these instead of the shipped flows.")
_LOCALES = typer.Option("--locales", metavar="DIR", help="Use these instead of the shipped texts.")


@dialogs_app.command("check")
def check(
    dialogs: Annotated[Path | None, _DIALOGS] = None,
    locales: Annotated[Path | None, _LOCALES] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="DIR",
            help="The previous flows: check that open conversations can continue.",
        ),
    ] = None,
) -> None:
    """Check all flows and texts. Prints one line per fault, and exits with 1 if there is any."""
    try:
        faults, flows, catalogs = _find_faults(dialogs, locales, against)
    except DeskError as error:
        typer.echo(error.message)
        raise typer.Exit(1) from None
    if faults:
        typer.echo("\n".join(faults))
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
        Path,
        typer.Option(
            "--locales", metavar="DIR", help="Folder of the catalogs and of messages.pot."
        ),
    ] = Path("locales"),
) -> None:
    """Write the keys that flows, code and templates use to messages.pot. Needs a checkout."""
    try:
        text = current_template(locales)
    except DeskError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None
    (locales / TEMPLATE).write_text(text, encoding="utf-8", newline="\n")


@dialogs_app.command("wording")
def wording(
    keys: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY…", help="The texts of a confirmation, as a request's log says."
        ),
    ],
    locales: Annotated[Path | None, _LOCALES] = None,
) -> None:
    """Print a confirmation's texts with the version that requests record."""
    catalogs = Catalogs.load(locale_files(locales))
    for locale in catalogs.locales:
        missing = [key for key in keys if not catalogs.has(locale, key)]
        if missing:
            typer.echo(f"There is no text {', '.join(missing)} in {locale}.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{locale}  {wording_version(catalogs, locale, keys)}")
        typer.echo(catalogs.bare(locale, keys) + "\n")


def current_template(locales: Path | None = None) -> str:
    """Return the up-to-date content of ``messages.pot``.

    Raises:
        DeskError: flows, texts or sources can't be read.
    """
    flows = read_flows(dialog_files())
    catalogs = Catalogs.load(locale_files(locales))
    plural_keys = {
        key
        for locale in catalogs.locales
        for key, message in catalogs.catalog(locale).messages.items()
        if message.counting
    }
    return template(_used_keys(flows, catalogs), plural_keys)


def _find_faults(
    dialogs: Path | None, locales: Path | None, against: Path | None
) -> tuple[list[str], Mapping[str, Flow], Catalogs]:
    catalogs = Catalogs.load(locale_files(locales))
    try:
        flows = read_flows(dialog_files(dialogs))
    except DialogInvalidError as error:
        return [str(fault) for fault in error.faults], {}, catalogs
    faults = [str(fault) for fault in check_flows(flows, catalogs.placeholders())]
    if against is not None:
        old_flows = read_flows(dialog_files(against))
        faults += [str(fault) for fault in check_against(old_flows, flows)]
    used = _used_keys(flows, catalogs)
    # ``check_flows`` has already reported missing keys of flows, together with their step.
    reported = {key for flow in flows.values() for key in _keys_of(flow)}
    by_locale = {locale: catalogs.catalog(locale) for locale in catalogs.locales}
    # With custom flows or texts, missing keys that only the shipped ones use are no fault.
    families = used.families if dialogs is None and locales is None else {""}
    faults += [
        str(fault)
        for fault in check_catalogs(by_locale, used.keys, families)
        if fault.line or fault.key not in reported
    ]
    return faults, flows, catalogs


def _keys_of(flow: Flow) -> list[str]:
    return [*(key for step in spoken(flow) for key in keys_used(flow, step)), *card_keys(flow)]


def _used_keys(flows: Mapping[str, Flow], catalogs: Catalogs) -> UsedKeys:
    known_keys = {key for locale in catalogs.locales for key in catalogs.catalog(locale).messages}
    flow_keys = {flow.source: _keys_of(flow) for flow in flows.values()}
    return collect(flow_keys, source_files(), known_keys)
