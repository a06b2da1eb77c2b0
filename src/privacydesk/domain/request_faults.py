"""What can be wrong with a part of a program's request, in the desk's own words.

They are part of the API: programs may compare them, and none depends on a library.
"""

from __future__ import annotations

from enum import StrEnum


class RequestFault(StrEnum):
    """What is wrong with a part of a request."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    """There is no such field, or what it names doesn't exist."""
    REPEATED = "repeated"
    WRONG_TYPE = "wrong_type"
    WRONG_FORMAT = "wrong_format"
    TOO_SHORT = "too_short"
    """Too few characters or entries."""
    TOO_LONG = "too_long"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NOT_TAKEN = "not_taken"
    """None of the values that are offered there."""
    NOT_VALID = "not_valid"
    """Another rule is broken; ``message`` may say which."""
    NO_TAG = "no_tag"
    """Not exactly one entity tag."""
    NO_KEY = "no_key"
    """Not exactly one idempotency key."""

    # Of requests that are filed for users.
    NOT_ASKED = "not_asked"
    """The flow does not ask this, with the other answers as they are."""
    TAKES_ONE_VALUE = "takes_one_value"
    NO_DAYS = "no_days"
    NOT_ENOUGH = "not_enough"
    """A proof that does not reach for what is requested."""
    EXPIRED = "expired"
    OF_ANOTHER_TOKEN = "of_another_token"  # noqa: S105 - no secret
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"
    BEFORE_PROOF = "before_proof"
    CLOSED = "closed"
    ACCOUNT_SUSPENDED = "account_suspended"
    ONLY_IN_THE_CHAT = "only_in_the_chat"
    NOTHING_TO_FILE = "nothing_to_file"
