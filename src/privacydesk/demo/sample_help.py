"""Conversations of the past days in which people asked for a person, for the reports."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.demo.sample_times import SampleTimes
from privacydesk.demo.sample_user import SampleUser
from privacydesk.services.takeover import Takeover


class SampleTalk(Struct, frozen=True):
    """One time that somebody asked for a person.

    Attributes:
        visitor: names somebody without an account.
        language: of their browser.
        days_ago: the day.
        at: the time of day.
        waited: after how many minutes an agent took the conversation, or they left.
        agent: who took it; empty if they left.
        minutes: how long the agent had it.
    """

    visitor: str
    language: str
    days_ago: int
    at: str
    waited: float
    agent: str = ""
    minutes: float = 0


SAMPLE_TALKS: Final = (
    SampleTalk("one", "zh-Hans", 9, "09:40", 3, "mei", 6),
    SampleTalk("two", "zh-Hant", 9, "11:15", 2, "wing", 9),
    SampleTalk("three", "zh-Hans", 8, "10:05", 6, "mei", 14),
    SampleTalk("four", "en", 8, "14:30", 4, "tom", 8),
    SampleTalk("five", "zh-Hant", 7, "10:20", 1.5, "wing", 5),
    SampleTalk("one", "zh-Hans", 6, "15:10", 13, "mei", 11),
    SampleTalk("six", "zh-Hans", 6, "16:45", 9),
    SampleTalk("seven", "zh-Hans", 5, "09:25", 2.5, "mei", 4),
    SampleTalk("four", "en", 4, "13:50", 5, "tom", 17),
    SampleTalk("eight", "zh-Hans", 3, "11:40", 7, "mei", 7),
    SampleTalk("nine", "zh-Hant", 2, "14:05", 3.5, "wing", 12),
    SampleTalk("ten", "zh-Hans", 2, "17:20", 16, "mei", 5),
)
_HELLO: Final = {
    "zh-Hans": "您好，我是人工客服，您的问题我来看。",
    "zh-Hant": "您好，我是真人客服，您的問題我來看。",
    "en": "Hello, this is a person. I’m looking into it.",
}


async def talk(
    one: SampleTalk, times: SampleTimes, user: SampleUser, takeover: Takeover
) -> AsyncGenerator[datetime]:
    """Ask for a person, and be answered or leave; yields the times at which it goes on."""
    asked = times.on_day(one.days_ago, one.at)
    yield asked
    await user.choose("desk:human")
    name = (await user.open()).conversation.hex()
    taken = asked + timedelta(minutes=one.waited)
    yield taken
    if not one.agent:
        await user.choose("desk:leave_queue")
        return
    await takeover.take(name, one.agent)
    yield taken + timedelta(seconds=40)
    await takeover.reply(name, one.agent, _HELLO[one.language])
    yield taken + timedelta(minutes=one.minutes)
    await takeover.hand_back(name, one.agent)
