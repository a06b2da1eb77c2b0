"""What people say instead of tapping: the files in ``dialogs/stories/phrasings/``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from privacydesk.domain.events import Choice

VOICES: Final = ("plain", "angry", "hant", "mixed", "english")
"""Who speaks: plainly, angrily or at length, Traditional or Cantonese, mixed, English."""

FOLDER: Final = Path(__file__).parents[2] / "dialogs" / "stories" / "phrasings"

_NAMED_BY_VALUE: Final = frozenset({"terms.binding", "terms.decision"})
"""Labels that are the same for all buttons of a question."""


@cache
def phrasings() -> Mapping[str, Mapping[str, str]]:
    """Return all phrasings: button to voice to words."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        found.update(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader))
    return found


def button(choice: Choice) -> str:
    """Return what a button is listed under: the key of its label, with its value if need be."""
    return f"{choice.key}/{choice.value}" if choice.key in _NAMED_BY_VALUE else choice.key
