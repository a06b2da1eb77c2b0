"""Downloads of files with a person's data: the button of a card, and the note of a download."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.outcomes import ticket_args
from privacydesk.dialog.packages import moment
from privacydesk.dialog.request_actions import PACKAGE, SPLIT
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.turn import DownloadMessage

_FLOW: Final = "package"


def fetch(runner: Runner, script: Script, choice: str) -> None:
    """Start a download, which needs a new code; while an agent speaks, say that it waits."""
    if script.owner.kind is OwnerKind.AGENT:
        script.append(Sender.SYSTEM, EventKind.TEXT, key="package.after_agent")
        return
    number, _, place = choice.removeprefix(PACKAGE).rpartition(SPLIT)
    slots = {"number": number, "file": place}
    running = next((p for p, frame in enumerate(script.stack) if frame.flow == _FLOW), None)
    if running is not None:
        # Another file, or the same one again: the code that was asked for no longer counts.
        account = script.stack[running].slots.get("account", "")
        runner.restart(script, running, {**slots, "account": account})
    runner.start_flow(script, _FLOW, slots)


def fetched(script: Script, message: DownloadMessage) -> None:
    """Say that a file was downloaded: the reader may not be the person who did it."""
    args = ticket_args(message.ticket, at=moment(script, script.now))
    script.append(Sender.SYSTEM, EventKind.TEXT, key="package.downloaded", args=args)
