"""While an agent speaks with somebody, nothing has to be made of that person's words."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date

import pytest
from tests.common.stories import World, steps
from tests.functional.test_outcomes import enter

from privacydesk.domain.reading import Question
from privacydesk.domain.turn import Observation
from privacydesk.services.message_interpreter import MessageInterpreter


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the recogniser is asked, as it is asked."""
    texts: list[str] = []
    interpret = MessageInterpreter.interpret

    async def noted(
        self: MessageInterpreter, text: str, whose: Hashable, today: date, question: Question
    ) -> Observation:
        texts.append(text)
        return await interpret(self, text, whose, today, question)

    monkeypatch.setattr(MessageInterpreter, "interpret", noted)
    return texts


async def test_words_to_an_agent_are_not_understood_and_those_after_are(
    world: World, heard: list[str]
) -> None:
    player = await enter(world, "lin")
    await steps(player, {"user": "human"}, {"agent": {"take": True}})
    heard.clear()
    await steps(player, {"user": "my google login is gone"})
    assert heard == []
    assert player.events[-1].text == "my google login is gone"
    await steps(player, {"agent": {"hand_back": True}}, {"user": "unbind google"})
    assert heard == ["unbind google"]
    assert any(event.key.startswith("unbinding.") for event in player.events)
