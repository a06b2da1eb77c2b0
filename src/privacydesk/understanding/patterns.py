"""Regular expressions that are compiled when they are first needed, or all at once on the side.

The large ones take a tenth of a second together, and the desk shall answer soon after its start.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

PART: Final = r"[^,。.!?;]"
"""A character within a part of a folded sentence."""

_METHODS: Final = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class _Lazy:
    """Becomes a compiled expression at its first use; from then on it costs as little as one."""

    __slots__ = ("_flags", "_text", *_METHODS)

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Only called while the methods are not there yet.
        if name not in _METHODS:
            raise AttributeError(name)
        made = re.compile(self._text, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(made, method))
        return getattr(made, name)


_all: Final[list[_Lazy]] = []


def lazily(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return an expression like ``re.compile``, which is compiled at its first use."""
    made = _Lazy(text, flags)
    _all.append(made)
    return cast("re.Pattern[str]", made)


def compile_all() -> None:
    """Compile what has not been needed yet of the modules that were imported so far."""
    for one in _all:
        getattr(one, _METHODS[0])
