"""Signs short-lived tokens for logged-in accounts, as the app's backend does for the chat.

    pip install privacydesk-client
    python app_token.py keys             print the desk's setting, with the public key
    python app_token.py token u-1001     print a token for an account
    python app_token.py logout u-1001    revoke its tokens, with the API's URL and token:
                                         DESK_URL=http://127.0.0.1:8080 TOKEN=pdk_…

The private key stays in the backend: here in a file, in production perhaps in a key service.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from privacydesk_client import AppTokenSigner, DeskClient, generate_app_token_key

KEY_FILE = Path(os.environ.get("APP_TOKEN_KEY", "app-token-key.json"))


def make_keys() -> dict[str, str]:
    """Store a new private key, and return the public one."""
    private, public = generate_app_token_key("app-1")
    KEY_FILE.touch(mode=0o600)
    KEY_FILE.write_text(json.dumps(private), "utf-8")
    return public


def make_token(account: str, locale: str | None = None) -> str:
    """Return a token for an account, which must be logged in."""
    return AppTokenSigner(KEY_FILE.read_text("utf-8")).sign(account, locale=locale)


def revoke_tokens(account: str) -> None:
    """Revoke all tokens of an account; to be called after a log-out."""
    with DeskClient(os.environ["DESK_URL"], os.environ["TOKEN"]) as desk:
        # The time of this machine, since `iat` of its tokens is compared with it.
        desk.revoke_account_tokens({"account": account, "at": datetime.now(UTC).isoformat()})


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        print(f"PRIVACYDESK_APP_TOKEN_KEYS='{json.dumps([make_keys()])}'")
    elif sys.argv[1] == "logout":
        revoke_tokens(sys.argv[2])
        print("revoked")
    else:
        print(make_token(*sys.argv[2:]))
