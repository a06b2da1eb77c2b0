"""Tokens of the HTTP API, their scopes, and the responses stored for idempotent retries.

A token belongs to an identity, an agent of the role ``integration``, or to a member of staff, whose
role then decides what it permits. Requests made with the token are logged under that name.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import ApiTokenId, LookupHash

DEFAULT_LIFETIME: Final = timedelta(days=180)
"""The default lifetime of a token."""

MAX_LIFETIME: Final = timedelta(days=366)
MAX_TOKENS: Final = 100
"""How many tokens may be valid at the same time."""

EXPIRY_WARNING: Final = timedelta(days=14)
"""How long before its expiry staff are shown that a token must be replaced."""

RESPONSE_RETENTION: Final = timedelta(hours=48)
"""How long a response is stored, so that a retry of the request gets the same response."""


class Scope(StrEnum):
    """A permission of a token. No scope includes another."""

    REQUESTS_FILE = "requests:file"
    """File requests of the app's users, proven by their app tokens or, later, in the chat."""
    REQUESTS_ATTEST = "requests:attest"
    """File requests of users whose identity a person has checked, such as in a call centre."""
    TICKETS_READ = "tickets:read"
    """Read tickets without names and without any text that people wrote."""
    TICKETS_DETAILS = "tickets:details"
    """Read a ticket's personal data: account, contact, item details, answers, texts of the log."""
    TICKETS_WRITE = "tickets:write"
    """Claim and assign tickets, add internal notes, ask the supervisors."""
    TICKETS_REPLY = "tickets:reply"
    """Write to the requester about a ticket."""
    TICKETS_DECIDE = "tickets:decide"
    """Accept or reject evidence, and decide tickets."""
    TICKETS_SUPERVISE = "tickets:supervise"
    """Extend deadlines, set and release legal holds; only with a supervisor's own token."""
    TICKETS_CONFIRM = "tickets:confirm"
    """Confirm or send back a proposed decision; confirming takes a member of staff's own token."""
    TASKS_READ = "tasks:read"
    """Read tasks of teams: what is asked, of which account, and the answers."""
    TASKS_ANSWER = "tasks:answer"
    """Take, answer and hand back tasks, for any team."""
    EVIDENCE_READ = "evidence:read"
    """Open evidence, as the agent on the case."""
    CONVERSATIONS_READ = "conversations:read"
    """See which conversations are queued and who has them; no messages."""
    CONVERSATIONS_WRITE = "conversations:write"
    """Take over conversations, reply in them, hand them back."""
    MESSAGES_READ = "messages:read"
    """Read the messages of conversations."""
    EVENTS_READ = "events:read"
    """Read the event log: the types about what the token's other scopes can read."""
    WEBHOOKS_READ = "webhooks:read"
    """Read endpoints without their URLs, and their deliveries."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Add and change endpoints and their secrets, send tests, replay deliveries; includes URLs."""
    PROFILE_READ = "profile:read"
    """Read the operator profile and its versions; no personal data of users."""
    PROFILE_WRITE = "profile:write"
    """Put an operator profile, or an earlier version of it, in force."""
    POLICY_READ = "policy:read"
    """Search the operator's policy, which is public."""
    REPORTS_READ = "reports:read"
    """Read the figures of reports: counts without any single request."""
    APP_TOKENS_REVOKE = "app_tokens:revoke"
    """Revoke app tokens before they expire; nothing can be read."""


class TokenStatus(StrEnum):
    """The status of a token; ``ENDS_SOON`` is still valid."""

    WORKING = "working"
    EXPIRY_WARNING = "ends_soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiToken(Struct, frozen=True):
    """A token without its text, which is not stored.

    Attributes:
        hash: keyed hash of the text.
        agent: name of the identity that the token belongs to.
        created_by: who created it: an agent's name, or ``operator``.
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

    def status(self, now: datetime) -> TokenStatus:
        """Return whether the token is valid, and if not, why."""
        if self.revoked_at is not None:
            return TokenStatus.REVOKED
        if now >= self.expires_at:
            return TokenStatus.EXPIRED
        soon = self.expires_at - now <= EXPIRY_WARNING
        return TokenStatus.EXPIRY_WARNING if soon else TokenStatus.WORKING

    def is_valid(self, now: datetime) -> bool:
        """Return whether the token is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at


class Bearer(Struct, frozen=True):
    """A token and its identity as they are now."""

    token: ApiToken
    agent: Agent


class StoredResponse(Struct, frozen=True):
    """The response to a request that changed something, stored for idempotent retries.

    Attributes:
        agent: name of the identity that made the request.
        key: hash of the idempotency key that the client chose.
        fingerprint: hash of the request: method, path and body.
        status: HTTP status; 0 while the request is not answered, or was only refused.
        body: body of the response, without personal data. Before the request is answered, the
            result that the transaction stored in its own commit, if it stores one.
        tag: the response's entity tag; empty for none.
    """

    agent: str
    key: bytes
    fingerprint: bytes
    at: datetime
    status: int = 0
    body: bytes = b""
    tag: str = ""
