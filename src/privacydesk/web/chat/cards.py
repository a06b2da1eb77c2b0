"""What events and the view show as cards, as the AsyncAPI document describes it.

Like frames, cards are made as dicts (``services.ticket_cards``, ``services.rendering``); tests
compare what is sent with these structs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deadlines import DayReason
from privacydesk.domain.events import ChoiceStyle
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, TicketState

Instant = Annotated[datetime, Meta(tz=True)]


class LabelledValue(Struct, frozen=True):
    """A value with its label, both in words."""

    label: str
    value: str


# -- requests --------------------------------------------------------------------------------------


class CardStep(Struct, frozen=True):
    """A step of a request.

    Attributes:
        state: ``ended`` for the last one of a request that was not granted as a whole.
        date_text: when it was done; left out while it is not.
    """

    id: Literal["filed", "verified", "review", "confirm", "done"]
    label: str
    state: Literal["done", "now", "todo", "ended"]
    date_text: str | UnsetType = UNSET


class CardAction(Struct, frozen=True):
    """What the requester may do now.

    Attributes:
        choice: what ``choose`` sends, with the offset 0.
    """

    choice: str
    label: str
    style: ChoiceStyle


class CardChange(Struct, frozen=True):
    """An entry that is corrected.

    Attributes:
        old: left out where the desk doesn't know it.
    """

    label: str
    new: str
    old: str | UnsetType = UNSET


class CardDay(Struct, frozen=True):
    """A day of the count that leads to a date.

    Attributes:
        count: 0 for the start day; null for days that do not count.
    """

    date: date
    text: str
    working: bool
    count: int | None
    reason: DayReason
    reason_label: str


class CardObjection(Struct, frozen=True):
    """The objection to a decision.

    Attributes:
        text: when it was made, and when it is answered or how it ended.
    """

    number: str
    received_at: Instant
    text: str


class CardCompletion(Struct, frozen=True):
    """By when a confirmed closing is carried out.

    Attributes:
        reason_text: why the date is later than working days alone make it.
    """

    due_date: date
    due_text: str
    zone: str
    days: tuple[CardDay, ...]
    provisional: bool
    late: bool
    reason_text: str | UnsetType = UNSET


class TicketCard(Struct, frozen=True):
    """A request as its requester sees it, in words of the conversation's language.

    Attributes:
        items: what was asked for.
        stays: what a deletion, withdrawal or unbinding leaves.
        outcomes: after a decision, what became of each item.
        due_date: left out, with the other fields of the date, while no clock runs.
        reason_text: why the date is later than working days alone make it.
        first_due_date: after an extension, the date promised first.
        waits_text: until when it waits for its requester to prove who they are.
        object_until_text: until when its decision may be objected to.
        purged: its conversation is no longer kept.
        receipt: its receipt can be fetched.
    """

    number: str
    kind: RequestKind
    kind_label: str
    state: TicketState
    state_label: str
    items: tuple[str, ...]
    late: bool
    provisional: bool
    received_at: Instant
    version: int
    steps: tuple[CardStep, ...]
    stays: tuple[str, ...]
    changes: tuple[CardChange, ...]
    outcomes: tuple[LabelledValue, ...]
    actions: tuple[CardAction, ...]
    due_date: date | UnsetType = UNSET
    due_text: str | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    days: tuple[CardDay, ...] | UnsetType = UNSET
    reason_text: str | UnsetType = UNSET
    first_due_date: date | UnsetType = UNSET
    completion: CardCompletion | UnsetType = UNSET
    waits_text: str | UnsetType = UNSET
    objection: CardObjection | UnsetType = UNSET
    object_until_text: str | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    outcome_label: str | UnsetType = UNSET
    closed_at: Instant | UnsetType = UNSET
    closed_text: str | UnsetType = UNSET
    purged: bool | UnsetType = UNSET
    receipt: bool | UnsetType = UNSET


# -- questions -------------------------------------------------------------------------------------


class Resend(Struct, frozen=True):
    """The button that sends another code.

    Attributes:
        at: the instant from which it may.
    """

    choice: str
    at: Instant


class SummaryEntry(Struct, frozen=True):
    """Something that goes or stays.

    Attributes:
        detail: what is known about it.
    """

    label: str
    detail: str | UnsetType = UNSET


class Summary(Struct, frozen=True):
    """What the card of a confirmation shows instead of its text.

    Attributes:
        notes: sentences.
    """

    goes: tuple[SummaryEntry, ...] | UnsetType = UNSET
    stays: tuple[SummaryEntry, ...] | UnsetType = UNSET
    changes: tuple[CardChange, ...] | UnsetType = UNSET
    notes: tuple[str, ...] | UnsetType = UNSET


class FieldChoice(Struct, frozen=True):
    """A choice of a field."""

    id: str
    label: str


class CardField(Struct, frozen=True):
    """A field of a card with several questions."""

    name: str
    kind: Literal["choice", "choices", "date", "text", "long", "contact"]
    label: str
    hint: str | UnsetType = UNSET
    choices: tuple[FieldChoice, ...] | UnsetType = UNSET
    optional: bool | UnsetType = UNSET


class QuestionCard(Struct, frozen=True):
    """Questions that may be asked together; ``hand_in`` answers all of them.

    Attributes:
        text: said instead of the event's own.
    """

    text: str
    fields: tuple[CardField, ...]


class Menu(Struct, frozen=True):
    """Choices that may be shown first.

    Attributes:
        most_used: what most people come for.
        suggested: what suits this person.
    """

    most_used: tuple[str, ...]
    suggested: tuple[str, ...]


class PassageRendition(Struct, frozen=True):
    """A passage in the reader's language or script.

    Attributes:
        converted: whether these are the same words in another script.
    """

    document: str
    article: str
    section: str
    text: str
    sentence: str
    lang: str
    converted: bool


class Passage(Struct, frozen=True):
    """A quote from the policy.

    Attributes:
        sentence: the slice of ``text`` that answers; empty if all of it does.
        anchor: ``/chat/policy#<anchor>`` shows it in the whole policy.
        lang: the policy's own language.
        place: where it stands, for readers of another language without a rendition.
    """

    document: str
    article: str
    section: str
    text: str
    sentence: str
    anchor: str
    lang: str
    rendition: PassageRendition | UnsetType = UNSET
    place: str | UnsetType = UNSET


class File(Struct, frozen=True):
    """A file of a message.

    Attributes:
        id: under which it is opened; left out for what was handed in with a request.
    """

    name: str
    size: int
    media_type: str
    id: str | UnsetType = UNSET


class Package(Struct, frozen=True):
    """A file with the person's data.

    Attributes:
        choice: what ``choose`` sends to fetch it, with the offset 0.
        link: where it is, once the right code was entered.
    """

    number: str
    choice: str
    size: int
    size_text: str
    until: Instant
    until_text: str
    link: str | UnsetType = UNSET


# -- the data of events, by their kind -------------------------------------------------------------


class TextData(Struct, frozen=True):
    """What helps a client to show a text or a question.

    Attributes:
        in_card: the card after it has what it says.
        many: the question takes several of its choices.
        one: most people choose a single one.
        apart: ids of choices that the one for all of them does not include.
        empty: ids of choices of which the person has nothing.
        words: the question takes files and words.
        files: files that an agent has sent.
    """

    resend: Resend | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    in_card: bool | UnsetType = UNSET
    many: bool | UnsetType = UNSET
    one: bool | UnsetType = UNSET
    apart: tuple[str, ...] | UnsetType = UNSET
    empty: tuple[str, ...] | UnsetType = UNSET
    words: bool | UnsetType = UNSET
    card: QuestionCard | UnsetType = UNSET
    menu: Menu | UnsetType = UNSET
    passage: Passage | UnsetType = UNSET
    files: tuple[File, ...] | UnsetType = UNSET


class WarningData(Struct, frozen=True):
    """What the card of a warning shows."""

    summary: Summary


class UploadedData(Struct, frozen=True):
    """The files that were handed in."""

    files: tuple[File, ...]


class TicketData(Struct, frozen=True):
    """A request as it was at the event.

    Attributes:
        folded: another request was meant; one line is enough.
    """

    ticket: TicketCard
    folded: bool | UnsetType = UNSET


class DetailsData(Struct, frozen=True):
    """Labelled values."""

    rows: tuple[LabelledValue, ...]


class PackageData(Struct, frozen=True):
    """A card of a file with the person's data."""

    package: Package


class OwnerData(Struct, frozen=True):
    """Who speaks besides the user from here on.

    Attributes:
        agent: the agent's display name; empty for none.
    """

    owner: OwnerKind
    agent: str
