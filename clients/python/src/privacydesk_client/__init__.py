"""Client of the privacy desk: HTTP API, webhooks and app tokens."""

from privacydesk_client.answers import Answer, ConnectionFailedError, ProblemError
from privacydesk_client.app_tokens import AppTokenSigner, generate_app_token_key
from privacydesk_client.async_client import AsyncDeskClient
from privacydesk_client.client import DeskClient
from privacydesk_client.webhooks import WebhookVerificationError, verify_webhook

__all__ = [
    "Answer",
    "AppTokenSigner",
    "AsyncDeskClient",
    "ConnectionFailedError",
    "DeskClient",
    "ProblemError",
    "WebhookVerificationError",
    "generate_app_token_key",
    "verify_webhook",
]
