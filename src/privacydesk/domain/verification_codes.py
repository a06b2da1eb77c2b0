"""Limits of one-time codes: how often codes may be sent, and how often they may be entered.

Only keyed hashes of codes are used here, never the codes themselves.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within, holds_until


class CodeRules(Struct, frozen=True):
    """The limits of codes, set by the operator.

    Attributes:
        lifetime: how long a code can be used.
        entries: how often a code can be entered.
        waits: time to wait before the second, third … code of a day; the last one repeats.
        daily_cap: codes to one target in any 24 hours.
        daily_failures: undelivered codes to one target in any 24 hours; they don't count towards
            ``daily_cap``.
        daily_contacts: different contacts of one sender in any 24 hours.
        daily_codes: codes of one sender to contacts in any 24 hours.
        hourly_contacts: codes in any hour for all senders without a login together.
        hourly_accounts: codes in any hour for all logged-in senders together.
        origin_percent: the percentage of ``hourly_contacts`` that one address may use.
        reserve_percent: the percentage reserved for addresses without a code in the last hour.
        countries: permitted country calling codes of phones; empty for all.
    """

    lifetime: timedelta = timedelta(minutes=5)
    entries: int = 3
    waits: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    daily_cap: int = 6
    daily_failures: int = 10
    daily_contacts: int = 3
    daily_codes: int = 12
    hourly_contacts: int = 300
    hourly_accounts: int = 3_000
    origin_percent: int = 10
    reserve_percent: int = 30
    countries: frozenset[str] = frozenset()

    def allows_contact(self, contact: str) -> bool:
        """Return whether codes may be sent to a contact: a mail address, or a number in E.164."""
        # No country calling code is a prefix of another one.
        return (
            "@" in contact
            or not self.countries
            or any(contact.startswith(f"+{code}") for code in self.countries)
        )


class CodeVerdict(StrEnum):
    """The result of entering a code."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    """Wrong, and it was the last permitted entry."""
    EXPIRED = "expired"
    NONE_OPEN = "none_open"
    """There is no open code: none was sent, or it was used or entered wrong too often."""


class SendVerdict(StrEnum):
    """Whether a new code may be sent now."""

    OK = "ok"
    WAIT = "wait"
    CAPPED = "capped"
    TOO_MANY = "too_many"
    """The sender has reached the daily limit of different contacts."""
    CROWDED = "crowded"
    """The sender's network has reached its hourly limit."""
    FULL = "full"
    """The hourly limit for all senders is reached."""


class Mark(Struct, frozen=True):
    """A number of events at one instant.

    Attributes:
        tag: what is counted.
        count: the number of events.
    """

    at: datetime
    tag: bytes = b""
    count: int = 1


SENT, FAILED = b"", b"-"
"""The tags of marks on a target's row: delivered and undelivered codes."""
_DAY = timedelta(days=1)
_INSTANT = timedelta.resolution


class Challenge(Struct, frozen=True):
    """A counter row, stored in the database, so that another browser tab gives no more entries.

    Each target has a row with its open code. Senders and the desk as a whole also have rows
    (``domain.quotas``), of which only the marks are used.

    Attributes:
        id: keyed hash of the counter's name.
        version: raised by each write.
        code_hash: keyed hash of the open code; empty for none.
        expires_at: when the open code expires.
        attempts_left: how often the open code can still be entered.
        not_before: when the next code may be sent.
        marks: the counted events, oldest first; dropped when they no longer count.
    """

    id: ChallengeId
    version: int = 0
    code_hash: bytes = b""
    expires_at: datetime | None = None
    attempts_left: int = 0
    not_before: datetime | None = None
    marks: tuple[Mark, ...] = ()

    def may_send(self, now: datetime, rules: CodeRules) -> tuple[SendVerdict, datetime | None]:
        """Return whether a code may be sent now, and if not, when the next one may be."""
        if holds_until(self.not_before, now, max(rules.waits)):
            return SendVerdict.WAIT, self.not_before
        until = _full_until(self.marks_of(SENT, now), rules.daily_cap) or _full_until(
            self.marks_of(FAILED, now), rules.daily_failures
        )
        return (SendVerdict.CAPPED, until) if until else (SendVerdict.OK, None)

    def after_sending(self, now: datetime, rules: CodeRules) -> Challenge:
        """Return the row after a code was sent; the hash is set when the code is generated."""
        count = len(self.marks_of(SENT, now)) + 1
        wait = rules.waits[min(count, len(rules.waits)) - 1]
        return replace(
            self,
            version=self.version + 1,
            code_hash=b"",
            expires_at=now + rules.lifetime,
            attempts_left=rules.entries,
            not_before=now + wait,
            marks=(*self.marks_within(_DAY, now), Mark(now, SENT)),
        )

    def after_no_contact(self) -> Challenge:
        """Return the row after a code could not be sent, as no phone is bound to the account.

        A new code may be requested at once, since the user may bind a phone at any time.
        """
        return replace(self._with_undelivered(), code_hash=b"", attempts_left=0, not_before=None)

    def after_outage(self) -> Challenge:
        """Return the row after the gateway could not be reached in time.

        The code stays open and the waiting time is kept, since the code may have been sent.
        """
        return self._with_undelivered()

    def after_refusal(self) -> Challenge:
        """Return the row after the gateway refused a typed contact.

        The code counts as sent, so that invalid contacts don't bring more codes.
        """
        return replace(self, version=self.version + 1, code_hash=b"", attempts_left=0)

    def _with_undelivered(self) -> Challenge:
        """Return the row with its last code counted as undelivered."""
        marks = list(self.marks)
        last = max((index for index, mark in enumerate(marks) if mark.tag == SENT), default=None)
        if last is not None:
            marks[last] = replace(marks[last], tag=FAILED)
        return replace(self, version=self.version + 1, marks=tuple(marks))

    def marks_of(self, tag: bytes, now: datetime) -> tuple[Mark, ...]:
        """Return the marks with a tag in the 24 hours up to now."""
        return tuple(mark for mark in self.marks_within(_DAY, now) if mark.tag == tag)

    def marks_within(self, period: timedelta, now: datetime) -> tuple[Mark, ...]:
        """Return the marks in a period up to now."""
        return tuple(
            mark
            for mark in self.marks
            if happened_within(mark.at, now, period, ahead=CLOCK_TOLERANCE)
        )

    def check(
        self, code_hash: bytes, now: datetime, rules: CodeRules
    ) -> tuple[Challenge, CodeVerdict]:
        """Return the row after a code was entered, and the result."""
        if not self.code_hash or self.attempts_left <= 0:
            return self, CodeVerdict.NONE_OPEN
        # The code can still be used at the very instant of its expiry.
        if not holds_until(self.expires_at, now - _INSTANT, rules.lifetime):
            closed = replace(self, version=self.version + 1, code_hash=b"", attempts_left=0)
            return closed, CodeVerdict.EXPIRED
        if hmac.compare_digest(self.code_hash, code_hash):
            used = replace(self, version=self.version + 1, code_hash=b"", attempts_left=0)
            return used, CodeVerdict.RIGHT
        left = self.attempts_left - 1
        after = replace(
            self,
            version=self.version + 1,
            attempts_left=left,
            code_hash=self.code_hash if left else b"",
        )
        return after, CodeVerdict.WRONG if left else CodeVerdict.SPENT


def _full_until(marks: tuple[Mark, ...], cap: int) -> datetime | None:
    """Return when a daily limit permits another code; None if it does now."""
    return marks[-cap].at + _DAY if len(marks) >= cap else None
