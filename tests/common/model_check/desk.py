"""The desk of the model check: the real services and flows on a few values in memory.

What is decided is decided by the code of the product: the engine with the shipped flows, the
services of staff, the account service's answers, scheduled events and retention. Here are only the
rows that they lock, and the canonical form of what they leave.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec.structs import replace
from tests.common.model_check.explorer import Refused

from privacydesk.calendars import Calendars
from privacydesk.data import dialog_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.options import is_theirs, whose
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.script import NeedsMore, Script
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import AccountOutcome
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.conversation import Conversation, Frame, Owner
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState
from privacydesk.domain.duty import StaffBoard
from privacydesk.domain.ids import ChallengeId, ConversationId, DeliveryId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.retention import LogLine, Purge, StoredContent
from privacydesk.domain.tasks import Team
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import (
    DecisionKind,
    DecisionMessage,
    Message,
    Needs,
    Observation,
    Snapshot,
    TextMessage,
    Turn,
)
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError
from privacydesk.ports import Changes, Committed, Job, WorkingSet
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.decision import PrepareTurn
from privacydesk.services.deliveries import Deliveries
from privacydesk.services.notices import Notices
from privacydesk.services.records import restore_identity
from privacydesk.services.retention_run import Retention
from privacydesk.services.row_builders import OutboxRowBuilder, TurnChangesBuilder
from privacydesk.services.scheduled_events import ScheduledEvents
from privacydesk.services.settlement import Answer
from privacydesk.services.staff.services import StaffServices, make_staff_services
from privacydesk.services.takeover import Takeover
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.rows.ticket import person_hashes

T = TypeVar("T")

START: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
INSTANTS: Final = (
    timedelta(0),
    timedelta(minutes=50),  # a proof of the start has expired
    timedelta(days=17),  # overdue; unverified requests lapse; too late to object to what closed
    timedelta(days=34),  # what closed first is due for deletion
    timedelta(days=65),  # what closed since, too
)
PERIOD: Final = timedelta(days=30)
RULES: Final = Rules()

ACCOUNT, CONTACT = "u-1", "+8613800138000"
HOME, AWAY = ConversationId(b"h" * 16), ConversationId(b"a" * 16)
IDS: Final = (TicketId(b"1" * 16), TicketId(b"2" * 16))
NUMBERS: Final = ("PD-QP6G-6R2M-HW9", "PD-QGVK-9G8P-6QT")
"""The request and the objection to it."""

AGENTS: Final = {
    agent.name: agent
    for agent in (
        Agent("ann", "Ann", Role.AGENT, START),
        Agent("bob", "Bob", Role.AGENT, START),
        Agent("sue", "Sue", Role.SUPERVISOR, START),
        Agent("pay", "Pay", Role.DATA_OWNER, START, teams=("payments",)),
    )
}
TEAMS: Final = {"payments": Team("payments", {"en": "Payments"})}
OWNERSHIP: Final = frozenset({DecisionKind.TAKEN, DecisionKind.HANDED_BACK})

_DEADLINES: Final = Deadlines(Calendars(), DeadlineRules())
_HASHING: Final = KeyedHashing(b"s" * 32)
_CODE: Final = b"the code"


class History(msgspec.Struct, frozen=True):
    """What the explorer itself has seen of a request; no code of the desk reads it.

    Attributes:
        took_part: the agents who did something that counts as taking part in the decision.
        proposed_by: the agent who proposed the decision that waits.
        agreed: what its requester said yes to, having shown who they are.
    """

    took_part: tuple[str, ...] = ()
    proposed_by: str = ""
    agreed: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True):
    """A request with its open orders to the account service."""

    ticket: Ticket | None = None
    orders: tuple[Delivery, ...] = ()
    history: History = History()


class Talk(msgspec.Struct, frozen=True):
    """A conversation, and when the explorer saw its user prove who they are."""

    conversation: Conversation
    proved_at: datetime | None = None


def conversation_of(conversation: ConversationId, account: str = "") -> Conversation:
    """Return a conversation as it begins."""
    return Conversation(conversation, "e", START, version=9, account=account, serial=1)


class Rows:
    """The rows that one step may read and change, and the ports that the services see of them."""

    def __init__(self, now: datetime, talks: tuple[Talk, ...], cases: tuple[Case, ...]) -> None:
        self.at = now
        self.conversations = {one.conversation.id: one.conversation for one in talks}
        self.cases = {one.ticket.id: one for one in cases if one.ticket is not None}
        self.orders = {row.id: row for one in cases for row in one.orders}
        self.events: list[Any] = []
        self.purged: Purge | None = None
        self._minted = 0

    # -- the clock, ids ------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.at

    def id(self, _now: datetime) -> bytes:
        """Return the id of the next ticket that is filed; afterwards ids of other rows."""
        self._minted += 1
        free = [one for one in IDS if one not in self.cases]
        return free[0] if self._minted == 1 and free else bytes([100 + self._minted]) * 16

    def token(self) -> str:
        return "e"

    def code(self) -> str:
        return "123456"

    def ticket_number(self) -> str:
        assert len(self.cases) < len(NUMBERS), "a decision is objected to twice"
        return NUMBERS[len(self.cases)]

    # -- reading -------------------------------------------------------------------------------

    async def agents(self) -> tuple[Agent, ...]:
        return tuple(AGENTS.values())

    async def ticket(self, ticket_id: TicketId) -> Ticket | None:
        return self.tickets.get(ticket_id)

    async def ticket_by_number(self, number: str) -> Ticket | None:
        return next((one for one in self.tickets.values() if one.number == number), None)

    async def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        return self.conversations.get(conversation_id)

    async def list_tickets(self, *, holder: str, **_: Any) -> tuple[Ticket, ...]:
        return tuple(one for one in self.tickets.values() if one.holder == holder and one.is_open)

    async def tickets_of(self, person: LookupHash, **_: Any) -> tuple[Ticket, ...]:
        return tuple(one for one in self.tickets.values() if person in person_hashes(one))

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        return tuple(one for one in self.tickets.values() if one.conversation_id == conversation)

    async def evidence_of(self, _ticket: TicketId) -> tuple[()]:
        return ()

    async def ticket_log(self, _ticket: TicketId) -> tuple[()]:
        return ()

    async def token_creators(self, _name: str) -> tuple[()]:
        return ()

    async def board(self) -> StaffBoard:
        return StaffBoard()

    async def record_activity(self, _agent: str) -> None:
        pass

    @property
    def tickets(self) -> dict[TicketId, Ticket]:
        return {key: case.ticket for key, case in self.cases.items() if case.ticket is not None}

    # -- the writer ----------------------------------------------------------------------------

    def working_set(self, conversation: ConversationId | None) -> WorkingSet:
        found = self.conversations.get(conversation) if conversation is not None else None
        return WorkingSet(conversation=found, tickets=self.tickets, deliveries=self.orders)

    async def submit(self, job: Job) -> Committed:
        changes = job.decide(self.working_set(job.locks.conversation))
        self.apply(changes)
        return Committed(0, duplicate=False, changes=changes)

    async def run(
        self, conversation: ConversationId, _job: str, prepare: PrepareTurn, **_: Any
    ) -> Committed:
        """Run a job of a conversation; what staff say about tickets is not put into words."""
        prepared = prepare(self.working_set(conversation))
        self.apply(prepared.changes)
        message = prepared.message
        if isinstance(message, DecisionMessage) and message.kind in OWNERSHIP:
            self.advance(self.conversations[conversation], message)
        return Committed(1, duplicate=False, changes=prepared.changes)

    def apply(self, changes: Changes) -> None:
        if changes.conversation is not None:
            self.conversations[changes.conversation.id] = changes.conversation
        for ticket in changes.tickets:
            self.cases[ticket.id] = replace(self.cases.get(ticket.id, Case()), ticket=ticket)
        for row in changes.deliveries:
            if row.channel is Channel.ACCOUNT and row.ticket_id in self.cases:
                self.orders[row.id] = row
        self.purged = changes.purge

    # -- the engine ----------------------------------------------------------------------------

    def advance(
        self, conversation: Conversation, message: Message, *, code: bool = False
    ) -> Changes:
        """Advance a conversation by a message, and apply what that changes."""
        tickets = tuple(
            restore_identity(one, conversation, _HASHING) for one in self.tickets.values()
        )
        turn, challenges = _advance(
            conversation, tickets, message, self.at, code=code, holds=self.holds()
        )
        builder = TurnChangesBuilder(
            OutboxRowBuilder(cast("Any", self), _HASHING),
            cast("Any", self),
            _HASHING,
            _DEADLINES,
            cast("Any", _WORDLESS),
        )
        changes = builder.build(turn, before=challenges, job_id="j", now=self.at)
        self.apply(changes)
        self.conversations[conversation.id] = turn.snapshot.conversation
        return changes

    # -- services ------------------------------------------------------------------------------

    @property
    def ports(self) -> Any:
        """These rows, as whatever port a service asks for."""
        return self

    @property
    def store(self) -> Any:
        return SimpleNamespace(reader=self, writer=self)

    def notices(self) -> Notices:
        return Notices(self.ports, {})

    def holds(self) -> AccountRequests:
        return AccountRequests(self.ports, _HASHING)

    def alarms(self) -> Alarms:
        return Alarms(self.ports, self.ports, self.ports, self.ports)

    def staff(self, second_eyes: frozenset[RequestKind]) -> StaffServices:
        return make_staff_services(
            turns=self.ports,
            store=self.store,
            row_builder=OutboxRowBuilder(self.ports, _HASHING),
            minter=self.ports,
            hashing=_HASHING,
            deadlines=_DEADLINES,
            notices=self.notices(),
            alarms=self.alarms(),
            clock=self.ports,
            accounts=self.ports,
            second_eyes=second_eyes,
            closing_faces="",
            changed=lambda _: None,
            teams=TEAMS,
        )

    def takeover(self) -> Takeover:
        return Takeover(
            turns=self.ports,
            store=self.store,
            staff=self.staff(frozenset()),
            attendance=self.ports,
            presence=self.ports,
            attaching=self.ports,
            minter=self.ports,
            clock=self.ports,
        )

    def scheduled_events(self) -> ScheduledEvents:
        return ScheduledEvents(
            turns=self.ports,
            row_builder=OutboxRowBuilder(self.ports, _HASHING),
            notices=self.notices(),
            deadlines=_DEADLINES,
            alarms=self.alarms(),
            holds=self.holds(),
            clock=self.ports,
            on_change=lambda _: None,
        )

    async def build_for_export(self, _row: Delivery, _answer: Answer) -> None:
        """Make no file: nothing is exported here."""

    async def settle(self, row: Delivery, answer: AccountAnswer) -> None:
        """Call the account service, and take its answer."""

        async def call(*_args: Any, **_: Any) -> AccountAnswer:
            return answer

        deliveries = Deliveries(
            accounts=cast("Any", SimpleNamespace(call=call)),
            codes=self.ports,
            turns=self.ports,
            writer=self.ports,
            notices=self.notices(),
            notice_delivery=self.ports,
            mail_replies=self.ports,
            staff_channels=self.ports,
            packages=self.ports,
            holds=self.holds(),
            deadlines=_DEADLINES,
            hashing=_HASHING,
            clock=self.ports,
        )
        await deliveries._finish(row, await deliveries._call(row))

    async def purge(self, content: StoredContent) -> None:
        retention = Retention(
            purging=self.ports,
            tasks=self.ports,
            writer=self.ports,
            account_requests=self.holds(),
            audit=self.ports,
            minter=self.ports,
            clock=self.ports,
            period=PERIOD,
        )
        await retention._purge(content, await retention._held(content), "clock")


_WORDLESS: Final = SimpleNamespace(
    render_event=lambda event, _find, _now: event, wording_version=lambda _locale, _keys: ""
)
ENGINE: Final = Engine(read_flows(dialog_files()), RULES, lambda _locale, key, _args: key)


def _advance(
    conversation: Conversation,
    tickets: tuple[Ticket, ...],
    message: Message,
    now: datetime,
    *,
    code: bool,
    holds: AccountRequests,
) -> tuple[Turn, Mapping[str, Challenge]]:
    """Let the engine decide, fetching what it names, as ``services/turns`` does."""
    needs = Needs()
    for _ in range(12):
        challenges = {name: _challenge(now, code=code) for name in needs.challenges}
        held = bool(drive(holds.held_on(needs.held_account)))
        observed = Observation(needs=needs, code_hash=_CODE if code else b"", held=held)
        snapshot = Snapshot(conversation, challenges, tickets)
        try:
            told = replace(message, observed=observed)
            return ENGINE.advance(snapshot, told, now), challenges
        except NeedsMore as more:
            label = needs.code_target or _target(conversation)
            needs = replace(more.needs, code_target=label if code else "")
    raise AssertionError("the engine always needs more")


def _target(conversation: Conversation) -> str:
    return str(conversation.stack[-1].slots.get("_target", "")) if conversation.stack else ""


def _challenge(now: datetime, *, code: bool) -> Challenge:
    row = Challenge(ChallengeId(b"x" * 32))
    return replace(row.after_sending(now, RULES.codes), code_hash=_CODE) if code else row


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a service, which has nothing to wait for here; return its result.

    Raises:
        Refused: the desk refuses.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    except DeskError as error:
        raise Refused(str(error)) from error
    raise AssertionError("a service waits for something")


def standing_at(
    talk: Talk,
    flow: str,
    step: str,
    now: datetime,
    slots: Mapping[str, Any],
    *,
    confirmed_at: datetime | None = None,
) -> Conversation:
    """Return a conversation whose user has come to a step of a flow."""
    frame = Frame(flow, step, now, serial=1, slots=slots, confirmed_at=confirmed_at)
    return replace(talk.conversation, stack=(frame,))


def sees(conversation: Conversation, ticket: Ticket, now: datetime) -> bool:
    """Return whether a conversation's user is shown a ticket, by list or by number."""
    shown = restore_identity(ticket, conversation, _HASHING)
    script = Script(Snapshot(conversation, {}, (shown,)), Observation(), RULES, now, "j")
    owners = whose(script)
    script.observed = Observation(needs=Needs(tickets_of=owners, ticket_number=ticket.number))
    return bool(script.tickets_of(owners)) or is_theirs(script, shown)


