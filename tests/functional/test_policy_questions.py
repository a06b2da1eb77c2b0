"""A policy question in a real turn: searched once, kept with the event, never searched again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from structlog.testing import capture_logs
from tests.common.policies import (
    SAMPLE,
    bring_sample_policy,
    sample_policy,
    sample_translation,
)
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world

from privacydesk.domain.events import Event
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation
from privacydesk.policy.library import FilePolicyLibrary
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


async def test_a_reader_of_english_gets_the_translation_and_the_original(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, {**PROFILE, "policy": SAMPLE}) as world:
        player = Player(world, world.people[PEOPLE["alice"]], "en")
        await player.start()
        await player.do("say", text="how long do you keep my data")
        passage = quotes_of(player)[-1].data["passage"]
        assert passage["place"] == "Article 4 (第四条)"
        assert "rendition" not in passage
        library = FilePolicyLibrary(tmp_path)
        library.save(sample_translation())
        await world.services.policy.refresh()
        await player.do("say", text="how long is my data kept")
        quote = quotes_of(player)[-1]
        rendition = quote.data["passage"]["rendition"]
        assert rendition["lang"] == "en"
        assert rendition["article"] == "Article 4 How long it is kept, and where"
        assert rendition["text"].startswith("It is kept in Hong Kong")
        # Clients without cards show both.
        assert rendition["text"] in quote.text
        assert quote.data["passage"]["text"] in quote.text


async def test_a_damaged_translation_is_logged_and_the_original_quoted(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    library = FilePolicyLibrary(tmp_path)
    library.save(sample_translation())
    (folder,) = (tmp_path / "policy" / f"{SAMPLE}@en").iterdir()
    (folder / "source.txt").write_text("other", "utf-8")
    with capture_logs() as logged:
        async with open_world(tmp_path, {**PROFILE, "policy": SAMPLE}) as world:
            player = Player(world, world.people[PEOPLE["alice"]], "en")
            await player.start()
            await player.do("say", text="how long do you keep my data")
            assert "rendition" not in quotes_of(player)[-1].data["passage"]
    assert "policy_translation_not_taken" in {entry["event"] for entry in logged}


def quotes_of(player: Player) -> list[Event]:
    return [event for event in player.events if event.key == "policy_question.quote"]
