"""Every story in ``dialogs/stories/`` holds on the real rooms."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.stories import play, story_files


@pytest.mark.parametrize("story", story_files(), ids=lambda path: path.stem)
async def test_the_story_holds(story: Path, tmp_path: Path) -> None:
    await play(story, tmp_path)
