"""Values of a turn: the message and its observation as input, events and effects as output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field

from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import Effect
from privacydesk.domain.events import Event
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.verification_codes import Challenge


class RecognisedIntent(Struct, frozen=True):
    """The intent that the classifier recognised in a sentence.

    Attributes:
        intent: the most likely intent.
        confidence: 0 to 1.
        alternatives: the next intents with their confidence, most likely first.
        sure: whether the desk may act on it without asking for confirmation.
    """

    intent: Intent
    confidence: float
    alternatives: tuple[tuple[Intent, float], ...] = ()
    sure: bool = True


class RecognisedRequest(Struct, frozen=True):
    """One request of a message.

    Attributes:
        recognised: its intent.
        entities: values found in the part of the message about it, by slot type.
    """

    recognised: RecognisedIntent
    entities: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def deletes_nothing(self) -> bool:
        """Whether a deletion request names only data to keep, as in 那我先不删动态."""
        return self._keeps_all("category") and self.recognised.intent is Intent.DELETION

    @property
    def withdraws_nothing(self) -> bool:
        """Whether a withdrawal of consent names only purposes to keep, as in 推荐还是留着."""
        return self._keeps_all("purpose") and self.recognised.intent is Intent.CONSENT_WITHDRAWAL

    def _keeps_all(self, slot_type: str) -> bool:
        kept = self.entities.get("only_kept", ())
        return bool(kept) and all(value in kept for value in self.entities.get(slot_type, ()))


class AskedQuestion(Struct, frozen=True):
    """A question in a message.

    Attributes:
        text: the question, verbatim.
        topics: topics of the question that a form can explain, ``asks_*``.
    """

    text: str
    topics: tuple[str, ...] = ()


class MixedMessage(Struct, frozen=True):
    """A message that asks questions and says something else, split into both.

    Attributes:
        questions: the questions, in order.
        rest: the message without the questions.
        observed: the observation of ``rest`` as a message of its own.
    """

    questions: tuple[AskedQuestion, ...]
    rest: str
    observed: Observation


class Observation(Struct, frozen=True):
    """The inputs of a step that were gathered before the decision.

    A decision that runs again uses the same observation; nothing is fetched twice.

    Attributes:
        recognised: the recognised intent; None if the message was not classified.
        language: locale of the message's language; empty if unknown.
        entities: values found in the text, by slot type.
        requests: the requests of a message with several requests, in order; else empty.
        parts: everything that a message with several parts mentions, sure or not, each with the
            values that it names.
        mixed: the message split into questions and the rest; None unless it has both.
        reply_acts: the acts of the message as a reply to the open question.
        chosen_line: line number, in the question, of the button that the message means; 0 if it
            means none.
        asks_question: whether the message asks a question.
        code_hash: keyed hash of a typed code, bound to the frame's target.
        needs: what the step had named when this was gathered. If it needs more, the job is
            submitted again.
        staffed: whether an agent can be reached now.
        online: whether an agent is at work now, or that does not matter outside opening hours.
        opens_at: when staff are back, if nobody can be reached now; None if unknown.
        queue_place: the conversation's position in the queue, or the one it would get.
        policy: answers from the policy to the questions in ``needs``; empty without a policy.
        held: whether a legal hold keeps what the account in ``needs`` has.
        origin: keyed hash of the network of a visitor without a login; empty if unknown, or if
            the job was not caused by a message.
    """

    recognised: RecognisedIntent | None = None
    language: str = ""
    entities: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    requests: tuple[RecognisedRequest, ...] = ()
    parts: tuple[RecognisedRequest, ...] = ()
    mixed: MixedMessage | None = None
    reply_acts: frozenset[ReplyAct] = frozenset()
    chosen_line: int = 0
    asks_question: bool = False
    code_hash: bytes = b""
    needs: Needs | None = None
    staffed: bool = False
    online: bool = True
    opens_at: datetime | None = None
    queue_place: int = 1
    policy: Mapping[str, PolicyAnswer] = field(default_factory=dict)
    held: bool = False
    origin: bytes = b""


class Needs(Struct, frozen=True):
    """The data that a step needs before it can decide.

    Attributes:
        code_target: label of the target that a typed code is checked against.
        challenges: labels of the targets whose counter rows the decision depends on.
        tickets_of: owners of the tickets to load, one a line: ``account:<id>``,
            ``contact:<value>``, or ``conversation:`` for those filed in this conversation.
        ticket_number: a ticket number that the user named.
        ticket_ids: tickets to load.
        queue: whether the state of the queue is needed: staffing, opening time and position.
        questions: questions to search the policy for.
        held_account: an account of which it matters whether it is under a legal hold.
    """

    code_target: str = ""
    challenges: tuple[str, ...] = ()
    tickets_of: str = ""
    ticket_number: str = ""
    ticket_ids: tuple[TicketId, ...] = ()
    queue: bool = False
    questions: tuple[str, ...] = ()
    held_account: str = ""


class TextMessage(Struct, frozen=True):
    """The user wrote a message.

    Attributes:
        offset: offset of the question that the user saw; 0 if unknown.
    """

    job_id: str
    text: str
    offset: int = 0
    observed: Observation = field(default_factory=Observation)


class ChoiceMessage(Struct, frozen=True):
    """The user tapped a button of the event at ``offset``, or a ``desk:`` button of the page.

    Attributes:
        choice: the tapped button; empty if several were chosen at once.
        choices: all that were chosen of a question that takes several.
    """

    job_id: str
    choice: str = ""
    offset: int = 0
    choices: tuple[str, ...] = ()
    observed: Observation = field(default_factory=Observation)


class CardMessage(Struct, frozen=True):
    """The user handed in a card of questions, that of the event at ``offset``.

    Attributes:
        values: the answers by the names of the fields; several where several were chosen.
    """

    job_id: str
    offset: int
    values: Mapping[str, str | tuple[str, ...]]
    observed: Observation = field(default_factory=Observation)

    @property
    def text(self) -> str:
        """What was written into its fields, a line each."""
        return "\n".join(one for one in self.values.values() if isinstance(one, str))


class Upload(Struct, frozen=True):
    """An uploaded file that was accepted, re-encoded and stored encrypted."""

    id: EvidenceId
    name: str
    media_type: str
    size: int


class UploadMessage(Struct, frozen=True):
    """The user uploaded files, perhaps with words.

    Attributes:
        done: whether these are all.
        text: what the user wrote beside them; may be empty.
    """

    job_id: str
    uploads: tuple[Upload, ...]
    done: bool = False
    text: str = ""
    observed: Observation = field(default_factory=Observation)


class DecisionKind(StrEnum):
    """The decisions and actions of staff that the user is notified of."""

    TAKEN = "taken"
    HANDED_BACK = "handed_back"
    LOST = "lost"
    """The agent is gone; the conversation returns to its old position in the queue.
    ``data["left"]`` tells an agent who left from one who lost the connection."""
    HOURS_BEGAN = "hours_began"
    """Office hours began for a conversation queued before; ``data["place"]`` is its position."""
    REPLIED = "replied"
    EXAMINED = "examined"
    """Evidence was examined; ``data["accepted"]`` is the result."""
    ASKED = "asked"
    APPROVED = "approved"
    """Closing was approved; the user is asked to confirm."""
    RELEASED = "released"
    RESOLVED = "resolved"
    REFUSED = "refused"
    EXTENDED = "extended"
    MERGED = "merged"
    """The ticket was merged into another one, whose number is ``data["into"]``."""
    CALENDAR_SETTLED = "calendar_settled"
    INCIDENT = "incident"
    """A notice about a security incident; ``data["texts"]`` is the notice by locale."""


class DecisionMessage(Struct, frozen=True):
    """Staff made a decision; ``ticket`` is the ticket after it."""

    job_id: str
    kind: DecisionKind
    agent: str = ""
    agent_name: str = ""
    text: str = ""
    ticket: Ticket | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    observed: Observation = field(default_factory=Observation)


SLOW: Final = "slow"
"""An interim result: the user is told that it takes longer."""


class ResultMessage(Struct, frozen=True):
    """An external service answered, or the call to it timed out.

    Attributes:
        ref: the pending call that it answers; empty for a ticket's action.
        outcome: ``ok``, ``partly``, ``refused``, ``not_found``, ``unavailable``, ``delayed``,
            ``at_work``, ``restored``, or ``slow`` (no result yet; the step keeps waiting).
        ticket: the ticket after the action.
    """

    job_id: str
    ref: str
    action: str
    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None
    observed: Observation = field(default_factory=Observation)


class DueMessage(Struct, frozen=True):
    """A scheduled event of a ticket was fired; ``ticket`` is the ticket after it."""

    job_id: str
    kind: str
    ticket: Ticket
    observed: Observation = field(default_factory=Observation)


class DownloadMessage(Struct, frozen=True):
    """The download of a ticket's package began; ``ticket`` already counts it."""

    job_id: str
    ticket: Ticket
    observed: Observation = field(default_factory=Observation)


