"""Synchronizing one ticket with its counterpart, whatever state a crash left behind.

    find or make ─► read ─► take what people wrote ─► who holds it ─► what differs ─► tell ─► keep

No step is recorded when it starts: the next run looks at both sides anew. So each step leaves a
trace that it happened: a counterpart is found by its key, a posted text by its mark, an entry taken
over by its job, and a value that is already there is not set again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    Correction,
    RemoteChange,
    RemoteTicket,
    TicketingMap,
    TicketingSystem,
    key_of,
)
from privacydesk.domain.ticketing_links import (
    CHECK_INTERVAL,
    DUPLICATE_SEARCH_TIME,
    SyncBase,
    TicketingLink,
)
from privacydesk.ports import Reader, TicketingLinkStore
from privacydesk.services.ticketing.conflicts import (
    Giving,
    Sides,
    alike,
    answered_since,
    differences,
    giving,
    put_back,
    with_assignee,
)
from privacydesk.services.ticketing.incoming import Incoming
from privacydesk.services.ticketing.ticket_texts import Saying, Telling


class TicketSync:
    """Synchronizes both sides of a link.

    Args:
        system: the ticketing system.
        book: where links are kept.
        reader: the desk's tickets.
        taking: takes over what people did there.
        telling: writes the texts that the desk posts there.
        said: the operator's mapping, completed by the connector.
        clock: the present.
    """

    def __init__(
        self,
        *,
        system: TicketingSystem,
        book: TicketingLinkStore,
        reader: Reader,
        taking: Incoming,
        telling: Telling,
        said: TicketingMap,
        clock: Clock,
    ) -> None:
        self._system = system
        self._book = book
        self._reader = reader
        self._taking = taking
        self._telling = telling
        self._said = said
        self._clock = clock

    async def bring(self, link: TicketingLink, since: datetime) -> TicketingLink:
        """Synchronize both sides and save the result.

        Args:
            link: as it was read.
            since: log entries from before are not posted.

        Raises:
            UnavailableError, RemoteGoneError, RemoteRefusedError: as the system raises them.
            StaleError: another process has the link, or the ticket changed while both sides were
                compared: compare them again.
        """
        ticket = await self._reader.ticket(link.ticket_id)
        if ticket is None:
            return await self._book.save(replace(link, is_open=False))
        link, refound = await self._counterpart(link, ticket)
        remote = await self._system.read(link.remote)
        base = link.base or SyncBase(ticket.holder, remote.assignee, remote.state, remote.due_at)
        link, refusals = await self._take(link, ticket, remote)
        # Incoming entries may have changed the ticket: its holder is decided on the new state.
        ticket = await self._again(ticket)
        sides = Sides(ticket, remote, base, refound)
        given, corrections = await self._give(link, sides)
        # Taking over the holder may have changed the ticket, and so may staff meanwhile.
        ticket = await self._again(ticket)
        log = await self._reader.ticket_log(ticket.id)
        change, put_right = differences(
            replace(sides, ticket=ticket),
            self._said,
            self._system.closed_states,
            self._telling.due_at(ticket),
            self._telling.fields(ticket),
        )
        change = with_assignee(change, given.give)
        evidence = await self._reader.evidence_of(ticket.id)
        sayings = (
            *self._telling.sayings(ticket, log, evidence, since),
            *refusals,
            *(
                self._telling.correction(ticket, one, link.stamp, _stood(one, remote))
                for one in (*corrections, *put_right)
            ),
        )
        link = await self._tell(link, remote, sayings)
        if change:
            await self._system.change(remote.id, change)
        return await self._keep(link, ticket, remote, change, len(log))

    # -- the counterpart -------------------------------------------------------------------------

    async def _counterpart(self, link: TicketingLink, ticket: Ticket) -> tuple[TicketingLink, bool]:
        """Return a link that has a counterpart, and whether that was found rather than known."""
        if link.remote:
            return await self._settle_doubt(link, ticket), False
        key = key_of(ticket.id)
        found = await self._system.find(key, ticket.received_at)
        if found:
            return await self._book.save(replace(link, remote=found[0])), True
        new = self._telling.new(ticket)
        base = SyncBase(ticket.holder, new.assignee, new.state, new.due_at)
        doubt = self._clock.now() + DUPLICATE_SEARCH_TIME
        # Saved before it is made: after a crash it has to be known that one, or two, may exist.
        link = await self._book.save(replace(link, base=base, doubt_until=doubt))
        remote = await self._system.create(new)
        return await self._book.save(replace(link, remote=remote)), False

    async def _settle_doubt(self, link: TicketingLink, ticket: Ticket) -> TicketingLink:
        """Retire a second counterpart, for as long as one may still turn up."""
        if link.doubt_until is None:
            return link
        now = self._clock.now()
        for other in await self._system.find(key_of(ticket.id), ticket.received_at):
            if other == link.remote:
                continue
            twin = await self._system.read(other)
            # A ticket on which people have written is theirs, however it got the mark.
            if all(entry.own for entry in twin.entries):
                await self._system.retire(other, link.remote)
        return link if now < link.doubt_until else replace(link, doubt_until=None)

    # -- inward ----------------------------------------------------------------------------------

    async def _take(
        self, link: TicketingLink, ticket: Ticket, remote: RemoteTicket
    ) -> tuple[TicketingLink, list[Saying]]:
        new = [one for one in remote.entries if not one.own and one.id not in link.imported]
        if not new:
            return link, []
        log = await self._reader.ticket_log(ticket.id)
        known = frozenset(entry.job_id for entry in log)
        asking = self._said.states.get("awaiting_requester", "")
        asks = remote.state == asking and asking != self._said.states.get("in_review")
        last = next((one for one in reversed(new) if one.public), None)
        asks = asks and last is not None and not answered_since(log, last.at)
        refusals = []
        for entry in new:
            if remote.has_entry(self._telling.refusal_key(ticket, entry.id)):
                continue
            refusal = await self._taking.entry(
                self._system.name,
                remote.id,
                ticket,
                entry,
                asks=asks and entry is last,
                known=known,
            )
            if refusal is not None:
                refusals.append(self._telling.not_taken(ticket, entry, refusal))
        return replace(link, imported=link.imported | {one.id for one in new}), refusals

    async def _give(
        self, link: TicketingLink, sides: Sides
    ) -> tuple[Giving, tuple[Correction, ...]]:
        log: Sequence[LogEntry] = await self._reader.ticket_log(sides.ticket.id)
        given = giving(sides, self._said, log)
        if given.take is None:
            return given, () if given.correction is None else (given.correction,)
        if await self._taking.holder(sides.ticket, given.take, link.stamp):
            return given, ()
        return put_back(sides.ticket, self._said), (Correction.HOLDER,)

    async def _again(self, ticket: Ticket) -> Ticket:
        return await self._reader.ticket(ticket.id) or ticket

    # -- outward ---------------------------------------------------------------------------------

    async def _tell(
        self, link: TicketingLink, remote: RemoteTicket, sayings: Sequence[Saying]
    ) -> TicketingLink:
        told = set(link.exported)
        for saying in sayings:
            # What somebody removed remotely is not posted again; what a crash kept from being
            # recorded is already there.
            if saying.key not in told and not remote.has_entry(saying.key):
                await self._system.write(remote.id, saying.text)
            told.add(saying.key)
        return replace(link, exported=frozenset(told))

    async def _keep(
        self,
        link: TicketingLink,
        ticket: Ticket,
        remote: RemoteTicket,
        change: RemoteChange,
        log_head: int,
    ) -> TicketingLink:
        now = self._clock.now()
        again = now + CHECK_INTERVAL
        if link.doubt_until is not None:
            again = min(again, link.doubt_until)
        return await self._book.save(
            replace(
                link,
                label=remote.label,
                url=remote.url,
                is_open=ticket.purged_at is None,
                version=ticket.version,
                log_head=log_head,
                due_at=again,
                attempts=0,
                fault="",
                synced_at=now,
                base=alike(ticket, remote, self._said, change),
            )
        )


def _stood(what: Correction, remote: RemoteTicket) -> str:
    """Return the remote value that a correction is about: each value is reported once."""
    if what is Correction.DUE:
        return "" if remote.due_at is None else remote.due_at.isoformat()
    if what in {Correction.UNKNOWN_USER, Correction.HOLDER}:
        return remote.assignee or UNASSIGNED
    return remote.state
