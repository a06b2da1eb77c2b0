"""``privacydesk doctor``: checks all that a desk needs, and says what to do."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    find_settings_file,
    load_settings_for,
    print_json,
    print_table,
    run,
)
from privacydesk.clock import SystemClock
from privacydesk.errors import DeskError
from privacydesk.invocation import as_invoked

if TYPE_CHECKING:
    from privacydesk.app import Finding


def doctor(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check settings, data folder, database, secrets, profile, policy and outside services.

    Says in one sentence for each what is wrong and what to do. Changes nothing, needs no running
    `serve`, and may run beside one. The account service is asked about nobody, and the code gateway
    to send a code to nobody; a mail server is logged in to. Exits with 1 if there is a fault;
    warnings alone are none.
    """
    findings = run(find(data_dir))
    if as_json:
        listed = [
            {"check": one.check, "level": one.level.value, "message": as_invoked(one.message)}
            for one in findings
        ]
        print_json({"ok": not _has_fault(findings), "findings": listed})
    else:
        print_table(
            [
                (one.check, one.level.value.upper() if one.is_fault else one.level.value,
                 as_invoked(one.message))
                for one in findings
            ]
        )  # fmt: skip
    if _has_fault(findings):
        raise typer.Exit(1)


async def find(data_dir: Path | None) -> Sequence[Finding]:
    """Return the findings for a data folder."""
    from privacydesk import logs  # noqa: PLC0415 - these import the database and HTTP clients
    from privacydesk.app import Finding, Level  # noqa: PLC0415
    from privacydesk.app.doctor import examine  # noqa: PLC0415

    # What connectors would log is what the findings say.
    logs.set_up("error", stream=io.StringIO())
    try:
        settings = load_settings_for(data_dir)
        file = find_settings_file(data_dir)
    except DeskError as error:
        return [Finding("settings", Level.FAULT, error.message)]
    return await examine(settings, SystemClock(), file)


def _has_fault(findings: Sequence[Finding]) -> bool:
    return any(finding.is_fault for finding in findings)
