"""Memoisation of conversions of buttons, as menus and fixed questions are used in many turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from privacydesk.domain.events import Choice

R = TypeVar("R")

_MAX_ENTRIES = 1_000


class FixedChoices(tuple[Choice, ...]):
    """Buttons defined by flows and the menu, or their localised form: always the same objects.

    Buttons read from the database or made of a person's data are plain tuples.
    """

    __slots__ = ()


class ChoicesMemo(Generic[R]):
    """Memoises ``convert`` for fixed buttons, and calls it each time for others.

    The key is the identity of the object, since hashing its content would cost as much as calling
    ``convert``.

    Args:
        convert: converts buttons to an immutable value.
    """

    def __init__(self, convert: Callable[[tuple[Choice, ...]], R]) -> None:
        self._convert = convert
        # The values include the buttons, so that their ``id`` isn't reused while it is a key.
        self._results: dict[int, tuple[FixedChoices, R]] = {}

    def __call__(self, choices: tuple[Choice, ...]) -> R:
        """Return ``convert(choices)``."""
        cached = self._results.get(id(choices))
        if cached is not None:
            return cached[1]
        result = self._convert(choices)
        if isinstance(choices, FixedChoices):
            if len(self._results) >= _MAX_ENTRIES:
                self._results.clear()
            self._results[id(choices)] = (choices, result)
        return result
