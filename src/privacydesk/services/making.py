"""Making rows of a turn: effects become tickets, outbox rows and evidence moves.

Here ids, ticket numbers and codes are minted, so the engine stays pure and a replay of it can't
give out a second number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Channel, Delivery
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
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.identity import Assurance, Challenge
from privacydesk.domain.ids import (
    ConversationId,
    DeliveryId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.packages import Link
from privacydesk.domain.ticket import Due, DueKind, LogEntry, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import Turn
from privacydesk.ports import Changes, Hashing, Minter
from privacydesk.services import plans
from privacydesk.services.ages import age_row
from privacydesk.services.cards import Wording
from privacydesk.services.deadlines import Deadlines

_LETTER_TRIED_FOR = timedelta(days=3)
"""As long as a notice is; the answer stays in the conversation, where staff see it."""


def letter_row(
    conversation: ConversationId, row: DeliveryId, told: Mapping[str, Any], now: datetime
) -> Delivery:
    """Return the outbox row of a mail to whoever holds a conversation by mail.

    Args:
        conversation: whose.
        row: its id.
        told: the events it tells, from ``first`` to ``last``, or ``notes`` beside them.
        now: the present.
    """
    return Delivery(
        id=row,
        channel=Channel.LETTER,
        action="letter",
        # Letters of an exchange arrive in the order in which they were written.
        lane=b"letter|" + conversation,
        conversation_id=conversation,
        due_at=now,
        created_at=now,
        payload=told,
        give_up_at=now + _LETTER_TRIED_FOR,
    )


class _Rows(Struct):
    """Rows of one turn while they are being made."""

    tickets: dict[TicketId, Ticket] = field(default_factory=dict)
    symbols: dict[str, TicketId] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    evidence_moved: dict[EvidenceId, TicketId] = field(default_factory=dict)
    evidence_removed: list[EvidenceId] = field(default_factory=list)
    challenges: dict[str, Challenge] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)


class Maker:
    """Makes the rows of a turn. Its methods are called inside the writer's closure."""

    def __init__(
        self, minter: Minter, hashing: Hashing, deadlines: Deadlines, wording: Wording
    ) -> None:
        self._minter = minter
        self._hashing = hashing
        self._deadlines = deadlines
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
        """Return what a turn leaves.

        Args:
            turn: the engine's decision.
            before: the challenge rows as they were read, to see which changed.
            job_id: noted on ticket log entries.
            now: the turn's instant.
            tickets: tickets that staff or the clock moved already.
        """
        conversation = turn.snapshot.conversation
        letters: tuple[Delivery, ...] = ()
        if conversation.mail is not None:
            letters = self._letter(conversation, turn.events, now)
        if not (turn.effects or turn.snapshot.challenges or tickets or turn.snapshot.tickets):
            # Most turns: words, and no rows that they are about.
            return Changes(
                conversation=conversation if turn.events else None,
                events=tuple([self._wording.event(one, _no_ticket, now) for one in turn.events]),
                deliveries=letters,
            )
        rows = _Rows(challenges=dict(turn.snapshot.challenges))
        known = {t.id: t for t in turn.snapshot.tickets}
        known.update({t.id: t for t in tickets})
        for effect in turn.effects:
            self._make(rows, effect, conversation, known, job_id=job_id, now=now)
        known.update(rows.tickets)

        def find(name: str) -> Ticket | None:
            ticket_id = rows.symbols.get(name)
            if ticket_id is None and not name.startswith("sym:"):
                try:
                    ticket_id = TicketId(bytes.fromhex(name))
                except ValueError:
                    return None
            return known.get(ticket_id) if ticket_id is not None else None

        if rows.symbols:
            conversation = _with_ids(conversation, rows.symbols)
        return Changes(
            conversation=conversation if turn.events else None,
            events=tuple(
                self._wording.event(_with_link(event, rows.links), find, now)
                for event in turn.events
            ),
            tickets=tuple(rows.tickets.values()),
            ticket_log=tuple(rows.log),
            challenges=tuple(
                row for label, row in rows.challenges.items() if row is not before.get(label)
            ),
            deliveries=(*letters, *rows.deliveries),
            evidence_moved=rows.evidence_moved,
            evidence_removed=tuple(rows.evidence_removed),
            alarms=tuple(rows.alarms),
        )

    def _make(
        self,
        rows: _Rows,
        effect: Effect,
        conversation: Conversation,
        known: Mapping[TicketId, Ticket],
        *,
        job_id: str,
        now: datetime,
    ) -> None:
        if isinstance(effect, OpenTicket):
            self._open(rows, effect, conversation, job_id, now)
        elif isinstance(effect, MoveTicket):
            self._move(rows, effect, known, job_id, now)
        elif isinstance(effect, RateTicket):
            _rate(rows, effect, known, job_id, now)
        elif isinstance(effect, OpenPackage):
            self._link(rows, effect, conversation, known)
        elif isinstance(effect, SendCode):
            self._code(rows, effect, conversation, now)
        elif isinstance(effect, CallAccount):
            self._call(rows, effect, conversation, now)
        elif isinstance(effect, DropEvidence):
            rows.evidence_removed.extend(effect.evidence)
        else:
            assert isinstance(effect, RaiseAlarm)
            rows.alarms.append(effect.name)

    def _letter(
        self, conversation: Conversation, events: tuple[Event, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the mail that tells what a turn said: one, or none where it said nothing."""
        told = [event.offset for event in events if event.sender is not Sender.USER]
        if not told:
            return ()
        span = {"first": told[0], "last": told[-1]}
        row = letter_row(conversation.id, DeliveryId(self._minter.id(now)), span, now)
        return (row,)

    # -- tickets ---------------------------------------------------------------------------

    def _open(
        self,
        rows: _Rows,
        effect: OpenTicket,
        conversation: Conversation,
        job_id: str,
        now: datetime,
    ) -> None:
        ticket = Ticket(
            id=TicketId(self._minter.id(now)),
            number=self._minter.ticket_number(),
            conversation_id=conversation.id,
            kind=effect.kind,
            state=effect.state,
            received_at=effect.received_at,
            locale=conversation.locale,
            requester=effect.requester,
            items=effect.items,
            account=effect.account,
            account_hash=self.account_hash(effect.account),
            needs=effect.needs,
            flags=effect.flags,
            contact=effect.contact,
            contact_hash=(
                self._hashing.lookup("contact", effect.contact) if effect.contact else None
            ),
            linked=effect.linked,
            reviewer_not=effect.reviewer_not,
            facts=effect.facts,
            version=1,
        )
        if effect.state is TicketState.IN_REVIEW:
            ticket = self._deadlines.with_clock(ticket, effect.verified_at or now, now)
            ticket = self._with_window(ticket, effect.unbinding_window, now)
        else:
            ticket = replace(ticket, dues=self._deadlines.unverified_dues(ticket, now))
        rows.tickets[ticket.id] = ticket
        rows.symbols[effect.symbol] = ticket.id
        rows.deliveries.extend(self.age(ticket, now))
        rows.log.append(
            LogEntry(ticket.id, now, "requester", "filed", job_id=job_id, why=effect.state.value)
        )
        for evidence in effect.evidence:
            rows.evidence_moved[evidence] = ticket.id

    def _with_window(self, ticket: Ticket, automated: bool, now: datetime) -> Ticket:
        window = self._deadlines.rules.unbinding_window
        if not automated or window is None:
            return ticket
        due = Due(DueKind.UNBINDING_WINDOW, now + window)
        return replace(ticket, dues=(due, *ticket.dues))

    def account_hash(self, account: str) -> LookupHash | None:
        """Return what finds the requests about an account; None for no account."""
        return self._hashing.lookup("account", account) if account else None

    def _move(
        self,
        rows: _Rows,
        effect: MoveTicket,
        known: Mapping[TicketId, Ticket],
        job_id: str,
        now: datetime,
    ) -> None:
        ticket = rows.tickets.get(effect.ticket_id) or known[effect.ticket_id]
        ticket = move(ticket, effect.move, now)
        if effect.move in {Move.VERIFY, Move.HAND_IN}:
            ticket = self._said_now(ticket, effect)
        if effect.move is Move.VERIFY:
            ticket = self._deadlines.with_clock(ticket, effect.verified_at or now, now)
            ticket = self._with_window(ticket, effect.unbinding_window, now)
        if effect.move is Move.HAND_IN:
            ticket = replace(
                ticket, flags=ticket.flags | {"document"}, needs=Assurance.DOCUMENT_CHECKED
            )
            ticket = replace(ticket, dues=self._deadlines.unverified_dues(ticket, now))
        if effect.move is Move.CONFIRM:
            # The user's last word on closing: now the account service may act.
            planned = plans.plan(ticket)
            ticket = replace(ticket, facts={**ticket.facts, "left": len(planned)})
            rows.deliveries.extend(self.actions(ticket, planned, now))
        rows.tickets[ticket.id] = ticket
        if effect.symbol:
            rows.symbols[effect.symbol] = ticket.id
        rows.log.append(
            LogEntry(ticket.id, now, "requester", effect.move.value, effect.why, job_id)
        )
        for evidence in effect.evidence:
            rows.evidence_moved[evidence] = ticket.id

    def _said_now(self, ticket: Ticket, effect: MoveTicket) -> Ticket:
        contact = effect.contact
        return replace(
            ticket,
            items=effect.items or ticket.items,
            flags=ticket.flags | effect.flags,
            facts={**ticket.facts, **effect.facts},
            contact=contact or ticket.contact,
            contact_hash=self._hashing.lookup("contact", contact)
            if contact
            else ticket.contact_hash,
        )

    def actions(
        self, ticket: Ticket, planned: tuple[plans.Action, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the outbox rows of a released ticket: one lane, in order, tried until answered."""
        return tuple(
            Delivery(
                id=DeliveryId(self._minter.id(now)),
                channel=Channel.ACCOUNT,
                action=action.action.value,
                lane=ticket.id,
                conversation_id=ticket.conversation_id,
                ticket_id=ticket.id,
                due_at=now,
                created_at=now,
                payload={
                    "account": action.account,
                    "arguments": dict(action.payload),
                    "items": list(action.items),
                },
            )
            for action in planned
        )

    def age(self, ticket: Ticket, now: datetime) -> tuple[Delivery, ...]:
        """Return the outbox row that looks up whether a ticket is a minor's; see ``ages``."""
        return age_row(ticket, DeliveryId(self._minter.id(now)), now)

    # -- files -------------------------------------------------------------------------------

    def _link(
        self,
        rows: _Rows,
        effect: OpenPackage,
        conversation: Conversation,
        known: Mapping[TicketId, Ticket],
    ) -> None:
        ticket = rows.tickets.get(effect.ticket_id) or known[effect.ticket_id]
        secret = self._minter.token()
        link = Link(self._hashing.lookup("package", secret), conversation.id, effect.until)
        packages = tuple(
            replace(one, link=link) if one.id == effect.package_id else one
            for one in ticket.packages
        )
        rows.tickets[ticket.id] = replace(ticket, packages=packages, version=ticket.version + 1)
        rows.links[effect.symbol] = f"{ticket.number}/{secret}"

    # -- the outside -----------------------------------------------------------------------

    def _code(
        self, rows: _Rows, effect: SendCode, conversation: Conversation, now: datetime
    ) -> None:
        code = self._minter.code()
        label, counter = effect.target.label(), effect.target.counter()
        rows.challenges[counter] = replace(
            rows.challenges[counter], code_hash=self._hashing.code(label, code)
        )
        rows.deliveries.append(
            self._own_lane(
                Channel.CODE,
                "send_code",
                conversation.id,
                effect.ref,
                now,
                payload={
                    "kind": effect.target.kind.value,
                    "to": effect.target.value,
                    "code": code,
                    "locale": conversation.locale,
                },
                give_up_at=now + effect.patience,
            )
        )

    def _call(
        self, rows: _Rows, effect: CallAccount, conversation: Conversation, now: datetime
    ) -> None:
        rows.deliveries.append(
            self._own_lane(
                Channel.ACCOUNT,
                effect.action.value,
                conversation.id,
                effect.ref,
                now,
                payload={"account": effect.account, "arguments": dict(effect.payload)},
                give_up_at=now + effect.patience,
            )
        )

    def _own_lane(
        self,
        channel: Channel,
        action: str,
        conversation: ConversationId,
        ref: str,
        now: datetime,
        *,
        payload: Mapping[str, Any],
        give_up_at: datetime,
    ) -> Delivery:
        row = DeliveryId(self._minter.id(now))
        return Delivery(
            id=row,
            channel=channel,
            action=action,
            lane=row,
            conversation_id=conversation,
            due_at=now,
            created_at=now,
            ref=ref,
            payload=payload,
            give_up_at=give_up_at,
        )


def _rate(
    rows: _Rows, effect: RateTicket, known: Mapping[TicketId, Ticket], job_id: str, now: datetime
) -> None:
    ticket = rows.tickets.get(effect.ticket_id) or known[effect.ticket_id]
    rows.tickets[ticket.id] = replace(
        ticket, satisfaction=effect.satisfaction, version=ticket.version + 1
    )
    what = f"rated:{effect.satisfaction.value}"
    rows.log.append(LogEntry(ticket.id, now, "requester", what, effect.comment, job_id))


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
