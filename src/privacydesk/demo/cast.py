"""Who can be played: the sample people, and somebody without an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from privacydesk.connectors.memory import MemoryCodeSender, SentCode, SentNotice
from privacydesk.demo.person import SamplePerson
from privacydesk.errors import NotFoundError

Message = SentCode | SentNotice

NOBODY: Final = SamplePerson(
    id="nobody",
    name="",
    locale="zh-Hans",
    note="Somebody without an account; writes through the doors that ask for none",
    phone="+8619900001999",
    mail="nobody@example.com",
)


class Cast:
    """Everyone who can be played, and what arrives on their phones.

    Args:
        people: the sample people.
        sender: where codes and notices arrive.
    """

    def __init__(self, people: Iterable[SamplePerson], sender: MemoryCodeSender) -> None:
        self._people: Mapping[str, SamplePerson] = {one.id: one for one in (*people, NOBODY)}
        self._sender = sender
        self._claimed = {
            contact for one in self._people.values() for contact in (one.phone, one.mail) if contact
        }

    @property
    def people(self) -> tuple[SamplePerson, ...]:
        """All of them, somebody without an account last."""
        return tuple(self._people.values())

    def find(self, person: str) -> SamplePerson:
        """Return a person by id.

        Raises:
            NotFoundError: there is no such person.
        """
        found = self._people.get(person)
        if found is None:
            raise NotFoundError("no such person in the demo")
        return found

    def messages(self, person: SamplePerson) -> tuple[Message, ...]:
        """Return what arrived for a person, the newest first."""
        own = {person.phone, person.mail}
        return tuple(one for one in self._arrived() if one.destination in own)

    def others(self) -> Mapping[str, tuple[Message, ...]]:
        """Return what arrived elsewhere, by number or address; the one written to last first.

        Any number may be typed in the demo; one that is nobody's in the cast is a phone of its own.
        """
        found: dict[str, list[Message]] = {}
        for one in self._arrived():
            if one.destination not in self._claimed:
                found.setdefault(one.destination, []).append(one)
        return {to: tuple(messages) for to, messages in found.items()}

    def _arrived(self) -> list[Message]:
        """Return all messages, the newest first."""
        arrived: list[Message] = [*self._sender.notices, *self._sender.messages]
        return sorted(arrived, key=lambda one: one.at, reverse=True)
