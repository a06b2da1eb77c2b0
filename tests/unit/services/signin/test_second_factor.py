from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from privacydesk.domain.signin import Credential
from privacydesk.services.signin import second_factor
from privacydesk.storage.temporary_store import random_hashing

NOW = datetime(2026, 6, 1, 2, 0, 10, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HASHING = random_hashing()
OWN = Credential("mei", "hash", NOW, secret=SECRET)


def test_the_codes_are_those_of_rfc_6238() -> None:
    # The RFC's own secret, "12345678901234567890", at its first and second instants.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert second_factor.current_code(secret, datetime.fromtimestamp(59, UTC)) == "287082"
    assert (
        second_factor.current_code(secret, datetime.fromtimestamp(1_111_111_109, UTC)) == "081804"
    )


@pytest.mark.parametrize("off", [-30, 0, 30])
def test_a_code_may_be_one_step_off(off: int) -> None:
    code = second_factor.current_code(SECRET, NOW + timedelta(seconds=off))
    assert second_factor.matching_step(SECRET, code, NOW) is not None


@pytest.mark.parametrize("off", [-60, 60, 3600])
def test_a_code_further_off_is_not_right(off: int) -> None:
    code = second_factor.current_code(SECRET, NOW + timedelta(seconds=off))
    assert second_factor.matching_step(SECRET, code, NOW) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "123456\x00"])
def test_what_is_no_code_is_not_right(typed: str) -> None:
    assert second_factor.accept_code(OWN, typed, NOW, HASHING) is None


def test_a_code_may_be_typed_with_blanks_as_apps_show_it() -> None:
    code = second_factor.current_code(SECRET, NOW)
    assert second_factor.accept_code(OWN, f"{code[:3]} {code[3:]}", NOW, HASHING) is not None


def test_a_code_works_once_and_none_before_it_works_after() -> None:
    code = second_factor.current_code(SECRET, NOW)
    right = second_factor.accept_code(OWN, code, NOW, HASHING)
    assert right is not None
    assert not right.is_recovery_code
    assert second_factor.accept_code(right.credential, code, NOW, HASHING) is None
    before = second_factor.current_code(SECRET, NOW - second_factor.STEP)
    assert second_factor.accept_code(right.credential, before, NOW, HASHING) is None
    later = NOW + second_factor.STEP
    assert second_factor.accept_code(
        right.credential, second_factor.current_code(SECRET, later), later, HASHING
    )


def test_a_code_used_while_the_clock_was_ahead_locks_no_later_one_out() -> None:
    ahead = NOW + timedelta(days=1)
    right = second_factor.accept_code(
        OWN, second_factor.current_code(SECRET, ahead), ahead, HASHING
    )
    assert right is not None
    again = second_factor.accept_code(
        right.credential, second_factor.current_code(SECRET, NOW), NOW, HASHING
    )
    assert again is not None
    # Each of the two still works once, by whichever clock.
    for at in (NOW, ahead):
        code = second_factor.current_code(SECRET, at)
        assert second_factor.accept_code(again.credential, code, at, HASHING) is None


def test_a_code_used_before_the_clock_ran_ahead_is_no_longer_right_after_it() -> None:
    ahead = NOW + timedelta(days=1)
    first = second_factor.accept_code(OWN, second_factor.current_code(SECRET, NOW), NOW, HASHING)
    assert first is not None
    second = second_factor.accept_code(
        first.credential, second_factor.current_code(SECRET, ahead), ahead, HASHING
    )
    assert second is not None
    for at in (NOW, NOW - second_factor.STEP):
        assert (
            second_factor.accept_code(
                second.credential, second_factor.current_code(SECRET, at), NOW, HASHING
            )
            is None
        )


def test_only_as_many_used_steps_are_kept_as_needed() -> None:
    own = OWN
    for n in range(40):
        at = NOW + n * second_factor.STEP
        right = second_factor.accept_code(own, second_factor.current_code(SECRET, at), at, HASHING)
        assert right is not None
        own = right.credential
    assert len(own.steps) == second_factor.REMEMBERED_STEPS


def test_a_recovery_code_stands_in_once_however_it_is_spelt() -> None:
    codes = second_factor.new_recovery_codes()
    hashes = tuple(second_factor.hash_recovery_code("mei", one, HASHING) for one in codes)
    own = replace(OWN, recovery=hashes)
    right = second_factor.accept_code(own, f" {codes[3].upper().replace('-', ' ')} ", NOW, HASHING)
    assert right is not None
    assert right.is_recovery_code
    assert len(right.credential.recovery) == second_factor.RECOVERY_CODES - 1
    assert second_factor.accept_code(right.credential, codes[3], NOW, HASHING) is None
    assert second_factor.accept_code(right.credential, codes[4], NOW, HASHING) is not None


def test_a_recovery_code_is_somebodys_own() -> None:
    codes = second_factor.new_recovery_codes()
    hashes = tuple(second_factor.hash_recovery_code("mei", one, HASHING) for one in codes)
    other = replace(OWN, agent="wing", recovery=hashes)
    assert second_factor.accept_code(other, codes[0], NOW, HASHING) is None


def test_the_picture_names_desk_and_agent() -> None:
    address = unquote(second_factor.enrolment_uri(SECRET, agent="mei", issuer="隐私服务台"))
    assert address.startswith("otpauth://totp/隐私服务台:mei?")
    assert f"secret={SECRET}" in address
