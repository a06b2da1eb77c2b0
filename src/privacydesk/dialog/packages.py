"""Cards for access packages: which files are available, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from privacydesk.dialog.outcomes import ticket_args
from privacydesk.dialog.request_actions import PACKAGE, SPLIT
from privacydesk.dialog.script import Script
from privacydesk.domain.events import EventKind
from privacydesk.domain.packages import Package, size_in_words
from privacydesk.domain.ticket import Ticket


def say_packages(script: Script, ticket: Ticket) -> None:
    """Show a card for each available file of a ticket, the newest first."""
    there = [
        (place, one)
        for place, one in enumerate(ticket.packages, start=1)
        if one.is_available(script.now)
    ]
    for place, package in reversed(there):
        until = moment(script, package.until)
        if place == len(ticket.packages):
            size = size_in_words(package.size)
            args = ticket_args(ticket, size=size, until=until)
            key = "package.ready"
        else:
            key, args = "package.earlier", {"until": until}
        script.say(
            key,
            args,
            kind=EventKind.PACKAGE,
            data={"package": card(script, ticket, place, package)},
        )


def card(script: Script, ticket: Ticket, place: int, package: Package) -> dict[str, Any]:
    """Return what the page needs to show a file."""
    return {
        "number": ticket.number,
        "choice": f"{PACKAGE}{ticket.number}{SPLIT}{place}",
        "size": package.size,
        "size_text": size_in_words(package.size),
        "until": moment(script, package.until),
    }


def moment(script: Script, at: datetime) -> dict[str, Any]:
    """Return an instant as an argument of a text."""
    return {"$time": at.isoformat(), "zone": script.rules.zone}
