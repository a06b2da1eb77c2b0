from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.identity import (
    Assurance,
    Challenge,
    CodeRules,
    CodeVerdict,
    SendVerdict,
    Verification,
)
from privacydesk.domain.ids import ChallengeId

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
RULES = CodeRules()
RIGHT, WRONG = b"r" * 32, b"w" * 32
FRESH = timedelta(minutes=30)
NEW = Challenge(ChallengeId(b"x" * 32))


def sent(at: datetime = NOW, before: Challenge = NEW) -> Challenge:
    row = before.sent(at, RULES)
    return Challenge(
        row.id, row.version, RIGHT, row.expires_at, row.entries_left, row.day_started_at,
        row.sent_in_day, row.not_before, row.failed_in_day,
    )  # fmt: skip


def test_a_code_works_once() -> None:
    used, verdict = sent().entered(RIGHT, NOW)
    assert verdict is CodeVerdict.RIGHT
    assert used.entered(RIGHT, NOW)[1] is CodeVerdict.NONE_OPEN


def test_the_third_wrong_entry_spends_the_code() -> None:
    row, verdicts = sent(), []
    for _ in range(3):
        row, verdict = row.entered(WRONG, NOW)
        verdicts.append((verdict, row.entries_left))
    assert verdicts == [(CodeVerdict.WRONG, 2), (CodeVerdict.WRONG, 1), (CodeVerdict.SPENT, 0)]
    assert row.entered(RIGHT, NOW)[1] is CodeVerdict.NONE_OPEN
    assert not row.code_hash


def test_a_code_works_up_to_its_last_instant() -> None:
    end = NOW + RULES.lifetime
    assert sent().entered(RIGHT, end)[1] is CodeVerdict.RIGHT
    assert sent().entered(RIGHT, end + timedelta(microseconds=1))[1] is CodeVerdict.EXPIRED


def test_no_entry_is_a_hit_where_no_code_is_open() -> None:
    assert NEW.entered(b"", NOW)[1] is CodeVerdict.NONE_OPEN
    assert NEW.sent(NOW, RULES).entered(b"", NOW)[1] is CodeVerdict.NONE_OPEN


def test_waits_grow_and_the_day_is_capped() -> None:
    row, at, waits = NEW, NOW, []
    for _ in range(RULES.daily_cap):
        assert row.may_send(at, RULES) == (SendVerdict.OK, None)
        row = sent(at, row)
        assert row.not_before is not None
        waits.append(int((row.not_before - at).total_seconds() // 60))
        assert row.may_send(row.not_before - timedelta(seconds=1), RULES)[0] is SendVerdict.WAIT
        at = row.not_before
    assert waits == [1, 2, 5, 15, 15, 15]
    assert row.may_send(at, RULES) == (SendVerdict.CAPPED, NOW + timedelta(days=1))
    assert row.may_send(NOW + timedelta(days=1), RULES) == (SendVerdict.OK, None)


def test_codes_that_the_gateway_did_not_take_are_counted_apart_from_the_cap() -> None:
    row, at = NEW, NOW
    for _ in range(RULES.daily_failures):
        assert row.may_send(at, RULES)[0] is SendVerdict.OK
        row = sent(at, row).undelivered()
        assert row.sent_in_day == 0
        assert row.not_before is not None, "the wait stays"
        at = row.not_before
    assert row.may_send(at, RULES) == (SendVerdict.CAPPED, NOW + timedelta(days=1))
    fresh = sent(NOW + timedelta(days=1), row)
    assert (fresh.sent_in_day, fresh.failed_in_day) == (1, 0)


def test_a_code_that_may_have_gone_out_after_all_still_works() -> None:
    assert sent().undelivered().entered(RIGHT, NOW)[1] is CodeVerdict.RIGHT


def test_an_account_without_a_phone_need_not_wait_but_can_not_try_for_ever() -> None:
    row = NEW
    for _ in range(RULES.daily_failures):
        assert row.may_send(NOW, RULES) == (SendVerdict.OK, None)
        row = sent(NOW, row).nowhere()
        assert row.entered(RIGHT, NOW)[1] is CodeVerdict.NONE_OPEN
    assert row.may_send(NOW, RULES)[0] is SendVerdict.CAPPED


def test_a_typed_contact_that_is_refused_counts_and_keeps_its_wait() -> None:
    row = sent().refused()
    assert row.sent_in_day == 1
    assert row.may_send(NOW, RULES) == (SendVerdict.WAIT, NOW + RULES.waits[0])
    assert row.entered(RIGHT, NOW)[1] is CodeVerdict.NONE_OPEN


@given(st.lists(st.tuples(st.sampled_from(["send", "right", "wrong"]), st.integers(0, 3600))))
def test_no_order_of_sends_and_entries_buys_more_than_three_tries_a_code(
    done: list[tuple[str, int]],
) -> None:
    row, at, codes, tries = NEW, NOW, 0, 0
    for what, seconds in done:
        at += timedelta(seconds=seconds)
        if what == "send":
            if row.may_send(at, RULES)[0] is SendVerdict.OK:
                row, codes = sent(at, row), codes + 1
            continue
        before = row
        row, verdict = row.entered(RIGHT if what == "right" else WRONG, at)
        counted = verdict in {CodeVerdict.RIGHT, CodeVerdict.WRONG, CodeVerdict.SPENT}
        tries += counted
        assert (row is before) == (verdict is CodeVerdict.NONE_OPEN)
        assert row is before or row.version == before.version + 1
        assert 0 <= row.entries_left <= RULES.entries
    assert tries <= codes * RULES.entries


@pytest.mark.parametrize(
    ("subject", "level", "age", "covers"),
    [
        ("u-1", Assurance.ONE_TIME_CODE, FRESH, True),
        ("u-1", Assurance.APP_SESSION, FRESH, True),
        ("u-1", Assurance.DOCUMENT_CHECKED, timedelta(0), False),
        ("u-2", Assurance.ONE_TIME_CODE, timedelta(0), False),
        ("u-1", Assurance.ONE_TIME_CODE, FRESH + timedelta(seconds=1), False),
    ],
)
def test_a_proof_covers_its_own_subject_at_its_level_while_it_is_fresh(
    subject: str, level: Assurance, age: timedelta, covers: bool
) -> None:
    proof = Verification("u-1", Assurance.ONE_TIME_CODE, NOW)
    assert proof.covers(subject, level, NOW + age, FRESH) == covers
