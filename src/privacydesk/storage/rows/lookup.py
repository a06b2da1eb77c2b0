"""Lookup keys of conversations: keyed hashes of an account, or of a client's secret."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.ids import ConversationId, LookupHash
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BOUND = Binding("conversation_key.mac", "hash", "conversation_id")


def lookup_row(key_hash: LookupHash, conversation: ConversationId, key: Seal) -> dict[str, Any]:
    """Return the row that maps a hash to a conversation, signed."""
    return BOUND.sign({"hash": key_hash, "conversation_id": conversation}, key)