class IntakeMessage(Struct, frozen=True):
    """A program files a request for the user: the app, or a call centre.

    Attributes:
        by: what users see of who files it; empty for the app.
        answers: the answers to the questions of the request's flow, by slot.
        words: the user's own words; may be empty.
        level: the identity verification that is shown; ``NONE`` leaves it to the chat.
        verified_at: when it was made; None for ``NONE``.
        confirmed_at: when the user confirmed what can't be undone; None if they did not.
        reads: the account service's answers, by the flows' actions that read them.
        attested: whether a person has checked who the user is.
        previewed: whether nothing is filed: the turn says what the user has to confirm.
    """

    job_id: str
    kind: RequestKind
    by: str
    answers: Mapping[str, Any]
    words: str = ""
    level: Assurance = Assurance.NONE
    verified_at: datetime | None = None
    confirmed_at: datetime | None = None
    reads: Mapping[str, AccountAnswer] = field(default_factory=dict)
    attested: bool = False
    previewed: bool = False
    observed: Observation = field(default_factory=Observation)


Message = (
    TextMessage
    | ChoiceMessage
    | CardMessage
    | UploadMessage
    | DecisionMessage
    | ResultMessage
    | DueMessage
    | DownloadMessage
    | IntakeMessage
)


class Snapshot(Struct, frozen=True):
    """The locked rows that a decision is based on.

    Attributes:
        challenges: the counter rows named in ``Needs``, by label.
        tickets: the tickets named in ``Needs``, open ones first, then newest first.
    """

    conversation: Conversation
    challenges: Mapping[str, Challenge] = field(default_factory=dict)
    tickets: tuple[Ticket, ...] = ()


class Turn(Struct, frozen=True):
    """The result of handling a message: the new state, the events to append, and the effects."""

    snapshot: Snapshot
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()
