"""Quotas: how many codes, and how many requests, one sender and all together may have.

The counting of one target keeps its owner from being pestered; this keeps the desk from being used
to pester many, and staff from being swamped with made-up requests. The counts are marks on counter
rows, in any 24 hours or any hour up to now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ceilings import Ceiling, shared_ceiling
from privacydesk.domain.identity import Target, TargetKind
from privacydesk.domain.verification_codes import Challenge, CodeRules, Mark, SendVerdict

_DAY = timedelta(days=1)
_TAG = 8
"""Bytes of a target's keyed hash that identify it within a row."""


def sender_counter(account: str, conversation: bytes) -> str:
    """Return the counter of a sender: an account, else a conversation."""
    return f"sender|account:{account}" if account else f"sender|conversation:{conversation.hex()}"


def ceiling_counter(target: Target, account: str) -> str:
    """Return the counter of all codes of one sort.

    Codes that strangers ask for have one of their own, so that they never use up what logged-in
    people need: for their account's phone, for a contact, or to fetch a file.
    """
    return "ceiling|contacts" if _by_stranger(target, account) else "ceiling|accounts"


def may_reach(
    sender: Challenge, target: Challenge, now: datetime, rules: CodeRules
) -> tuple[SendVerdict, datetime | None]:
    """Tell whether a sender may have a code sent to a target, and if not, when again."""
    marks = sender.within(_DAY, now)
    latest = {mark.of: mark.at for mark in marks}
    if target.id[:_TAG] not in latest and len(latest) >= rules.daily_contacts:
        ends = sorted(latest.values())[len(latest) - rules.daily_contacts]
        return SendVerdict.TOO_MANY, ends + _DAY
    if len(marks) >= rules.daily_codes:
        return SendVerdict.CAPPED, marks[-rules.daily_codes].at + _DAY
    return SendVerdict.OK, None


def reached(sender: Challenge, target: Challenge, now: datetime) -> Challenge:
    """Return the sender's row after a code went to a target."""
    return _with(sender, (*sender.within(_DAY, now), Mark(now, target.id[:_TAG])))


def code_ceiling(target: Target, account: str, rules: CodeRules) -> Ceiling:
    """Return the ceiling that a code to a target counts under."""
    if not _by_stranger(target, account):
        return Ceiling(rules.hourly_accounts, rules.hourly_accounts)
    return shared_ceiling(rules.hourly_contacts, rules.origin_percent, rules.reserve_percent)


def _by_stranger(target: Target, account: str) -> bool:
    return not account and target.kind is not TargetKind.ACCOUNT_PHONE


class FilingRules(Struct, frozen=True):
    """How many requests may be filed. Settable by the operator.

    Attributes:
        daily: requests by one account, or in one conversation without a login, in any 24 hours.
        hourly_strangers: requests in any hour by all together who have shown neither an account
            nor a contact.
        origin_percent: the share of ``hourly_strangers`` that one address may file.
        reserve_percent: the share kept for addresses that filed nothing in the last hour.
    """

    daily: int = 60
    hourly_strangers: int = 300
    origin_percent: int = 10
    reserve_percent: int = 30

    @property
    def strangers(self) -> Ceiling:
        """The ceiling on requests by people who have shown neither account nor contact."""
        return shared_ceiling(self.hourly_strangers, self.origin_percent, self.reserve_percent)


STRANGERS_FILED = "filed|strangers"
"""The counter of all requests by people who have shown neither account nor contact."""


def filed_counter(account: str, conversation: bytes) -> str:
    """Return the counter of requests by one sender: an account, else a conversation."""
    return f"filed|{sender_counter(account, conversation)}"


def may_file_from(sender: Challenge, now: datetime, rules: FilingRules) -> datetime | None:
    """Return when a sender may file one more request; None where that is now."""
    marks = sender.within(_DAY, now)
    return marks[-rules.daily].at + _DAY if len(marks) >= rules.daily else None


def filed(sender: Challenge, now: datetime) -> Challenge:
    """Return a sender's row after a request was filed."""
    return _with(sender, (*sender.within(_DAY, now), Mark(now)))


def _with(row: Challenge, marks: tuple[Mark, ...]) -> Challenge:
    return replace(row, version=row.version + 1, marks=marks)
