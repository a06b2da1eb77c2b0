"""Tokens of the HTTP API: what a program shows, what it may do with it, and what it was answered.

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
"""How long a token works unless something else is asked for."""

LONGEST: Final = timedelta(days=366)
MOST_TOKENS: Final = 100
"""Tokens that work at the same time."""

ENDS_SOON: Final = timedelta(days=14)
"""From then on staff see that a token has to be replaced."""

KEPT_ANSWERS: Final = timedelta(hours=48)
"""For so long a request that is sent again gets the answer it got."""


class Scope(StrEnum):
    """What a token opens. None of them includes another."""

    TICKETS_READ = "tickets:read"
    """Requests without a word of what people wrote or are called."""
    TICKETS_DETAILS = "tickets:details"
    """What a request says of a person: account, contact, details, answers, words of the log."""
    TICKETS_WRITE = "tickets:write"
    """Holding, giving away, internal notes, asking the supervisors."""
    TICKETS_REPLY = "tickets:reply"
    """Writing to the requester about a request."""
    TICKETS_DECIDE = "tickets:decide"
    """Settling what evidence shows, and deciding."""
    EVIDENCE_READ = "evidence:read"
    """Opening what was handed in, as the agent on the case."""
    CONVERSATIONS_READ = "conversations:read"
    """Who waits, and who answers; no messages."""
    CONVERSATIONS_WRITE = "conversations:write"
    """Taking conversations over, answering in them, handing them back."""
    MESSAGES_READ = "messages:read"
    """What was said in conversations."""
    WEBHOOKS_READ = "webhooks:read"
    """Endpoints without their addresses, and what was sent to them."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Adding and changing endpoints, their secrets, tests, sending again; sees addresses."""
    APP_TOKENS_REVOKE = "app_tokens:revoke"
    """Ending app tokens before they end by themselves; sees nothing."""


class TokenStanding(StrEnum):
    """Whether a token opens anything."""

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
        """Tell whether it opens anything."""
        if self.revoked_at is not None:
            return TokenStanding.REVOKED
        if now >= self.expires_at:
            return TokenStanding.EXPIRED
        soon = self.expires_at - now <= ENDS_SOON
        return TokenStanding.ENDS_SOON if soon else TokenStanding.WORKING

    def works(self, now: datetime) -> bool:
        """Tell whether it still opens what its scopes name."""
        return self.revoked_at is None and now < self.expires_at


class Bearer(Struct, frozen=True):
    """A token and its identity as they are now."""

    token: ApiToken
    agent: Agent


class KeptAnswer(Struct, frozen=True):
    """What was answered to a request that changes something, for whoever sends it again.

    Attributes:
        agent: the identity that asked.
        key: hash of the identity's name for the request.
        fingerprint: hash of what was asked: method, path and body.
        status: HTTP's; 0 while there is no answer yet, or none but a refusal.
        body: the answer, which tells nothing of a person; while there is none, what was left by
            the transaction that did it, where that keeps it.
        tag: the entity tag that went with it; empty for none.
    """

    agent: str
    key: bytes
    fingerprint: bytes
    at: datetime
    status: int = 0
    body: bytes = b""
    tag: str = ""
