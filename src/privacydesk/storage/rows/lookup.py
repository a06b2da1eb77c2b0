"""Row mapper of conversations' lookup keys: keyed hashes of accounts and client secrets."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.ids import ConversationId, LookupHash
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding("conversation_key.mac", "hash", "conversation_id")


def lookup_row(key_hash: LookupHash, conversation: ConversationId, key: Seal) -> dict[str, Any]:
    """Return the signed row that maps a hash to a conversation."""
    return BINDING.sign({"hash": key_hash, "conversation_id": conversation}, key)
