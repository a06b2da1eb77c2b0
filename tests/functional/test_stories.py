"""Every story in ``dialogs/stories/`` holds on the real services, tapped and in free text."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.phrasings import VOICES, phrasings
from tests.common.stories import play, story_files, told

TOLD = [(story, voice) for story in story_files() for voice in told(story)]


@pytest.mark.parametrize("story", story_files(), ids=lambda path: path.stem)
async def test_the_story_holds(story: Path, tmp_path: Path) -> None:
    await play(story, tmp_path)


@pytest.mark.by_turns(4)
@pytest.mark.parametrize(
    ("story", "voice"), TOLD, ids=[f"{story.stem}-{voice}" for story, voice in TOLD]
)
async def test_the_story_holds_in_words(story: Path, voice: str, tmp_path: Path) -> None:
    await play(story, tmp_path, voice)


def test_every_button_that_is_said_is_said_in_every_voice() -> None:
    for button, said in phrasings().items():
        assert tuple(said) == VOICES, button
        assert all(isinstance(words, str) and words for words in said.values()), button
        assert len(set(said.values())) == len(VOICES), button
