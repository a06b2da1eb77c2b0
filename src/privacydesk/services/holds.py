"""Legal holds: while one is set, nothing of a request is purged, and no unbinding is automatic."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from privacydesk.domain.retention import HOLD
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError, NotAllowedNowError
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.roster import Roster


class Holds:
    """Sets and releases legal holds; supervisors only."""

    def __init__(self, roster: Roster, cases: Cases, acts: Acts) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts

    async def hold(self, number: str, by: str, reason: str) -> Ticket:
        """Hold a request.

        Raises:
            InvalidRequestError: there is no reason.
            NotAllowedNowError: it is held already, or only its record is left.
            DeskError: ``FORBIDDEN`` unless a supervisor does it.
        """

        def held(current: Ticket) -> Ticket:
            if HOLD in current.flags:
                raise NotAllowedNowError("it is held already")
            return _flagged(current, current.flags | {HOLD})

        return await self._set(number, by, Noted("hold", _said(reason)), held)

    async def release(self, number: str, by: str, reason: str) -> Ticket:
        """Release a hold; the next retention run purges what is past its period.

        Raises:
            InvalidRequestError: there is no reason.
            NotAllowedNowError: it is not held.
            DeskError: ``FORBIDDEN`` unless a supervisor does it.
        """

        def released(current: Ticket) -> Ticket:
            if HOLD not in current.flags:
                raise NotAllowedNowError("it is not held")
            return _flagged(current, current.flags - {HOLD})

        return await self._set(number, by, Noted("hold_released", _said(reason)), released)

    async def _set(
        self, number: str, by: str, noted: Noted, change: Callable[[Ticket], Ticket]
    ) -> Ticket:
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)
        return await self._acts.change(ticket, agent, noted, change)


def _said(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise InvalidRequestError("say why, in plain words")
    return words


def _flagged(ticket: Ticket, flags: frozenset[str]) -> Ticket:
    return replace(ticket, flags=flags, version=ticket.version + 1)
