"""Verifies webhooks (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Final, cast

from privacydesk_client.schema import WebhookEvent

_PREFIX: Final = "whsec_"
_SCHEME: Final = "v1,"


class WebhookVerificationError(Exception):
    """The desk has not signed the message, or not now: answer 401."""


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = 300,
    now: float | None = None,
) -> WebhookEvent:
    """Verify a webhook and return its message.

    A newer desk may send types that this version does not know: ignore those.

    Args:
        body: the body as it came. One that was parsed and written again has another signature.
        headers: the headers of the request.
        secret: the endpoint's ``whsec_…``, or several of them.
        tolerance: how far the timestamp may be from this machine's clock, in seconds.
        now: the present, in seconds since 1970.

    Raises:
        WebhookVerificationError: it was not sent by the desk, or not now.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = found["webhook-id"], found["webhook-timestamp"]
        signatures = found["webhook-signature"].split(" ")
        age = abs((time.time() if now is None else now) - int(timestamp))
    except (KeyError, ValueError):
        raise WebhookVerificationError("a header is missing or broken") from None
    if age > tolerance:
        raise WebhookVerificationError("the timestamp is too far from the present")
    raw = body.encode() if isinstance(body, str) else body
    signed = b".".join((message_id.encode(), timestamp.encode(), raw))
    for one in [secret] if isinstance(secret, str) else secret:
        digest = hmac.new(_key(one), signed, hashlib.sha256).digest()
        expected = (_SCHEME + base64.b64encode(digest).decode()).encode()
        if any(hmac.compare_digest(given.encode(), expected) for given in signatures):
            return cast("WebhookEvent", json.loads(raw))
    raise WebhookVerificationError("no signature matches")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a webhook's secret is {_PREFIX} and base64") from None
