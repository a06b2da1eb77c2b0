from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from privacydesk.domain.identity import Assurance, Target, TargetKind, Verification
from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.verification_codes import (
    FAILED,
    SENT,
    Challenge,
    CodeRules,
    CodeVerdict,
    SendVerdict,
)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
RULES = CodeRules()
RIGHT, WRONG = b"r" * 32, b"w" * 32
FRESH = timedelta(minutes=30)
NEW = Challenge(ChallengeId(b"x" * 32))


def sent(at: datetime = NOW, before: Challenge = NEW) -> Challenge:
    return replace(before.after_sending(at, RULES), code_hash=RIGHT)


def test_a_clock_that_was_ahead_when_a_code_was_sent_keeps_none_from_being_sent() -> None:
    ahead = NOW + timedelta(days=2)
    row = sent(ahead)
    assert row.may_send(ahead, RULES)[0] is SendVerdict.WAIT
    assert row.may_send(NOW, RULES) == (SendVerdict.OK, None)
    for _ in range(RULES.daily_cap):
        row = sent(ahead, row)
    assert row.may_send(NOW, RULES) == (SendVerdict.OK, None)
    assert row.check(RIGHT, NOW, RULES)[1] is CodeVerdict.EXPIRED
    assert row.after_sending(NOW, RULES).may_send(NOW, RULES)[0] is SendVerdict.WAIT


def test_a_code_sent_by_a_clock_a_little_ahead_counts() -> None:
    row = sent(NOW + timedelta(minutes=1))
    assert row.may_send(NOW, RULES)[0] is SendVerdict.WAIT
    assert len(row.marks_of(SENT, NOW)) == 1
    assert row.check(RIGHT, NOW, RULES)[1] is CodeVerdict.RIGHT


def test_a_code_works_once() -> None:
    used, verdict = sent().check(RIGHT, NOW, RULES)
    assert verdict is CodeVerdict.RIGHT
    assert used.check(RIGHT, NOW, RULES)[1] is CodeVerdict.NONE_OPEN


def test_the_third_wrong_entry_spends_the_code() -> None:
    row, verdicts = sent(), []
    for _ in range(3):
        row, verdict = row.check(WRONG, NOW, RULES)
        verdicts.append((verdict, row.attempts_left))
    assert verdicts == [(CodeVerdict.WRONG, 2), (CodeVerdict.WRONG, 1), (CodeVerdict.SPENT, 0)]
    assert row.check(RIGHT, NOW, RULES)[1] is CodeVerdict.NONE_OPEN
    assert not row.code_hash


def test_a_code_works_up_to_its_last_instant() -> None:
    end = NOW + RULES.lifetime
    assert sent().check(RIGHT, end, RULES)[1] is CodeVerdict.RIGHT
    assert sent().check(RIGHT, end + timedelta(microseconds=1), RULES)[1] is CodeVerdict.EXPIRED


def test_no_entry_is_a_hit_where_no_code_is_open() -> None:
    assert NEW.check(b"", NOW, RULES)[1] is CodeVerdict.NONE_OPEN
    assert NEW.after_sending(NOW, RULES).check(b"", NOW, RULES)[1] is CodeVerdict.NONE_OPEN


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


def test_any_24_hours_are_a_day_so_its_edge_buys_no_second_cap() -> None:
    row, first = sent(NOW), NOW + timedelta(hours=23)
    at = first
    for _ in range(RULES.daily_cap - 1):
        row = sent(at, row)
        assert row.not_before is not None
        at = row.not_before
    edge = NOW + timedelta(days=1)
    row = sent(edge, row)
    later = edge + timedelta(hours=1)
    assert row.may_send(later, RULES) == (SendVerdict.CAPPED, first + timedelta(days=1))


def test_codes_that_the_gateway_did_not_take_are_counted_apart_from_the_cap() -> None:
    row, at = NEW, NOW
    for _ in range(RULES.daily_failures):
        assert row.may_send(at, RULES)[0] is SendVerdict.OK
        row = sent(at, row).after_outage()
        assert not row.marks_of(SENT, at)
        assert row.not_before is not None, "the wait stays"
        at = row.not_before
    tomorrow = NOW + timedelta(days=1)
    assert row.may_send(at, RULES) == (SendVerdict.CAPPED, tomorrow)
    fresh = sent(tomorrow, row)
    assert len(fresh.marks_of(SENT, tomorrow)) == 1
    assert len(fresh.marks_of(FAILED, tomorrow)) == RULES.daily_failures - 1, (
        "the first is a day old"
    )


