from __future__ import annotations

import asyncio
import threading
import time

import pytest
from tests.common.console_client import CHEAP

from privacydesk.demo.commands import SAMPLE_AGENTS
from privacydesk.demo.staff import PASSWORD
from privacydesk.services.signin.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    HashingCost,
    Passwords,
    Weakness,
    find_weakness,
    temporary_password,
)

NAMES = ("lao-zhou", "老周", "MoChat", "隐私服务台")

GUESSABLE = (
    "woaini1314", "5201314abc", "Qwer1234!", "mochat2026", "Password2026!", "password1234",
    "Password12345!", "Admin@123456", "P@ssw0rd2026!", "woaini13145200", "1qaz2wsx3edc",
    "qwertyuiop12", "Qwerty123456!", "asdfghjkl1234", "zxcvbnm12345", "1q2w3e4r5t6y",
    "aa123456789aa", "abc123456789", "iloveyou2026", "Welcome@2026!", "mochatkefu2026",
    "kefu123456789", "laozhou123456", "zhou19900101!", "wodemima123456", "mimashi123456",
    "woaibeijing2026", "zhongguo2026!", "china2008beijing", "Huawei@123456", "tencent123456",
    "1314520woaini", "abcd1234abcd", "passwordpassword", "superman12345", "Changeme2026!",
    "Spring2026!!!", "123qwe123qwe", "qazwsxedcrfv", "88888888aaaa5",
)  # fmt: skip

STRONG = (
    "seven quiet herons", "窗外的雨下了一整夜也没有停", "lao-zhou keeps nine goats",
    "correct-horse-battery", "tk4h8-qz2mv-p7wcx-n3rye", "J7#kd92!mzQw",
    "otter mosaic lantern fjord", "blue teapots never argue", "我家的猫喜欢在洗衣机上睡觉",
    "Vexing-Plum-Orbit-49", "mein rad hat drei bremsen", "gzqvtwmkxhba", "Tr0ubling&Kayaks.Nap",
    "nine brown otters swim", "xiangjiao pi zai loutai", "9vT-pLq-4sX-zR2",
    "rainy tuesday accordion", "hK3vq8ZpLw0R", "dusty violin, loud kitchen",
    "春眠不觉晓处处闻蚊子咬人",
)  # fmt: skip


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", Weakness.SHORT),
        ("x" * MIN_LENGTH, Weakness.MONOTONOUS),
        ("12121212121212", Weakness.MONOTONOUS),
        ("password123456", Weakness.COMMON),
        ("Password!2024#", Weakness.COMMON),
        ("qwerty-123456-admin", Weakness.COMMON),
        ("woaini5201314", Weakness.COMMON),
        ("2026-11-24-2100", Weakness.COMMON),
        ("lao-zhou-2026", Weakness.NAME),
        ("LAO-ZHOU!!1234", Weakness.NAME),
        ("long enough " * 30, Weakness.LONG),
        ("a" * 200 + "bcdefg", Weakness.COMMON),
        ("MoChat2026!!", Weakness.NAME),
        ("mochat-desk-1", Weakness.NAME),
        ("laozhou123456", Weakness.NAME),
    ],
)
def test_what_is_quickly_guessed_is_not_taken(password: str, why: Weakness) -> None:
    assert find_weakness(password, "lao-zhou", "老周", "MoChat", "privacydesk") is why


@pytest.mark.parametrize(
    "password",
    [
        "seven quiet herons",
        "窗外的雨下了一整夜也没有停",
        "lao-zhou keeps nine goats",
        "correct-horse-battery",
    ],
)
def test_long_words_of_ones_own_are_taken_without_rules_about_characters(password: str) -> None:
    assert find_weakness(password, "lao-zhou", "老周") is None


@pytest.mark.parametrize("password", GUESSABLE)
def test_what_guessers_try_early_is_not_taken(password: str) -> None:
    assert find_weakness(password, *NAMES) is not None


@pytest.mark.parametrize("password", STRONG)
def test_what_takes_long_to_guess_is_taken(password: str) -> None:
    assert find_weakness(password, *NAMES) is None


def test_the_demo_keeps_to_the_rule() -> None:
    assert find_weakness(PASSWORD, *NAMES, *(name for name, _, _ in SAMPLE_AGENTS)) is None


def test_no_password_takes_long_to_judge() -> None:
    begun = time.process_time()
    find_weakness("4@8({[<369610!|170" * 14, *NAMES)
    assert time.process_time() - begun < 5


def test_short_display_names_stand_in_any_word_and_are_not_looked_for() -> None:
    assert find_weakness("tom and jerry again", "to", "om") is None


def test_temporary_passwords_are_taken_and_differ() -> None:
    made = {temporary_password() for _ in range(50)}
    assert len(made) == 50
    assert all(find_weakness(one) is None for one in made)


async def test_a_hash_fits_its_password_and_no_other() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("seven quiet herons")
    assert "herons" not in hashed
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify(hashed, "seven quiet herons")
    assert not await passwords.verify(hashed, "seven quiet heron")
    assert not await passwords.verify("no hash at all", "seven quiet herons")


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
    assert not await passwords.verify(None, "seven quiet herons")
    assert await passwords.verify(own, "seven quiet herons")
    # The same work at the same cost, for somebody and for nobody.
    assert [one.split("$")[3] for one in looked] == [own.split("$")[3]] * 2


async def test_hashing_keeps_off_the_event_loop_and_to_a_few_at_once() -> None:
    passwords = Passwords(CHEAP, max_concurrency=2)
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
    assert not await passwords.verify(hashed, "x" * (MAX_LENGTH + 1))


def test_the_cost_in_use_is_that_of_a_password_store() -> None:
    cost = HashingCost()
    assert cost.memory >= 19 * 1024
    assert cost.iterations >= 2
