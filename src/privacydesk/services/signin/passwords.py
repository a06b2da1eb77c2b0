"""Staff passwords: checking their strength, and hashing them off the event loop."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from msgspec import Struct

T = TypeVar("T")

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
"""Longer passwords only take more time to hash; nobody types them."""

_MIN_DISTINCT_CHARACTERS: Final = 5
_MIN_NAME_LENGTH: Final = 3
"""Shorter names are ignored: they occur in any word."""

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP_LENGTH: Final = 5

_MAX_ESTIMATED_LENGTH: Final = 32
"""How many characters zxcvbn looks at: its work grows with their square, and that many suffice for
a strong password."""

_MIN_GUESSES: Final = 11.0
_MIN_GUESSES_WHEN_JOINED: Final = 9.0
"""How many guesses, as estimated by zxcvbn and in powers of ten, a password has to withstand: as it
is, and without the separators between its words."""

_LOCAL_WORDS: Final = (
    "woaini", "woaiwo", "woai", "aini", "woshi", "nihao", "baobei", "laopo", "laogong", "mima",
    "wodemima", "denglu", "guanli", "kefu", "yinsi", "zhongguo", "beijing", "shanghai", "guangzhou",
    "shenzhen", "taobao", "weixin", "alibaba", "tencent", "huawei", "xiaomi", "baidu", "wang",
    "zhang", "chen", "yang", "zhao", "huang", "zhou", "5201314", "1314520", "1314", "520",
    "privacy", "privacydesk", "customer", "service", "changeme", "china",
)  # fmt: skip
"""Words that attackers try first here, and that zxcvbn's lists of breached passwords and English
words lack or rank too low."""

_SEPARATORS: Final = re.compile(r"[\W_]+")
_DIGITS_AND_SEPARATORS: Final = re.compile(r"[\d\W_]+")


class Weakness(StrEnum):
    """Why a password is rejected."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    NAME = "name"
    MONOTONOUS = "monotonous"
    SAME = "same"


class HashingCost(Struct, frozen=True):
    """Argon2's cost parameters for one hash.

    Attributes:
        iterations: passes over the memory.
        memory: memory in KiB.
        parallelism: lanes that are computed in parallel.
    """

    iterations: int = 3
    memory: int = 64 * 1024
    parallelism: int = 1


def find_weakness(password: str, *names: str) -> Weakness | None:
    """Return why a password is rejected; None if it is accepted.

    A password has to withstand guessing with lists of breached passwords, words, names, dates and
    keyboard patterns. There are no rules about character classes: they lead to passwords that are
    hard to remember and easy to guess.

    Args:
        password: the password as it was typed.
        *names: names of its owner and of the desk, which attackers try first.
    """
    if len(password) < MIN_LENGTH:
        return Weakness.SHORT
    if len(password) > MAX_LENGTH:
        return Weakness.LONG
    folded = password.casefold()
    if len(set(folded)) < _MIN_DISTINCT_CHARACTERS:
        return Weakness.MONOTONOUS
    spellings = [spelling for name in names for spelling in _spellings(name)]
    if any(_is_based_on_name(folded, spelling) for spelling in spellings):
        return Weakness.NAME
    return Weakness.COMMON if _is_easily_guessed(password, spellings) else None


def _is_easily_guessed(password: str, names: list[str]) -> bool:
    # zxcvbn counts separators between words as random characters.
    joined = _SEPARATORS.sub("", password)
    return (
        _estimate_guesses(password, names) < _MIN_GUESSES
        or _estimate_guesses(joined, names) < _MIN_GUESSES_WHEN_JOINED
    )


def _estimate_guesses(password: str, names: list[str]) -> float:
    """Return how many guesses it takes to find a password, as a power of ten."""
    # Imported here: its word lists are large, and few processes ever see a new password.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    estimate = zxcvbn(password[:_MAX_ESTIMATED_LENGTH], user_inputs=[*names, *_LOCAL_WORDS])
    return float(estimate["guesses_log10"])


def _spellings(name: str) -> tuple[str, str]:
    folded = name.casefold()
    return folded, _SEPARATORS.sub("", folded)


def _is_based_on_name(password: str, name: str) -> bool:
    # Attackers try the name first, so the rest has to be strong enough on its own.
    if len(name) < _MIN_NAME_LENGTH or name not in password:
        return False
    rest = _DIGITS_AND_SEPARATORS.sub("", password.replace(name, ""))
    return len(rest) < MIN_LENGTH // 2


def temporary_password() -> str:
    """Return a random password of 98 bits that is easy to read aloud."""
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
    )


class Passwords:
    """Hashes and verifies passwords in a small thread pool of its own.

    By design each hash takes tens of megabytes and milliseconds, so that further passwords have to
    wait instead of slowing down other work.

    Args:
        cost: the cost of one hash; tests use a lower one.
        max_concurrency: how many passwords are hashed at the same time.
    """

    def __init__(self, cost: HashingCost | None = None, *, max_concurrency: int = 2) -> None:
        cost = cost or HashingCost()
        self._hasher = PasswordHasher(
            time_cost=cost.iterations, memory_cost=cost.memory, parallelism=cost.parallelism
        )
        self._executor = ThreadPoolExecutor(max_concurrency, thread_name_prefix="passwords")
        # Verified against when the agent is unknown, so that it takes as long as for a known one.
        self._dummy_hash = ""

    async def hash(self, password: str) -> str:
        """Return a password's hash in argon2's format."""
        return await self._run(self._hasher.hash, password)

    async def find_weakness(self, password: str, *names: str) -> Weakness | None:
        """Run the function ``find_weakness`` in the thread pool; it takes milliseconds."""
        return await self._run(find_weakness, password, *names)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password matches a hash; without one take as long and return False."""
        if len(password) > MAX_LENGTH:
            password = ""
        if not password_hash:
            if not self._dummy_hash:
                self._dummy_hash = await self.hash(temporary_password())
            await self._run(self._verify, self._dummy_hash, password)
            return False
        return await self._run(self._verify, password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., T], *arguments: str) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)
