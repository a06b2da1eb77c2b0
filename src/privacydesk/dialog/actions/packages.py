"""Files with a person's data: finding one, and linking to it once a new code was right."""

from __future__ import annotations

from privacydesk.dialog.act import Act
from privacydesk.dialog.options import is_theirs
from privacydesk.dialog.packages import card, moment
from privacydesk.domain.effects import OpenPackage
from privacydesk.domain.events import EventKind
from privacydesk.domain.packages import LINK_LIFETIME, Package
from privacydesk.domain.ticket import Ticket


def find_package(act: Act) -> str:
    """Find the file that the button refers to, if it is the user's."""
    found = _found(act)
    if found is None:
        return "unknown"
    ticket, _, package = found
    act.frame.slots["ticket"] = ticket.id.hex()
    return "ok" if package.is_available(act.script.now) else "too_late"


def open_package(act: Act) -> str:
    """Make a link to the file, if a code sent for this very download was just entered."""
    script, found = act.script, _found(act)
    if found is None:
        return "too_late"
    ticket, place, package = found
    if not package.is_available(script.now):
        return "too_late"
    subject, begun = f"ticket:{ticket.number}", act.frame.started_at
    if not any(one.subject == subject and one.at >= begun for one in script.verifications):
        return "refused"
    symbol = f"sym:{len(script.effects)}"
    until = min(script.now + LINK_LIFETIME, package.until)
    script.effects.append(OpenPackage(ticket.id, package.id, until, symbol))
    script.say(
        "package.opened",
        {"until": moment(script, until)},
        kind=EventKind.PACKAGE,
        data={"package": {**card(script, ticket, place, package), "link": symbol}},
    )
    return "ok"


def _found(act: Act) -> tuple[Ticket, int, Package] | None:
    """Return the file with its ticket and place; None where it is not theirs or does not exist."""
    number, place = str(act.frame.slots["number"]), str(act.frame.slots["file"])
    ticket = act.script.ticket_numbered(number)
    if ticket is None or not is_theirs(act.script, ticket):
        return None
    if not (place.isascii() and place.isdecimal()) or not 0 < int(place) <= len(ticket.packages):
        return None
    return ticket, int(place), ticket.packages[int(place) - 1]
