"""Who can be played: the sample people, and somebody without an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from privacydesk.connectors.memory import MemoryCodeSender, SentCode
from privacydesk.demo.people import SamplePerson
from privacydesk.errors import NotFoundError

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
        sender: where codes arrive.
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
            NotFoundError: nobody is called that.
        """
        found = self._people.get(person)
        if found is None:
            raise NotFoundError("no such person in the demo")
        return found

    def messages(self, person: SamplePerson) -> tuple[SentCode, ...]:
        """Return what arrived for a person, the newest first."""
        return tuple(one for one in reversed(self._sender.messages) if self.reaches(one, person))

    def reaches(self, message: SentCode, person: SamplePerson) -> bool:
        """Tell whether a person sees a message.

        A number that is nobody's was made up by whoever is being played, so everyone sees it.
        """
        own = message.destination in {person.phone, person.mail}
        return own or message.destination not in self._claimed
