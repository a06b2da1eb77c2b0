"""Switches between an external service and its in-memory twin, which the seeding uses."""

from __future__ import annotations

from typing import Any


class Switch:
    """Forwards everything to its current target.

    Attributes:
        target: the implementation in use.
    """

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)
