from __future__ import annotations

import asyncio
import threading

import pytest
from tests.common.console_client import CHEAP

from privacydesk.services.signin.passwords import (
    LONGEST,
    SHORTEST,
    Cost,
    Passwords,
    Weakness,
    temporary_password,
    weakness,
)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", Weakness.SHORT),
        ("x" * SHORTEST, Weakness.MONOTONOUS),
        ("12121212121212", Weakness.MONOTONOUS),
        ("password123456", Weakness.COMMON),
        ("Password!2024#", Weakness.COMMON),
        ("qwerty-123456-admin", Weakness.COMMON),
        ("woaini5201314", Weakness.COMMON),
        ("2026-11-24-2100", Weakness.COMMON),
        ("lao-zhou-2026", Weakness.NAME),
        ("LAO-ZHOU!!1234", Weakness.NAME),
        ("long enough " * 30, Weakness.LONG),
    ],
)
def test_what_is_quickly_guessed_is_not_taken(password: str, why: Weakness) -> None:
    assert weakness(password, "lao-zhou", "老周") is why


@pytest.mark.parametrize(
    "password",
    [
        "seven quiet herons",
        "窗外的雨下了一整夜也没有停",
        "lao-zhou keeps nine goats",
        "correct-horse-battery",
        "a" * 200 + "bcdefg",
    ],
)
def test_long_words_of_ones_own_are_taken_without_rules_about_characters(password: str) -> None:
    assert weakness(password, "lao-zhou", "老周") is None


def test_short_display_names_stand_in_any_word_and_are_not_looked_for() -> None:
    assert weakness("tom and jerry again", "to", "om") is None


def test_temporary_passwords_are_taken_and_differ() -> None:
    made = {temporary_password() for _ in range(50)}
    assert len(made) == 50
    assert all(weakness(one) is None for one in made)


async def test_a_hash_fits_its_password_and_no_other() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("seven quiet herons")
    assert "herons" not in hashed
    assert hashed.startswith("$argon2id$")
    assert await passwords.fits(hashed, "seven quiet herons")
    assert not await passwords.fits(hashed, "seven quiet heron")
    assert not await passwords.fits("no hash at all", "seven quiet herons")


async def test_nobodys_password_never_fits_and_is_hashed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Passwords(CHEAP)
    looked: list[str] = []
    verify = passwords._verify

    def noting(hashed: str, password: str) -> bool:
        looked.append(hashed)
        return verify(hashed, password)

    monkeypatch.setattr(passwords, "_verify", noting)
    own = await passwords.hash("seven quiet herons")
    assert not await passwords.fits(None, "seven quiet herons")
    assert await passwords.fits(own, "seven quiet herons")
    # The same work at the same cost, for somebody and for nobody.
    assert [one.split("$")[3] for one in looked] == [own.split("$")[3]] * 2


async def test_hashing_keeps_off_the_event_loop_and_to_a_few_at_once() -> None:
    passwords = Passwords(CHEAP, at_once=2)
    names: set[str] = set()

    def hashing(password: str) -> str:
        names.add(threading.current_thread().name)
        return passwords._hasher.hash(password)

    await asyncio.gather(*(passwords._run(hashing, f"password {n}") for n in range(12)))
    assert threading.current_thread().name not in names
    assert len(names) <= 2


async def test_a_password_of_any_length_is_answered() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("seven quiet herons")
    assert not await passwords.fits(hashed, "x" * (LONGEST + 1))


def test_the_cost_in_use_is_that_of_a_password_store() -> None:
    cost = Cost()
    assert cost.memory >= 19 * 1024
    assert cost.rounds >= 2
