"""What was made of a row of buttons, made once: menus and fixed questions come back each turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from privacydesk.domain.events import Choice

R = TypeVar("R")

_LIMIT = 1_000


class ChoicesMemo(Generic[R]):
    """Remembers what ``make`` made of buttons that carry nothing but keys.

    Looked up by the tuple itself, not by what is in it: flows, the menu and the words made of
    them are the same objects each time. Buttons with arguments or words of their own are a
    person's data and are not kept.

    Args:
        make: turns buttons into something that is never changed.
    """

    def __init__(self, make: Callable[[tuple[Choice, ...]], R]) -> None:
        self._make = make
        # With the tuple, so that its id is not given to another one while it is remembered.
        self._made: dict[int, tuple[tuple[Choice, ...], R]] = {}

    def __call__(self, choices: tuple[Choice, ...]) -> R:
        """Return what is made of ``choices``."""
        held = self._made.get(id(choices))
        if held is not None:
            return held[1]
        made = self._make(choices)
        if all(choice.key and not choice.args for choice in choices):
            if len(self._made) >= _LIMIT:
                self._made.clear()
            self._made[id(choices)] = (choices, made)
        return made
