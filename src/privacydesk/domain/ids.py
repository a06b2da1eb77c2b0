"""Types of identifiers: UUIDv7 as sixteen bytes, which sort by time of creation, and hashes."""

from __future__ import annotations

from typing import NewType

ConversationId = NewType("ConversationId", bytes)
TicketId = NewType("TicketId", bytes)
DeliveryId = NewType("DeliveryId", bytes)
EvidenceId = NewType("EvidenceId", bytes)
AttachmentId = NewType("AttachmentId", bytes)
PackageId = NewType("PackageId", bytes)
StaffSessionId = NewType("StaffSessionId", bytes)
AccessEntryId = NewType("AccessEntryId", bytes)
EndpointId = NewType("EndpointId", bytes)
PostingId = NewType("PostingId", bytes)
ApiTokenId = NewType("ApiTokenId", bytes)
SavedViewId = NewType("SavedViewId", bytes)
IncidentId = NewType("IncidentId", bytes)

ChallengeId = NewType("ChallengeId", bytes)
"""Keyed hash (32 bytes) of what is counted, such as a code's destination; identifies nobody."""

LookupHash = NewType("LookupHash", bytes)
"""Keyed hash (32 bytes) of an account, contact or client secret."""
