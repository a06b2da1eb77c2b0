"""What the app's backend does for the chat: sign short-lived tokens for whoever is logged in.

    pip install joserfc
    python app_token.py keys             the setting that the desk needs, with the public key
    python app_token.py token u-1001     a token for an account

The private key stays with the backend. Here it lies in a file; yours may be in a key service.
"""

import json
import os
import sys
import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OKPKey

KEY_FILE = Path(os.environ.get("APP_TOKEN_KEY", "app-token-key.json"))
MINUTES = 5


def private_key() -> OKPKey:
    if not KEY_FILE.exists():
        made = OKPKey.generate_key("Ed25519", {"kid": "app-1"}, private=True)
        KEY_FILE.touch(mode=0o600)
        KEY_FILE.write_text(json.dumps(made.as_dict(private=True)), "utf-8")
    return OKPKey.import_key(json.loads(KEY_FILE.read_text("utf-8")))


def make_token(account: str, locale: str = "") -> str:
    """Return a token for an account; call it where the user is known to be logged in."""
    claims = {"sub": account, "aud": "privacydesk", "exp": int(time.time()) + 60 * MINUTES}
    if locale:
        claims["locale"] = locale
    key = private_key()
    header = {"alg": "Ed25519", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        public = {**private_key().as_dict(private=False), "alg": "Ed25519"}
        print(f"PRIVACYDESK_APP_TOKEN_KEYS='{json.dumps([public])}'")
    else:
        print(make_token(*sys.argv[2:]))
