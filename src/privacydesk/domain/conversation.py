"""The current state of a conversation: small, whole, and replaced at each turn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.events import Choice
from privacydesk.domain.failed_codes import Attempt
from privacydesk.domain.identity import Verification
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import Intent, RequestKind

_FORMS = {kind.value: kind for kind in RequestKind}
"""A request's form is the flow of its kind's name."""


class OwnerKind(StrEnum):
    """Who may speak besides the user."""

    ASSISTANT = "assistant"
    QUEUE = "queue"
    AGENT = "agent"


class Owner(Struct, frozen=True):
    """Who may speak besides the user, and since which offset.

    Attributes:
        agent: the agent's name when ``kind`` is agent.
        offset: the offset of the event at which ownership last changed; a command decided
            on an older one is refused as stale.
        since: when it changed.
        waited_from: since when the user had waited for the agent: their place in the queue,
            should the agent be lost.
    """

    kind: OwnerKind = OwnerKind.ASSISTANT
    agent: str = ""
    offset: int = 0
    since: datetime | None = None
    waited_from: datetime | None = None


class LocaleSource(StrEnum):
    """Where the conversation's language was learnt, weakest first."""

    DEFAULT = "default"
    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105 - the app token, not a secret
    SENTENCE = "sentence"
    CHOSEN = "chosen"


class Waiting(Struct, frozen=True):
    """A step waits for a result from outside.

    Attributes:
        ref: identifies the wait; results with another ref are dropped.
        action: what was asked for.
        since: when it was asked.
    """

    ref: str
    action: str
    since: datetime


class Frame(Struct, frozen=True):
    """A flow being run.

    Attributes:
        flow: the flow's name.
        step: where it stands; a state of the flow's machine.
        slots: values asked for so far; JSON only.
        waiting: set while a step waits for the outside.
        misses: consecutive answers that the present step could not take.
        trail: the questions answered so far, for going back to one.
        called: another flow's step waits for how this one ends.
        started_at: when the request began, which is when it was received.
        serial: unique within the conversation; results and child flows refer to it.
        confirmed_at: when the user said yes to what the flow is about to do; forgotten when a
            question is answered after that.
    """

    flow: str
    step: str
    started_at: datetime
    serial: int
    slots: Mapping[str, Any] = field(default_factory=dict)
    waiting: Waiting | None = None
    misses: int = 0
    trail: tuple[str, ...] = ()
    called: bool = False
    confirmed_at: datetime | None = None


class Wish(Struct, frozen=True):
    """A request that was asked for while another one was being made; taken up after that.

    Attributes:
        intent: what is asked for; it has a request kind.
        slots: what was already said about it; JSON only.
        words: the message that asked for it, verbatim; empty if a button did.
    """

    intent: Intent
    slots: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


class Prompt(Struct, frozen=True):
    """The question that is open: only its choices may be tapped."""

    offset: int
    choices: tuple[Choice, ...] = ()
    serial: int = 0
    """The frame that asked; 0 for the menu."""
    told: tuple[Wish, ...] = ()
    """The requests in the message it asks about, by possible meaning; taken with the choice."""


class MailThread(Struct, frozen=True):
    """The mail exchange that a conversation is held in.

    Attributes:
        address: where replies go: the sender address of the first mail.
        subject: of the first mail.
        root: its ``Message-ID``; with the address it identifies the exchange.
    """

    address: str
    subject: str
    root: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Conversation(Struct, frozen=True):
    """One user's thread with the desk.

    Attributes:
        id: sixteen bytes.
        epoch: random; replaced at restore or purge, so that clients drop their copies.
        version: the last offset; every write appends, so it also guards against lost updates.
        account: the app account the user is logged in to; empty without a token.
        stack: running flows, the innermost last.
        verifications: proofs made here, newest last.
        queued_at: when the user began to wait for a person.
        unanswered: consecutive messages that were not understood.
        serial: the last frame serial handed out.
        desk_calls: times in a row that the user typed the word that opens the desk.
        last_said_at: when the user last did something.
        minor_hint: words or a date of birth showed a minor; tickets filed here are marked.
        wishes: requests to take up next, in this order; a few at most.
        filed: the request that was filed last here, with what it is about; None once it was
            withdrawn here.
        to_rate: the request that closed last while something else was open; its rating is asked
            for when that is done.
        attempts: failed attempts made here, oldest first; for staff alone.
        mail: the mail exchange that it is held in; None for the chat.
        origin: keyed hash of the network that a visitor without a login wrote from last.
    """

    id: ConversationId
    epoch: str
    created_at: datetime
    version: int = 0
    locale: str = "zh_Hans"
    locale_from: LocaleSource = LocaleSource.DEFAULT
    account: str = ""
    owner: Owner = field(default_factory=Owner)
    stack: tuple[Frame, ...] = ()
    prompt: Prompt | None = None
    verifications: tuple[Verification, ...] = ()
    queued_at: datetime | None = None
    unanswered: int = 0
    serial: int = 0
    desk_calls: int = 0
    last_said_at: datetime | None = None
    minor_hint: bool = False
    wishes: tuple[Wish, ...] = ()
    filed: Wish | None = None
    to_rate: TicketId | None = None
    mail: MailThread | None = None
    origin: bytes = b""
    attempts: tuple[Attempt, ...] = ()

    @property
    def forming(self) -> RequestKind | None:
        """Return the kind of request that an open form makes; None without one."""
        kinds = (_FORMS.get(frame.flow) for frame in reversed(self.stack))
        return next((kind for kind in kinds if kind is not None), None)
