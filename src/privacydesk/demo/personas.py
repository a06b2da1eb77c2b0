"""The people who can be played: the sample people, and somebody without an account."""

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


class Personas:
    """Everyone who can be played, and the messages on their phones.

    Args:
        people: the sample people whose conversations begin empty.
        applicants: the sample people whose requests are at the desk already.
        sender: receives codes and notices.
    """

    def __init__(
        self,
        people: Iterable[SamplePerson],
        applicants: Iterable[SamplePerson],
        sender: MemoryCodeSender,
    ) -> None:
        self.people = (*people, NOBODY)
        # A conversation without an account is known to its own browser alone.
        self.applicants = tuple(person for person in applicants if person.account is not None)
        self._by_id = {person.id: person for person in (*self.people, *self.applicants)}
        self._sender = sender
        self._contacts = {
            contact
            for person in self._by_id.values()
            for contact in (person.phone, person.mail)
            if contact
        }

    def find(self, person: str) -> SamplePerson:
        """Return a person by id.

        Raises:
            NotFoundError: there is no such person.
        """
        found = self._by_id.get(person)
        if found is None:
            raise NotFoundError("no such person in the demo")
        return found

    def messages(self, person: SamplePerson) -> tuple[Message, ...]:
        """Return the messages to a person, the newest first."""
        contacts = {person.phone, person.mail}
        return tuple(message for message in self._newest() if message.destination in contacts)

    def other_messages(self) -> Mapping[str, tuple[Message, ...]]:
        """Return the messages to contacts of nobody here, by contact, the newest first.

        Any number may be typed in the demo; each is shown as a phone of its own.
        """
        by_contact: dict[str, list[Message]] = {}
        for message in self._newest():
            if message.destination not in self._contacts:
                by_contact.setdefault(message.destination, []).append(message)
        return {contact: tuple(messages) for contact, messages in by_contact.items()}

    def _newest(self) -> list[Message]:
        messages: list[Message] = [*self._sender.notices, *self._sender.messages]
        return sorted(messages, key=lambda message: message.at, reverse=True)
