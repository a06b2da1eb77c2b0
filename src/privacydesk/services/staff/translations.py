"""Machine translation of what people wrote in a conversation, for the agent who reads it.

The texts leave the desk for the operator's translation service, so each call is audited before it
is made. What comes back is shown once and stored nowhere. Files are never sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.translation import Translator
from privacydesk.errors import NotFoundError, UnavailableError
from privacydesk.ports import IdGenerator
from privacydesk.services.audit import Audit
from privacydesk.services.staff.roster import Roster

_MAX_TEXTS: Final = 100
_MAX_CHARACTERS: Final = 20_000
"""How much is sent at once; of a longer conversation, the newest messages."""
_PEOPLE: Final = frozenset({Sender.USER, Sender.AGENT})


class Translation(Struct, frozen=True):
    """Messages in another language.

    Attributes:
        texts: the translated texts by the offset of their event.
        failed: the offsets of the events for which the service gave no answer.
    """

    texts: Mapping[int, str] = {}
    failed: frozenset[int] = frozenset()


def is_written_by_people(event: Event) -> bool:
    """Return whether an event is a message that a person wrote."""
    return (
        event.kind is EventKind.TEXT
        and event.sender in _PEOPLE
        and not event.key
        and bool(event.text.strip())
    )


def needs_translation(event: Event, locale: str) -> bool:
    """Return whether a message is in a script that readers of a locale may not read.

    A few letters among Chinese, such as a name, don't count, nor do single words.
    """
    if not is_written_by_people(event):
        return False
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in event.text)
    if not locale.startswith("zh"):
        return is_chinese
    words = [word for word in event.text.split() if any(map(str.isalpha, word))]
    return not is_chinese and len(words) > 1


class Translations:
    """Translates messages.

    Args:
        translator: the operator's service; None if there is none.
        roster: finds agents.
        audit: records each call.
        minter: generates the keys of the calls.
    """

    def __init__(
        self, translator: Translator | None, roster: Roster, audit: Audit, minter: IdGenerator
    ) -> None:
        self._translator = translator
        self._roster = roster
        self._audit = audit
        self._minter = minter

    @property
    def is_available(self) -> bool:
        """Whether the operator has a translation service."""
        return self._translator is not None

    async def translate(
        self, conversation: ConversationId, events: Sequence[Event], tag: str, by: str
    ) -> Translation:
        """Translate messages of a conversation; those that people did not write are left out.

        Args:
            conversation: the conversation.
            events: the events to translate, in order.
            tag: the language to translate to.
            by: the name of the agent who reads them.

        Raises:
            NotFoundError: the operator has no translation service.
            DeskError: ``FORBIDDEN`` for an agent who doesn't work on requests.
        """
        if self._translator is None:
            raise NotFoundError("there is no translation service")
        agent = await self._roster.worker(by)
        chosen = _newest(events)
        if not chosen:
            return Translation()
        await self._audit.record(
            agent.name, "messages_translated", conversation=conversation, messages=len(chosen)
        )
        offsets = [event.offset for event in chosen]
        try:
            texts = await self._translator.translate(
                [event.text for event in chosen], tag, key=f"translate:{self._minter.token()}"
            )
        except UnavailableError:
            return Translation(failed=frozenset(offsets))
        return Translation(dict(zip(offsets, map(clean_text, texts), strict=True)))


def _newest(events: Sequence[Event]) -> list[Event]:
    """Return the newest messages that may be sent at once, in order."""
    chosen: list[Event] = []
    characters = 0
    for event in reversed(events):
        if not is_written_by_people(event):
            continue
        characters += len(event.text)
        if chosen and (characters > _MAX_CHARACTERS or len(chosen) == _MAX_TEXTS):
            break
        chosen.insert(0, event)
    return chosen
