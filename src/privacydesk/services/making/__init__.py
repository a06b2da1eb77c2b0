"""Making rows: from what a turn decided, and from what staff and the clock trigger.

Here ids, ticket numbers and codes are minted, so the engine stays pure and a replay of it can't
give out a second number.
"""

from __future__ import annotations

from privacydesk.services.making.outbox import Maker
from privacydesk.services.making.turn import TurnMaker

__all__ = ["Maker", "TurnMaker"]
