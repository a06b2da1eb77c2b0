"""The operator's brand on the desk's pages, and the contrast of colours as WCAG 2.1 defines it."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

MIN_CONTRAST: Final = 4.5
"""The contrast that text needs (WCAG 2.1, success criterion 1.4.3)."""

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_CHANNEL_MAX: Final = 255
_LINEAR_BELOW: Final = 0.04045
_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)
"""The share of red, green and blue in the luminance."""


class Logo(Struct, frozen=True):
    """A logo, checked when it was read.

    Attributes:
        suffix: what its file name ends in: ``.svg`` or ``.png``.
    """

    suffix: str
    body: bytes


class Brand(Struct, frozen=True):
    """What an operator changes in the look of the pages; by default nothing.

    Attributes:
        colour: the main colour, ``#rrggbb`` in lower case; empty for the desk's.
        logo: replaces the desk's mark; None for the desk's.
    """

    colour: str = ""
    logo: Logo | None = None


def is_colour(text: str) -> bool:
    """Return whether a text is a colour as ``Brand`` has it."""
    return _COLOUR.fullmatch(text) is not None


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, from 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour mixed with another one, which has the ``share``, from 0 to 1."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in pairs)


def _luminance(colour: str) -> float:
    linear = (_to_linear(channel / _CHANNEL_MAX) for channel in _channels(colour))
    return sum(weight * value for weight, value in zip(_WEIGHTS, linear, strict=True))


def _to_linear(value: float) -> float:
    if value <= _LINEAR_BELOW:
        return value / 12.92
    return float(((value + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
