"""Settings that administrators change while the desk runs, with all their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

HOURS: Final = "hours"
"""The office hours. An empty body means those of the operator profile."""
PROFILE: Final = "profile"
"""The operator profile."""
BY_FILE: Final = "operator"
"""Who changed a setting that a start took over from a file."""
CALENDAR_PREFIX: Final = "calendar:"
POLICY_PREFIX: Final = "policy:"
MAX_COMMENT: Final = 200


def calendar_setting(code: str) -> str:
    """Return the name of the setting with the overrides of a calendar."""
    return CALENDAR_PREFIX + code


def policy_setting(name: str) -> str:
    """Return the name of the setting with the digest of the policy's text in force."""
    return POLICY_PREFIX + name


class SavedSetting(Struct, frozen=True):
    """A version of a setting. Versions are never changed; the newest is in force.

    Attributes:
        name: what is set: ``HOURS``, ``PROFILE``, or as ``calendar_setting`` or
            ``policy_setting`` returns.
        version: 1, 2, 3 … of each name.
        body: the whole value, in the format of the setting.
        by: the name of the administrator; ``BY_FILE``, or ``signin.BY_COMMAND``.
        comment: why, or the name of the imported file; may be empty.
        restored: the version whose body this one repeats; 0 for a new body.
    """

    name: str
    version: int
    body: str
    at: datetime
    by: str
    comment: str = ""
    restored: int = 0
