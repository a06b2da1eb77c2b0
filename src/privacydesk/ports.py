"""Ports: what services need of storage, connectors and catalogs. Imports the domain only.

The writer is the one way to change anything. A job names the rows it decides on; the writer locks
and reads them in a batch, runs the job's closure over them, and commits what all closures of the
batch returned in one transaction. A closure is pure: it may be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct, field

from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.api_tokens import ApiToken, Bearer, KeptAnswer
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry, ChainHead, ChainReport, ChainState, SealedEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import Count, Counted
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.duty import Board, Duty
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.identity import Challenge
from privacydesk.domain.ids import (
    AccessEntryId,
    ApiTokenId,
    AttachmentId,
    ChallengeId,
    ConversationId,
    DeliveryId,
    EndpointId,
    EvidenceId,
    LookupHash,
    PackageId,
    PostingId,
    StaffSessionId,
    TicketId,
)
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.piles import Counts, Pile, Place, Watch
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reports import Case
from privacydesk.domain.retention import Holdings, Purge
from privacydesk.domain.signin import AccessEntry, Attempts, Credential, Holder, StaffSession
from privacydesk.domain.text_modules import TextModule
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.turn import Recognised
from privacydesk.domain.webhooks import (
    Claimed,
    Endpoint,
    EndpointState,
    Entry,
    Posting,
    PostingState,
    Standing,
    Tried,
)
from privacydesk.errors import DeskError, ErrorCode


class Locks(Struct, frozen=True):
    """The rows a job decides on. One that doesn't exist yet may be named: its absence is read."""

    conversation: ConversationId | None = None
    tickets: tuple[TicketId, ...] = ()
    challenges: tuple[ChallengeId, ...] = ()
    deliveries: tuple[DeliveryId, ...] = ()


class WorkingSet(Struct, frozen=True):
    """What the writer read under the lock. Rows that do not exist are missing from the maps."""

    conversation: Conversation | None = None
    tickets: Mapping[TicketId, Ticket] = field(default_factory=dict)
    challenges: Mapping[ChallengeId, Challenge] = field(default_factory=dict)
    deliveries: Mapping[DeliveryId, Delivery] = field(default_factory=dict)


