"""What tests of the sync need of a real ticketing system, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tests.common.killing import Killable


@dataclass(frozen=True, slots=True)
class SiteTicket:
    """A ticket as somebody sees it there.

    Attributes:
        id: its number.
        subject: its title.
        state: its state, as it is named there.
        assignee: the login of whom it is given to; empty for nobody.
        due_at: the last minute before it is late.
        updated: what changes with each change.
        written: who wrote what, oldest first: login, whether to the requester, text.
    """

    id: int
    subject: str
    state: str
    assignee: str
    due_at: datetime | None
    updated: object
    written: tuple[tuple[str, bool, str], ...]


class Person(Protocol):
    """Somebody at work in a ticketing system."""

    async def seen(self, number: str = "") -> list[SiteTicket]:
        """Return the tickets, or only those whose subject has a number."""

    async def comment(self, ticket: int, text: str) -> None:
        """Write an internal note."""

    async def reply(self, ticket: int, text: str) -> None:
        """Write to the requester."""

    async def attach(self, ticket: int, name: str, content: bytes) -> None:
        """Put a file on a ticket."""

    async def assign(self, ticket: int, login: str) -> None:
        """Give a ticket to somebody, or to nobody."""

    async def move(self, ticket: int, state: str) -> None:
        """Set the state."""

    async def delay(self, ticket: int) -> None:
        """Set the due date to the first day of 2027."""


class TicketSite(Killable, Protocol):
    """A running ticketing system with the people ``desk``, ``zhou`` and ``lin``."""

    @property
    def system(self) -> str:
        """Its name in the settings."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def username(self) -> str:
        """The desk's user in the settings."""

    @property
    def secret(self) -> str:
        """The secret in the settings."""

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The operator's mapping: zhou is mei at the desk, lin is lao-zhou."""

    @property
    def solved(self) -> str:
        """A state in which nobody works on a ticket."""

    @property
    def waiting(self) -> str:
        """The state while the requester is waited for."""

    @property
    def at_work(self) -> str:
        """The state while staff work on it."""

    def as_user(self, name: str) -> AbstractAsyncContextManager[Person]:
        """Act as somebody."""
