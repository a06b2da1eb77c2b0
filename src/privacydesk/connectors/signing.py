"""Signatures of calls, as Standard Webhooks (https://www.standardwebhooks.com).

What the desk sends is signed: webhooks, and calls to the account service, the gateways and other
services of the operator. Receivers verify it with any library for the specification. Callbacks to
the desk are signed in the same way.

Calls to services also have the headers of the desk's earlier form, ``X-Desk-Timestamp`` and
``X-Desk-Signature``, and callbacks may have these alone; the version after this one drops them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

PREFIX: Final = "whsec_"
_MAX_TIMESTAMP_DIGITS: Final = 12
_MAX_SIGNATURES: Final = 8
"""How many signatures of a call are looked at: one for each secret in use."""


def signing_key(secret: str) -> bytes:
    """Return the key of a secret: ``whsec_`` and base64, or else the bytes of the text itself.

    Raises:
        ValueError: what follows ``whsec_`` is not base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is whsec_ and base64") from None


def sign(secrets: tuple[str, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``webhook-signature`` header: a ``v1,…`` signature for each secret.

    Args:
        secrets: the secrets in use, the newest first.
        message_id: the ``webhook-id`` header.
        timestamp: Unix seconds of this attempt, the ``webhook-timestamp`` header.
        body: the exact bytes posted.

    Raises:
        ValueError: a secret is invalid.
    """
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return " ".join(
        f"v1,{base64.b64encode(_mac(signing_key(secret), signed)).decode()}" for secret in secrets
    )


def signature_headers(
    secrets: tuple[str, ...], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the headers that sign a message; see ``sign``."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, message_id, timestamp, body),
    }


def call_headers(secrets: tuple[str, ...], key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed call to a service.

    Args:
        secrets: the secrets in use, the newest first.
        key: the idempotency key of the call, which is also its ``webhook-id``.
        timestamp: Unix seconds.
        body: the exact bytes posted.
    """
    return {
        "Idempotency-Key": key,
        **signature_headers(secrets, key, timestamp, body),
        "X-Desk-Timestamp": str(timestamp),
        "X-Desk-Signature": _sign_as_before(secrets[0], timestamp, key, body),
    }


def read_signed(
    secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes
) -> tuple[str, int] | None:
    """Return the key and the time of a call whose signature is valid; None for any other.

    The caller checks that the time is near. Headers may contain any bytes.

    Args:
        secrets: the secrets in use.
        headers: the headers, whose names ignore case.
        body: the body as received.
    """
    key = headers.get("Idempotency-Key", "")
    if "webhook-signature" in headers:
        message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = headers["webhook-signature"].split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]
        if key not in {"", message_id} or not _is_timestamp(stamp):
            return None
        if not message_id.isascii():
            return None
        valid = sign(secrets, message_id, int(stamp), body).split()
        return (message_id, int(stamp)) if _any_equal(given, valid) else None
    stamp, given = headers.get("X-Desk-Timestamp", ""), [headers.get("X-Desk-Signature", "")]
    if not _is_timestamp(stamp) or not key.isascii():
        return None
    valid = [_sign_as_before(secret, int(stamp), key, body) for secret in secrets]
    return (key, int(stamp)) if _any_equal(given, valid) else None


def _sign_as_before(secret: str, timestamp: int, key: str, body: bytes) -> str:
    """Return the signature of the desk's earlier form, ``v1=`` and hexadecimal digits."""
    signed = b".".join([str(timestamp).encode(), key.encode(), body])
    return f"v1={_mac(secret.encode(), signed).hex()}"


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def _is_timestamp(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_TIMESTAMP_DIGITS


def _any_equal(given: list[str], valid: list[str]) -> bool:
    """Whether a signature is valid, compared in constant time."""
    pairs = ((one, other) for one in given if one.isascii() for other in valid)
    return any(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)
