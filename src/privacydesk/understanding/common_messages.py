"""Readings of short messages that many people send, such as 你好 or 在吗."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import date
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from privacydesk.domain.reading import Question
from privacydesk.domain.turn import Observation

_LONGEST: Final = 24
"""Characters of a message whose reading may be kept; longer ones are hardly ever sent again."""
_MOST: Final = 2_048
_KEY: Final = 32
_DIGEST: Final = 16
_BARE: Final = "bare_value"
"""The entity that repeats a message which is a value."""
_CLOSED: Final = frozenset(
    {
        "acts", "answer", "answer_alone", "asks_person", "asks_status", "command", "language",
        "nothing_to_add", "only_tells", "opens_loosely", "opens_with", "phrase", "plain_answer",
        "tells", "tells_nothing", "told_already", "wants", "wish_words",
    }
)  # fmt: skip
"""Entities whose values are of the desk's closed vocabularies, and nothing that was written."""
_LANGUAGES: Final = frozenset({"", "zh_Hans", "zh_Hant", "en"})


class CommonMessages:
    """Readings that hold nothing of their messages, by a keyed digest of message and question.

    Neither messages nor questions are kept, and the key is made anew with each process, so that
    what is kept tells nobody what was written. Readings with values, things named, questions or
    several requests are not kept.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_KEY)
        self._kept: OrderedDict[bytes, Observation] = OrderedDict()

    def digest(self, text: str, today: date, question: Question) -> bytes:
        """Return the digest of a message at a question; empty if its reading is not to be kept."""
        if len(text) > _LONGEST:
            return b""
        asked = msgspec.msgpack.encode((text.encode("utf-8", "surrogatepass"), today, question))
        return blake2b(asked, digest_size=_DIGEST, key=self._key).digest()

    def find(self, digest: bytes, text: str) -> Observation | None:
        """Return the reading of a message, if it is kept."""
        known = self._kept.get(digest)
        if known is None:
            return None
        self._kept.move_to_end(digest)
        return replace(known, entities={**known.entities, _BARE: (text.strip(),)})

    def keep(self, digest: bytes, text: str, observed: Observation) -> None:
        """Keep the reading of a message, if nothing in it is of the message."""
        entities = dict(observed.entities)
        if not digest or entities.pop(_BARE, ()) != (text.strip(),):
            return
        is_whole = not (observed.requests or observed.parts or observed.mixed)
        if is_whole and entities.keys() <= _CLOSED and observed.language in _LANGUAGES:
            self._kept[digest] = replace(observed, entities=entities)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all readings."""
        self._kept.clear()
