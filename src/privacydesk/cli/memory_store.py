"""The store of ``dialogs play``: a conversation in dictionaries, gone at the end.

It keeps the promise of ``ports.Writer`` for one user at a time: jobs run one after the other, a
known id is answered with its first answer, and a job that fails leaves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry, RowFault
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState, Pool
from privacydesk.domain.duty import Board, Duty
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.identity import Challenge
from privacydesk.domain.ids import (
    AttachmentId,
    ChallengeId,
    ConversationId,
    DeliveryId,
    EvidenceId,
    LookupHash,
    PackageId,
    TicketId,
)
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.piles import ALL, Counts, Filed, Pile, Place, Sieve, Watch
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.text_modules import TextModule
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import StaleError
from privacydesk.ports import Changes, CommitHook, Committed, Deserted, Job, WorkingSet


@dataclass(slots=True)
class _Rows:
    """All rows."""

    conversations: dict[ConversationId, Conversation] = field(default_factory=dict)
    events: dict[ConversationId, list[Event]] = field(default_factory=dict)
    keys: dict[LookupHash, ConversationId] = field(default_factory=dict)
    tickets: dict[TicketId, Ticket] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    challenges: dict[ChallengeId, Challenge] = field(default_factory=dict)
    deliveries: dict[DeliveryId, Delivery] = field(default_factory=dict)
    attachments: dict[AttachmentId, Attachment] = field(default_factory=dict)
    evidence: dict[EvidenceId, Evidence] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    package_parts: dict[tuple[PackageId, int], PackagePart] = field(default_factory=dict)
    answers: dict[tuple[bytes | None, str], int] = field(default_factory=dict)


class MemoryTextBook:
    """Text modules in a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, TextModule] = {}

    async def all(self) -> tuple[TextModule, ...]:
        """Return all of them by name."""
        return tuple(self._kept[name] for name in sorted(self._kept))

    async def save(self, module: TextModule, told: AuditEntry) -> None:
        """Store a module; nothing is audited while one plays."""
        del told
        self._check(module.name, module.version - 1)
        self._kept[module.name] = module

    async def remove(self, name: str, seen: int, told: AuditEntry) -> None:
        """Take a module away."""
        del told
        self._check(name, seen)
        del self._kept[name]

    def _check(self, name: str, seen: int) -> None:
        found = self._kept.get(name)
        if (found.version if found else 0) != seen:
            raise StaleError("the module was changed meanwhile", reason="text_changed")


