"""A machine's clock that is set ahead and back, as a wrong time server does."""

from __future__ import annotations

from datetime import datetime, timedelta


class JumpingClock:
    """Stands still at an instant, and goes wherever it is told."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self.at

    def jump(self, by: timedelta) -> None:
        """Set the clock, in either direction."""
        self.at += by