# -- canonical form ----------------------------------------------------------------------------


def tidy_case(rows: Rows, before: Case, ticket_id: TicketId) -> Case:
    """Return a case after a step, in its canonical form: without versions and chance ids."""
    case = rows.cases.get(ticket_id, before)
    ticket = case.ticket
    if ticket is None:
        return case
    work = replace(ticket.work, touched_by=tuple(sorted(ticket.work.touched_by)))
    ticket = replace(
        ticket,
        version=1,
        work=work,
        excluded_reviewers=tuple(sorted(ticket.excluded_reviewers)),
    )
    orders = [
        row
        for row in rows.orders.values()
        if row.ticket_id == ticket_id
        and row.state is DeliveryState.OPEN
        and row.action != "profile"
    ]
    place = IDS.index(ticket_id)
    numbered = tuple(
        replace(row, id=DeliveryId(bytes([10 * place + number]) * 16), version=1)
        for number, row in enumerate(orders, 1)
    )
    return replace(case, ticket=ticket, orders=numbered)


def tidy_talk(rows: Rows, before: Talk) -> Talk:
    """Return a conversation after a step, without what was said and without open forms."""
    after = rows.conversations[before.conversation.id]
    owner = Owner(after.owner.kind, after.owner.agent)
    blank = conversation_of(after.id, after.account)
    return replace(
        before,
        conversation=replace(blank, owner=owner, verifications=after.verifications),
    )


def content_of(talk: Talk, cases: tuple[Case, ...]) -> StoredContent:
    """Return what is stored of a conversation: a line at each end of its requests' spans."""
    tickets = tuple(one.ticket for one in cases if one.ticket is not None)
    here = tuple(one for one in tickets if one.conversation_id == talk.conversation.id)
    kept = [one for one in here if one.purged_at is None]
    instants = sorted({at for one in kept for at in (one.received_at, one.closed_at) if at})
    return StoredContent(
        talk.conversation,
        tuple(LogLine(number, at, False) for number, at in enumerate(instants, 1)),
        here,
        tuple(one for one in tickets if one.linked is not None),
    )


def text(words: str = "go on") -> TextMessage:
    """Return a message of the user."""
    return TextMessage("j", words)


def answer_of(outcome: AccountOutcome) -> AccountAnswer:
    """Return an answer of the account service."""
    return AccountAnswer(outcome)
