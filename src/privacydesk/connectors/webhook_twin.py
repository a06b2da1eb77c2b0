"""The twin of the webhook sender: keeps messages in memory, and answers as told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from privacydesk.connectors.webhook_signing import sign
from privacydesk.domain.webhooks import DeliveryFault, EndpointResponse

TAKEN = EndpointResponse(status=204, seconds=0.01)
AWAY = EndpointResponse(status=None, seconds=0.01, fault=DeliveryFault.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as a receiver would have got it."""

    url: str
    message_id: str
    at: datetime
    signature: str
    body: bytes = field(repr=False)


class MemoryWebhookSender:
    """Implements ``WebhookSender`` in memory.

    Attributes:
        posted: every try, taken or not.
        answers: the answers of addresses; ``TAKEN`` for all others.
    """

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answers: dict[str, EndpointResponse] = {}

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> EndpointResponse:
        """Keep the message and answer as told."""
        signature = sign(secrets, message_id, int(at.timestamp()), body)
        self.posted.append(Posted(url, message_id, at, signature, body))
        return self.answers.get(url, TAKEN)
