"""Signs webhooks by the Standard Webhooks specification, for whose verification libraries exist."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"


def sign(secrets: tuple[str, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``webhook-signature`` header: a ``v1,…`` signature for each secret.

    Args:
        secrets: as ``whsec_`` and base64, the newest first.
        message_id: the ``webhook-id`` header.
        timestamp: Unix seconds of this attempt, the ``webhook-timestamp`` header.
        body: the exact bytes posted.

    Raises:
        ValueError: a secret is invalid.
    """
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return " ".join(
        f"v1,{base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()}"
        for secret in secrets
    )


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is whsec_ and base64") from None
