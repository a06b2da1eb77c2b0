"""Signatures of requests to gateways, so that a gateway sends messages for the desk only."""

from __future__ import annotations

import hashlib
import hmac


def sign(secret: str, timestamp: int, key: str, body: bytes) -> str:
    """Return ``v1=<hex>``: HMAC-SHA256 of ``timestamp.key.body`` under the shared secret.

    Args:
        secret: the shared secret.
        timestamp: Unix seconds; the gateway refuses old ones.
        key: the idempotency key, signed too so that a captured request can't be sent under another.
        body: the exact bytes posted.
    """
    signed = b".".join([str(timestamp).encode(), key.encode(), body])
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def verify(secret: str, timestamp: int, key: str, body: bytes, signature: str) -> bool:
    """Whether a signature is valid, compared in constant time; for gateways written in Python.

    A header may contain any bytes: a signature or key that is not ASCII is invalid.
    """
    if not (key.isascii() and signature.isascii()):
        return False
    return hmac.compare_digest(sign(secret, timestamp, key, body).encode(), signature.encode())
