"""How sure the desk is of who speaks, and the counting of one-time codes.

Everything here is a value; codes themselves never are: only their keyed hash is seen.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ids import ChallengeId


class Assurance(IntEnum):
    """Levels in their order; a code to a typed contact is outside of it (``VerifiedContact``)."""

    NONE = 0
    APP_SESSION = 1
    ONE_TIME_CODE = 2
    DOCUMENT_CHECKED = 3


class TargetKind(StrEnum):
    """Where a one-time code goes."""

    ACCOUNT_PHONE = "account_phone"
    """The phone bound to an account; the desk knows the account, never the number."""
    CONTACT = "contact"
    """A phone or mail address typed by the person; proves that contact alone."""
    TICKET_CONTACT = "ticket_contact"
    """The contact once verified for a ticket, when its owner comes back by number."""


class Target(Struct, frozen=True):
    """What a code is sent to; ``value`` is an account id, a contact, or a ticket number."""

    kind: TargetKind
    value: str

    def label(self) -> str:
        """Return the text whose keyed hash names the challenge row."""
        return f"{self.kind.value}|{self.value}"


class Verification(Struct, frozen=True):
    """Proof that whoever speaks controls ``subject``, made at ``at``.

    Attributes:
        subject: an account id, or a contact for ``contact`` proofs.
        level: the assurance reached; ``NONE`` for a typed contact.
        at: when it was made; it is fresh for a settable time (30 minutes).
        target: the label of the target the code went to, or the ticket of the document.
    """

    subject: str
    level: Assurance
    at: datetime
    target: str = ""

    def covers(self, subject: str, level: Assurance, now: datetime, fresh: timedelta) -> bool:
        """Tell whether it still proves ``level`` for ``subject`` and nobody else."""
        return self.subject == subject and self.level >= level and now - self.at <= fresh


class CodeRules(Struct, frozen=True):
    """How codes are counted. Settable by the operator.

    Attributes:
        daily_cap: codes to one target in 24 hours.
        daily_failures: codes that went nowhere, in the same time; they don't count toward the cap.
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


class CodeVerdict(StrEnum):
    """What entering a code came to."""

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


class Challenge(Struct, frozen=True):
    """The counter row of one target. Lives in the database, so no second tab buys more tries.

    Attributes:
        id: keyed hash of the target's label.
        version: grows with each write.
        code_hash: keyed hash of the open code; empty when none is open.
        expires_at: when the open code stops working.
        entries_left: entries the open code still has.
        day_started_at: when the running 24 hours of the cap began.
        sent_in_day: codes sent in these 24 hours.
        not_before: no new code before this.
        failed_in_day: codes that went nowhere in these 24 hours.
    """

    id: ChallengeId
    version: int = 0
    code_hash: bytes = b""
    expires_at: datetime | None = None
    entries_left: int = 0
    day_started_at: datetime | None = None
    sent_in_day: int = 0
    not_before: datetime | None = None
    failed_in_day: int = 0

    def may_send(self, now: datetime, rules: CodeRules) -> tuple[SendVerdict, datetime | None]:
        """Tell whether a code may be sent now, and if not, when the next may."""
        if self.not_before is not None and now < self.not_before:
            return SendVerdict.WAIT, self.not_before
        spent = self.sent_in_day >= rules.daily_cap or self.failed_in_day >= rules.daily_failures
        if self._in_day(now) and spent:
            assert self.day_started_at is not None
            return SendVerdict.CAPPED, self.day_started_at + timedelta(days=1)
        return SendVerdict.OK, None

    def sent(self, now: datetime, rules: CodeRules) -> Challenge:
        """Return the row after a code was sent; its hash is put in when the code is minted."""
        in_day = self._in_day(now)
        count = self.sent_in_day + 1 if in_day else 1
        wait = rules.waits[min(count, len(rules.waits)) - 1]
        return replace(
            self,
            version=self.version + 1,
            code_hash=b"",
            expires_at=now + rules.lifetime,
            entries_left=rules.entries,
            day_started_at=self.day_started_at if in_day else now,
            sent_in_day=count,
            failed_in_day=self.failed_in_day if in_day else 0,
            not_before=now + wait,
        )

    def nowhere(self) -> Challenge:
        """Return the row after there was nowhere to send a code: no phone is bound to the account.

        The wait is lifted, since one may be bound at any moment.
        """
        return replace(self._uncounted(), code_hash=b"", entries_left=0, not_before=None)

    def undelivered(self) -> Challenge:
        """Return the row after the gateway could not be reached in time.

        The wait stays and the code stays open: it may have gone out after all.
        """
        return self._uncounted()

    def refused(self) -> Challenge:
        """Return the row after the gateway refused a typed contact.

        It counts as sent: whoever types numbers must not get more of them by typing bad ones.
        """
        return replace(self, version=self.version + 1, code_hash=b"", entries_left=0)

    def _uncounted(self) -> Challenge:
        return replace(
            self,
            version=self.version + 1,
            sent_in_day=max(0, self.sent_in_day - 1),
            failed_in_day=self.failed_in_day + 1,
        )

    def entered(self, code_hash: bytes, now: datetime) -> tuple[Challenge, CodeVerdict]:
        """Return the row after one entry of a code, and what it came to."""
        if not self.code_hash or self.entries_left <= 0:
            return self, CodeVerdict.NONE_OPEN
        if self.expires_at is None or now > self.expires_at:
            closed = replace(self, version=self.version + 1, code_hash=b"", entries_left=0)
            return closed, CodeVerdict.EXPIRED
        if hmac.compare_digest(self.code_hash, code_hash):
            used = replace(self, version=self.version + 1, code_hash=b"", entries_left=0)
            return used, CodeVerdict.RIGHT
        left = self.entries_left - 1
        after = replace(
            self,
            version=self.version + 1,
            entries_left=left,
            code_hash=self.code_hash if left else b"",
        )
        return after, CodeVerdict.WRONG if left else CodeVerdict.SPENT

    def _in_day(self, now: datetime) -> bool:
        return self.day_started_at is not None and now - self.day_started_at < timedelta(days=1)