class MemoryDuties:
    """Availability while one plays: every agent who acts is present."""

    def __init__(self) -> None:
        self._known: dict[str, Duty] = {}

    async def board(self) -> Board:
        """Return the availability of agents."""
        return Board(duties=dict(self._known))

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change availability."""
        for name in agents:
            self._known[name] = decide(self._known.get(name, Duty(name)))

    async def deserted(self, now: datetime) -> tuple[Deserted, ...]:
        """Return none: the player is present."""
        del now
        return ()


class MemoryAlarmBook:
    """No alarm is raised while one plays."""

    async def of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return no alarms."""
        del agent, limit
        return ()

    async def ring(self, alarms: Sequence[StaffAlarm]) -> int:
        """Raise nothing."""
        del alarms
        return 0

    async def see(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Return that no alarm was unseen."""
        del agent, about, now
        return 0

    async def sweep(self, before: datetime) -> None:
        """Remove nothing."""
        del before


class MemoryStore:
    """Implements ``ports.Store`` with one object for all of its parts."""

    def __init__(self) -> None:
        self.rows = _Rows()
        self._duties = MemoryDuties()
        self._text_book = MemoryTextBook()
        self._alarm_book = MemoryAlarmBook()

    @property
    def writer(self) -> MemoryStore:
        """The one way to change anything."""
        return self

    @property
    def reader(self) -> MemoryStore:
        """Reading."""
        return self

    @property
    def package_files(self) -> MemoryStore:
        """The files of access packages."""
        return self

    @property
    def claims(self) -> MemoryStore:
        """Claiming due rows."""
        return self

    @property
    def agent_book(self) -> MemoryStore:
        """Adding agents."""
        return self

    @property
    def text_book(self) -> MemoryTextBook:
        """Staff's text modules."""
        return self._text_book

    @property
    def duties(self) -> MemoryDuties:
        """Agents' availability."""
        return self._duties

    @property
    def alarm_book(self) -> MemoryAlarmBook:
        """The alarms of staff."""
        return self._alarm_book

    # -- writing ---------------------------------------------------------------------------

    async def submit(self, job: Job) -> Committed:
        """Run a job; see ``ports.Writer``."""
        rows, locks = self.rows, job.locks
        answered = (locks.conversation, job.id)
        if answered in rows.answers:
            return Committed(rows.answers[answered], duplicate=True)
        changes = job.decide(
            WorkingSet(
                conversation=(
                    rows.conversations.get(locks.conversation) if locks.conversation else None
                ),
                tickets=_found(rows.tickets, locks.tickets),
                challenges=_found(rows.challenges, locks.challenges),
                deliveries=_found(rows.deliveries, locks.deliveries),
            )
        )
        self._store(changes)
        offset = changes.events[0].offset if changes.events else 0
        rows.answers[answered] = offset
        return Committed(offset, duplicate=False, changes=changes)

    def _store(self, changes: Changes) -> None:
        rows = self.rows
        if changes.conversation is not None:
            conversation = changes.conversation.id
            rows.conversations[conversation] = changes.conversation
            rows.events.setdefault(conversation, []).extend(changes.events)
            rows.keys.update(dict.fromkeys(changes.keys, conversation))
        settled = [one.id for one in changes.tickets if one.has_settled_evidence]
        rows.tickets.update({one.id: one for one in changes.tickets})
        rows.log.extend(changes.ticket_log)
        rows.challenges.update({one.id: one for one in changes.challenges})
        rows.deliveries.update({one.id: one for one in changes.deliveries})
        rows.attachments.update({one.id: one for one in changes.attachments})
        rows.evidence.update({one.id: one for one in changes.evidence})
        rows.package_parts.update(
            {(one.package_id, one.place): one for one in changes.package_parts}
        )
        for moved, ticket in changes.evidence_moved.items():
            # Moved to the end: files are in the order of handing in.
            rows.evidence[moved] = replace(rows.evidence.pop(moved), ticket_id=ticket)
        gone = [one.id for one in rows.evidence.values() if one.ticket_id in settled]
        for removed in (*changes.evidence_removed, *gone):
            rows.evidence.pop(removed, None)

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return a conversation's state."""
        return self.rows.conversations.get(conversation)

    def on_commit(self, hook: CommitHook) -> None:
        """Nobody watches: the terminal reads the log after each turn."""

    async def add(self, agent: Agent) -> None:
        """Add an agent."""
        self.rows.agents[agent.name] = agent

    # -- reading ---------------------------------------------------------------------------

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """See ``ports.Reader``, also for the following ones."""
        return self.rows.conversations.get(conversation)

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation found under a lookup hash."""
        found = self.rows.keys.get(key)
        return None if found is None else self.rows.conversations.get(found)

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after`` in order."""
        return tuple(self.rows.events.get(conversation, ())[after : after + limit])

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offsets of conversations."""
        known = self.rows.conversations
        return {one: known[one].version for one in conversations if one in known}

    async def queue(
        self, *, limit: int, after: Conversation | None = None
    ) -> tuple[Conversation, ...]:
        """Return the conversation if it waits for a person: there is no other."""
        if after is not None:
            return ()
        found = self.rows.conversations.values()
        return tuple(one for one in found if one.owner.kind is OwnerKind.QUEUE)[:limit]

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or that any does."""
        return tuple(
            one
            for one in self.rows.conversations.values()
            if one.owner.kind is OwnerKind.AGENT and agent in {None, one.owner.agent}
        )

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return none: nobody works an inbox while one plays."""
        del agent
        return {}

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return 1 while the conversation waits: there is no other."""
        return int(any(one.id == conversation for one in await self.queue(limit=1)))

    async def queue_length(self) -> int:
        """Return 1 while the conversation waits."""
        return len(await self.queue(limit=1))

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        return self.rows.tickets.get(ticket)

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number."""
        return next((one for one in self.rows.tickets.values() if one.number == number), None)

    async def ticket_near(self, number: str) -> tuple[str, TicketId] | None:
        """Return the ticket with this number, else another one."""
        pairs = [(one.number, one.id) for one in self.rows.tickets.values()]
        return next((pair for pair in pairs if pair[0] == number), pairs[0] if pairs else None)

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return a person's tickets: open first, newest first."""
        found = [
            one
            for one in self.rows.tickets.values()
            if person in {one.account_hash, one.contact_hash} and (one.is_open or not only_open)
        ]
        found.sort(key=lambda one: (one.is_open, one.received_at), reverse=True)
        return tuple(found[:limit])

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        found = [t for t in self.rows.tickets.values() if t.conversation_id == conversation]
        return tuple(reversed(found))

    async def refused(self) -> tuple[RowFault, ...]:
        """Return nothing: nobody else writes to memory."""
        return ()

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets in the order in which they were filed."""
        del after
        found = (
            one
            for one in self.rows.tickets.values()
            if (not states or one.state.value in states)
            and (not kinds or one.kind.value in kinds)
            and holder in {None, one.holder}
        )
        return tuple(found)[:limit]

    async def pile(
        self,
        pile: Pile,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[Ticket, ...]:
        """Return none: nobody works an inbox while one plays."""
        del pile, watch, sieve, after, limit
        return ()

    async def pile_versions(
        self,
        pile: Pile,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[tuple[TicketId, int], ...]:
        """Return none, as ``pile``."""
        del pile, watch, sieve, after, limit
        return ()

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[Filed, ...]]:
        """Return none, as ``pile``."""
        del conversations
        return {}

    async def counts(self, watch: Watch) -> Counts:
        """Return zero counts."""
        del watch
        return Counts(dict.fromkeys(Pile, 0), len(await self.queue(limit=1)))

    async def held_tickets(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        return Counter(one.holder for one in self.rows.tickets.values() if one.is_open)

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return none: schedules don't change while one plays."""
        del limit, after
        return ()

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes."""
        return tuple(entry for entry in self.rows.log if entry.ticket_id == ticket)

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket."""
        found = (one for one in self.rows.deliveries.values() if one.ticket_id == ticket)
        return tuple(sorted((n for n in found if n.channel is Channel.NOTICE), key=lambda n: n.id))

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent."""
        return self.rows.attachments.get(attachment)

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return what was handed in for a ticket."""
        return tuple(one for one in self.rows.evidence.values() if one.ticket_id == ticket)

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet."""
        found = self.rows.evidence.values()
        return tuple(
            one for one in found if one.conversation_id == conversation and one.ticket_id is None
        )

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return how many bytes of files are kept of a conversation."""
        found = self.rows.evidence.values()
        return sum(one.size for one in found if one.conversation_id == conversation)

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return none: what is kept while one plays goes with the player."""
        del before, after, limit
        return ()

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one file."""
        return self.rows.evidence.get(evidence)

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a piece of a file."""
        found = self.rows.package_parts.get((package, place))
        return None if found is None else found.body

    async def sweep(self, now: datetime) -> int:
        """Remove nothing: what is kept while one plays goes with the player."""
        del now
        return 0

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents."""
        return tuple(self.rows.agents.values())

    async def makers_of(self, program: str) -> frozenset[str]:
        """Return nobody: no program plays along."""
        del program
        return frozenset()

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return nothing: nobody's access is changed here."""
        del since
        return ()

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return what the account service still has to do for a ticket."""
        return tuple(
            one
            for one in self.rows.deliveries.values()
            if one.lane == ticket and one.state is DeliveryState.OPEN
        )

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        return sum(one.state is DeliveryState.OPEN for one in self.rows.deliveries.values())

    # -- claiming --------------------------------------------------------------------------

    async def deliveries(
        self,
        now: datetime,
        *,
        lease: timedelta,
        places: Mapping[Pool, int],
        without: Collection[DeliveryId] = (),
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due: of each lane only its oldest open row."""
        oldest: dict[bytes, Delivery] = {}
        for row in sorted(self.rows.deliveries.values(), key=lambda one: one.id):
            if row.state is DeliveryState.OPEN:
                oldest.setdefault(row.lane, row)
        left, claimed = dict(places), []
        for row in oldest.values():
            if row.due_at <= now and row.id not in without and left.get(row.pool, 0) > 0:
                left[row.pool] -= 1
                claimed.append(
                    replace(
                        row, attempts=row.attempts + 1, due_at=now + lease, version=row.version + 1
                    )
                )
        self.rows.deliveries.update({row.id: row for row in claimed})
        return tuple(claimed)

    async def keep(self, row: Delivery, *, until: datetime) -> bool:
        """Return that it is held: there is no other worker."""
        del row, until
        return True

    async def next_delivery(
        self, pools: Collection[Pool], *, without: Collection[DeliveryId] = ()
    ) -> datetime | None:
        """Return nothing: the terminal asks after each line."""
        del pools, without
        return None

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Return tickets that come up by themselves."""
        del lease
        due = [t for t in self.rows.tickets.values() if t.next_due_at and t.next_due_at <= now]
        return tuple(due[:limit])

    async def next_ticket(self) -> datetime | None:
        """Return nothing: the terminal asks after each line."""
        return None

    async def hurry_overlooked(self, now: datetime) -> int:
        """Do nothing: due rows are never postponed here."""
        del now
        return 0


def _found(rows: Mapping[Any, Any], wanted: Sequence[Any]) -> dict[Any, Any]:
    return {one: rows[one] for one in wanted if one in rows}
