"""A machine's clock that is set ahead and back, as a wrong time server does."""

from __future__ import annotations

from datetime import datetime, timedelta

from privacydesk.clock import MovableClock


class JumpingClock(MovableClock):
    """Stands still at an instant, and goes wherever it is told."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at, frozen=True)
        self._jumped = timedelta()

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return super().now() + self._jumped

    def jump(self, by: timedelta) -> None:
        """Set the clock, in either direction."""
        self._jumped += by
