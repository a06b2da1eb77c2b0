"""Signs short-lived tokens for logged-in accounts, as the app's backend does for the chat.

    pip install joserfc
    python app_token.py keys             print the desk's setting, with the public key
    python app_token.py token u-1001     print a token for an account
    python app_token.py logout u-1001    revoke its tokens, with the API's URL and token:
                                         DESK_URL=http://127.0.0.1:8080 TOKEN=pdk_…

The private key stays in the backend: here in a file, in production perhaps in a key service.
"""

import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

from joserfc import jwt
from joserfc.jwk import OKPKey

KEY_FILE = Path(os.environ.get("APP_TOKEN_KEY", "app-token-key.json"))
LIFETIME_MINUTES = 5
RETRY_PAUSES = (1, 5, 15)


def private_key() -> OKPKey:
    if not KEY_FILE.exists():
        key = OKPKey.generate_key("Ed25519", {"kid": "app-1"}, private=True)
        KEY_FILE.touch(mode=0o600)
        KEY_FILE.write_text(json.dumps(key.as_dict(private=True)), "utf-8")
    return OKPKey.import_key(json.loads(KEY_FILE.read_text("utf-8")))


def make_token(account: str, locale: str = "") -> str:
    """Return a token for an account, which must be logged in."""
    now = int(time.time())
    claims = {"sub": account, "aud": "privacydesk", "iat": now, "exp": now + 60 * LIFETIME_MINUTES}
    if locale:
        claims["locale"] = locale
    key = private_key()
    header = {"alg": "Ed25519", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


def revoke_tokens(account: str) -> None:
    """Revoke all tokens of an account; to be called after a log-out."""
    # The time of this machine, since `iat` of its tokens is compared with it.
    body = json.dumps({"account": account, "at": datetime.now(UTC).isoformat()}).encode()
    headers = {
        "Authorization": f"Bearer {os.environ['TOKEN']}",
        "Content-Type": "application/json",
        # The same for all attempts, so that the request is performed once.
        "Idempotency-Key": str(uuid.uuid4()),
    }
    url = f"{os.environ['DESK_URL']}/api/v1/app-tokens/revoke-account"
    request = Request(url, body, headers)  # noqa: S310 - the URL of your desk
    for pause in (*RETRY_PAUSES, None):
        try:
            urlopen(request, timeout=10).close()  # noqa: S310
        except OSError:
            if pause is None:
                raise
            time.sleep(pause)
        else:
            break


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        public = {**private_key().as_dict(private=False), "alg": "Ed25519"}
        print(f"PRIVACYDESK_APP_TOKEN_KEYS='{json.dumps([public])}'")
    elif sys.argv[1] == "logout":
        revoke_tokens(sys.argv[2])
        print("revoked")
    else:
        print(make_token(*sys.argv[2:]))
