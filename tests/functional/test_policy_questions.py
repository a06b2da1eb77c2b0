"""A policy question in a real turn: searched once, kept with the event, never searched again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.common.policies import SAMPLE, bring_sample_policy, sample_policy
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation
from privacydesk.ports import LanguageUnderstanding


class Counting:
    """Passes everything on and counts questions."""

    def __init__(self, understanding: LanguageUnderstanding) -> None:
        self.asked: list[str] = []
        self._understanding = understanding

    async def interpret(
        self, text: str, whose: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        return await self._understanding.interpret(text, whose, today, question)

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        self.asked.append(question)
        return await self._understanding.answer(question, whose)

    async def switch_policy(self, policy: str, digest: str) -> None:
        await self._understanding.switch_policy(policy, digest)


def counting_in(world: World) -> Counting:
    turns = world.services.turns
    counting = turns._understanding = Counting(turns._understanding)
    return counting


async def test_a_question_is_searched_once_and_a_resent_one_not_again(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, {**PROFILE, "policy": SAMPLE}) as world:
        counting = counting_in(world)
        player = Player(world, world.people[PEOPLE["lin"]], "zh_Hans")
        await player.start()
        await player.do("say", text="我的信息会保留多久，隐私政策怎么说")
        (quoted,) = [e for e in player.events if e.key == "policy_question.quote"]
        assert str(quoted.args["text"]) in sample_policy().source
        assert str(quoted.args["text"]) in quoted.text
        assert player.last is not None
        await player._send(*player.last)
        assert counting.asked == ["我的信息会保留多久，隐私政策怎么说"]
        assert len([e for e in player.events if e.key == "policy_question.quote"]) == 1


async def test_turns_without_a_policy_question_search_nothing(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, {**PROFILE, "policy": SAMPLE}) as world:
        counting = counting_in(world)
        player = Player(world, world.people[PEOPLE["lin"]], "zh_Hans")
        await player.start()
        await player.do("say", text="解绑谷歌")
        await player.do("say", text="人工")
        assert counting.asked == []
