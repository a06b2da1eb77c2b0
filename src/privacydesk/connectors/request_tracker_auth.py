"""Authentication at Request Tracker: by token, or by user name and password."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

_TOKEN: Final = re.compile(r"\d+-(\d+)-[0-9a-f]{32}")
"""A token: version, user id and secret."""


def authorization(account: str, secret: str) -> str:
    """Return the value of the ``Authorization`` header.

    Args:
        account: the desk's user name.
        secret: a token, or the password of the account.
    """
    if _TOKEN.fullmatch(secret):
        return f"token {secret}"
    return f"Basic {b64encode(f'{account}:{secret}'.encode()).decode()}"


def user_of_token(secret: str) -> str | None:
    """Return the user id in a token; None for a password."""
    match = _TOKEN.fullmatch(secret)
    return match[1] if match is not None else None
