"""The people who work on tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an agent may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Agent:
    """A member of staff.

    Attributes:
        name: unique, used in commands and logs.
        display_name: what users see.
        active: whether they may still act.
    """

    name: str
    display_name: str
    role: Role
    created_at: datetime
    active: bool = True
