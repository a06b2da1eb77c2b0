"""Which voices the network learns from, and which it is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from privacydesk.nlu.training.corpus import Voice

_ONE_OF: Final = 7


def is_left_out(voice: Voice) -> bool:
    """Tell whether the network never learns from a voice: one of seven, by its name."""
    return crc32(voice.name.encode()) % _ONE_OF == 0


def parted(voices: Sequence[Voice]) -> tuple[list[Voice], list[Voice]]:
    """Return the voices to learn from, and those left out."""
    return (
        [one for one in voices if not is_left_out(one)],
        [one for one in voices if is_left_out(one)],
    )
