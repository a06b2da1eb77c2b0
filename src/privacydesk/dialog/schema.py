"""A flow as values: one dataclass per step kind, made by the reader and walked by the engine.

Keys are locale keys; a string that starts with ``$`` among parameters names a slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from privacydesk.domain.events import ChoiceStyle
from privacydesk.domain.intents import Intent, RequestKind


class Card(StrEnum):
    """How a sentence is shown when it is more than a bubble."""

    WARNING = "warning"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Offer:
    """A button written in the flow.

    Attributes:
        names: a slot; text that names a value of it chooses this button and fills the slot.
    """

    value: str
    text: str
    style: ChoiceStyle = ChoiceStyle.PLAIN
    names: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Says a sentence and goes on; users not logged in to the app get ``outside`` instead.

    Attributes:
        once: an explanation, not repeated in the same visit (``Script.explain``).
        in_card: the card of the confirmation that follows says the same.
    """

    id: str
    text: str
    then: str
    args: tuple[str, ...] = ()
    card: Card | None = None
    rows: str = ""
    outside: str = ""
    once: bool = False
    in_card: bool = False


OTHER: Final = "other"
"""The choice for a text that tells something no button says."""

BOTH: Final = "both"
"""The choice that stands for two others at once."""

ALL: Final = "all"
"""The choice that stands for every value there is."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks for a slot and waits.

    Attributes:
        again: said instead of ``text`` when the question is repeated before it was answered:
            "that code is not right" is news only once. Empty for the same words.
        rows: the slot with labelled values that the question shows as a card; without any, and
            when the question is repeated, ``again`` is said instead. Empty for none.
        told: the slot that keeps the text of users who tell a story instead of choosing; the
            answer is then ``OTHER``, or skipped if that is not offered. Empty if such text is not
            used.
        foretold: the sentence that began the flow may imply one of the choices, other than
            ``OTHER``; what was understood from it is said instead of the question.
        opening: if the sentence that began the flow tells something, it is the answer, and only
            additions to it are asked for (``openings``).
        holds: the guard that has to say "yes" for the question to apply; if it no longer does when
            the question is put again, the outcome is ``gone``. Empty for none.
        plain: it is asked without the input of its slot's type: what to do instead of entering
            a code is no field for one, though a code that is typed is taken.
        several: it takes one choice, or several of them at once; see ``many``, which collects one
            after the other.
    """

    id: str
    slot: str
    text: str
    on: Mapping[str, str]
    args: tuple[str, ...] = ()
    choices: tuple[Offer, ...] = ()
    options: str = ""
    retry: str = ""
    again: str = ""
    rows: str = ""
    skip: str = ""
    many: bool = False
    several: bool = False
    plain: bool = False
    told: str = ""
    foretold: bool = False
    opening: bool = False
    holds: str = ""

    @property
    def wording(self) -> tuple[str, ...]:
        """The keys of the question and of the buttons that it always has."""
        skip = (self.skip,) if self.skip else ()
        return self.text, *(one.text for one in self.choices), *skip


@dataclass(frozen=True, slots=True)
class Confirm:
    """Names what will happen and waits for a yes or a no.

    Attributes:
        exact: only its button, or the exact words on it, count as a yes.
    """

    id: str
    text: str
    yes: str
    no: str
    on: Mapping[str, str]
    args: tuple[str, ...] = ()
    card: Card | None = None
    exact: bool = False

    @property
    def wording(self) -> tuple[str, ...]:
        """The keys of the question and of its two buttons."""
        return self.text, self.yes, self.no


@dataclass(frozen=True, slots=True)
class Do:
    """Runs a registered action."""

    id: str
    action: str
    on: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """Pushes another flow and continues by how it ended."""

    id: str
    flow: str
    on: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """Asks a registered guard."""

    id: str
    guard: str
    on: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """Ends the flow."""

    id: str
    outcome: str


Step = Say | Ask | Confirm | Do | Call | Branch | End

WAITING = (Ask, Confirm)
"""Steps at which the user has the turn. A ``do`` that waits for the outside is not among them."""


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """A value a flow works with."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class CardField:
    """A question as a field of a card.

    Attributes:
        step: an ``ask``; or a ``call`` that is handed the slot which the called flow asks for.
        label: the key of its label.
        hint: the key of what is said below the label; empty for nothing.
        several: whether several of its choices may be ticked.
    """

    step: str
    label: str
    hint: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class QuestionCard:
    """Questions that follow each other, and that a client may ask all at once.

    Attributes:
        text: the key of what is said above them, instead of the first question.
    """

    text: str
    fields: tuple[CardField, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One file of ``dialogs/``.

    Attributes:
        source: the file's name, for messages.
        lines: step id to its line in the file.
        moved: steps of earlier versions and where they went.
        returns: slots handed back to the caller.
        explains: answers to questions about the form itself, by topic.
        cards: questions that a client may ask at once.
        left: the step for users who stop or reconsider after something was filed; empty if the form
            is just dropped.
    """

    name: str
    steps: Mapping[str, Step]
    start: str
    intents: tuple[Intent, ...] = ()
    kind: RequestKind | None = None
    slots: Mapping[str, SlotSpec] = field(default_factory=dict)
    returns: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    explains: Mapping[str, Say] = field(default_factory=dict)
    cards: tuple[QuestionCard, ...] = ()
    left: str = ""
    source: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def spoken(flow: Flow) -> tuple[Step, ...]:
    """Return everything of a flow that has words: its steps, and what it explains."""
    return (*flow.steps.values(), *flow.explains.values())


def card_keys(flow: Flow) -> tuple[str, ...]:
    """Return the locale keys of a flow's cards of questions."""
    return tuple(
        key
        for card in flow.cards
        for key in (card.text, *(k for one in card.fields for k in (one.label, one.hint) if k))
    )


def confirmed_keys(flow: Flow, step: str) -> tuple[str, ...]:
    """Return the locale keys of what a yes at a confirmation agrees to, its warnings first."""
    confirm = flow.steps[step]
    warnings = (
        one.text
        for one in flow.steps.values()
        if isinstance(one, Say) and one.in_card and one.then == step
    )
    return (*warnings, *keys_of(confirm)[:2])


def targets(step: Step) -> Mapping[str, str]:
    """Return outcome to next step; a ``say``'s one outcome is ``next``, an ``end`` has none."""
    if isinstance(step, Say):
        return {"next": step.then}
    if isinstance(step, End):
        return {}
    return step.on


def keys_of(step: Step) -> tuple[str, ...]:
    """Return the locale keys a step uses, its own sentence first."""
    if isinstance(step, Say):
        return (step.text, step.outside) if step.outside else (step.text,)
    if isinstance(step, Ask):
        rest = (step.again, step.retry, step.skip, *(offer.text for offer in step.choices))
        return (step.text, *(key for key in rest if key))
    if isinstance(step, Confirm):
        return (step.text, step.yes, step.no)
    return ()
