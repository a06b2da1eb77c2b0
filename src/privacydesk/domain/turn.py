"""A turn: one message in, one decision, events and effects out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import Effect
from privacydesk.domain.events import Event
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.intents import Intent
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.verification_codes import Challenge


class Recognised(Struct, frozen=True):
    """What the recogniser made of a sentence.

    Attributes:
        intent: the likeliest intent.
        confidence: 0 to 1.
        alternatives: the next ones with their confidence, best first.
        sure: whether the desk may act on it without asking back.
    """

    intent: Intent
    confidence: float
    alternatives: tuple[tuple[Intent, float], ...] = ()
    sure: bool = True


class Heard(Struct, frozen=True):
    """One wish of a message: what it is, and what the part about it names."""

    recognised: Recognised
    entities: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def deletes_nothing(self) -> bool:
        """Whether a wish to delete names nothing but what should stay: 那我先不删动态."""
        stays = self.entities.get("only_kept", ())
        named = self.entities.get("category", ())
        kept = bool(stays) and all(one in stays for one in named)
        return kept and self.recognised.intent is Intent.DELETION

    @property
    def withdraws_nothing(self) -> bool:
        """Whether a wish to withdraw consent names only what should stay: 推荐还是留着."""
        stays = self.entities.get("only_kept", ())
        named = self.entities.get("purpose", ())
        kept = bool(stays) and all(one in stays for one in named)
        return kept and self.recognised.intent is Intent.CONSENT_WITHDRAWAL


class Asked(Struct, frozen=True):
    """A question in a message.

    Attributes:
        text: verbatim.
        topics: what is asked that a form may explain, ``asks_*``.
    """

    text: str
    topics: tuple[str, ...] = ()


class Beside(Struct, frozen=True):
    """What a message says besides its questions.

    Attributes:
        questions: in their order.
        said: the message without them.
        observed: the observation of that, as if nothing else had been said.
    """

    questions: tuple[Asked, ...]
    said: str
    observed: Observed


class Observed(Struct, frozen=True):
    """What the service fetched for the step before deciding; a replay never fetches again.

    Attributes:
        recognised: the recogniser's answer, when it was asked.
        language: the language of the sentence as a locale; empty when unknown.
        entities: slot type name to values found in the text.
        wishes: the wishes of a message that holds several, in their order; else empty.
        parts: what a message mentions, sure or not, where it is several things; each with what it
            names itself.
        beside: what is said besides questions; None where there are no questions, or nothing else.
        does: its acts as a reply to the question.
        means: the line of the question with the button that it means; 0 where it means none.
        asks: whether it asks something.
        code_hash: keyed hash of a typed code, bound to the frame's target.
        wanted: what ``needs`` named when this was fetched; anything more sends the job back.
        staffed: whether a person can be reached now.
        opens_at: when staff begin to read again, where nobody can be reached now; None when it is
            not known.
        place: this conversation's place in the queue, or the one it would get.
        policy: what the policy says to each question that ``needs`` named; nothing without an
            import.
        origin: keyed hash of the network that a visitor without a login writes from; empty where
            it is not known, or nobody wrote.
    """

    recognised: Recognised | None = None
    language: str = ""
    entities: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    wishes: tuple[Heard, ...] = ()
    parts: tuple[Heard, ...] = ()
    beside: Beside | None = None
    does: frozenset[ReplyAct] = frozenset()
    means: int = 0
    asks: bool = False
    code_hash: bytes = b""
    wanted: Needs | None = None
    staffed: bool = False
    opens_at: datetime | None = None
    place: int = 1
    policy: Mapping[str, PolicyAnswer] = field(default_factory=dict)
    origin: bytes = b""


class Needs(Struct, frozen=True):
    """What a step wants to know about a message before it decides.

    Attributes:
        code_target: label of the target a typed code is checked against.
        challenges: labels of the targets whose counter rows are decided on.
        tickets_of: whose tickets to show, a line each: ``account:<id>``, ``contact:<value>``, or
            ``conversation:`` for those filed in this one.
        ticket_number: a number the person named.
        queue: whether a person can be reached now, when else, and the place in the queue.
        questions: what the policy is searched for.
    """

    code_target: str = ""
    challenges: tuple[str, ...] = ()
    tickets_of: str = ""
    ticket_number: str = ""
    ticket_ids: tuple[TicketId, ...] = ()
    queue: bool = False
    questions: tuple[str, ...] = ()


class Said(Struct, frozen=True):
    """The user wrote something.

    Attributes:
        offset: of the question they saw; 0 where unknown.
    """

    job_id: str
    text: str
    offset: int = 0
    observed: Observed = field(default_factory=Observed)


class Chose(Struct, frozen=True):
    """The user tapped a choice of the event at ``offset``, or a ``desk:`` choice of the page."""

    job_id: str
    choice: str
    offset: int = 0
    observed: Observed = field(default_factory=Observed)


class Upload(Struct, frozen=True):
    """A file that was taken in, re-encoded and sealed."""

    id: EvidenceId
    name: str
    media_type: str
    size: int


class Uploaded(Struct, frozen=True):
    """The user sent files."""

    job_id: str
    uploads: tuple[Upload, ...]
    observed: Observed = field(default_factory=Observed)


class DecisionKind(StrEnum):
    """The decisions of staff that the user is told about."""

    TAKEN = "taken"
    HANDED_BACK = "handed_back"
    LOST = "lost"
    """The agent is no longer there; the conversation returns to its old place in the queue.
    ``data["left"]`` distinguishes an agent who left from one whose connection is gone."""
    HOURS_BEGAN = "hours_began"
    """Staff begin to read what was left outside office hours; ``data["place"]`` in the queue."""
    REPLIED = "replied"
    EXAMINED = "examined"
    """Evidence was examined; ``data["accepted"]`` says how it ended."""
    ASKED = "asked"
    APPROVED = "approved"
    """Closing was approved; the user is asked to confirm."""
    RELEASED = "released"
    RESOLVED = "resolved"
    REFUSED = "refused"
    EXTENDED = "extended"
    MERGED = "merged"
    """It repeats another request, which goes on: ``data["into"]`` is its number."""
    CALENDAR_SETTLED = "calendar_settled"


class Decided(Struct, frozen=True):
    """Staff did something; the ticket in it is already moved."""

    job_id: str
    kind: DecisionKind
    agent: str = ""
    agent_name: str = ""
    text: str = ""
    ticket: Ticket | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    observed: Observed = field(default_factory=Observed)


SLOW: Final = "slow"
"""An interim result: the person who waits for it is told that it takes longer."""


class Result(Struct, frozen=True):
    """An outside system answered, or the wait for it timed out.

    Attributes:
        ref: the wait it answers; empty for a ticket's action.
        outcome: ``ok``, ``partly``, ``refused``, ``not_found``, ``unavailable``, ``delayed``,
            ``at_work``, ``restored``, ``slow`` (nothing yet: the step waits on).
        ticket: the ticket acted on, already moved.
    """

    job_id: str
    ref: str
    action: str
    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None
    observed: Observed = field(default_factory=Observed)


class CameDue(Struct, frozen=True):
    """Something came due; the ticket in it is already moved."""

    job_id: str
    kind: str
    ticket: Ticket
    observed: Observed = field(default_factory=Observed)


class Fetched(Struct, frozen=True):
    """A file of a ticket is being downloaded; the ticket in it has counted that already."""

    job_id: str
    ticket: Ticket
    observed: Observed = field(default_factory=Observed)


Message = Said | Chose | Uploaded | Decided | Result | CameDue | Fetched


class Snapshot(Struct, frozen=True):
    """All that a decision is made on, read under the lock.

    Attributes:
        challenges: the counter rows of the targets that ``needs`` named, by label.
        tickets: the tickets that ``needs`` named, open ones first, newest first.
    """

    conversation: Conversation
    challenges: Mapping[str, Challenge] = field(default_factory=dict)
    tickets: tuple[Ticket, ...] = ()


class Turn(Struct, frozen=True):
    """The outcome of a message: the state after it, the log's new entries, and what to do."""

    snapshot: Snapshot
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()
