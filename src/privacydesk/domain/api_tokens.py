"""HTTP API tokens: what a program presents, what it may do, and the answers kept for retries.

A token belongs to an identity, an agent of the role ``integration``: whatever is done with it is
logged under that name, as if a member of staff of that name had done it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import ApiTokenId, LookupHash

LASTING: Final = timedelta(days=180)
"""The default lifetime of a token."""

LONGEST: Final = timedelta(days=366)
MOST_TOKENS: Final = 100
"""The most tokens that may be valid at the same time."""

ENDS_SOON: Final = timedelta(days=14)
"""How long before its end staff are shown that a token must be replaced."""

KEPT_ANSWERS: Final = timedelta(hours=48)
"""How long a repeated request gets its first answer."""


class Scope(StrEnum):
    """What a token permits. No scope includes another."""

    TICKETS_READ = "tickets:read"
    """Requests without any text that people wrote, and without names."""
    TICKETS_DETAILS = "tickets:details"
    """A request's personal data: account, contact, details, answers, texts of the log."""
    TICKETS_WRITE = "tickets:write"
    """Holding and giving away, internal notes, asking the supervisors."""
    TICKETS_REPLY = "tickets:reply"
    """Writing to the requester about a request."""
    TICKETS_DECIDE = "tickets:decide"
    """Settling what evidence proves, and deciding."""
    EVIDENCE_READ = "evidence:read"
    """Opening evidence, as the agent on the case."""
    CONVERSATIONS_READ = "conversations:read"
    """Who waits, and who answers; no messages."""
    CONVERSATIONS_WRITE = "conversations:write"
    """Incoming conversations over, answering in them, handing them back."""
    MESSAGES_READ = "messages:read"
    """What was said in conversations."""
    WEBHOOKS_READ = "webhooks:read"
    """Endpoints without their addresses, and their deliveries."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Adding and changing endpoints, their secrets, tests, sending again; sees addresses."""
    APP_TOKENS_REVOKE = "app_tokens:revoke"
    """Revoking app tokens before they expire; reads nothing."""


class TokenStanding(StrEnum):
    """Whether a token is valid."""

    WORKING = "working"
    ENDS_SOON = "ends_soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiToken(Struct, frozen=True):
    """A token without its text, which is kept nowhere.

    Attributes:
        hash: keyed hash of the text.
        agent: the identity that acts.
        created_by: who made it: an agent's name, or ``operator``.
        used_at: when it was last used, to the minute.
    """

    id: ApiTokenId
    hash: LookupHash
    agent: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def standing(self, now: datetime) -> TokenStanding:
        """Return whether it is valid, and if not, why."""
        if self.revoked_at is not None:
            return TokenStanding.REVOKED
        if now >= self.expires_at:
            return TokenStanding.EXPIRED
        soon = self.expires_at - now <= ENDS_SOON
        return TokenStanding.ENDS_SOON if soon else TokenStanding.WORKING

    def works(self, now: datetime) -> bool:
        """Whether it is still valid."""
        return self.revoked_at is None and now < self.expires_at


class Bearer(Struct, frozen=True):
    """A token and its identity in their current state."""

    token: ApiToken
    agent: Agent


class KeptAnswer(Struct, frozen=True):
    """The answer to a request that changes something, kept for retries.

    Attributes:
        agent: the identity that asked.
        key: hash of the idempotency key that the identity chose.
        fingerprint: hash of what was asked: method, path and body.
        status: HTTP's; 0 while there is no answer yet, or only a refusal.
        body: the answer, without personal data; until there is one, what was left by the
            transaction that did it, where that keeps it.
        tag: the entity tag that went with it; empty for none.
    """

    agent: str
    key: bytes
    fingerprint: bytes
    at: datetime
    status: int = 0
    body: bytes = b""
    tag: str = ""
