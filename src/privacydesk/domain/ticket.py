"""Tickets: filed data-subject requests, their items, scheduled events and log entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import end_of_day
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.packages import Package
from privacydesk.domain.tasks import Task, open_tasks
from privacydesk.domain.work import Work

_NOTHING_DONE: Final = Work()


class TicketState(StrEnum):
    """The state of a ticket."""

    AWAITING_VERIFICATION = "awaiting_verification"
    """Filed by somebody whose identity isn't verified; no clock runs; lapses after a set time."""
    IN_REVIEW = "in_review"
    """Verified; the clock runs; staff review it."""
    AWAITING_REQUESTER = "awaiting_requester"
    """The requester was asked for more information; the clock keeps running."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """Closing the account is approved; the user must confirm it (policy article 7, section 3)."""
    FULFILLING = "fulfilling"
    """The account service carries out the decision."""
    CLOSED = "closed"


EVIDENCE_SETTLED: Final = frozenset(
    {TicketState.AWAITING_CONFIRMATION, TicketState.FULFILLING, TicketState.CLOSED}
)
"""States in which evidence is no longer needed; see ``Ticket.has_settled_evidence``."""


BY_MAIL: Final = "by_mail"
"""The flag of a ticket that was filed in a conversation held by mail."""
DISOWNED: Final = "disowned"
"""The flag of a ticket that was withdrawn because its user had never asked for it."""
BY_APP: Final = "by_app"
"""The flag of a ticket that a program of the app filed for its user."""
ATTESTED: Final = "attested"
"""The flag of a ticket that was filed for somebody whose identity a person had checked."""


class FiledThrough(StrEnum):
    """How a request came in."""

    CHAT = "chat"
    MAIL = "mail"
    APP = "app"
    """A program of the app filed it for its user."""
    ATTESTED = "attested"
    """It was filed for somebody whose identity a person had checked, as in a call centre."""


class Outcome(StrEnum):
    """How a closed ticket ended."""

    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DUPLICATE = "duplicate"


class Satisfaction(StrEnum):
    """A requester's rating of a closed ticket."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"


class MaterialKind(StrEnum):
    """What a requester adds to an open ticket; also the name of its log entry."""

    MATERIAL = "material_added"
    QUESTION = "question_asked"


class Requester(StrEnum):
    """Who filed the ticket."""

    SUBJECT = "subject"
    GUARDIAN = "guardian"
    RELATIVE = "relative"
    STRANGER = "stranger"


class ScopeItem(Struct, frozen=True):
    """One requested item of a ticket, which has its own decision.

    Attributes:
        name: ``posts``, ``binding``, ``nickname`` …
        detail: details such as provider, new value or time range; JSON only.
        decision: ``grant`` or ``refuse``; empty until decided.
        ground: the ground for the refusal (policy article 7, section 6). An item that is granted
            and has a ground is granted in part, and the ground is that of the rest.
        reason: the reason in plain words, for the requester.
        granted: which part is granted, in plain words; empty if all of it or nothing is.
        result: the account service's answer for it.
    """

    name: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    decision: str = ""
    ground: Ground | None = None
    reason: str = ""
    granted: str = ""
    result: str = ""

    @property
    def is_granted_in_part(self) -> bool:
        """Whether a part of it is granted and the rest refused."""
        return self.decision == "grant" and self.ground is not None

    @property
    def is_granted_whole(self) -> bool:
        """Whether nothing of it is refused, so that it may be carried out as it was requested."""
        return self.decision != "refuse" and self.ground is None


class ScheduledEventKind(StrEnum):
    """The kinds of scheduled events on a ticket."""

    REMIND_TWO = "remind_two"
    REMIND_ONE = "remind_one"
    INTERNAL_OVERDUE = "internal_overdue"
    """The operator's own date, ahead of the promised one, has passed."""
    OVERDUE = "overdue"
    LAPSE = "lapse"
    EVIDENCE_WAITING = "evidence_waiting"
    """Evidence has been unexamined for a working day, while no clock runs yet."""
    UNBINDING_WINDOW = "unbinding_window"
    """The time in which an automatic unbinding can be withdrawn is over."""
    COMPLETION_SOON = "completion_soon"
    """The closing of an account is due in two working days."""
    COMPLETION_OVERDUE = "completion_overdue"
    TASK_OVERDUE = "task_overdue"
    """A team's answer to a task is late."""


class ScheduledEvent(Struct, frozen=True):
    """A reminder or state change that fires once at a given time."""

    kind: ScheduledEventKind
    at: datetime


_FILED_THROUGH: Final = {
    BY_APP: FiledThrough.APP,
    ATTESTED: FiledThrough.ATTESTED,
    # Also the conversation of a user for whom a program filed may be held by mail.
    BY_MAIL: FiledThrough.MAIL,
}


