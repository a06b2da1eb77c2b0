"""Daily counters of anonymous events, for reports.

They count what no ticket shows later: where users give up verifying their identity, and how often
a sentence was not understood. A counter is incremented in the transaction of the event, and
outlives the conversation.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct


class CounterKind(StrEnum):
    """What a counter counts. Details are words of closed lists, never texts of users."""

    HEARD = "heard"
    """A sentence was classified, as no form was open; the detail is the language."""
    UNSURE = "unsure"
    """Such a sentence was not understood; the detail is the language."""
    REACHED = "reached"
    """A user reached a step of identity verification; the detail is the step."""
    PASSED = "passed"
    """A user passed such a step, or was already verified; the detail is the step."""


class CounterIncrement(Struct, frozen=True):
    """An increment of a counter by one.

    Attributes:
        day: the date in the operator's time zone.
        what: what is counted.
        detail: a word of a closed list.
    """

    day: date
    what: CounterKind
    detail: str = ""


class CounterSum(Struct, frozen=True):
    """The sum of a counter over a period."""

    what: CounterKind
    detail: str
    number: int
