"""Signatures of requests to Chinese clouds: ACS3-HMAC-SHA256 and TC3-HMAC-SHA256.

Both hash a canonical form of the request. Their documents have worked examples, which the tests
repeat: Alibaba Cloud "V3版本请求体&签名机制", Tencent Cloud "签名方法 v3".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

_ACS = "ACS3-HMAC-SHA256"
_TC = "TC3-HMAC-SHA256"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Return parameters as a query string: sorted, percent-encoded as RFC 3986 says."""
    pairs = [
        (quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in parameters.items()
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def acs_headers(
    key_id: str,
    secret: str,
    *,
    host: str,
    action: str,
    version: str,
    query: str,
    nonce: str,
    now: datetime,
    body: bytes = b"",
) -> dict[str, str]:
    """Return the headers of a signed POST to Alibaba Cloud's ``/``.

    Args:
        key_id: the access key's ID.
        secret: its secret.
        host: as sent, with a port if it isn't the usual one.
        action: the operation.
        version: the version of the product's API.
        query: the query string, as ``canonical_query`` returns it.
        nonce: a random value, new for each request.
        now: the current time.
        body: the body.
    """
    digest = _sha256(body)
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    request, signed = _canonical_request(query, headers, digest)
    signature = _hmac(secret.encode(), f"{_ACS}\n{_sha256(request)}").hex()
    credential = f"Credential={key_id},SignedHeaders={signed},Signature={signature}"
    return {**headers, "Authorization": f"{_ACS} {credential}"}


def tc_headers(
    secret_id: str,
    secret_key: str,
    *,
    host: str,
    service: str,
    body: bytes,
    now: datetime,
    signed: Mapping[str, str],
) -> dict[str, str]:
    """Return the authorization and timestamp headers of a POST to Tencent Cloud's ``/``.

    Args:
        secret_id: the key's ID.
        secret_key: its secret.
        host: as sent, with a port if it isn't the usual one.
        service: the name of the product.
        body: the JSON body.
        now: the current time.
        signed: further headers to sign, by their names in lower case.
    """
    request, names = _canonical_request("", {"host": host, **signed}, _sha256(body))
    timestamp, day = int(now.timestamp()), now.astimezone(UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = _hmac(key, part)
    signature = _hmac(key, f"{_TC}\n{timestamp}\n{scope}\n{_sha256(request)}").hex()
    credential = f"Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"Authorization": f"{_TC} {credential}", "X-TC-Timestamp": str(timestamp)}


def _canonical_request(query: str, headers: Mapping[str, str], digest: str) -> tuple[bytes, str]:
    """Return the canonical form of a POST to ``/``, and the names of its signed headers."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return f"POST\n/\n{query}\n{lines}\n{names}\n{digest}".encode(), names


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
