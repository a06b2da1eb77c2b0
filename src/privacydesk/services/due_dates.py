"""Due dates as users read them: with the days off in between, and marked while provisional."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from privacydesk.dialog.naming import date_argument
from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Day, DayReason
from privacydesk.domain.ticket import Ticket
from privacydesk.services.deadlines import Deadlines

_SKIPPED_DAYS: Final = frozenset({DayReason.HOLIDAY, DayReason.OVERRIDE_OFF})
_SATURDAY: Final = 5


def bare_date(day: date) -> dict[str, Any]:
    """Return a day of the present months as an argument, without weekday and year."""
    return {"$date": day.isoformat(), "bare": True}


def due_argument(ticket: Ticket, deadlines: Deadlines) -> Any:
    """Return the date of a ticket's answer as an argument of a text; empty while no clock runs.

    It names the holidays in between, and says that the date is provisional if it is.
    """
    clock = ticket.clock
    if clock is None:
        return ""
    # The date of an extended deadline is explained by the reason for extending it.
    runs = () if ticket.work.first_due else holidays_between(deadlines.days(clock))
    return _described(clock, runs)


def completion_argument(ticket: Ticket, deadlines: Deadlines) -> Any:
    """Return the date of carrying out an approved closing, like ``due_argument``."""
    clock = ticket.completion
    return "" if clock is None else _described(clock, holidays_between(deadlines.days(clock)))


def _described(clock: Clock, runs: Sequence[Any]) -> dict[str, Any]:
    """Return a clock's due date as an argument of a text.

    Args:
        clock: the clock.
        runs: the holidays before the date; see ``holidays_between``.
    """
    args = {"due": date_argument(clock.due_date), "days": {"$texts": list(runs)}}
    if clock.provisional:
        key = "ticket.due_provisional_holiday" if runs else "ticket.due_provisional"
        return {"$term": key, "args": {**args, "year": str(clock.due_date.year)}}
    return {"$term": "ticket.due_holiday", "args": args} if runs else args["due"]


def holidays_between(days: Sequence[Day]) -> tuple[Any, ...]:
    """Return the stretches of holidays among the days of a deadline, each as an argument."""
    return tuple(_stretch(first, last) for first, last in _runs_off(days))


def _stretch(first: date, last: date) -> dict[str, Any]:
    begin, end = bare_date(first), bare_date(last)
    if first == last:
        return begin
    return {"$term": "ticket.date_range", "args": {"first": begin, "last": end}}


def _runs_off(days: Sequence[Day]) -> Iterator[tuple[date, date]]:
    """Yield the runs of days off, first and last, that include a weekday."""
    run: list[Day] = []
    for day in (*days, None):
        if day is not None and not day.working:
            run.append(day)
            continue
        if any(one.reason in _SKIPPED_DAYS and one.date.weekday() < _SATURDAY for one in run):
            yield run[0].date, run[-1].date
        run = []
