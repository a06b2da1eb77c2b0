"""The people who work on tickets."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """What an agent may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Agent(Struct, frozen=True):
    """A member of staff.

    Attributes:
        name: unique, used in commands and logs.
        display_name: what users see.
        active: whether they may still act.
        locale: the language they work in; empty follows their browser.
    """

    name: str
    display_name: str
    role: Role
    created_at: datetime
    active: bool = True
    locale: str = ""
