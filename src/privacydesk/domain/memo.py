"""Memoised conversions of rows of buttons: menus and fixed questions come back each turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from privacydesk.domain.events import Choice

R = TypeVar("R")

_LIMIT = 1_000


class FixedChoices(tuple[Choice, ...]):
    """Buttons that flows and the menu offer, or their localised form: the same object each time.

    Rows read from the database and buttons made of a person's data are plain tuples.
    """

    __slots__ = ()


class ChoicesMemo(Generic[R]):
    """Memoises ``make`` for fixed buttons; for others it is called each time.

    Keyed by the object, not by its content, which would cost as much as calling ``make``.

    Args:
        make: turns buttons into something immutable.
    """

    def __init__(self, make: Callable[[tuple[Choice, ...]], R]) -> None:
        self._make = make
        # With the buttons, so that their id is not reused while it is a key here.
        self._made: dict[int, tuple[FixedChoices, R]] = {}

    def __call__(self, choices: tuple[Choice, ...]) -> R:
        """Return ``make`` of ``choices``."""
        held = self._made.get(id(choices))
        if held is not None:
            return held[1]
        made = self._make(choices)
        if isinstance(choices, FixedChoices):
            if len(self._made) >= _LIMIT:
                self._made.clear()
            self._made[id(choices)] = (choices, made)
        return made
