"""At most so many starts in any second, by the generic cell rate algorithm.

All that is kept is one instant, until which what was started uses up the rate. Up to a tenth of a
second's starts may come at once, so that starting them costs few commits; the rest is spread so
that no second, wherever it begins, has more than the limit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

MAX_PER_SECOND: Final = 1_000

_SECOND: Final = timedelta(seconds=1)
_TENTH: Final = 10
_TRUSTED_AHEAD: Final = 2 * _SECOND
"""An instant further ahead is of a clock that was set back since."""


def allowance(per_second: int, used_until: datetime | None, now: datetime) -> int:
    """Return how many may be started now.

    Args:
        per_second: the limit; at least 1.
        used_until: what the last ``after_starting`` returned; None at first.
        now: the current time.
    """
    interval = _interval(per_second)
    free = now + _burst(per_second) * interval - _still_used(used_until, now)
    return max(0, free // interval)


def after_starting(
    count: int, per_second: int, used_until: datetime | None, now: datetime
) -> datetime:
    """Return until when the rate is used up once ``count`` more were started now."""
    return _still_used(used_until, now) + count * _interval(per_second)


def next_start(per_second: int, used_until: datetime) -> datetime:
    """Return when the next one may be started."""
    return used_until - (_burst(per_second) - 1) * _interval(per_second)


def _still_used(used_until: datetime | None, now: datetime) -> datetime:
    if used_until is None or used_until - now > _TRUSTED_AHEAD:
        return now
    return max(used_until, now)


def _burst(per_second: int) -> int:
    return max(1, per_second // _TENTH)


def _interval(per_second: int) -> timedelta:
    """Return the time between two starts, rounded up."""
    return -(-_SECOND // (per_second - _burst(per_second) + 1))
