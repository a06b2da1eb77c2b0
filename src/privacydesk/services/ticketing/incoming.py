"""Takes over what people did in the ticketing system, through the services that staff use.

Each thing taken over is one job, named after the remote entry, so it is done once, however often
it is read. What the desk refuses goes no further: the reason is posted there, and the text is
kept on both sides.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.cleaning import clean_name, clean_text
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticketing import RejectionReason, RemoteEntry, TicketingMap, strip_markers
from privacydesk.errors import DeskError, ErrorCode, SettingsError, StaleError
from privacydesk.ports import Store
from privacydesk.services.staff.handling import TicketHandling
from privacydesk.services.staff.roster import new_agent
from privacydesk.services.staff.staleness import TICKET_CHANGED
from privacydesk.services.ticketing.ticket_texts import JOB, Telling

LONGEST_REPLY: Final = 10_000
"""Characters of a reply; longer ones are refused, not split, which would confuse the requester."""
_PIECE: Final = 9_000
"""Characters of a note; a longer one becomes several."""
_REFUSALS: Final = frozenset(
    {
        ErrorCode.NOT_ALLOWED_NOW,
        ErrorCode.STALE,
        ErrorCode.FORBIDDEN,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.CONFLICT,
        ErrorCode.NOT_FOUND,
    }
)
_NAMED: Final = frozenset(reason.value for reason in RejectionReason)
_MAY_BE_ASKED: Final = frozenset({TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER})


class Incoming:
    """Takes over entries and holders.

    Args:
        store: where agents are found.
        handling: what staff do.
        telling: writes the texts for the desk's log.
        said: the operator's mapping.
        clock: the present.
    """

    def __init__(
        self,
        store: Store,
        handling: TicketHandling,
        telling: Telling,
        said: TicketingMap,
        clock: Clock,
    ) -> None:
        self._store = store
        self._handling = handling
        self._telling = telling
        self._said = said
        self._clock = clock
        self._agents: dict[str, Agent] = {}

    async def prepare(self) -> None:
        """Load the agents, and create the identity that changes are made under.

        Raises:
            SettingsError: a member of staff has its name, or the name is invalid.
        """
        name = self._said.identity
        self._agents = {agent.name: agent for agent in await self._store.reader.agents()}
        known = self._agents.get(name)
        if known is None:
            shown, now = self._said.display_name, self._clock.now()
            try:
                known = new_agent(name, shown, Role.INTEGRATION, now)
            except DeskError as error:
                raise SettingsError(f"ticketing.identity: {error.message}", key="profile") from None
            try:
                await self._store.agent_store.add(known)
            except DeskError as error:
                if error.code is not ErrorCode.CONFLICT:
                    raise
                # Another process was faster; the next call checks whose name it is.
        elif not known.is_program:
            raise SettingsError(
                "ticketing.identity: a member of staff has this name", key="profile"
            )

    async def entry(
        self, system: str, remote: str, ticket: Ticket, entry: RemoteEntry, *, asks: bool,
        known: Collection[str],
    ) -> RejectionReason | None:  # fmt: skip
        """Take over what somebody wrote; return why it was not taken, None if it was.

        Args:
            system: the connector's name.
            remote: the counterpart's id.
            ticket: the desk's ticket.
            entry: what was written.
            asks: whether, if written to the requester, it asks for more.
            known: ids of the jobs that have an entry in the ticket's log.

        Raises:
            StaleError: it asks for more, and the ticket has changed since it was read.
        """
        job = f"{JOB}{system}:{remote}:{entry.id}"
        text = clean_text(strip_markers(entry.text))
        author = self._author(entry)
        refusal = None
        if entry.public and text:
            refusal = await self._reply(ticket, text, job, asks=asks, known=known)
            if refusal:
                heading = self._telling.undelivered(author, refusal)
                await self._keep(ticket, heading, text, f"{job}:kept", known)
        elif text:
            refusal = await self._keep(ticket, self._telling.heading(author), text, job, known)
        for place, file in enumerate(entry.files):
            line = self._telling.file(clean_name(file.name), clean_text(file.url))
            await self._keep(
                ticket, self._telling.heading(author), line, f"{job}:file:{place}", known
            )
        return refusal

    async def holder(self, ticket: Ticket, to: str, stamp: str) -> bool:
        """Follow a remote assignment; return whether the desk accepts it.

        Raises:
            StaleError: the ticket has changed since it was read: decide the holder again.
        """
        try:
            await self._handling.follow_assignment(
                ticket.number,
                self._said.identity,
                to,
                seen=ticket.version,
                job_id=f"{JOB}{stamp}:holder:{to}",
            )
        except StaleError:
            raise
        except DeskError as error:
            _refusal(error)
            return False
        return True

    async def _reply(
        self, ticket: Ticket, text: str, job: str, *, asks: bool, known: Collection[str]
    ) -> RejectionReason | None:
        if job in known:
            return None
        if not self._said.takes_replies:
            return RejectionReason.NO_REPLIES
        if len(text) > LONGEST_REPLY:
            return RejectionReason.TOO_LONG
        number, by = ticket.number, self._said.identity
        try:
            if asks and ticket.state in _MAY_BE_ASKED:
                await self._handling.ask_requester(
                    number, by, text, job_id=job, seen=ticket.version
                )
            else:
                await self._handling.reply(number, by, text, job_id=job)
        except StaleError as error:
            if error.data.get("reason") == TICKET_CHANGED:
                raise
            return _refusal(error)
        except DeskError as error:
            return _refusal(error)
        return None

    async def _keep(
        self, ticket: Ticket, heading: str, text: str, job: str, known: Collection[str]
    ) -> RejectionReason | None:
        """Leave a note in the desk's log, in as many pieces as it takes."""
        for begin in range(0, len(text), _PIECE):
            name = job if begin == 0 else f"{job}:{begin}"
            if name in known:
                continue
            words = f"{heading}\n{text[begin : begin + _PIECE]}"
            try:
                await self._handling.add_note(
                    ticket.number, self._said.identity, words, job_id=name
                )
            except DeskError as error:
                return _refusal(error)
        return None

    def _author(self, entry: RemoteEntry) -> str:
        name = self._said.agent_of(entry.author)
        if name is None:
            return clean_name(entry.author)
        agent = self._agents.get(name)
        return name if agent is None else agent.display_name


def _refusal(error: DeskError) -> RejectionReason:
    """Return why the desk refused; other errors are raised again."""
    if error.code not in _REFUSALS:
        raise error
    for word in (str(error.data.get("reason")), error.code.value):
        if word in _NAMED:
            return RejectionReason(word)
    return RejectionReason.OTHER
