"""Tickets: a data-subject request being worked, and its log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import end_of
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.packages import Package
from privacydesk.domain.work import Work

_NOTHING_DONE: Final = Work()


class TicketState(StrEnum):
    """The state of a ticket."""

    AWAITING_VERIFICATION = "awaiting_verification"
    """Filed, but nobody has shown yet who asks; no clock runs; lapses after a settable time."""
    IN_REVIEW = "in_review"
    """Verified; the clock runs; an agent examines it."""
    AWAITING_REQUESTER = "awaiting_requester"
    """The requester was asked for more; the clock runs on."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """Closing the account is approved; the user has the last word (policy article 7, section 3)."""
    FULFILLING = "fulfilling"
    """The account service acts."""
    CLOSED = "closed"


EVIDENCE_SETTLED: Final = frozenset(
    {TicketState.AWAITING_CONFIRMATION, TicketState.FULFILLING, TicketState.CLOSED}
)
"""States in which staff have nothing left to judge; see ``Ticket.has_settled_evidence``."""


class Outcome(StrEnum):
    """How a closed ticket ended."""

    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DUPLICATE = "duplicate"


class Satisfaction(StrEnum):
    """What a requester answers when the chat asks how a closed request went."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"


class Requester(StrEnum):
    """Who asks."""

    SUBJECT = "subject"
    GUARDIAN = "guardian"
    STRANGER = "stranger"


class ScopeItem(Struct, frozen=True):
    """One thing a ticket asks for, decided by itself.

    Attributes:
        name: ``posts``, ``binding``, ``nickname`` …
        detail: what exactly, JSON only: provider, new value, time range.
        decision: ``grant`` or ``refuse``; empty until decided.
        ground: why it is refused (policy article 7, section 6).
        reason: the plain reason given to the requester.
        result: what the account service answered for it.
    """

    name: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    decision: str = ""
    ground: Ground | None = None
    reason: str = ""
    result: str = ""


class DueKind(StrEnum):
    """The kinds of scheduled events on a ticket."""

    REMIND_TWO = "remind_two"
    REMIND_ONE = "remind_one"
    OVERDUE = "overdue"
    LAPSE = "lapse"
    EVIDENCE_WAITING = "evidence_waiting"
    """Evidence has lain unexamined for a working day although no clock runs yet."""
    UNBINDING_WINDOW = "unbinding_window"
    """The time in which an automated unbinding can still be withdrawn has passed."""


class Due(Struct, frozen=True):
    """One scheduled event, fired once."""

    kind: DueKind
    at: datetime


