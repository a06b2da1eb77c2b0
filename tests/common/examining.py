"""Looking at what was handed in, as agents have to before they accept it."""

from __future__ import annotations

from privacydesk.services.staff.cases import files_open_to
from privacydesk.services.staff.staff import Staff


async def open_files(staff: Staff, number: str, by: str) -> None:
    """Open each file of a ticket as its holder; a supervisor allows a child's."""
    case = await staff.cases.case(number)
    files = [one for one in case.evidence if one.removed_at is None]
    if not files:
        return
    if case.ticket.holder != by:
        await staff.handling.claim(number, by, over=None)
    if not files_open_to(await staff.cases.ticket(number)):
        await staff.cases.allow_files(number, "lao-zhou")
    for one in files:
        await staff.cases.open_evidence(number, one.id.hex(), by)
