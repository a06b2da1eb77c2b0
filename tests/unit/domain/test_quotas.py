from __future__ import annotations

from datetime import UTC, datetime, timedelta

from privacydesk.domain import quotas
from privacydesk.domain.hourly_limits import with_use
from privacydesk.domain.identity import Target, TargetKind
from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.verification_codes import Challenge, CodeRules, SendVerdict

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = CodeRules(
    daily_contacts=3, daily_codes=5, hourly_contacts=4, hourly_accounts=9, reserve_percent=0
)
SENDER = Challenge(ChallengeId(b"s" * 32))
ALL = Challenge(ChallengeId(b"a" * 32))
CONTACT = Target(TargetKind.CONTACT, "someone@example.com")
ACCOUNT = Target(TargetKind.ACCOUNT_PHONE, "u-1")


def target(number: int) -> Challenge:
    return Challenge(ChallengeId(number.to_bytes(32, "little")))


def test_a_sender_reaches_so_many_contacts_in_any_day_and_then_only_those() -> None:
    sender = SENDER
    for number in range(3):
        at = NOW + timedelta(hours=number)
        assert quotas.may_send_to(sender, target(number), at, RULES)[0] is SendVerdict.OK
        sender = quotas.after_sending_to(sender, target(number), at)
    late = NOW + timedelta(hours=4)
    assert quotas.may_send_to(sender, target(9), late, RULES) == (SendVerdict.TOO_MANY, NOW + DAY)
    assert quotas.may_send_to(sender, target(1), late, RULES)[0] is SendVerdict.OK
    assert quotas.may_send_to(sender, target(9), NOW + DAY, RULES)[0] is SendVerdict.OK


def test_a_sender_has_so_many_codes_in_any_day_whatever_the_contacts() -> None:
    sender = SENDER
    for hour in range(5):
        sender = quotas.after_sending_to(sender, target(hour % 2), NOW + timedelta(hours=hour))
    late = NOW + timedelta(hours=6)
    assert quotas.may_send_to(sender, target(0), late, RULES) == (SendVerdict.CAPPED, NOW + DAY)


def test_all_together_have_so_many_codes_in_any_hour() -> None:
    limits, ceiling = quotas.code_limit(CONTACT, "", RULES), ALL
    for minute in (0, 0, 1, 30):
        assert limits.blocked_until(ceiling, b"", NOW + timedelta(minutes=minute)) is None
        ceiling = with_use(ceiling, b"", NOW + timedelta(minutes=minute, seconds=5))
    assert limits.blocked_until(ceiling, b"", NOW + timedelta(minutes=31)) == NOW + timedelta(
        hours=1
    )
    assert limits.blocked_until(ceiling, b"", NOW + timedelta(minutes=60)) is None
    assert len(ceiling.marks) == 3, "a minute's codes share a mark"


def test_strangers_can_not_use_up_the_codes_of_those_who_are_logged_in() -> None:
    ticket = Target(TargetKind.TICKET_CONTACT, "PD-1")
    strangers, members = (quotas.code_limit_counter(CONTACT, who) for who in ("", "u-1"))
    assert strangers != members
    assert quotas.code_limit_counter(ticket, "") == strangers
    assert quotas.code_limit_counter(ticket, "u-1") == members
    assert quotas.code_limit_counter(ACCOUNT, "u-1") == members
    ceiling = ALL
    for _ in range(RULES.hourly_contacts):
        ceiling = with_use(ceiling, b"", NOW)
    assert quotas.code_limit(ticket, "", RULES).blocked_until(ceiling, b"", NOW) is not None
    assert quotas.code_limit(ticket, "u-1", RULES).blocked_until(ceiling, b"", NOW) is None


def test_an_account_is_one_sender_in_whatever_conversation() -> None:
    assert quotas.sender_counter("u-1", b"1") == quotas.sender_counter("u-1", b"2")
    assert quotas.sender_counter("", b"1") != quotas.sender_counter("", b"2")


def test_a_sender_files_so_many_requests_in_any_day() -> None:
    rules, sender = quotas.FilingRules(daily=2), SENDER
    for hour in range(2):
        at = NOW + timedelta(hours=hour)
        assert quotas.may_file_from(sender, at, rules) is None
        sender = quotas.with_filed_request(sender, at)
    assert quotas.may_file_from(sender, NOW + timedelta(hours=2), rules) == NOW + DAY
    assert quotas.may_file_from(sender, NOW + DAY, rules) is None


def test_strangers_are_told_when_enough_of_the_last_hour_has_passed() -> None:
    limits, strangers = quotas.FilingRules(hourly_strangers=3).strangers, ALL
    for minutes in (0, 0, 10, 20):
        strangers = with_use(strangers, b"", NOW + timedelta(minutes=minutes))
    until = limits.blocked_until(strangers, b"", NOW + timedelta(minutes=30))
    assert until == NOW + timedelta(hours=1), "the two of the first minute go together"
    assert limits.blocked_until(strangers, b"", until) is None


def test_codes_and_requests_by_a_clock_that_was_ahead_use_up_nothing() -> None:
    ahead, rules = NOW + 2 * DAY, quotas.FilingRules(daily=3)
    sender, filer = SENDER, SENDER
    for number in range(3):
        sender = quotas.after_sending_to(sender, target(number), ahead)
        filer = quotas.with_filed_request(filer, ahead)
    assert quotas.may_send_to(sender, target(9), ahead, RULES)[0] is SendVerdict.TOO_MANY
    assert quotas.may_send_to(sender, target(9), NOW, RULES) == (SendVerdict.OK, None)
    assert quotas.may_file_from(filer, ahead, rules) is not None
    assert quotas.may_file_from(filer, NOW, rules) is None
