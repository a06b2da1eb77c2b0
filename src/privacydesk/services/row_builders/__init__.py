"""Builders of database rows: for the effects of a turn, and for actions of staff and timers.

Ids, ticket numbers and one-time codes are generated here. The dialog engine stays pure, and
replaying it can't issue a second ticket number.
"""

from __future__ import annotations

from privacydesk.services.row_builders.outbox_rows import OutboxRowBuilder
from privacydesk.services.row_builders.turn_changes import TurnChangesBuilder

__all__ = ["OutboxRowBuilder", "TurnChangesBuilder"]
