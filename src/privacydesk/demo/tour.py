"""The tour's actions: what its buttons do for the visitor, through the dialogs and services."""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

from privacydesk.app import Services
from privacydesk.demo.person import SamplePerson
from privacydesk.demo.personas import Personas
from privacydesk.demo.sample_user import SampleUser
from privacydesk.demo.tokens import TokenMinter
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode

PERSON: Final = "lin-xiaoyu"
AGENT: Final = "mei"
_PAUSE: Final = 0.9
"""Seconds between two actions, so that they can be followed."""
_POLL: Final = 0.2
_MAX_POLLS: Final = 50
_OPENINGS: Final = {
    "zh_Hans": "我想把发过的动态都删掉",
    "zh_Hant": "我想把發過的動態都刪掉",
    "en": "Please delete all my posts",
}


class Tour:
    """Plays a user and an agent.

    Args:
        services: the desk.
        personas: the people, and the messages on their phones.
        minter: signs app tokens.
        pause: seconds between two actions of the user.
    """

    def __init__(
        self, services: Services, personas: Personas, minter: TokenMinter, *, pause: float = _PAUSE
    ) -> None:
        self._services = services
        self._personas = personas
        self._minter = minter
        self._pause = pause
        self._runs = itertools.count(1)

    async def write(self, locale: str) -> Ticket:
        """Ask for a deletion as the tour's person, and verify them by the code on their phone.

        Args:
            locale: the language to write in.

        Raises:
            DeskError: the person is in the middle of something else.
        """
        person = self._personas.find(PERSON)
        user = self._user(person, locale)
        if (await user.open()).locale != locale:
            await user.choose(f"desk:lang:{locale}")
        return await user.file_request(
            _OPENINGS[locale],
            {
                "deletion.which": ("posts",),
                # Taking the tour again files another request.
                "deletion.same_open": "other",
                "desk.same_closed": "other",
            },
        )

    async def claim(self, number: str) -> Ticket:
        """Make the tour's agent the holder, unless somebody is."""
        ticket = await self._ticket(number)
        if ticket.holder:
            return ticket
        return await self._services.staff.handling.claim(number, AGENT)

    async def decide(self, number: str) -> Ticket:
        """Grant the request as its holder, unless it was decided."""
        ticket = await self.claim(number)
        if ticket.state is not TicketState.IN_REVIEW:
            return ticket
        return await self._services.staff.decisions.grant(number, ticket.holder)

    async def _ticket(self, number: str) -> Ticket:
        return await self._services.staff.tickets.by_number(number)

    def _user(self, person: SamplePerson, locale: str) -> SampleUser:
        account = person.account or ""
        seen = {message.key for message in self._personas.messages(person)}

        async def latest_code() -> str:
            for _ in range(_MAX_POLLS):
                for message in self._personas.messages(person):
                    code = getattr(message, "code", "")
                    if code and message.key not in seen:
                        seen.add(message.key)
                        await asyncio.sleep(self._pause)
                        return str(code)
                await asyncio.sleep(_POLL)
            raise DeskError("no code arrived", code=ErrorCode.FAILED)

        started = int(self._services.clock.now().timestamp())
        return SampleUser(
            self._services,
            token=lambda: self._minter.mint(account, locale.replace("_", "-")),
            language=person.locale,
            latest_code=latest_code,
            pause=lambda: asyncio.sleep(self._pause),
            wait=lambda: asyncio.sleep(_POLL),
            job_prefix=f"tour-{started}-{next(self._runs)}",
        )