def test_a_code_that_may_have_gone_out_after_all_still_works() -> None:
    assert sent().after_outage().check(RIGHT, NOW, RULES)[1] is CodeVerdict.RIGHT


def test_an_account_without_a_phone_need_not_wait_but_can_not_try_for_ever() -> None:
    row = NEW
    for _ in range(RULES.daily_failures):
        assert row.may_send(NOW, RULES) == (SendVerdict.OK, None)
        row = sent(NOW, row).after_no_contact()
        assert row.check(RIGHT, NOW, RULES)[1] is CodeVerdict.NONE_OPEN
    assert row.may_send(NOW, RULES)[0] is SendVerdict.CAPPED


def test_a_typed_contact_that_is_refused_counts_and_keeps_its_wait() -> None:
    row = sent().after_refusal()
    assert len(row.marks_of(SENT, NOW)) == 1
    assert row.may_send(NOW, RULES) == (SendVerdict.WAIT, NOW + RULES.waits[0])
    assert row.check(RIGHT, NOW, RULES)[1] is CodeVerdict.NONE_OPEN


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
        row, verdict = row.check(RIGHT if what == "right" else WRONG, at, RULES)
        counted = verdict in {CodeVerdict.RIGHT, CodeVerdict.WRONG, CodeVerdict.SPENT}
        tries += counted
        assert (row is before) == (verdict is CodeVerdict.NONE_OPEN)
        assert row is before or row.version == before.version + 1
        assert 0 <= row.attempts_left <= RULES.entries
    assert tries <= codes * RULES.entries


@pytest.mark.parametrize(
    ("subject", "level", "age", "covers"),
    [
        ("u-1", Assurance.ONE_TIME_CODE, FRESH, True),
        ("u-1", Assurance.APP_SESSION, FRESH, True),
        ("u-1", Assurance.DOCUMENT_CHECKED, timedelta(0), False),
        ("u-2", Assurance.ONE_TIME_CODE, timedelta(0), False),
        ("u-1", Assurance.ONE_TIME_CODE, FRESH + timedelta(seconds=1), False),
        # A clock that was set right meanwhile: by little, and by so much that nothing else fits.
        ("u-1", Assurance.ONE_TIME_CODE, -FRESH, True),
        ("u-1", Assurance.ONE_TIME_CODE, -FRESH - timedelta(seconds=1), False),
    ],
)
def test_a_proof_covers_its_own_subject_at_its_level_while_it_is_fresh(
    subject: str, level: Assurance, age: timedelta, covers: bool
) -> None:
    proof = Verification("u-1", Assurance.ONE_TIME_CODE, NOW)
    assert proof.covers(subject, level, NOW + age, FRESH) == covers


def test_spellings_of_one_mailbox_share_a_counter_but_not_a_code() -> None:
    def target(contact: str) -> Target:
        return Target(TargetKind.CONTACT, contact)

    plain = target("kaho.lee@gmail.com")
    for spelling in ("Kaho.Lee@gmail.com", "kaho.lee+1@gmail.com", "k.aholee@googlemail.com"):
        assert target(spelling).counter() == plain.counter()
        assert target(spelling).label() != plain.label()
    assert target("k.aho@example.com").counter() != target("kaho@example.com").counter()
    assert target("+one@example.com").counter() != target("+two@example.com").counter()
    assert target("+8613812345678").counter() != target("+8613812345679").counter()
    assert Target.of_label(plain.label()) == plain


@pytest.mark.parametrize("local", ['"victim"', '"\\victim"', '"vic\\tim"', '"Victim"+x'])
def test_quoting_makes_no_other_mailbox(local: str) -> None:
    plain, quoted = (Target(TargetKind.CONTACT, f"{one}@example.com") for one in ("victim", local))
    assert plain.counter() == quoted.counter()


def test_codes_reach_phones_of_the_operators_countries_and_any_mailbox() -> None:
    rules = CodeRules(countries=frozenset({"86", "852"}))
    assert rules.allows_contact("+8613812345678")
    assert rules.allows_contact("+85291234567")
    assert not rules.allows_contact("+85366123456")
    assert not rules.allows_contact("+88216123456")
    assert rules.allows_contact("someone@example.com")
    assert CodeRules().allows_contact("+88216123456"), "no list is all of them"
