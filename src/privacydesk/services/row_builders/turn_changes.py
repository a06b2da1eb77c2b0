"""Builder of a turn's changes: turns its effects into tickets, outbox rows and other rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.effects import (
    AddMaterial,
    CallAccount,
    DropEvidence,
    Effect,
    MoveTicket,
    OpenPackage,
    OpenTicket,
    RaiseAlarm,
    RateTicket,
    RecordAttempt,
    SendCode,
)
from privacydesk.domain.events import Event, EventKind
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.packages import Link
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.ticket_moves import Move
from privacydesk.domain.turn import Turn
from privacydesk.domain.verification_codes import Challenge
from privacydesk.ports import Changes, Hashing, IdGenerator
from privacydesk.services import plans
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.rendering import Renderer
from privacydesk.services.row_builders.outbox_rows import OutboxRowBuilder
from privacydesk.services.row_builders.ticket_rows import TicketBuilder


class TurnChangesBuilder:
    """Builds the changes that turns make. It is called inside a job's closure.

    Args:
        row_builder: builds outbox rows.
        minter: generates ids, ticket numbers, codes and link tokens.
        hashing: hashes accounts, contacts, codes and link tokens.
        deadlines: computes the deadlines and scheduled events of tickets.
        renderer: renders events in the user's language.
    """

    def __init__(
        self,
        row_builder: OutboxRowBuilder,
        minter: IdGenerator,
        hashing: Hashing,
        deadlines: Deadlines,
        renderer: Renderer,
    ) -> None:
        self.outbox = row_builder
        self.tickets = TicketBuilder(minter, hashing, deadlines)
        self.minter = minter
        self.hashing = hashing
        self.renderer = renderer

    def build(
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
            before: the challenge rows as they were read, to find those that changed.
            job_id: the job's id, for ticket log entries.
            now: the time of the turn.
            tickets: tickets that staff or a scheduled event have already moved in this job.
        """
        snapshot, conversation = turn.snapshot, turn.snapshot.conversation
        mail_replies: tuple[Delivery, ...] = ()
        if conversation.mail is not None:
            mail_replies = self.outbox.mail_reply_rows(conversation, turn.events, now)
        if not (turn.effects or snapshot.challenges or tickets or snapshot.tickets):
            # Most turns only add events.
            return Changes(
                conversation=conversation if turn.events else None,
                events=tuple(
                    [self.renderer.render_event(event, _no_ticket, now) for event in turn.events]
                ),
                deliveries=mail_replies,
            )
        rows = _TurnRows(
            builder=self,
            conversation=conversation,
            loaded_tickets={ticket.id: ticket for ticket in (*snapshot.tickets, *tickets)},
            job_id=job_id,
            now=now,
            deliveries=[*mail_replies],
            challenges=dict(snapshot.challenges),
        )
        for effect in turn.effects:
            rows.apply(effect)
        if rows.symbols:
            conversation = _replace_ticket_symbols(conversation, rows.symbols)
        return Changes(
            conversation=conversation if turn.events else None,
            events=tuple(
                self.renderer.render_event(
                    _replace_link_symbol(event, rows.links), rows.find_ticket, now
                )
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
            audit=tuple(rows.audit),
        )


class _TurnRows(Struct):
    """The rows of one turn, collected while its effects are applied one after the other.

    Attributes:
        builder: builds the rows.
        conversation: the conversation of the turn.
        loaded_tickets: the tickets as they were before the effects.
        job_id: the job's id, for ticket log entries.
        now: the time of the turn.
        symbols: the ids of new tickets, by the symbols that the turn uses for them.
        links: the new download links, by the symbols that the turn uses for them.
    """

    builder: TurnChangesBuilder
    conversation: Conversation
    loaded_tickets: Mapping[TicketId, Ticket]
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
    audit: list[AuditEntry] = field(default_factory=list)

    def apply(self, effect: Effect) -> None:
        """Apply an effect."""
        _HANDLERS[type(effect)](self, effect)

    def find_ticket(self, name: str) -> Ticket | None:
        """Return a ticket by its symbol or its id in hex, as the effects so far left it."""
        ticket_id = self.symbols.get(name)
        if ticket_id is None and not name.startswith("sym:"):
            try:
                ticket_id = TicketId(bytes.fromhex(name))
            except ValueError:
                return None
        if ticket_id is None:
            return None
        return self.tickets.get(ticket_id) or self.loaded_tickets.get(ticket_id)

    def ticket(self, ticket_id: TicketId) -> Ticket:
        """Return a ticket as the effects so far left it."""
        return self.tickets.get(ticket_id) or self.loaded_tickets[ticket_id]

    # -- handlers of effects -----------------------------------------------------------------

    def open_ticket(self, effect: OpenTicket) -> None:
        """File a request."""
        ticket = self.builder.tickets.open(effect, self.conversation, self.now)
        self.tickets[ticket.id] = ticket
        self.symbols[effect.symbol] = ticket.id
        self.deliveries.extend(self.builder.outbox.age_lookup_rows(ticket, self.now))
        self._add_log_entry(ticket, "filed", effect.state.value, effect.agreed)
        self._attach_evidence(ticket, effect.evidence)
        if effect.linked is not None:
            self._link_objection(effect.linked, ticket)

    def move_ticket(self, effect: MoveTicket) -> None:
        """Move a ticket on behalf of its requester."""
        ticket = self.builder.tickets.move(self.ticket(effect.ticket_id), effect, self.now)
        if effect.move is Move.CONFIRM:
            # The user confirmed that the account is to be closed, so it can be carried out.
            planned = plans.plan_calls(ticket)
            ticket = replace(ticket, work=replace(ticket.work, left=len(planned)))
            self.deliveries.extend(self.builder.outbox.ticket_call_rows(ticket, planned, self.now))
        self.tickets[ticket.id] = ticket
        if effect.symbol:
            self.symbols[effect.symbol] = ticket.id
        self._add_log_entry(ticket, effect.move.value, effect.why, effect.agreed)
        self._attach_evidence(ticket, effect.evidence)

    def add_material(self, effect: AddMaterial) -> None:
        """Add the requester's words or files to an open ticket."""
        ticket = self.ticket(effect.ticket_id)
        flags = ticket.flags | effect.flags
        self.tickets[ticket.id] = replace(ticket, flags=flags, version=ticket.version + 1)
        self._add_log_entry(ticket, effect.kind.value, effect.words or "evidence")
        self._attach_evidence(ticket, effect.evidence)

    def rate_ticket(self, effect: RateTicket) -> None:
        """Store how satisfied the requester is with a closed request."""
        ticket = self.ticket(effect.ticket_id)
        self.tickets[ticket.id] = replace(
            ticket, satisfaction=effect.satisfaction, version=ticket.version + 1
        )
        self._add_log_entry(ticket, f"rated:{effect.satisfaction.value}", effect.comment)

    def create_package_link(self, effect: OpenPackage) -> None:
        """Create a download link for an access package; the previous link stops working."""
        ticket, secret = self.ticket(effect.ticket_id), self.builder.minter.token()
        secret_hash = self.builder.hashing.lookup("package", secret)
        link = Link(secret_hash, self.conversation.id, effect.until)
        packages = tuple(
            replace(package, link=link) if package.id == effect.package_id else package
            for package in ticket.packages
        )
        self.tickets[ticket.id] = replace(ticket, packages=packages, version=ticket.version + 1)
        self.links[effect.symbol] = f"{ticket.number}/{secret}"

    def send_code(self, effect: SendCode) -> None:
        """Generate a one-time code, store its hash and send it."""
        code = self.builder.minter.code()
        label, counter = effect.target.label(), effect.target.counter()
        code_hash = self.builder.hashing.code(label, code)
        self.challenges[counter] = replace(self.challenges[counter], code_hash=code_hash)
        row = self.builder.outbox.code_row(effect, code, self.conversation, self.now)
        self.deliveries.append(row)

    def call_account(self, effect: CallAccount) -> None:
        """Call the account service."""
        row = self.builder.outbox.step_call_row(effect, self.conversation, self.now)
        self.deliveries.append(row)

    def drop_evidence(self, effect: DropEvidence) -> None:
        """Remove uploads."""
        self.evidence_removed.extend(effect.evidence)

    def record_attempt(self, effect: RecordAttempt) -> None:
        """Record a failed attempt in the audit, without what was typed."""
        self.audit.append(
            AuditEntry(
                self.now,
                "requester",
                effect.kind.value,
                effect.ticket_id,
                self.conversation.id,
                detail={"locked": True} if effect.locks else {},
            )
        )

    def raise_alarm(self, effect: RaiseAlarm) -> None:
        """Raise an alarm for the operator."""
        self.alarms.append(effect.name)

    # -- shared by the handlers ----------------------------------------------------------------

    def _link_objection(self, original_id: TicketId, objection: Ticket) -> None:
        """Record an objection on the ticket objected to.

        Two concurrent objections both lock that row, so the second one sees the first.
        """
        original = self.ticket(original_id)
        work = replace(original.work, objection=objection.id.hex())
        self.tickets[original.id] = replace(original, work=work, version=original.version + 1)

    def _add_log_entry(
        self, ticket: Ticket, what: str, why: str, agreed: tuple[str, ...] = ()
    ) -> None:
        data = {}
        if agreed:
            version = self.builder.renderer.wording_version(self.conversation.locale, agreed)
            data["agreed"] = {"keys": list(agreed), "version": version}
        self.log.append(LogEntry(ticket.id, self.now, "requester", what, why, self.job_id, data))

    def _attach_evidence(self, ticket: Ticket, evidence: tuple[EvidenceId, ...]) -> None:
        """Move uploads from the conversation to a ticket."""
        for evidence_id in evidence:
            self.evidence_moved[evidence_id] = ticket.id


_HANDLERS: Final[Mapping[type, Callable[[_TurnRows, Any], None]]] = {
    OpenTicket: _TurnRows.open_ticket,
    MoveTicket: _TurnRows.move_ticket,
    AddMaterial: _TurnRows.add_material,
    RateTicket: _TurnRows.rate_ticket,
    OpenPackage: _TurnRows.create_package_link,
    SendCode: _TurnRows.send_code,
    CallAccount: _TurnRows.call_account,
    DropEvidence: _TurnRows.drop_evidence,
    RecordAttempt: _TurnRows.record_attempt,
    RaiseAlarm: _TurnRows.raise_alarm,
}


def _replace_link_symbol(event: Event, links: Mapping[str, str]) -> Event:
    """Replace the link symbol on a package card with the new link."""
    if event.kind is not EventKind.PACKAGE or "link" not in event.data["package"]:
        return event
    card = event.data["package"]
    return replace(event, data={"package": {**card, "link": links[card["link"]]}})


def _no_ticket(_name: str) -> Ticket | None:
    return None


def _replace_ticket_symbols(
    conversation: Conversation, symbols: Mapping[str, TicketId]
) -> Conversation:
    """Replace ticket symbols in the frames' slots with the ids of the new tickets."""
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
