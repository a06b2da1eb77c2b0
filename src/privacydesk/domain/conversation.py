"""The current state of a conversation: a small value that each turn replaces as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.app_tokens import Standing
from privacydesk.domain.events import Choice
from privacydesk.domain.failed_attempts import Attempt
from privacydesk.domain.identity import Verification
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import Intent, RequestKind

_FORMS = {kind.value: kind for kind in RequestKind}
"""The kind of request by the name of its form, a flow of the same name."""


class OwnerKind(StrEnum):
    """The kind of owner of a conversation: who answers the user."""

    ASSISTANT = "assistant"
    QUEUE = "queue"
    AGENT = "agent"


class Owner(Struct, frozen=True):
    """The owner of a conversation: who answers the user, and since when.

    Attributes:
        agent: the agent's name if ``kind`` is ``AGENT``.
        offset: offset of the event at which the owner last changed; a command based on an earlier
            owner is refused as stale.
        since: when the owner changed.
        waited_from: when the user was queued for the agent, which gives the position in the queue
            if the agent is lost.
    """

    kind: OwnerKind = OwnerKind.ASSISTANT
    agent: str = ""
    offset: int = 0
    since: datetime | None = None
    waited_from: datetime | None = None


class LocaleSource(StrEnum):
    """The source of the conversation's language, from the weakest to the strongest."""

    DEFAULT = "default"
    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105 - the app token, not a secret
    SENTENCE = "sentence"
    CHOSEN = "chosen"


class PendingCall(Struct, frozen=True):
    """A call to an external service whose result a step waits for.

    Attributes:
        ref: identifies the call; results with another ``ref`` are ignored.
        action: the requested action.
        since: when the call was made.
    """

    ref: str
    action: str
    since: datetime


class Frame(Struct, frozen=True):
    """A running flow.

    Attributes:
        flow: the flow's name.
        step: the current step, a state of the flow's state machine.
        slots: values collected so far; JSON only.
        waiting: the external call that the step waits for; None for none.
        misses: consecutive answers that did not fit the current step.
        trail: steps whose questions were answered, for going back.
        called: whether a step of another flow waits for the end of this flow.
        started_at: when the request began, which becomes its time of receipt.
        serial: unique within the conversation; results and child flows refer to it.
        confirmed_at: when the user confirmed what the flow will do; cleared when a question is
            answered after that.
        agreed: keys of the warnings and the question that the user last said yes to.
    """

    flow: str
    step: str
    started_at: datetime
    serial: int
    slots: Mapping[str, Any] = field(default_factory=dict)
    waiting: PendingCall | None = None
    misses: int = 0
    trail: tuple[str, ...] = ()
    called: bool = False
    confirmed_at: datetime | None = None
    agreed: tuple[str, ...] = ()


class RequestDraft(Struct, frozen=True):
    """A request that is not filed yet, or was filed last, as the values of its form.

    Attributes:
        intent: the intent, which has a request kind.
        slots: values that the user has already given; JSON only.
        words: the user's message that made the request, verbatim; empty for a button.
        only_asked: the message asked whether it can be done, beside other requests.
    """

    intent: Intent
    slots: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    only_asked: bool = False


class StaffReply(Struct, frozen=True):
    """What staff wrote last about a ticket, without taking the conversation over.

    Attributes:
        ticket: the ticket; what the user answers is added to it.
        text: what they wrote.
        offset: offset of its event.
    """

    ticket: TicketId
    text: str
    offset: int


class Prompt(Struct, frozen=True):
    """The open question; only its buttons can be tapped.

    Attributes:
        offset: offset of the question's event.
        serial: serial of the frame that asked; 0 for the menu.
        requests: for a question about the meaning of a message, the request for each possible
            meaning; the chosen one is begun.
    """

    offset: int
    choices: tuple[Choice, ...] = ()
    serial: int = 0
    requests: tuple[RequestDraft, ...] = ()


class MailThread(Struct, frozen=True):
    """The mail thread of a conversation held by mail.

    Attributes:
        address: sender address of the first mail, which replies are sent to.
        subject: subject of the first mail.
        root: ``Message-ID`` of the first mail; together with ``address`` it identifies the thread.
    """

    address: str
    subject: str
    root: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def latest_reply(replied: StaffReply | None, prompt: Prompt | None) -> StaffReply | None:
    """Return what staff wrote, unless the desk has asked something since."""
    asked = prompt.offset if prompt is not None else 0
    return replied if replied is not None and replied.offset > asked else None


class Conversation(Struct, frozen=True):
    """The conversation of one user with the desk.

    Attributes:
        id: sixteen bytes.
        epoch: random text, replaced at a restore or purge, so that clients drop their copies.
        version: offset of the last event. As every write appends an event, it also guards against
            lost updates.
        account: the app account that the user is logged in to; empty without a token.
        stack: running flows, the innermost last.
        verifications: identity verifications made in this conversation, newest last.
        queued_at: when the user began to wait for an agent; None if not queued.
        unanswered: consecutive messages that were not understood.
        serial: the last frame serial assigned.
        desk_calls: how often in a row the user typed the word that opens the desk.
        last_said_at: when the user was last active.
        explained: text keys of explanations that were given in this visit.
        danger_at: when the user told of danger to somebody's life or limb; None for none, or once
            an agent who had the conversation has given it back. They come first in the queue.
        minor_hint: whether words or a date of birth indicated a minor; marks tickets filed here.
        bereaved: whether the flow for relatives of the dead was begun; nobody is then asked whether
            they are satisfied.
        pending_requests: requests made while another form was open; they are begun afterwards, in
            this order.
        last_filed: the request filed last in this conversation; None once it is withdrawn.
        replied: the last reply of staff about a ticket; None for none, or once another request is
            filed. See ``latest_reply``.
        to_rate: a ticket closed while something else was open; its rating is asked for later.
        attempts: failed attempts in this conversation, oldest first; shown to staff only.
        mail: the mail thread; None for a conversation in the chat.
        origin: keyed hash of the network of a visitor without a login, at their last message.
        standing: what the app said about the account when the conversation began.
        reachable_at: the phone number or mail address that the user left while they waited for a
            person; not verified, shown to staff only.
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
    explained: frozenset[str] = frozenset()
    minor_hint: bool = False
    bereaved: bool = False
    danger_at: datetime | None = None
    pending_requests: tuple[RequestDraft, ...] = ()
    last_filed: RequestDraft | None = None
    replied: StaffReply | None = None
    to_rate: TicketId | None = None
    mail: MailThread | None = None
    origin: bytes = b""
    attempts: tuple[Attempt, ...] = ()
    standing: Standing = Standing.REGULAR
    reachable_at: str = ""

    @property
    def open_form_kind(self) -> RequestKind | None:
        """The kind of request of the open form; None if no form is open."""
        kinds = (_FORMS.get(frame.flow) for frame in reversed(self.stack))
        return next((kind for kind in kinds if kind is not None), None)
