"""Ages in full years, and the age rules that apply to them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

CHILD_UNDER: Final = 14
ADULT_FROM: Final = 18


def age_on(born: date, today: date) -> int:
    """Return full years of age."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_group(age: int) -> str:
    """Return the age rule that applies to a number of full years.

    The two documents disagree on exactly 14 (definitions against the children's statement), so that
    year is a human's decision.
    """
    if age < CHILD_UNDER:
        return "under_14"
    if age == CHILD_UNDER:
        return "exactly_14"
    return "teen" if age < ADULT_FROM else "adult"


def days_of(told: str) -> tuple[date, ...]:
    """Return the first and the last day of a date of which only the year or month may be known."""
    if not told:
        return ()
    year, month, day = (*(int(part) for part in told.split("-")), 0, 0)[:3]
    if day:
        return (date(year, month, day),)
    first = date(year, month or 1, 1)
    last = first + timedelta(days=31) if month else date(year + 1, 1, 1)
    return first, last.replace(day=1) - timedelta(days=1)