class Changes(Struct, frozen=True):
    """What a job leaves.

    A row that is not in the job's working set is new. A conversation's events continue its log
    without a gap and end at its version; the first one carries the job's id. Any other changed row
    has a higher version; one left as it was is raised by the writer.

    Attributes:
        keys: lookup hashes under which a new conversation is found. One that is taken fails the
            job with code CONFLICT, so that the submitter can look up the winner.
        attachments: files that go with the first event; their offset is set to its own.
        evidence: new uploads.
        evidence_moved: evidence id to the ticket that takes it.
        evidence_removed: evidence whose body goes.
        package_parts: pieces of new files that are offered for a while.
        audit: what is audited besides the entries that staff leave in ticket logs: those are by
            themselves.
        counted: what the daily counters count of it.
        purge: what of the job's conversation goes; its tickets become records in ``tickets``.
        staff_alarms: whom it calls, and why.
        alarms: log events that tell the operator of something that needs a look; raised by the
            submitter after the commit.
        answer: handed to the submitter after the commit.
    """

    conversation: Conversation | None = None
    events: tuple[Event, ...] = ()
    keys: tuple[LookupHash, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    ticket_log: tuple[LogEntry, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    evidence_moved: Mapping[EvidenceId, TicketId] = field(default_factory=dict)
    evidence_removed: tuple[EvidenceId, ...] = ()
    package_parts: tuple[PackagePart, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    counted: tuple[Counted, ...] = ()
    purge: Purge | None = None
    staff_alarms: tuple[StaffAlarm, ...] = ()
    alarms: tuple[str, ...] = ()
    answer: Any = None


class FailedJobError(DeskError):
    """A job's closure or its rows were at fault; nothing of it was stored. Details are logged."""

    code = ErrorCode.FAILED


class Reobserve(Exception):  # noqa: N818 - a signal to the submitter, not a fault
    """What the step needs to know has changed meanwhile; the job goes back to *observe*."""


class Job(Struct, frozen=True):
    """Anything that may change a conversation, ticket or outbox row.

    Attributes:
        id: chosen by whoever asks; runs once per conversation (or per ticket, for jobs that
            leave no event). A known id is answered with its first offset and not run again.
        locks: rows to lock and read.
        decide: pure closure over them. A ``DeskError`` or ``Reobserve`` it raises, or any other
            exception, fails this job alone.
        once_per_ticket: the id is looked up in this ticket's log instead of the event log.
    """

    id: str
    locks: Locks
    decide: Callable[[WorkingSet], Changes]
    once_per_ticket: TicketId | None = None


class Committed(Struct, frozen=True):
    """A job's answer, given after the commit and never before.

    Attributes:
        offset: the first offset the job left, now or when it first ran; 0 without an event.
        duplicate: the job had run before; nothing was done now.
        changes: what was written; None for a duplicate.
    """

    offset: int
    duplicate: bool
    changes: Changes | None = None


CommitHook = Callable[[ConversationId, tuple[Event, ...], Conversation], None]
"""Told on the event loop what a commit appended to a conversation, and its state after it."""


class Writer(Protocol):
    """The one way to change anything."""

    async def submit(self, job: Job) -> Committed:
        """Run a job and return after its commit.

        Raises:
            UnavailableError: the database can't take it (full, read-only, gone); nothing was kept.
            DeskError, Reobserve: as the job's closure raised.
            FailedJobError: the closure or its rows were at fault; nothing of it was stored.
        """
        ...

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return the state after the last commit if it is at hand; may be a little old."""
        ...

    def on_commit(self, hook: CommitHook) -> None:
        """Have ``hook`` called after each commit, before the submitters are answered."""
        ...


class Reader(Protocol):
    """Reading beside the writer. Each call is one short transaction in a reader thread."""

    async def find_conversation(self, key: LookupHash) -> ConversationId | None:
        """Return the conversation found under a lookup hash."""
        ...

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """Return the conversation's state."""
        ...

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after`` in order."""
        ...

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offsets of conversations, for the periodic comparison."""
        ...

    async def queue(self, *, limit: int | None = None) -> tuple[Conversation, ...]:
        """Return the conversations waiting for a person, longest first."""
        ...

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or that any does, oldest first."""
        ...

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return 1 for the head of the queue; 0 when the conversation does not wait."""
        ...

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        ...

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number (canonical form)."""
        ...

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return a person's tickets (by account or contact hash): open first, newest first."""
        ...

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        ...

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets by due date, undated last."""
        ...

    async def pile(
        self, pile: Pile, watch: Watch, *, after: Place | None = None, limit: int = 50
    ) -> tuple[Ticket, ...]:
        """Return a page of a pile: overdue first, then due, then what nothing is due on."""
        ...

    async def counts(self, watch: Watch) -> Counts:
        """Return how many tickets lie in each pile, and how many conversations wait."""
        ...

    async def held_tickets(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        ...

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets one of whose dates is still provisional, by id, after a given one."""
        ...

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes, oldest first."""
        ...

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each way that was gone, oldest first."""
        ...

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent, opened."""
        ...

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return what was handed in for a ticket, without bodies."""
        ...

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one file with its body opened."""
        ...

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet, without bodies."""
        ...

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return how many bytes of files are kept of a conversation, filed or not."""
        ...

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return files older than ``before`` that no ticket has taken, by id, without bodies."""
        ...

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents by name."""
        ...

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return what the account service still has to do for a ticket, in its order."""
        ...

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        ...


class PackageFiles(Protocol):
    """The files of access packages."""

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a piece of a file, 1 for the first; None where there is none, or no more."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Remove the files whose time is over; return how many that were."""
        ...


class Claims(Protocol):
    """Claiming due rows: each claim moves the row ahead by the lease, so no two work on it."""

    async def deliveries(
        self, now: datetime, *, lease: timedelta, limit: int
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due: of each lane only its oldest open row."""
        ...

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets that come up by themselves."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next row is due, so that the worker knows how long to rest."""
        ...


class AuditTrail(Protocol):
    """The audit entries as a chain that shows what was changed, removed or moved in it."""

    async def seal(self) -> int:
        """Chain entries that wait, some hundreds at once; return how many that were.

        One process at a time does so; for others there is nothing to do meanwhile.
        """
        ...

    async def check(self, noted: ChainHead | None = None) -> ChainReport:
        """Check the whole chain.

        Args:
            noted: a head that was written down elsewhere, which has to be part of it.
        """
        ...

    async def state(self) -> ChainState:
        """Return how far the chain is; nothing is checked."""
        ...

    async def acts(self) -> tuple[str, ...]:
        """Return the names of all acts there are entries of."""
        ...

    async def entries(
        self,
        *,
        ticket: TicketId | None = None,
        by: str = "",
        what: str = "",
        before: bytes | None = None,
        limit: int = 100,
    ) -> tuple[SealedEntry, ...]:
        """Return entries, newest first.

        Args:
            ticket: only what was done on this one.
            by: only what this agent did.
            what: only acts of this name.
            before: the id of the last entry of the page before.
            limit: how many at most.
        """
        ...


class Counters(Protocol):
    """What was counted day by day."""

    async def sums(self, first: date, last: date) -> tuple[Count, ...]:
        """Return how often each thing happened from one day to another, both included."""
        ...


class Cases(Protocol):
    """Requests as those see them who look over the desk."""

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return requests made before ``until`` of which anything happened after ``since``."""
        ...

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the numbers of tickets."""
        ...

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return the tickets of requests made from one instant on to before another, oldest first.

        Args:
            since: the first instant.
            until: the first one that no longer counts.
            after: the last ticket of the page before.
            limit: how many at most.
        """
        ...


class Purging(Protocol):
    """Finding what has been kept long enough, and taking it away for good."""

    async def aged(
        self, before: datetime, *, after: ConversationId | None, limit: int
    ) -> tuple[tuple[ConversationId, ...], ConversationId | None]:
        """Return conversations that hold something from before an instant, a page at a time.

        Returns:
            Those found, and where the next page begins; None after the last one.
        """
        ...

    async def holdings(self, conversation: ConversationId) -> Holdings | None:
        """Return what is kept of a conversation."""
        ...

    async def erase(self, conversation: ConversationId, *, version: int) -> bool:
        """Take a conversation away with all that belongs to it and its key.

        Returns:
            Whether that was done: it is not once anything was said since ``version``.
        """
        ...

    async def scrub(self) -> None:
        """Leave nothing of what went in the files of the database, as far as it lies with us."""
        ...


class Chores(Protocol):
    """What is done once in a while by whichever process comes first."""

    async def claim(self, name: str, now: datetime, *, lease: timedelta) -> bool:
        """Claim a chore that is due, or was never done; it is due again after the lease."""
        ...

    async def finish(self, name: str, due_at: datetime) -> None:
        """Say when a chore is due again."""
        ...


class KeyWrapping(Protocol):
    """Wrapping data keys anew after the ring got another current key."""

    async def wrapped(self) -> Mapping[str, int]:
        """Return how many data keys each ring key wraps."""
        ...

    async def rewrap(self, ring_key: str, *, limit: int) -> int:
        """Wrap some data keys with the current ring key; return how many that were.

        Raises:
            SettingsError: the ring key that wraps them isn't at hand.
        """
        ...


class TextBook(Protocol):
    """Staff's text modules."""

    async def all(self) -> tuple[TextModule, ...]:
        """Return all of them by name."""
        ...

    async def save(self, module: TextModule, told: AuditEntry) -> None:
        """Keep a module, with what is audited of it; its version is one above what it replaces.

        Raises:
            StaleError: that is not what there is.
        """
        ...

    async def remove(self, name: str, seen: int, told: AuditEntry) -> None:
        """Take a module away.

        Raises:
            StaleError: its version is another, or there is none.
        """
        ...


class AgentBook(Protocol):
    """Adding and changing agents."""

    async def add(self, agent: Agent) -> None:
        """Add an agent; DeskError with code CONFLICT when the name is taken."""
        ...


class Deserted(Struct, frozen=True):
    """A conversation whose agent is no longer there.

    Attributes:
        left: they went off duty, or may no longer act; else their connection is gone.
    """

    conversation: ConversationId
    agent: str
    left: bool


class Duties(Protocol):
    """Who is there to answer, kept so that no process has to live for it to be known."""

    async def board(self) -> Board:
        """Return how it stands with whoever answers."""
        ...

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change availability in one transaction; who has none yet is given as off duty.

        Args:
            agents: whose.
            decide: pure; what it returns as it was is not written.
        """
        ...

    async def deserted(self, now: datetime) -> tuple[Deserted, ...]:
        """Return the conversations whose agent is not there."""
        ...


class AlarmBook(Protocol):
    """What staff were called for. Most calls come with the change that they tell of."""

    async def of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's calls, the newest first."""
        ...

    async def ring(self, alarms: Sequence[StaffAlarm]) -> int:
        """Call whoever was not called for this before; return how many that were."""
        ...

    async def see(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Note that an agent has seen what they were called for; return how many that were.

        Args:
            agent: who.
            about: tickets, and conversations that wait; all there is when None.
            now: the present.
        """
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove calls from before an instant."""
        ...


class AccessChanges(Struct, frozen=True):
    """What is to be done with agents, their credentials and sessions, all of it or nothing.

    Attributes:
        hired: a new agent.
        changed: an agent with another role or language, or no longer active.
        was: the same agent as it was read, which has to be so still.
        credential: a new one, or one whose version is one above that of what it replaces.
        opened: a new session.
        replaces: the session that the new one takes the place of; it has to be there still.
        ends: sessions to end; ones that have gone are no fault.
        ends_of: the agent all of whose sessions end, but the one that ``keeps`` names.
        forgets: counted attempts that are forgotten.
        entries: lines for the log of access.
    """

    hired: Agent | None = None
    changed: Agent | None = None
    was: Agent | None = None
    credential: Credential | None = None
    opened: StaffSession | None = None
    replaces: StaffSessionId | None = None
    ends: tuple[StaffSessionId, ...] = ()
    ends_of: str = ""
    keeps: StaffSessionId | None = None
    forgets: tuple[LookupHash, ...] = ()
    entries: tuple[AccessEntry, ...] = ()


class StaffAccess(Protocol):
    """How staff get in: credentials, sessions, counted attempts, and the log of it."""

    async def credential(self, agent: str) -> Credential | None:
        """Return what an agent proves themselves with."""
        ...

    async def holder(self, key: LookupHash) -> Holder | None:
        """Return a session by the hash of its cookie, and its agent as they are now."""
        ...

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, the newest first, ended ones until they are swept."""
        ...

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return entries of the log of access, the newest first.

        Args:
            agent: only those that concern this one.
            before: the id of the last entry of the page before.
            limit: how many at most.
        """
        ...

    async def commit(self, changes: AccessChanges) -> None:
        """Do all of it in one transaction.

        Raises:
            StaleError: the agent, credential or session it rests on has changed meanwhile.
            DeskError: CONFLICT when a new agent's name is taken; NOT_ALLOWED_NOW when nobody
                would be left to administer.
        """
        ...

    async def seen(self, session: StaffSessionId, at: datetime) -> None:
        """Note that a session is in use."""
        ...

    async def attempt(self, key: LookupHash, now: datetime) -> Attempts:
        """Count an entry as failed, unless it has to wait; return what was counted before it."""
        ...

    async def sweep(self, now: datetime, *, idle: timedelta, keep_log: timedelta) -> None:
        """Remove what has ended, and entries of the log that are older than ``keep_log``."""
        ...


class WebhookBook(Protocol):
    """Endpoints that are told what happens, and the log of what was sent to them.

    Each change is audited in its own transaction.
    """

    async def endpoints(self) -> tuple[Standing, ...]:
        """Return all endpoints, the oldest first."""
        ...

    async def endpoint(self, endpoint: EndpointId) -> Standing | None:
        """Return one endpoint."""
        ...

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return what was, or is to be, sent to an endpoint, the newest first.

        Args:
            endpoint: which one.
            state: only what stands there.
            before: the last posting of the page before.
            limit: how many at most.
        """
        ...

    async def entry(self, posting: PostingId) -> Entry | None:
        """Return one posting with all its tries."""
        ...

    async def add(self, endpoint: Endpoint, told: AuditEntry) -> None:
        """Add an endpoint.

        Raises:
            DeskError: CONFLICT when one of this id is there.
            NotAllowedNowError: there are as many as there may be.
        """
        ...

    async def change(self, endpoint: Endpoint, told: AuditEntry) -> None:
        """Change an endpoint's name, kinds or secrets; its version is one above what it replaces.

        Raises:
            StaleError: it has changed meanwhile.
        """
        ...

    async def switch(
        self, endpoint: EndpointId, state: EndpointState, now: datetime, told: AuditEntry
    ) -> bool:
        """Switch an endpoint on or off; once it is on, what waits is tried at once.

        Returns:
            Whether that changed anything.
        """
        ...

    async def post(self, posting: Posting, told: AuditEntry) -> None:
        """Leave a posting that tells no news: a test.

        Raises:
            NotAllowedNowError: the endpoint is switched off.
        """
        ...

    async def replay(
        self,
        endpoint: EndpointId,
        now: datetime,
        told: AuditEntry,
        *,
        posting: PostingId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        parked: bool = False,
    ) -> int:
        """Have postings go out again, under their ids; what is on its way already goes on.

        Args:
            endpoint: which one.
            now: the present.
            told: is audited if any go out.
            posting: only this one.
            since: only what was made then or later.
            until: only what was made before.
            parked: only what was parked.

        Returns:
            How many that are.

        Raises:
            NotFoundError: there is no such endpoint.
        """
        ...


class WebhookQueue(Protocol):
    """Claiming postings that are due, and settling what came of them."""

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[Claimed, ...]:
        """Claim postings that are due: of each lane only its oldest open one.

        Args:
            now: the present.
            lease: after this they are due again, should nobody settle them.
            at_once: how many of one endpoint are tried at once; fewer while it fails.
            busy: how many of which endpoint are being tried.
        """
        ...

    async def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """Write down what came of tries; what was claimed by another since is left to it."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next posting may be due, so that the worker knows how long to rest."""
        ...

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return endpoints that have failed for so long that staff have to be told now.

        They are returned once, and again after a day of it.
        """
        ...

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Remove what was settled before an instant; return how many postings that were."""
        ...


class ApiBook(Protocol):
    """Tokens of the API, and what was answered to requests that change something."""

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, the newest first."""
        ...

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return a token by the hash of its text, and its identity as it is now."""
        ...

    async def add(self, token: ApiToken, identity: Agent, told: AuditEntry) -> None:
        """Add a token, and its identity with the first one; audited in the same transaction.

        Raises:
            DeskError: CONFLICT when the token is there, or the name is that of a member of staff.
            NotAllowedNowError: there are as many as there may be.
        """
        ...

    async def revoke(self, token: ApiTokenId, now: datetime, told: AuditEntry) -> bool:
        """Revoke a token for good; return whether it was not revoked before."""
        ...

    async def used(self, token: ApiTokenId, at: datetime) -> None:
        """Note that a token is in use."""
        ...

    async def begin(self, asked: KeptAnswer) -> KeptAnswer:
        """Keep that something is asked; return what is kept of it: this, or what was before."""
        ...

    async def settle(self, answer: KeptAnswer) -> None:
        """Keep the answer to what was asked."""
        ...

    async def sweep(self, before: datetime) -> None:
        """Forget answers from before an instant."""
        ...


class Store(Protocol):
    """Storage as a whole."""

    @property
    def writer(self) -> Writer:
        """The one way to change anything."""
        ...

    @property
    def reader(self) -> Reader:
        """Reading beside the writer."""
        ...

    @property
    def package_files(self) -> PackageFiles:
        """The files of access packages."""
        ...

    @property
    def claims(self) -> Claims:
        """Claiming due rows."""
        ...

    @property
    def text_book(self) -> TextBook:
        """Staff's text modules."""
        ...

    @property
    def agent_book(self) -> AgentBook:
        """Adding agents."""
        ...

    @property
    def duties(self) -> Duties:
        """Who is there."""
        ...

    @property
    def alarm_book(self) -> AlarmBook:
        """What staff were called for."""
        ...


class Hashing(Protocol):
    """Keyed hashes; the keys are the operator's secrets."""

    def lookup(self, purpose: str, value: str) -> LookupHash:
        """Return the hash under which an account, contact or client secret is found."""
        ...

    def challenge(self, label: str) -> ChallengeId:
        """Return the id of a target's counter row."""
        ...

    def code(self, label: str, code: str) -> bytes:
        """Return the hash of a code for its target."""
        ...


class Catalog(Protocol):
    """Every word a person sees, by key and locale."""

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the sentence for a key; a missing key raises KeyError (checked at start)."""
        ...

    def value(self, locale: str, value: Any) -> str:
        """Return an argument's value by itself, as ``text`` would put it into a sentence."""
        ...


class PolicySearch(Protocol):
    """Finds what the operator's policy says."""

    async def answer(self, question: str) -> PolicyAnswer | None:
        """Return the passages that answer a question; None when no policy was imported."""
        ...


class Recogniser(Protocol):
    """Understands a sentence."""

    @property
    def fixed(self) -> Collection[str]:
        """Whole messages it knows word by word: menu words, names of languages; never slow.

        They are the desk's words and not a person's, so what is made of them may be kept.
        """
        ...

    def glance(self, text: str) -> Recognised | None:
        """Return what can be told in a millisecond; None where it takes a closer look."""
        ...

    def recognise(self, text: str) -> Recognised:
        """Return the intent of a sentence with its confidence. May be slow. Never raises."""
        ...

    def language(self, text: str) -> str:
        """Return the locale of a sentence, or an empty string when it can't be told."""
        ...

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values of the given slot types found in a text."""
        ...


class Minter(Protocol):
    """Makes what can't be guessed: ids, epochs, ticket numbers, codes, secrets."""

    def id(self, now: datetime) -> bytes:
        """Return a new UUIDv7."""
        ...

    def token(self) -> str:
        """Return 128 random bits as text, for epochs and client secrets."""
        ...

    def ticket_number(self) -> str:
        """Return a number that can't be guessed and is easy to read aloud."""
        ...

    def code(self) -> str:
        """Return a one-time code of six digits."""
        ...
