"""Signatures by Standard Webhooks, so that receivers verify with any of its libraries."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"


def sign(secrets: tuple[str, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``webhook-signature`` header: one ``v1,…`` for each secret, the newest first.

    Args:
        secrets: ``whsec_`` and base64.
        message_id: the ``webhook-id`` header.
        timestamp: Unix seconds of this try, the ``webhook-timestamp`` header.
        body: the exact bytes posted.

    Raises:
        ValueError: a secret is invalid.
    """
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return " ".join(
        f"v1,{base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest()).decode()}"
        for one in secrets
    )


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is whsec_ and base64") from None
