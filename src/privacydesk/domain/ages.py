"""Ages in full years, and the age groups with rules of their own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

CHILD_UNDER: Final = 14
ADULT_FROM: Final = 18


def age_on(birthday: date, today: date) -> int:
    """Return the age in full years."""
    had_birthday = (today.month, today.day) >= (birthday.month, birthday.day)
    return today.year - birthday.year - (not had_birthday)


def age_group(age: int) -> str:
    """Return the age group of an age in full years.

    The policy and the children's statement disagree on the age of exactly 14, so it is a group of
    its own, and staff decide.
    """
    if age < CHILD_UNDER:
        return "under_14"
    if age == CHILD_UNDER:
        return "exactly_14"
    return "teen" if age < ADULT_FROM else "adult"


def possible_days(partial_date: str) -> tuple[date, ...]:
    """Return the first and last day that a partial date (``YYYY[-MM[-DD]]``) may mean.

    Returns:
        Two days for a year or month, one for a full date, none for an empty text.
    """
    if not partial_date:
        return ()
    year, month, day = (*(int(part) for part in partial_date.split("-")), 0, 0)[:3]
    if day:
        return (date(year, month, day),)
    first = date(year, month or 1, 1)
    last = first + timedelta(days=31) if month else date(year + 1, 1, 1)
    return first, last.replace(day=1) - timedelta(days=1)
