"""The in-memory twin of the webhook sender: stores messages, with configurable answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from privacydesk.connectors.signing import sign
from privacydesk.domain.webhooks import DeliveryFault, EndpointResponse

ACCEPTED = EndpointResponse(status=204, seconds=0.01)
UNREACHABLE = EndpointResponse(status=None, seconds=0.01, fault=DeliveryFault.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class PostedWebhook:
    """A message as the receiver would have got it."""

    url: str
    message_id: str
    at: datetime
    signature: str
    body: bytes = field(repr=False)


class MemoryWebhookSender:
    """Implements ``WebhookSender`` in memory.

    Attributes:
        posted: all attempts, including failed ones.
        answers: the answer by URL; ``ACCEPTED`` for all others.
    """

    def __init__(self) -> None:
        self.posted: list[PostedWebhook] = []
        self.answers: dict[str, EndpointResponse] = {}

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> EndpointResponse:
        """Store the message and return the configured answer."""
        signature = sign(secrets, message_id, int(at.timestamp()), body)
        self.posted.append(PostedWebhook(url, message_id, at, signature, body))
        return self.answers.get(url, ACCEPTED)
