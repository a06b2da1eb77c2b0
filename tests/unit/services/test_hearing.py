from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Recognised
from privacydesk.services.hearing import Hearing

TODAY = date(2026, 11, 29)


class Counting:
    """A recogniser that counts what it is asked."""

    fixed = frozenset({"菜单"})

    def __init__(self) -> None:
        self.asked: list[str] = []

    def glance(self, text: str) -> Recognised | None:
        return self.recognise(text)

    def recognise(self, text: str) -> Recognised:
        self.asked.append(text)
        return Recognised(Intent.OTHER, 0.5)

    def language(self, text: str) -> str:
        return "en" if text.isascii() else ""

    def entities(self, _text: str, _kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        return {}


class Slow(Counting):
    """Takes a closer look at everything."""

    def glance(self, _text: str) -> Recognised | None:
        return None


class Gated(Slow):
    """Takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def recognise(self, text: str) -> Recognised:
        heard = super().recognise(text)
        assert self.gate.wait(5)
        return heard


async def test_who_says_little_does_not_wait_for_who_says_much() -> None:
    recogniser = Gated()
    hearing = Hearing(recogniser)
    long = [asyncio.create_task(hearing.hear("a" * 10_000, n % 2, TODAY)) for n in range(8)]
    await asyncio.sleep(0)
    short = asyncio.create_task(hearing.hear("please help", "me", TODAY))
    await asyncio.sleep(0)
    recogniser.gate.set()
    await asyncio.wait_for(asyncio.gather(*long, short), 5)
    assert "please help" in recogniser.asked[:4]


async def test_menu_words_are_understood_once_and_kept() -> None:
    recogniser = Counting()
    hearing = Hearing(recogniser)
    assert await hearing.hear("菜单", "me", TODAY) is await hearing.hear("菜单", "me", TODAY)
    assert recogniser.asked == ["菜单"]


async def test_menu_words_that_take_a_closer_look_hold_up_nobody() -> None:
    recogniser = Gated()
    hearing = Hearing(recogniser)
    all_at_once = [asyncio.create_task(hearing.hear("菜单", n, TODAY)) for n in range(9)]
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in all_at_once)
    all_at_once.pop(0).cancel()
    recogniser.gate.set()
    heard = await asyncio.wait_for(asyncio.gather(*all_at_once), 5)
    assert await hearing.hear("菜单", "another", TODAY) is heard[0]
    assert recogniser.asked == ["菜单"]


async def test_what_a_person_typed_is_not_kept() -> None:
    recogniser = Counting()
    hearing = Hearing(recogniser)
    assert await hearing.hear("please help", "me", TODAY) is not (
        await hearing.hear("please help", "me", TODAY)
    )
    assert recogniser.asked == ["please help", "please help"]


async def test_a_slow_recogniser_is_heard_all_the_same() -> None:
    recogniser = Slow()
    heard = await Hearing(recogniser).hear("please help", "me", TODAY)
    assert heard.language == "en"
    assert recogniser.asked == ["please help"]