class Ticket(Struct, frozen=True):
    """A filed request and everything recorded about it.

    Attributes:
        number: the number given to the requester; can't be guessed, easy to read aloud.
        account: the account that the request is about; empty if unknown.
        account_hash: keyed hash of ``account``, used to find the person's tickets.
        received_at: when the request was made.
        verified_at: when identity (and guardianship or kinship) was verified.
        required_assurance: the level of identity verification that the kind requires.
        clocks: all running clocks; the one due first is the leading one.
        answered_at: when the requester got the decision, which stops the clocks.
        completion: the clock of closing an account, which starts with the approval; None before,
            and for requests that close none.
        holder: name of the agent working on it; empty if unassigned.
        excluded_reviewers: agents who may not decide it, as it objects to their decision.
        scheduled_events: future events, earliest first.
        flags: ``guardian``, ``minor``, ``exactly_14``, ``hold``, ``objection``, ``document``,
            ``escalated``, ``by_mail``, ``by_app``, ``attested``, ``disowned``.
        contact: verified contact that notices are sent to; encrypted at rest.
        contact_hash: keyed hash of ``contact``, used to find the person's tickets.
        phone_hash: keyed hash of the account's phone, by which only staff find the ticket; None if
            the account service gave none.
        about_hash: keyed hash of its account, by which only staff find it; None without an account,
            and where ``account_hash`` finds it and no hold is on it.
        linked: the ticket that it objects to, or duplicates.
        satisfaction: the requester's rating after it was closed; None if not rated.
        packages: files made of what the account service returned, oldest first; a new one doesn't
            replace the earlier ones.
        purged_at: when its content was deleted and only the record was kept.
        tasks: what teams are asked to do for it, in order of their numbers.
        answers: the requester's answers that belong to no item, such as a complaint's text; JSON
            only.
        work: the desk's own notes.
    """

    id: TicketId
    number: str
    conversation_id: ConversationId
    kind: RequestKind
    state: TicketState
    received_at: datetime
    locale: str
    requester: Requester = Requester.SUBJECT
    items: tuple[ScopeItem, ...] = ()
    account: str = ""
    account_hash: LookupHash | None = None
    verified_at: datetime | None = None
    required_assurance: Assurance = Assurance.NONE
    clocks: tuple[Clock, ...] = ()
    answered_at: datetime | None = None
    completion: Clock | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    holder: str = ""
    excluded_reviewers: tuple[str, ...] = ()
    scheduled_events: tuple[ScheduledEvent, ...] = ()
    flags: frozenset[str] = frozenset()
    contact: str = ""
    contact_hash: LookupHash | None = None
    phone_hash: LookupHash | None = None
    about_hash: LookupHash | None = None
    linked: TicketId | None = None
    satisfaction: Satisfaction | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    work: Work = _NOTHING_DONE
    packages: tuple[Package, ...] = ()
    tasks: tuple[Task, ...] = ()
    purged_at: datetime | None = None
    version: int = 0

    @property
    def filed_through(self) -> FiledThrough:
        """How it came in."""
        return next(
            (through for flag, through in _FILED_THROUGH.items() if flag in self.flags),
            FiledThrough.CHAT,
        )

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.state is not TicketState.CLOSED

    @property
    def may_be_rated(self) -> bool:
        """Whether it was answered and the requester has not rated it yet."""
        is_answered = self.outcome in _ANSWERED and self.purged_at is None
        return is_answered and self.satisfaction is None

    @property
    def clock(self) -> Clock | None:
        """The leading clock: the one due first."""
        return min(self.clocks, key=lambda clock: clock.due_at, default=None)

    @property
    def next_due_at(self) -> datetime | None:
        """When its next scheduled event is due."""
        return min((event.at for event in self.scheduled_events), default=None)

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        """Its tasks whose answers are waited for."""
        return open_tasks(self.tasks)

    @property
    def task_events(self) -> tuple[ScheduledEvent, ...]:
        """The scheduled events of its tasks."""
        kind = ScheduledEventKind.TASK_OVERDUE
        return tuple(event for event in self.scheduled_events if event.kind is kind)

    @property
    def staff_clock(self) -> Clock | None:
        """The clock that staff work against: of the answer, then of an approved closing."""
        return self.completion if self.completes else self.clock

    @property
    def completes(self) -> bool:
        """Whether the closing of an account was approved, and is or was to be carried out."""
        is_running = self.outcome is None or self.outcome in _CARRIED_OUT
        return self.completion is not None and is_running

    @property
    def urgent_at(self) -> datetime | None:
        """When staff's next result is due: a decision, or an approved closing; None if none is."""
        if self.completion is not None and self.state is TicketState.FULFILLING:
            return self.completion.due_at
        if self.clock is None or self.state not in _UNDECIDED:
            return None
        return self.clock.due_at

    @property
    def awaits_requester(self) -> bool:
        """Whether the requester was asked for information, or for a confirmation."""
        return self.state in _AWAITS_REQUESTER

    @property
    def has_unexamined_evidence(self) -> bool:
        """Whether it has evidence that staff have not examined yet."""
        return self.state is TicketState.AWAITING_VERIFICATION and "document" in self.flags

    @property
    def has_settled_evidence(self) -> bool:
        """Whether its files proving identity, guardianship or kinship are no longer needed.

        Files of a complaint show what happened, so the reviewer of an objection still needs them.
        """
        return self.state in EVIDENCE_SETTLED and "document" in self.flags

    @property
    def involves_minor(self) -> bool:
        """Whether a child or a guardian is concerned."""
        return self.requester is Requester.GUARDIAN or not self.flags.isdisjoint(_MINOR_FLAGS)

    @property
    def is_filed_by_child(self) -> bool:
        """Whether a child filed it for themselves, so that a guardian should take part."""
        return self.requester is Requester.SUBJECT and not self.flags.isdisjoint(CHILD_FLAGS)

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The grounds for its refusal: one for each refused item, or one for the whole ticket."""
        by_item = tuple(item.ground for item in self.items if item.ground is not None)
        whole = self.work.ground
        return by_item or (() if whole is None else (whole,))

    @property
    def late_at(self) -> datetime | None:
        """The first instant at which an answer is late by the date promised first.

        Extensions by a supervisor don't count.
        """
        clock = self.clock
        if clock is None:
            return None
        first_due = self.work.first_due
        if first_due is None:
            return clock.due_at
        return min(clock.due_at, end_of_day(first_due, ZoneInfo(clock.zone)))

    @property
    def may_name_account(self) -> bool:
        """Whether staff may set or change its account: it has none, or staff set it."""
        return not self.account or self.work.account_named_by != ""

    @property
    def decision_participants(self) -> tuple[str, ...]:
        """The agents who took part in its decision, and so may not decide an objection to it."""
        agents = (*self.work.touched_by, self._decider)
        return tuple(dict.fromkeys(agent for agent in agents if agent))

    @property
    def decided_by(self) -> str:
        """The agent who decided it; empty while it is undecided."""
        return "" if self.answered_at is None else self._decider

    @property
    def _decider(self) -> str:
        # Records no longer tell who decided, but who held the ticket.
        return self.work.decided_by or self.holder

    @property
    def awaits_supervisors(self) -> bool:
        """Whether it has a question to the supervisors that none of them has answered yet."""
        return self.is_open and ("escalated" in self.flags or bool(self.work.files_asked))

    def is_late(self, now: datetime) -> bool:
        """Return whether it was answered, or is still open, after the date promised first."""
        late_at = self.late_at
        return late_at is not None and (self.answered_at or now) >= late_at

    def is_completed_late(self, now: datetime) -> bool:
        """Return whether an approved closing was carried out late, or still is not after its date.

        The time that the requester takes to confirm it is not late.
        """
        if self.completion is None:
            return False
        if self.state is TicketState.FULFILLING:
            return now >= self.completion.due_at
        if self.closed_at is None or self.outcome not in _CARRIED_OUT:
            return False
        return self.closed_at >= self.completion.due_at


FILED_FOR: Final = "filed_for"
"""The log entry that says who filed a request for its user, and by which proof.