class Ticket(Struct, frozen=True):
    """A request and everything recorded about it.

    Attributes:
        number: told to the requester; can't be guessed, easy to read aloud.
        account: the account the request acts on; empty when nobody has shown one.
        account_hash: its keyed hash, under which the person's tickets are found.
        received_at: when the request was made.
        verified_at: when identity (and guardianship) was shown.
        needs: the assurance the kind asks for.
        clocks: all clocks that run; the earliest leads.
        answered_at: when the decision was committed to the user; stops the clock.
        holder: the agent working on it.
        dues: scheduled events still to come, earliest first.
        flags: ``guardian``, ``minor``, ``exactly_14``, ``hold``, ``objection``, ``document``,
            ``escalated``.
        contact: where the outcome goes besides the chat, as verified; sealed at rest.
        contact_hash: keyed hash under which the contact's owner comes back.
        phone_hash: keyed hash of its account's phone, by which only staff find it. None where the
            account service gives none.
        linked: the ticket objected to, or repeated.
        satisfaction: what the requester said of it once it was closed; None when they did not.
        packages: the files made of what the account service returned, oldest first; none takes
            the place of another.
        purged_at: when its content was deleted; what is left is the record.
        answers: what the requester said that belongs to no item: a complaint's text, where a child
            was seen; JSON only.
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
    needs: Assurance = Assurance.NONE
    clocks: tuple[Clock, ...] = ()
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    holder: str = ""
    reviewer_not: tuple[str, ...] = ()
    """An objection is decided by someone else than these agents."""
    dues: tuple[Due, ...] = ()
    flags: frozenset[str] = frozenset()
    contact: str = ""
    contact_hash: LookupHash | None = None
    phone_hash: LookupHash | None = None
    linked: TicketId | None = None
    satisfaction: Satisfaction | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    work: Work = _NOTHING_DONE
    packages: tuple[Package, ...] = ()
    purged_at: datetime | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done on it."""
        return self.state is not TicketState.CLOSED

    @property
    def may_be_rated(self) -> bool:
        """Whether it got an answer, and nobody has said yet how that went."""
        answered = self.outcome in _ANSWERED and self.purged_at is None
        return answered and self.satisfaction is None

    @property
    def clock(self) -> Clock | None:
        """Return the clock that leads: the one due first."""
        return min(self.clocks, key=lambda c: c.due_at, default=None)

    @property
    def next_due_at(self) -> datetime | None:
        """Return when its next scheduled event is due."""
        return min((d.at for d in self.dues), default=None)

    @property
    def urgent_at(self) -> datetime | None:
        """Return when a decision is due; None where no clock waits for one."""
        if self.clock is None or self.state not in _UNDECIDED:
            return None
        return self.clock.due_at

    @property
    def is_awaited(self) -> bool:
        """Whether the requester was asked for something: more, or the last word."""
        return self.state in _AWAITED

    @property
    def to_examine(self) -> bool:
        """Whether it has evidence that is not examined yet."""
        return self.state is TicketState.AWAITING_VERIFICATION and "document" in self.flags

    @property
    def has_settled_evidence(self) -> bool:
        """Whether files that prove identity or guardianship are no longer needed.

        Those of a complaint show what happened: the reviewer of an objection still needs them.
        """
        return self.state in EVIDENCE_SETTLED and "document" in self.flags

    @property
    def is_guarded(self) -> bool:
        """Whether a child or a guardian is concerned."""
        return self.requester is Requester.GUARDIAN or not self.flags.isdisjoint(_OF_CHILDREN)

    @property
    def is_childs_own(self) -> bool:
        """Whether a child asks for themselves, so that a guardian should take part."""
        return self.requester is Requester.SUBJECT and not self.flags.isdisjoint(CHILDREN)

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """Return on which grounds it was refused: one for each item, or one for the whole."""
        by_item = tuple(item.ground for item in self.items if item.ground is not None)
        whole = self.work.ground
        return by_item or (() if whole is None else (whole,))

    @property
    def late_from(self) -> datetime | None:
        """Return the first instant that is late: by the date first promised, extended or not."""
        clock = self.clock
        if clock is None:
            return None
        first = self.work.first_due
        if first is None:
            return clock.due_at
        return min(clock.due_at, end_of(first, ZoneInfo(clock.zone)))

    @property
    def account_is_open(self) -> bool:
        """Whether staff may say whose account it is: nobody did yet, or one of them did."""
        return not self.account or self.work.account_named_by != ""

    @property
    def touched_by(self) -> tuple[str, ...]:
        """Return who took part in its decision, and so decides no objection to it."""
        work = self.work
        named = (*work.touched_by, work.decided_by or self.holder)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def waits_for_supervisors(self) -> bool:
        """Whether the supervisors were asked something that none has answered yet."""
        return self.is_open and ("escalated" in self.flags or bool(self.work.files_asked))

    def is_late(self, now: datetime) -> bool:
        """Whether the answer is, or came, after the date that was promised first."""
        late_from = self.late_from
        return late_from is not None and (self.answered_at or now) >= late_from


class LogEntry(Struct, frozen=True):
    """One move of, or note on, a ticket; never shown to the user.

    Attributes:
        by: ``requester``, ``assistant``, ``clock``, ``account_service`` or an agent's name.
        what: a move's name, or ``note``, ``claim``, ``reminder`` …
        why: the reason in plain words; sealed at rest.
        job_id: the job that left it.
        data: what else this kind of entry records. A purge leaves ``KEPT_LOG_DATA`` of it and no
            reason, so readers must do without any of it.
    """

    ticket_id: TicketId
    at: datetime
    by: str
    what: str
    why: str = ""
    job_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


_UNDECIDED = frozenset({TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER})
_AWAITED = frozenset({TicketState.AWAITING_REQUESTER, TicketState.AWAITING_CONFIRMATION})
_ANSWERED = frozenset({Outcome.FULFILLED, Outcome.PARTLY_FULFILLED, Outcome.REFUSED})
_OF_CHILDREN = frozenset({"guardian", "minor", "under_14", "exactly_14", "teen"})
CHILDREN: Final = frozenset({"under_14", "exactly_14"})
"""Flags of a child's request; the two documents disagree on the year of exactly 14."""
