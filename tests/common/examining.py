"""Looking at what was handed in, as agents have to before they accept it."""

from __future__ import annotations

from privacydesk.services.staff.evidence import files_open_to, is_on_case
from privacydesk.services.staff.services import StaffServices


async def open_files(staff: StaffServices, number: str, by: str) -> None:
    """Open each file of a ticket as its holder; a supervisor allows a child's.

    Lao-zhou allows what others open, xiao-chen what he does.
    """
    case = await staff.tickets.details(number)
    files = [one for one in case.evidence if one.removed_at is None]
    if not files:
        return
    if not is_on_case(case.ticket, await staff.roster.agent(by)):
        await staff.handling.claim(number, by, expected_holder=None)
    if not files_open_to(await staff.tickets.by_number(number), await staff.roster.agent(by)):
        await staff.file_access.grant(number, "xiao-chen" if by == "lao-zhou" else "lao-zhou")
    for one in files:
        await staff.evidence.open(number, one.id.hex(), by)
