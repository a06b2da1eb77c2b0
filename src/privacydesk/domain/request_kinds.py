"""What programs are told of the kinds of requests that they can file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from privacydesk.domain.events import Choice
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind

Case = Mapping[str, tuple[str, ...]]
"""Other answers, each with the values that it may have; without values if it is not given."""


class AnswerType(StrEnum):
    """What kind of value an answer is."""

    CHOICE = "choice"
    """One of the values that are offered."""
    TEXT = "text"
    DATE = "date"
    """A day, not after today, as ``2014-05-01``."""
    CONTACT = "contact"
    """A phone number with ``+`` and its country code, or a mail address."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A text of the catalogs.

    Attributes:
        key: its key.
        args: its arguments.
    """

    key: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """An answer that a program may give.

    Attributes:
        name: the slot.
        type: the kind of value that it takes.
        several: whether it takes several values.
        longest: the most characters of a text; 0 for other types.
        options: the values that are offered to everybody.
        of_account: whether the values depend on what the account has.
        asks: what the chat asks.
        label: a short label; None where the question is all there is.
        hint: what is said below the label; None for nothing.
        required: whether nothing is filed without it, where it is asked.
        with_proof: whether it is only asked if the request comes with enough proof.
        when: the cases in which it is asked; empty if in all.
    """

    name: str
    type: AnswerType
    several: bool
    longest: int
    options: tuple[Choice, ...]
    of_account: bool
    asks: Wording
    label: Wording | None
    hint: Wording | None
    required: bool
    with_proof: bool
    when: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class KindSpec:
    """A kind of request.

    Attributes:
        label: as in the menu of the chat.
        answers: in the order of the questions.
        proof: the level at which a request is filed as proven; None if only documents prove it,
            which the chat takes.
        waits: whether a request without proof is filed, and waits for it.
        confirmed: whether a proven request takes the user's confirmation.
        limited: whether it can be limited to days.
    """

    kind: RequestKind
    label: Wording
    answers: tuple[AnswerSpec, ...]
    proof: Assurance | None
    waits: bool
    confirmed: bool
    limited: bool
