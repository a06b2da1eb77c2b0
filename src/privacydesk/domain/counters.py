"""Daily counters: how often something happened on a day, and nothing about whom it happened to.

They are kept for what no record tells later: where people give up while they prove who they are,
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
    """A sentence had to be understood, as no form was open; the detail is the language."""
    UNSURE = "unsure"
    """Nothing could be made of such a sentence; the detail is the language."""
    REACHED = "reached"
    """Somebody who proves who they are came to a question; the detail is what was asked for."""
    PASSED = "passed"
    """They went on from it, or were through; the detail is what was asked for."""


class Counted(Struct, frozen=True):
    """Something that happened once.

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
