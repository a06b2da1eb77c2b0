"""The recipes for WebViews take all that the script which they share passes on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

_DOCS: Final = Path(__file__).parents[2] / "docs"
_FENCED: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SCRIPT: Final = "js"
RECIPES: Final = {
    page: dict(_FENCED.findall((_DOCS / page).read_text("utf-8")))
    for page in ("embedding.md", "embedding.zh.md")
}


@pytest.mark.parametrize(
    ("page", "language"),
    [(page, one) for page, blocks in RECIPES.items() for one in blocks if one != _SCRIPT],
)
def test_a_recipe_takes_each_message_of_the_script(page: str, language: str) -> None:
    blocks = RECIPES[page]
    types = re.findall(r'type: "([\w-]+)"', blocks[_SCRIPT])
    assert len(types) > 1
    taken = re.findall(r"""["']([\w-]+)["']""", blocks[language])
    assert [one for one in types if one not in taken] == []


def test_both_languages_have_the_same_recipes() -> None:
    first, second = RECIPES.values()
    assert first == second
