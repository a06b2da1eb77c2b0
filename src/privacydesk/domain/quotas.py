"""Quotas of codes and tickets, for each sender and for all senders together.

The limits of a target (``verification_codes``) protect its owner from too many codes. These limits
keep the desk from being used to harass many people, and staff from a flood of made-up tickets. The
counts are marks on counter rows, in any 24 hours or any hour up to now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.hourly_limits import HourlyLimit, shared_limit
from privacydesk.domain.identity import Target, TargetKind
from privacydesk.domain.verification_codes import Challenge, CodeRules, Mark, SendVerdict

_DAY = timedelta(days=1)
_TAG_BYTES = 8
"""How many bytes of a target's keyed hash identify it within a row."""


def sender_counter(account: str, conversation: bytes) -> str:
    """Return the name of a sender's counter: that of the account, else of the conversation."""
    return f"sender|account:{account}" if account else f"sender|conversation:{conversation.hex()}"


def code_limit_counter(target: Target, account: str) -> str:
    """Return the name of the counter of all codes, either for logged-in users or for others.

    Visitors without a login have a counter of their own, so that they can't use up the codes of
    logged-in users.
    """
    return "ceiling|contacts" if _is_anonymous(target, account) else "ceiling|accounts"


def may_send_to(
    sender: Challenge, target: Challenge, now: datetime, rules: CodeRules
) -> tuple[SendVerdict, datetime | None]:
    """Return whether a sender may have a code sent to a target, and if not, when it may be."""
    marks = sender.marks_within(_DAY, now)
    last_by_target = {mark.tag: mark.at for mark in marks}
    is_new = target.id[:_TAG_BYTES] not in last_by_target
    if is_new and len(last_by_target) >= rules.daily_contacts:
        ends = sorted(last_by_target.values())[len(last_by_target) - rules.daily_contacts]
        return SendVerdict.TOO_MANY, ends + _DAY
    if len(marks) >= rules.daily_codes:
        return SendVerdict.CAPPED, marks[-rules.daily_codes].at + _DAY
    return SendVerdict.OK, None


def after_sending_to(sender: Challenge, target: Challenge, now: datetime) -> Challenge:
    """Return the sender's counter row after a code was sent to a target."""
    return _with_marks(sender, (*sender.marks_within(_DAY, now), Mark(now, target.id[:_TAG_BYTES])))


def code_limit(target: Target, account: str, rules: CodeRules) -> HourlyLimit:
    """Return the hourly limit that applies to a code to a target."""
    if not _is_anonymous(target, account):
        return HourlyLimit(rules.hourly_accounts, rules.hourly_accounts)
    return shared_limit(rules.hourly_contacts, rules.origin_percent, rules.reserve_percent)


def _is_anonymous(target: Target, account: str) -> bool:
    return not account and target.kind is not TargetKind.ACCOUNT_PHONE


class StrangerRules(Struct, frozen=True, kw_only=True):
    """How much users who have verified nothing may take of staff's time; set by the operator.

    Attributes:
        hourly_strangers: uses in any hour by all of them together.
        origin_percent: the percentage of ``hourly_strangers`` that one address may use.
        reserve_percent: the percentage reserved for addresses without any use in the last hour.
    """

    hourly_strangers: int = 300
    origin_percent: int = 10
    reserve_percent: int = 30

    @property
    def strangers(self) -> HourlyLimit:
        """The limit on users who have verified neither account nor contact."""
        return shared_limit(self.hourly_strangers, self.origin_percent, self.reserve_percent)


class FilingRules(StrangerRules, frozen=True, kw_only=True):
    """How many tickets may be filed.

    Attributes:
        daily: tickets by one account, or in one conversation without a login, in any 24 hours.
    """

    daily: int = 60


class QueueRules(StrangerRules, frozen=True, kw_only=True):
    """How often strangers may join the queue for a person.

    Joins are counted, in a row that is locked for the turn. Who waits now could only be read before
    the lock, since account and address are sealed in each conversation; then all chats that press
    the button at the same moment would pass. A row of those who wait would have to be locked by
    whatever ends the wait, the takeover by an agent included.
    """

    hourly_strangers: int = 600


STRANGERS_FILED = "filed|strangers"
"""The counter of all tickets by users who have verified neither account nor contact."""

STRANGERS_QUEUED = "queued|strangers"
"""The counter of all joins of the queue by such users."""


def filing_counter(account: str, conversation: bytes) -> str:
    """Return the name of a sender's counter of filed tickets."""
    return f"filed|{sender_counter(account, conversation)}"


def may_file_from(sender: Challenge, now: datetime, rules: FilingRules) -> datetime | None:
    """Return when a sender may file the next ticket; None for now."""
    marks = sender.marks_within(_DAY, now)
    return marks[-rules.daily].at + _DAY if len(marks) >= rules.daily else None


def with_filed_request(sender: Challenge, now: datetime) -> Challenge:
    """Return a sender's counter row after a ticket was filed."""
    return _with_marks(sender, (*sender.marks_within(_DAY, now), Mark(now)))


def _with_marks(row: Challenge, marks: tuple[Mark, ...]) -> Challenge:
    return replace(row, version=row.version + 1, marks=marks)
