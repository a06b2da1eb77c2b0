from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from privacydesk.domain.numbers import canonical_number
from privacydesk.storage.id_generator import SecureIdGenerator

NOW = datetime(2026, 5, 4, 8, 30, 0, 123000, tzinfo=UTC)


def test_ids_are_uuids_of_version_seven_that_tell_their_time() -> None:
    made = uuid.UUID(bytes=SecureIdGenerator().id(NOW))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_later_ids_sort_later_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    minter = SecureIdGenerator()
    made = [minter.id(NOW) for _ in range(2000)]
    made.append(minter.id(NOW - timedelta(hours=1)))
    made.append(minter.id(NOW + timedelta(milliseconds=1)))
    assert made == sorted(set(made))


def test_counting_past_the_last_id_of_a_millisecond_goes_on_in_the_next() -> None:
    minter = SecureIdGenerator()
    first = minter.id(NOW)
    minter._last_random = (1 << 74) - 1
    second = minter.id(NOW)
    assert second > first
    assert int.from_bytes(second, "big") >> 80 == int(NOW.timestamp() * 1000) + 1


def test_numbers_are_canonical_and_codes_have_six_digits() -> None:
    minter = SecureIdGenerator()
    numbers = {minter.ticket_number() for _ in range(200)}
    assert len(numbers) == 200
    assert all(canonical_number(number) == number for number in numbers)
    codes = [minter.code() for _ in range(200)]
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(minter.token()) == 22
