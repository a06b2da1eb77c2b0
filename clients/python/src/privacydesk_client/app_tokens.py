"""Signs the short-lived tokens that tell the desk who is logged in to the app."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Literal

from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey


def generate_app_token_key(kid: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a key pair for app tokens.

    Args:
        kid: the key's id; another one for each key.

    Returns:
        The private key, which stays in your backend, and the public one, an entry of the desk's
        ``PRIVACYDESK_APP_TOKEN_KEYS``.
    """
    key = OKPKey.generate_key("Ed25519", {"kid": kid}, private=True)
    # Not every library that signs knows the name of RFC 9864 yet; the desk does.
    return dict(key.as_dict(private=True)), dict(key.as_dict(private=False)) | {"alg": "Ed25519"}


class AppTokenSigner:
    """Signs app tokens.

    Args:
        key: the private key as JSON Web Key, parsed or as JSON: Ed25519, or a secret for HS256.
        audience: the desk's ``PRIVACYDESK_APP_TOKEN_AUDIENCE``.
        lifetime: how long a token is valid, in seconds.

    Raises:
        ValueError: the key has no ``kid``, or is of another kind.
    """

    def __init__(
        self,
        key: Mapping[str, Any] | str,
        *,
        audience: str = "privacydesk",
        lifetime: int = 300,
    ) -> None:
        given: dict[str, Any] = json.loads(key) if isinstance(key, str) else dict(key)
        if not given.get("kid"):
            raise ValueError("the key has no kid")
        self._key: OctKey | OKPKey
        if given.get("kty") == "oct":
            self._key, algorithm = OctKey.import_key(given), "HS256"
        else:
            self._key, algorithm = OKPKey.import_key(given), "Ed25519"
            if not self._key.is_private:
                raise ValueError("the key is not a private one")
        self._header = {"alg": algorithm, "kid": given["kid"]}
        self._audience, self._lifetime = audience, lifetime

    def sign(
        self,
        account: str,
        *,
        locale: str | None = None,
        standing: Literal["minor", "suspended"] | None = None,
        token_id: str | None = None,
    ) -> str:
        """Return a token for an account, which must be logged in.

        Args:
            account: the account's id, which never changes; the account service takes the same.
            locale: the language the chat begins in, such as ``zh-Hant``.
            standing: what the first screen suggests is for such an account.
            token_id: the token's own id, so that it can be revoked alone.
        """
        issued = int(time.time())
        claims = {
            "sub": account,
            "aud": self._audience,
            "iat": issued,
            "exp": issued + self._lifetime,
            "locale": locale,
            "standing": standing,
            "jti": token_id,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self._header, present, self._key, algorithms=[self._header["alg"]])