A program that brings the proof of a request which waits for it leaves one, too.
"""


class LogEntry(Struct, frozen=True):
    """An entry of a ticket's internal log: a move, a note or another action.

    Attributes:
        by: ``requester``, ``assistant``, ``clock``, ``account_service`` or an agent's name.
        what: name of a move, or ``note``, ``claim``, ``reminder`` …
        why: the reason in plain words; encrypted at rest.
        job_id: the job that wrote the entry.
        data: other data, by kind of entry. A purge removes the reason and all data but
            ``KEPT_LOG_DATA``, so readers must expect any of it to be missing.
    """

    ticket_id: TicketId
    at: datetime
    by: str
    what: str
    why: str = ""
    job_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


_UNDECIDED = frozenset({TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER})
_AWAITS_REQUESTER = frozenset({TicketState.AWAITING_REQUESTER, TicketState.AWAITING_CONFIRMATION})
REFUSALS: Final = frozenset({Outcome.PARTLY_FULFILLED, Outcome.REFUSED})
"""Outcomes in which not everything requested was done."""
_ANSWERED = frozenset({Outcome.FULFILLED, Outcome.PARTLY_FULFILLED, Outcome.REFUSED})
_CARRIED_OUT = frozenset({Outcome.FULFILLED, Outcome.PARTLY_FULFILLED})
_MINOR_FLAGS = frozenset({"guardian", "minor", "under_14", "exactly_14", "teen"})
CHILD_FLAGS: Final = frozenset({"under_14", "exactly_14"})
"""Flags of a child's ticket; the two documents disagree on the age of exactly 14."""
