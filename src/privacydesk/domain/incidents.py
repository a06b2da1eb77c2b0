"""Incidents: what an operator tells the people whose data a security incident concerns.

A notice has the parts that article 57 of the Personal Information Protection Law asks for: what
happened and what may follow, what was done, what people can do themselves, and the remedies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.ids import ConversationId, IncidentId
from privacydesk.domain.notices import NoticeOutcome
from privacydesk.errors import InvalidRequestError, NotAllowedNowError

MAX_NAME: Final = 80
"""The maximum length of an incident's name, which staff see."""
MAX_PART: Final = 2_000
"""The maximum length of one part of a notice."""
MAX_ACCOUNT: Final = 128


class NoticePart(StrEnum):
    """A part of an incident notice; all of them are required."""

    FACTS = "facts"
    """What happened, which data it concerns, and what may follow."""
    MEASURES = "measures"
    """What the operator has done and will do."""
    ADVICE = "advice"
    """What people can do themselves."""
    REMEDIES = "remedies"


class Audience(StrEnum):
    """Who receives a notice."""

    LIST = "list"
    """The accounts of a list, whether they have used the desk or not."""
    REQUESTERS = "requesters"
    """Everyone who has filed a request."""
    EVERYONE = "everyone"
    """Everyone who has a conversation with the desk."""


class IncidentState(StrEnum):
    """The state of an incident's notice."""

    COLLECTING = "collecting"
    """The list of accounts is being stored; nothing can be released yet."""
    DRAFT = "draft"
    """It waits for a second person."""
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    """Each recipient was told, or could not be."""
    DISCARDED = "discarded"


_MOVES: Final[Mapping[IncidentState, frozenset[IncidentState]]] = {
    IncidentState.COLLECTING: frozenset({IncidentState.DRAFT, IncidentState.DISCARDED}),
    IncidentState.DRAFT: frozenset({IncidentState.SENDING, IncidentState.DISCARDED}),
    IncidentState.SENDING: frozenset({IncidentState.PAUSED, IncidentState.SENT}),
    IncidentState.PAUSED: frozenset({IncidentState.SENDING}),
    IncidentState.SENT: frozenset(),
    IncidentState.DISCARDED: frozenset(),
}

NoticeText = Mapping[NoticePart, str]


class Incident(Struct, frozen=True):
    """An incident and its notice. No part of it is about a single person.

    Attributes:
        name: the name by which staff know it; recipients don't see it.
        audience: who receives the notice.
        texts: the notice by locale.
        urgent: whether phones may ring during quiet hours.
        prepared_by: the name of the agent who prepared it.
        released_by: the name of the second agent, who released it; empty before.
        version: raised by every change; a change based on an older version is refused.
    """

    id: IncidentId
    name: str
    audience: Audience
    texts: Mapping[str, NoticeText]
    prepared_by: str
    prepared_at: datetime
    urgent: bool = False
    state: IncidentState = IncidentState.COLLECTING
    released_by: str = ""
    released_at: datetime | None = None
    sent_at: datetime | None = None
    version: int = 1

    @property
    def short_id(self) -> str:
        """The end of the id, by which commands name it."""
        return self.id.hex()[-8:]

    def check_move(self, to: IncidentState) -> None:
        """Check that the notice can get into a state.

        Raises:
            NotAllowedNowError: it can't from its present one.
        """
        if to not in _MOVES[self.state]:
            raise NotAllowedNowError(
                f"the notice is {self.state}, and can't become {to}", reason="incident_state"
            )


class IncidentDraft(Struct, frozen=True):
    """A notice that an agent is about to prepare."""

    name: str
    audience: Audience
    texts: Mapping[str, NoticeText]
    urgent: bool = False

    def cleaned(self, locales: tuple[str, ...]) -> IncidentDraft:
        """Return the draft with its texts cleaned.

        Raises:
            InvalidRequestError: it has no name, or a part of the notice is missing or too long.
        """
        name = " ".join(clean_text(self.name).split())
        if not name or len(name) > MAX_NAME:
            raise InvalidRequestError(
                f"an incident's name has 1 to {MAX_NAME} characters", reason="incident_name"
            )
        texts = {
            locale: {
                part: _clean_part(self.texts.get(locale, {}).get(part, ""), locale, part)
                for part in NoticePart
            }
            for locale in locales
        }
        return IncidentDraft(name, self.audience, texts, self.urgent)


def _clean_part(text: str, locale: str, part: NoticePart) -> str:
    cleaned = clean_text(text).strip()
    if not cleaned:
        raise InvalidRequestError(f"{part} is missing in {locale}", reason="incident_text_missing")
    if len(cleaned) > MAX_PART:
        raise InvalidRequestError(
            f"{part} in {locale} has more than {MAX_PART} characters",
            reason="incident_text_long",
            max=MAX_PART,
        )
    return cleaned


class RecipientState(StrEnum):
    """What became of the notice in a recipient's conversation."""

    WAITING = "waiting"
    TOLD = "told"
    FAILED = "failed"
    """The conversation was deleted, or can't be read."""


QUEUED: Final = "queued"
"""The outcome of a notice to a phone or mailbox that is still to be sent."""


class Recipient(Struct, frozen=True):
    """A recipient who was not told yet.

    Attributes:
        key: identifies the recipient in the incident: the id of the conversation, or the hash of
            the account.
        conversation_id: the conversation; None for an account of a list.
        account: the account of a list; empty for a conversation.
        locale: the language of an account that has no conversation yet; empty for the default.
    """

    key: bytes
    conversation_id: ConversationId | None = None
    account: str = ""
    locale: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class RecipientTold(Struct, frozen=True):
    """The notice was added to a recipient's conversation.

    Attributes:
        offset: the offset of the notice's event.
        queued: whether a notice to a phone or mailbox is to follow.
    """

    incident_id: IncidentId
    key: bytes
    conversation_id: ConversationId
    at: datetime
    offset: int
    queued: bool


class NoticeSettled(Struct, frozen=True):
    """A notice to a recipient's phone or mailbox was sent, or failed.

    Attributes:
        channel: a value of ``NoticeChannel``.
        is_last: whether no other channel is tried after this one.
    """

    incident_id: IncidentId
    conversation_id: ConversationId
    channel: str
    outcome: NoticeOutcome
    at: datetime
    is_last: bool


IncidentStep = RecipientTold | NoticeSettled
"""A change of a recipient's record, made in the transaction of what it records."""


class IncidentProgress(Struct, frozen=True):
    """How far a notice has come, in numbers of recipients.

    Attributes:
        waiting: not told yet.
        told: have the notice in their conversation.
        failed: could not be told.
        read: have read it there.
        notified: got a message on a phone, a device or in a mailbox, by channel and outcome.
        unreached: neither have they read the notice, nor did a message reach a phone or mailbox.
        known: of a list, the accounts that have a conversation with the desk.
    """

    waiting: int = 0
    told: int = 0
    failed: int = 0
    read: int = 0
    notified: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unreached: int = 0
    known: int = 0

    @property
    def total(self) -> int:
        """The number of recipients that are listed."""
        return self.waiting + self.told + self.failed
