"""Who works on tickets: people, and programs that act for another system."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from msgspec import Struct


class Role(StrEnum):
    """What an agent may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    INTEGRATION = "integration"
    """A program: it acts over the API, as far as its tokens reach, and never signs in."""


STAFF: Final = tuple(role for role in Role if role is not Role.INTEGRATION)
"""The roles of people."""

WORKERS: Final = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
"""The roles of people who work on requests and talk to their requesters; auditors only look."""

SUPERVISING: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""The roles with a supervisor's rights."""


class Agent(Struct, frozen=True):
    """A member of staff, or a program that acts like one.

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

    def is_called_like(self, name: str) -> bool:
        """Whether a name is theirs apart from case and width, which older names may differ in."""
        return _plain(self.name) == _plain(name)

    @property
    def is_program(self) -> bool:
        """Whether it is a program, which never counts as a second person."""
        return self.role is Role.INTEGRATION

    @property
    def works(self) -> bool:
        """Whether they work on requests, by themselves or for another system."""
        return self.role is not Role.AUDITOR

    @property
    def supervises(self) -> bool:
        """Whether they have a supervisor's rights."""
        return self.role in SUPERVISING


def _plain(name: str) -> str:
    return normalize("NFKC", name).casefold()
