"""Short wishes made of cores and frames: "how do i …", "…在哪".

Whoever writes sentences by hand writes few that are two or three words long, though people send
many. These are learnt from and never measured with, since nobody in particular wrote them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.training.sentences import Sentence

VOICE: Final = "frames"

_BARE: Final = "…"
_EACH: Final = 9
"""Frames that a core is put into besides standing alone; which ones is its own luck."""

_LANGS: Final = {"zh": "zh-Hans", "en": "en"}


def read_frames(files: Mapping[str, str]) -> list[Sentence]:
    """Return the short wishes of all files whose name ends in ``.yaml``.

    Raises:
        SettingsError: a file does not hold frames and cores, with what is wrong.
    """
    return [
        sentence
        for name, text in files.items()
        if name.endswith(".yaml")
        for sentence in _sentences(name, text)
    ]


def _sentences(name: str, text: str) -> Iterator[Sentence]:
    try:
        found: Any = yaml.safe_load(text)
        frames: dict[str, list[str]] = found["frames"]
        cores = {Intent(label): by for label, by in found["cores"].items()}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"{name}: needs frames by script and cores by intent and script ({error})",
            key="sentences",
        ) from None
    for label, by_script in cores.items():
        for script, words in by_script.items():
            if script not in _LANGS or script not in frames:
                raise SettingsError(f"{name}: no frames for {script}", key="sentences")
            for core in words:
                for frame in _some(core, frames[script]):
                    said = frame.replace(_BARE, core)
                    yield Sentence(said, label, _LANGS[script], "plain", VOICE)


def _some(core: str, frames: Sequence[str]) -> list[str]:
    others = [frame for frame in frames if frame != _BARE]
    lot = random.Random(core)  # noqa: S311 - the same frames each time
    return [_BARE, *lot.sample(others, min(_EACH, len(others)))]
