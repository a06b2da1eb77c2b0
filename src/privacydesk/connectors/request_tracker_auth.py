"""How the desk signs in to Request Tracker: by a token, or by name and password."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

_TOKEN: Final = re.compile(r"\d+-(\d+)-[0-9a-f]{32}")
"""A version, the number of its user, and a secret."""


def authorization(account: str, secret: str) -> str:
    """Return the header that signs the desk in.

    Args:
        account: the desk's user, whose password is the secret unless that looks like a token.
        secret: a token or a password.
    """
    if _TOKEN.fullmatch(secret):
        return f"token {secret}"
    return f"Basic {b64encode(f'{account}:{secret}'.encode()).decode()}"


def user_of_token(secret: str) -> str | None:
    """Return the number of a token's user; None for a password."""
    found = _TOKEN.fullmatch(secret)
    return found[1] if found is not None else None
