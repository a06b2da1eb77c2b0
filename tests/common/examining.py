"""Looking at what was handed in, as agents have to before they accept it."""

from __future__ import annotations

from privacydesk.services.staff.evidence import files_open_to, looks_after
from privacydesk.services.staff.staff import Staff


async def open_files(staff: Staff, number: str, by: str) -> None:
    """Open each file of a ticket as its holder; a supervisor allows a child's.

    Lao-zhou allows what others open, xiao-chen what he does.
    """
    case = await staff.cases.case(number)
    files = [one for one in case.evidence if one.removed_at is None]
    if not files:
        return
    if not looks_after(case.ticket, await staff.roster.agent(by)):
        await staff.handling.claim(number, by, over=None)
    if not files_open_to(await staff.cases.ticket(number), await staff.roster.agent(by)):
        await staff.files.allow(number, "xiao-chen" if by == "lao-zhou" else "lao-zhou")
    for one in files:
        await staff.evidence.open(number, one.id.hex(), by)
