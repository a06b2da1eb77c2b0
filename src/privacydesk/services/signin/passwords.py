"""Passwords: which are accepted, and hashing them off the event loop."""

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

SHORTEST: Final = 12
LONGEST: Final = 256
"""Longer ones would only cost time to hash; no one types them."""

_FEWEST_CHARACTERS: Final = 5
_SHORTEST_NAME: Final = 3
"""Shorter names occur in any word."""

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP: Final = 5

_JUDGED: Final = 32
"""Characters that are judged: the work grows with their square, and that many are enough to make a
password strong."""

_FEWEST_GUESSES: Final = 11.0
_FEWEST_WHEN_JOINED: Final = 9.0
"""Guesses that a password has to withstand, as powers of ten, as zxcvbn estimates them: as it is,
and without the separators between its words."""

_LOCAL_WORDS: Final = (
    "woaini", "woaiwo", "woai", "aini", "woshi", "nihao", "baobei", "laopo", "laogong", "mima",
    "wodemima", "denglu", "guanli", "kefu", "yinsi", "zhongguo", "beijing", "shanghai", "guangzhou",
    "shenzhen", "taobao", "weixin", "alibaba", "tencent", "huawei", "xiaomi", "baidu", "wang",
    "zhang", "chen", "yang", "zhao", "huang", "zhou", "5201314", "1314520", "1314", "520",
    "privacy", "privacydesk", "customer", "service", "changeme", "china",
)  # fmt: skip
"""Words that guessers here try first, and that zxcvbn's lists of breached passwords and English
words lack or rank too low."""

_SEPARATORS: Final = re.compile(r"[\W_]+")
_FILLING: Final = re.compile(r"[\d\W_]+")


class Weakness(StrEnum):
    """Why a password is rejected."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    NAME = "name"
    MONOTONOUS = "monotonous"
    SAME = "same"


class Cost(Struct, frozen=True):
    """What one hash costs, in argon2's terms; memory in KiB."""

    rounds: int = 3
    memory: int = 64 * 1024
    lanes: int = 1


def weakness(password: str, *names: str) -> Weakness | None:
    """Return why a password is rejected; None if it is accepted.

    It has to withstand guessing with lists of breached passwords, words, names, dates and patterns
    of the keyboard. There are no rules about kinds of characters: they make passwords that are hard
    to remember and easy to guess.

    Args:
        password: as it was typed.
        *names: of its owner and of the desk: what guessers try first.
    """
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    low = password.casefold()
    if len(set(low)) < _FEWEST_CHARACTERS:
        return Weakness.MONOTONOUS
    spelt = [spelling for name in names for spelling in _spellings(name)]
    if any(_leans_on(low, one) for one in spelt):
        return Weakness.NAME
    return Weakness.COMMON if _is_guessed_early(password, spelt) else None


def _is_guessed_early(password: str, names: list[str]) -> bool:
    # zxcvbn counts separators between words as random characters.
    joined = _SEPARATORS.sub("", password)
    return (
        _guesses(password, names) < _FEWEST_GUESSES or _guesses(joined, names) < _FEWEST_WHEN_JOINED
    )


def _guesses(password: str, names: list[str]) -> float:
    """Return how many guesses a password takes, as a power of ten."""
    # Imported here: its word lists are large, and few processes ever see a new password.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    found = zxcvbn(password[:_JUDGED], user_inputs=[*names, *_LOCAL_WORDS])
    return float(found["guesses_log10"])


def _spellings(name: str) -> tuple[str, str]:
    low = name.casefold()
    return low, _SEPARATORS.sub("", low)


def _leans_on(password: str, name: str) -> bool:
    # Guessers try the name first: what is left without it has to be strong enough.
    if len(name) < _SHORTEST_NAME or name not in password:
        return False
    return len(_FILLING.sub("", password.replace(name, ""))) < SHORTEST // 2


def temporary_password() -> str:
    """Return a password that can't be guessed and is easy to read aloud: 98 random bits."""
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )


class Passwords:
    """Hashes and checks passwords, a few at a time, in threads of its own.

    Each takes tens of megabytes and milliseconds by design, so further ones wait instead of
    starving other work.

    Args:
        cost: what one hash costs; tests ask for less.
        at_once: how many are worked on at the same time.
    """

    def __init__(self, cost: Cost | None = None, *, at_once: int = 2) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.rounds, memory_cost=cost.memory, parallelism=cost.lanes
        )
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        # A hash to check when the name typed is unknown, so that it takes as long.
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """Return a password's hash in argon2's format."""
        return await self._run(self._hasher.hash, password)

    async def weakness(self, password: str, *names: str) -> Weakness | None:
        """Return why a password is rejected, as ``weakness`` does; it takes milliseconds."""
        return await self._run(weakness, password, *names)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Return whether a password matches the hash; None takes as long and never matches."""
        if len(password) > LONGEST:
            password = ""
        if hashed is None:
            if not self._nobodys:
                self._nobodys = await self.hash(temporary_password())
            await self._run(self._verify, self._nobodys, password)
            return False
        return await self._run(self._verify, hashed, password)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
