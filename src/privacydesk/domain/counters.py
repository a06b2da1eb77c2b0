"""Daily counters: how often something happened on a day, and nothing about the people involved.

They are kept for what no record shows later: where people give up while they prove who they are,
and how often a sentence was not understood. Counts are written in the transaction of what they
count, and outlive the conversations they came from.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct


class Countable(StrEnum):
    """What is counted. Its detail is a word of a closed list, never anything that a person said."""

    HEARD = "heard"
    """A sentence had to be interpreted, as no form was open; the detail is the language."""
    UNSURE = "unsure"
    """Such a sentence was not understood; the detail is the language."""
    REACHED = "reached"
    """Somebody proving who they are reached a question; the detail is what it asks for."""
    PASSED = "passed"
    """They got past it, or had finished; the detail is what it asked for."""


class Counted(Struct, frozen=True):
    """One occurrence.

    Attributes:
        day: the operator's date.
        what: what it was.
        detail: which of a closed list.
    """

    day: date
    what: Countable
    detail: str = ""


class Count(Struct, frozen=True):
    """How often something happened within a period."""

    what: Countable
    detail: str
    number: int
