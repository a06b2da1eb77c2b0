"""Making rows of a turn: effects become tickets, outbox rows and evidence moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.effects import (
    CallAccount,
    DropEvidence,
    Effect,
    MoveTicket,
    OpenPackage,
    OpenTicket,
    RaiseAlarm,
    RateTicket,
    SendCode,
)
from privacydesk.domain.events import Event, EventKind
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.packages import Link
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.ticket_moves import Move
from privacydesk.domain.turn import Turn
from privacydesk.domain.verification_codes import Challenge
from privacydesk.ports import Changes, Hashing, Minter
from privacydesk.services import plans
from privacydesk.services.cards import Wording
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making.outbox import Maker
from privacydesk.services.making.tickets import TicketMaker


class TurnMaker:
    """Makes the rows of turns. It is called inside the writer's closure.

    Args:
        maker: makes their outbox rows.
        deadlines: give tickets their clocks.
        wording: puts events into words.
    """

    def __init__(
        self,
        maker: Maker,
        minter: Minter,
        hashing: Hashing,
        deadlines: Deadlines,
        wording: Wording,
    ) -> None:
        self.outbox = maker
        self.tickets = TicketMaker(minter, hashing, deadlines)
        self.minter = minter
        self.hashing = hashing
        self._wording = wording

    def changes(
        self,
        turn: Turn,
        *,
        before: Mapping[str, Challenge],
        job_id: str,
        now: datetime,
        tickets: tuple[Ticket, ...] = (),
    ) -> Changes:
        """Return the changes that a turn makes.

        Args:
            turn: the engine's decision.
            before: the challenge rows as they were read, to see which changed.
            job_id: noted on ticket log entries.
            now: the turn's instant.
            tickets: tickets that staff or the clock moved already.
        """
        snapshot, conversation = turn.snapshot, turn.snapshot.conversation
        letters: tuple[Delivery, ...] = ()
        if conversation.mail is not None:
            letters = self.outbox.letter(conversation, turn.events, now)
        if not (turn.effects or snapshot.challenges or tickets or snapshot.tickets):
            # Most turns: words only, and no other rows.
            return Changes(
                conversation=conversation if turn.events else None,
                events=tuple([self._wording.event(one, _no_ticket, now) for one in turn.events]),
                deliveries=letters,
            )
        rows = _Rows(
            by=self,
            conversation=conversation,
            known={one.id: one for one in (*snapshot.tickets, *tickets)},
            job_id=job_id,
            now=now,
            deliveries=[*letters],
            challenges=dict(snapshot.challenges),
        )
        for effect in turn.effects:
            rows.make(effect)
        if rows.symbols:
            conversation = _with_ids(conversation, rows.symbols)
        return Changes(
            conversation=conversation if turn.events else None,
            events=tuple(
                self._wording.event(_with_link(event, rows.links), rows.find, now)
                for event in turn.events
            ),
            tickets=tuple(rows.tickets.values()),
            ticket_log=tuple(rows.log),
            challenges=tuple(
                row for label, row in rows.challenges.items() if row is not before.get(label)
            ),
            deliveries=tuple(rows.deliveries),
            evidence_moved=rows.evidence_moved,
            evidence_removed=tuple(rows.evidence_removed),
            alarms=tuple(rows.alarms),
        )


class _Rows(Struct):
    """Rows of one turn while they are being made, one effect after the other.

    Attributes:
        by: the maker, for its collaborators.
        conversation: whose turn it is.
        known: the tickets that the turn was shown.
        job_id: noted on ticket log entries.
        now: the turn's instant.
        symbols: the ids minted for the turn's symbols.
        links: likewise, the links to files.
    """

    by: TurnMaker
    conversation: Conversation
    known: Mapping[TicketId, Ticket]
    job_id: str
    now: datetime
    deliveries: list[Delivery]
    challenges: dict[str, Challenge]
    tickets: dict[TicketId, Ticket] = field(default_factory=dict)
    symbols: dict[str, TicketId] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    evidence_moved: dict[EvidenceId, TicketId] = field(default_factory=dict)
    evidence_removed: list[EvidenceId] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def make(self, effect: Effect) -> None:
        """Apply an effect."""
        _HOW[type(effect)](self, effect)

    def find(self, name: str) -> Ticket | None:
        """Return a ticket by its symbol or its id in hex, as the turn leaves it."""
        ticket_id = self.symbols.get(name)
        if ticket_id is None and not name.startswith("sym:"):
            try:
                ticket_id = TicketId(bytes.fromhex(name))
            except ValueError:
                return None
        if ticket_id is None:
            return None
        return self.tickets.get(ticket_id) or self.known.get(ticket_id)

    def ticket(self, ticket_id: TicketId) -> Ticket:
        """Return a ticket as the previous effects left it."""
        return self.tickets.get(ticket_id) or self.known[ticket_id]

    # -- one effect --------------------------------------------------------------------------

    def open(self, effect: OpenTicket) -> None:
        """File a request."""
        ticket = self.by.tickets.opened(effect, self.conversation, self.now)
        self.tickets[ticket.id] = ticket
        self.symbols[effect.symbol] = ticket.id
        self.deliveries.extend(self.by.outbox.age(ticket, self.now))
        self.note(ticket, "filed", effect.state.value)
        self.take(ticket, effect.evidence)
        if effect.linked is not None:
            self.object(effect.linked, ticket)

    def object(self, first_id: TicketId, objection: Ticket) -> None:
        """Note an objection on the decision's ticket: the row that two objections both lock."""
        first = self.ticket(first_id)
        work = replace(first.work, objection=objection.id.hex())
        self.tickets[first.id] = replace(first, work=work, version=first.version + 1)

    def move(self, effect: MoveTicket) -> None:
        """Move a ticket as its requester says."""
        ticket = self.by.tickets.moved(self.ticket(effect.ticket_id), effect, self.now)
        if effect.move is Move.CONFIRM:
            # The user's last word on closing: now the account service may act.
            planned = plans.plan(ticket)
            ticket = replace(ticket, work=replace(ticket.work, left=len(planned)))
            self.deliveries.extend(self.by.outbox.actions(ticket, planned, self.now))
        self.tickets[ticket.id] = ticket
        if effect.symbol:
            self.symbols[effect.symbol] = ticket.id
        self.note(ticket, effect.move.value, effect.why)
        self.take(ticket, effect.evidence)

    def rate(self, effect: RateTicket) -> None:
        """Keep how satisfied a requester was."""
        ticket = self.ticket(effect.ticket_id)
        self.tickets[ticket.id] = replace(
            ticket, satisfaction=effect.satisfaction, version=ticket.version + 1
        )
        self.note(ticket, f"rated:{effect.satisfaction.value}", effect.comment)

    def link(self, effect: OpenPackage) -> None:
        """Mint a link to a file; the previous one ends."""
        ticket, secret = self.ticket(effect.ticket_id), self.by.minter.token()
        known = self.by.hashing.lookup("package", secret)
        link = Link(known, self.conversation.id, effect.until)
        packages = tuple(
            replace(one, link=link) if one.id == effect.package_id else one
            for one in ticket.packages
        )
        self.tickets[ticket.id] = replace(ticket, packages=packages, version=ticket.version + 1)
        self.links[effect.symbol] = f"{ticket.number}/{secret}"

    def code(self, effect: SendCode) -> None:
        """Mint a code, keep its hash and send it."""
        code = self.by.minter.code()
        label, counter = effect.target.label(), effect.target.counter()
        known = self.by.hashing.code(label, code)
        self.challenges[counter] = replace(self.challenges[counter], code_hash=known)
        self.deliveries.append(self.by.outbox.code(effect, code, self.conversation, self.now))

    def call(self, effect: CallAccount) -> None:
        """Ask the account service."""
        self.deliveries.append(self.by.outbox.call(effect, self.conversation, self.now))

    def drop(self, effect: DropEvidence) -> None:
        """Remove uploads."""
        self.evidence_removed.extend(effect.evidence)

    def alarm(self, effect: RaiseAlarm) -> None:
        """Tell the operator."""
        self.alarms.append(effect.name)

    # -- what they share -----------------------------------------------------------------------

    def note(self, ticket: Ticket, what: str, why: str) -> None:
        """Add an entry to a ticket's log."""
        self.log.append(LogEntry(ticket.id, self.now, "requester", what, why, self.job_id))

    def take(self, ticket: Ticket, evidence: tuple[EvidenceId, ...]) -> None:
        """Move uploads to a ticket."""
        for one in evidence:
            self.evidence_moved[one] = ticket.id


_HOW: Final[Mapping[type, Callable[[_Rows, Any], None]]] = {
    OpenTicket: _Rows.open,
    MoveTicket: _Rows.move,
    RateTicket: _Rows.rate,
    OpenPackage: _Rows.link,
    SendCode: _Rows.code,
    CallAccount: _Rows.call,
    DropEvidence: _Rows.drop,
    RaiseAlarm: _Rows.alarm,
}


def _with_link(event: Event, links: Mapping[str, str]) -> Event:
    """Put a minted link where a card holds a symbol."""
    if event.kind is not EventKind.PACKAGE or "link" not in event.data["package"]:
        return event
    card = event.data["package"]
    return replace(event, data={"package": {**card, "link": links[card["link"]]}})


def _no_ticket(_name: str) -> Ticket | None:
    return None


def _with_ids(conversation: Conversation, symbols: Mapping[str, TicketId]) -> Conversation:
    """Put minted ticket ids where frames hold symbols."""
    stack = tuple(
        replace(
            frame,
            slots={
                name: symbols[value].hex() if isinstance(value, str) and value in symbols else value
                for name, value in frame.slots.items()
            },
        )
        for frame in conversation.stack
    )
    return replace(conversation, stack=stack)
