"""Agents: the members of staff, and the programs that act for other systems."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from msgspec import Struct


class Role(StrEnum):
    """The role of an agent, which decides what they may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    DATA_OWNER = "data_owner"
    """A member of a team who sees the team's tasks alone."""
    INTEGRATION = "integration"
    """A program. It uses the API with the scopes of its tokens, and never signs in."""


STAFF: Final = tuple(role for role in Role if role is not Role.INTEGRATION)
"""The roles of people."""

WORKERS: Final = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
"""The roles of people who work on tickets and conversations; auditors only read."""

CASE_READERS: Final = (*WORKERS, Role.AUDITOR)
"""The roles of people who may read tickets and conversations."""

SUPERVISING: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""The roles with a supervisor's rights."""


class Agent(Struct, frozen=True):
    """A member of staff, or a program that acts like one.

    Attributes:
        name: unique, used in commands and logs.
        display_name: what users see, if it is another one than ``name``; see ``public_name``.
        active: whether they may still act.
        locale: the language they work in; empty follows their browser.
        teams: names of the teams whose tasks they work on.
    """

    name: str
    display_name: str
    role: Role
    created_at: datetime
    active: bool = True
    locale: str = ""
    teams: tuple[str, ...] = ()

    def is_called_like(self, name: str) -> bool:
        """Return whether a name equals the agent's, ignoring case and width of characters."""
        return _fold(self.name) == _fold(name)

    @property
    def is_program(self) -> bool:
        """Whether it is a program, which never counts as the second of two people."""
        return self.role is Role.INTEGRATION

    @property
    def public_name(self) -> str:
        """What users see; empty for a program that has only a name for logs: they see the app's."""
        return "" if self.is_program and self.display_name == self.name else self.display_name

    @property
    def works(self) -> bool:
        """Whether the role permits working on tickets."""
        return self.role not in {Role.AUDITOR, Role.DATA_OWNER}

    @property
    def supervises(self) -> bool:
        """Whether the role has a supervisor's rights."""
        return self.role in SUPERVISING


def _fold(name: str) -> str:
    return normalize("NFKC", name).casefold()
