from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from privacydesk.domain.ids import AccessEntryId, LookupHash, StaffSessionId
from privacydesk.domain.signin import (
    DENIALS,
    FIRST_WAIT,
    FORGOTTEN_AFTER,
    FREE_ATTEMPTS,
    MAX_WAIT,
    AccessEntry,
    AccessKind,
    Credential,
    SignInAttempts,
    StaffSession,
    Stage,
    audit_entry_for,
)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
KEY = LookupHash(b"k" * 32)


def _after(entries: int, now: datetime = NOW) -> SignInAttempts:
    attempts = SignInAttempts(KEY)
    for _ in range(entries):
        attempts = attempts.with_failure(now)
        now += attempts.wait(now)
    return attempts


def test_the_first_wrong_entries_cost_no_waiting() -> None:
    attempts = _after(FREE_ATTEMPTS - 1)
    assert attempts.last_at is not None
    assert attempts.wait(attempts.last_at) == timedelta(0)


def test_the_wait_doubles_with_each_further_entry_up_to_an_hour() -> None:
    waits = []
    for entries in range(FREE_ATTEMPTS, FREE_ATTEMPTS + 30):
        attempts = _after(entries)
        assert attempts.last_at is not None
        waits.append(attempts.wait(attempts.last_at))
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == MAX_WAIT
    assert waits == sorted(waits)


def test_waiting_ends_by_itself() -> None:
    attempts = _after(FREE_ATTEMPTS)
    assert attempts.last_at is not None
    assert attempts.wait(attempts.last_at + FIRST_WAIT) == timedelta(0)


def test_a_day_without_a_wrong_entry_forgets_them() -> None:
    attempts = _after(12)
    assert attempts.last_at is not None
    assert attempts.with_failure(attempts.last_at + FORGOTTEN_AFTER).failed == 1
    assert attempts.with_failure(attempts.last_at + FORGOTTEN_AFTER / 2).failed == 13


def test_a_wait_set_by_a_clock_that_was_ahead_is_cut_to_what_the_rule_gives() -> None:
    ahead = NOW + timedelta(days=1)
    attempts = _after(FREE_ATTEMPTS - 1, ahead).with_failure(ahead)
    seen = attempts.with_wait_limited(NOW)
    assert seen.wait(NOW) == FIRST_WAIT
    assert seen.wait(NOW + FIRST_WAIT) == timedelta(0)
    assert seen.with_failure(NOW + FIRST_WAIT).failed == FREE_ATTEMPTS + 1
    assert seen.with_wait_limited(NOW) == seen, "what fits the clock stays as it is"


def test_a_session_used_by_a_clock_that_was_ahead_has_ended() -> None:
    idle, lasting = timedelta(minutes=30), timedelta(hours=12)
    ahead = NOW + timedelta(days=1)
    session = StaffSession(
        id=StaffSessionId(b"s" * 16),
        hash=KEY,
        agent="mei",
        stage=Stage.OPEN,
        started_at=ahead,
        seen_at=ahead,
        ends_at=ahead + lasting,
    )
    assert not session.is_valid(NOW, idle)
    # Clocks are set back by seconds all the time.
    assert session.is_valid(ahead - timedelta(seconds=30), idle)


def test_what_is_asked_after_the_password_follows_from_the_credential() -> None:
    own = Credential("mei", "hash", NOW)
    assert replace(own, temporary_until=NOW).stage() is Stage.PASSWORD
    assert own.stage() is Stage.APP
    assert replace(own, secret="ABC").stage() is Stage.CODE


def test_a_temporary_password_has_an_end_and_an_own_one_has_none() -> None:
    own = Credential("mei", "hash", NOW)
    given = replace(own, temporary_until=NOW + timedelta(hours=1))
    assert given.is_usable(NOW)
    assert not given.is_usable(NOW + timedelta(hours=1))
    assert own.is_usable(NOW + timedelta(days=9999))


def test_a_session_ends_unused_and_ends_in_any_case() -> None:
    session = StaffSession(
        id=StaffSessionId(b"s" * 16),
        hash=KEY,
        agent="mei",
        stage=Stage.OPEN,
        started_at=NOW,
        seen_at=NOW,
        ends_at=NOW + timedelta(hours=12),
    )
    idle = timedelta(minutes=30)
    assert session.is_valid(NOW + timedelta(minutes=29), idle)
    assert not session.is_valid(NOW + idle, idle)
    busy = replace(session, seen_at=NOW + timedelta(hours=12))
    assert not busy.is_valid(NOW + timedelta(hours=12), idle)


def test_the_audit_keeps_who_and_what_but_not_from_where() -> None:
    entry = AccessEntry(
        AccessEntryId(b"e" * 16),
        NOW,
        AccessKind.FORBIDDEN,
        agent="mei",
        origin="203.0.113.9",
        about="GET /console/people (role)",
    )
    kept = audit_entry_for(entry)
    assert kept is not None
    assert (kept.by, kept.what) == ("mei", "access_denied")
    assert "203.0.113.9" not in str(kept)
    assert kept.detail["kind"] == "forbidden"


def test_the_audit_is_not_filled_by_strangers() -> None:
    entry = AccessEntry(AccessEntryId(b"e" * 16), NOW, AccessKind.WRONG_PASSWORD)
    assert entry.kind in DENIALS
    assert audit_entry_for(entry) is None
    assert audit_entry_for(replace(entry, agent="mei", kind=AccessKind.DELAYED)) is None
