"""App tokens, as the app's backend would sign them. The demo is its own backend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from privacydesk.clock import Clock
from privacydesk.demo.files import replace_file
from privacydesk.domain.app_tokens import Standing
from privacydesk.errors import SettingsError

LIFETIME: Final = timedelta(minutes=10)
_KEY_FILE: Final = "app-token-key.json"
_KEY_ID: Final = "demo"
_ALGORITHM: Final = "Ed25519"


class TokenMinter:
    """Signs short-lived tokens with a key of its own.

    Args:
        key: an Ed25519 key with its private part.
        audience: ``aud`` of the tokens.
        clock: source of the current time, for ``iat`` and ``exp``.
    """

    def __init__(self, key: OKPKey, audience: str, clock: Clock) -> None:
        self._key = key
        self._audience = audience
        self._clock = clock

    def mint(self, account: str, locale: str, standing: Standing = Standing.REGULAR) -> str:
        """Return a token for an account, good for :data:`LIFETIME`."""
        issued = int(self._clock.now().timestamp())
        claims = {
            "sub": account,
            "aud": self._audience,
            "iat": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
            "locale": locale,
            "standing": standing.value,
        }
        header = {"alg": _ALGORITHM, "kid": _KEY_ID}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])


def public_part(key: OKPKey) -> Mapping[str, Any]:
    """Return the public key as the desk's settings take it, to check tokens with."""
    return {**key.as_dict(private=False), "kid": _KEY_ID, "use": "sig", "alg": _ALGORITHM}


def load_key(data_dir: Path) -> OKPKey:
    """Return the folder's key, created the first time.

    Raises:
        SettingsError: the file holds no key, or can't be written.
    """
    path = data_dir / _KEY_FILE
    try:
        return OKPKey.import_key(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        key = OKPKey.generate_key("Ed25519", {"kid": _KEY_ID}, private=True)
        replace_file(path, json.dumps(key.as_dict(private=True)))
        return key
    except (OSError, ValueError, JoseError) as error:
        raise SettingsError(f"{path} holds no token key; remove it to make a new one") from error
