"""One-time codes: how often one may be sent, and how often one may be tried.

Everything here is a value; codes themselves never are: only their keyed hash is seen.
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
    """How codes are counted. Settable by the operator.

    Attributes:
        daily_cap: codes to one target in any 24 hours.
        daily_failures: codes that reached nobody, in the same time; they are not under the cap.
        daily_contacts: different contacts one sender may have codes sent to in any 24 hours.
        daily_codes: codes to contacts by one sender in the same time.
        hourly_contacts: codes in any hour for all senders together who are not logged in.
        hourly_accounts: codes in any hour for all together who are.
        origin_percent: the share of ``hourly_contacts`` that one address may have sent.
        reserve_percent: the share kept for addresses that had none sent in the last hour.
        countries: country calling codes of the phones that codes go to; empty for all.
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

    def reaches(self, contact: str) -> bool:
        """Tell whether anything may be sent to a typed contact: a mail address, or E.164."""
        # No calling code is a prefix of another one.
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
    """Wrong, and it was the last entry this code had."""
    EXPIRED = "expired"
    NONE_OPEN = "none_open"
    """No code is open: never sent, already used, or its entries are spent."""


class SendVerdict(StrEnum):
    """Whether a new code may be sent now."""

    OK = "ok"
    WAIT = "wait"
    CAPPED = "capped"
    TOO_MANY = "too_many"
    """The sender has tried as many different contacts as a day allows."""
    CROWDED = "crowded"
    """Visitors of this origin have had all the codes that an hour allows one origin."""
    FULL = "full"
    """All together have had all the codes that an hour allows."""


class Mark(Struct, frozen=True):
    """A number of one thing at one instant."""

    at: datetime
    of: bytes = b""
    count: int = 1


SENT, FAILED = b"", b"-"
"""The kinds of marks on a target."""
_DAY = timedelta(days=1)
_INSTANT = timedelta.resolution


class Challenge(Struct, frozen=True):
    """A counter row. Lives in the database, so a second tab gives no more tries.

    A target has one; a sender and the desk as a whole have one each (``domain.quotas``), of which
    only the marks are used.

    Attributes:
        id: keyed hash of what is counted.
        version: grows with each write.
        code_hash: keyed hash of the open code; empty when none is open.
        expires_at: when the open code stops working.
        attempts_left: entries the open code still has.
        not_before: no new code before this.
        marks: what was counted and when, oldest first; dropped once it no longer counts.
    """

    id: ChallengeId
    version: int = 0
    code_hash: bytes = b""
    expires_at: datetime | None = None
    attempts_left: int = 0
    not_before: datetime | None = None
    marks: tuple[Mark, ...] = ()

    def may_send(self, now: datetime, rules: CodeRules) -> tuple[SendVerdict, datetime | None]:
        """Tell whether a code may be sent now, and if not, when the next may."""
        if holds_until(self.not_before, now, max(rules.waits)):
            return SendVerdict.WAIT, self.not_before
        until = _full_until(self.counted(SENT, now), rules.daily_cap) or _full_until(
            self.counted(FAILED, now), rules.daily_failures
        )
        return (SendVerdict.CAPPED, until) if until else (SendVerdict.OK, None)

    def sent(self, now: datetime, rules: CodeRules) -> Challenge:
        """Return the row after a code was sent; its hash is put in when the code is minted."""
        count = len(self.counted(SENT, now)) + 1
        wait = rules.waits[min(count, len(rules.waits)) - 1]
        return replace(
            self,
            version=self.version + 1,
            code_hash=b"",
            expires_at=now + rules.lifetime,
            attempts_left=rules.entries,
            not_before=now + wait,
            marks=(*self.within(_DAY, now), Mark(now, SENT)),
        )

    def nowhere(self) -> Challenge:
        """Return the row after a code had nowhere to go: no phone is bound to the account.

        The wait is lifted, since one may be bound at any moment.
        """
        return replace(self._uncounted(), code_hash=b"", attempts_left=0, not_before=None)

    def undelivered(self) -> Challenge:
        """Return the row after the gateway could not be reached in time.

        The wait stays and the code stays open: it may have gone out after all.
        """
        return self._uncounted()

    def refused(self) -> Challenge:
        """Return the row after the gateway refused a typed contact.

        It counts as sent: typing bad numbers must not get anybody more codes.
        """
        return replace(self, version=self.version + 1, code_hash=b"", attempts_left=0)

    def _uncounted(self) -> Challenge:
        """Return the row with its last code counted among those that reached nobody."""
        marks = list(self.marks)
        last = max((at for at, mark in enumerate(marks) if mark.of == SENT), default=None)
        if last is not None:
            marks[last] = replace(marks[last], of=FAILED)
        return replace(self, version=self.version + 1, marks=tuple(marks))

    def counted(self, of: bytes, now: datetime) -> tuple[Mark, ...]:
        """Return the marks of one thing in the 24 hours up to now."""
        return tuple(mark for mark in self.within(_DAY, now) if mark.of == of)

    def within(self, period: timedelta, now: datetime) -> tuple[Mark, ...]:
        """Return the marks of a period up to now."""
        return tuple(
            mark
            for mark in self.marks
            if happened_within(mark.at, now, period, ahead=CLOCK_TOLERANCE)
        )

    def check(
        self, code_hash: bytes, now: datetime, rules: CodeRules
    ) -> tuple[Challenge, CodeVerdict]:
        """Return the row after one entry of a code, and what it came to."""
        if not self.code_hash or self.attempts_left <= 0:
            return self, CodeVerdict.NONE_OPEN
        # At its very last instant it still works.
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
    """Return when a daily cap has room for one more; None when it does now."""
    return marks[-cap].at + _DAY if len(marks) >= cap else None
