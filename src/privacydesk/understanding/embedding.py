"""Messages as points for the intent model: of a long one its beginning and end, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from privacydesk.encoder.embedding import DIMENSIONS, E5Embedder, Vector, fitted
from privacydesk.understanding.patterns import lazily

WISH_DIMENSIONS: Final = 4 * DIMENSIONS
"""Of a wish the points after four layers count; each has length one."""

WISH_TOKENS: Final = 40
"""How many tokens of a wish are read, within 30 ms; six of them are the model's own."""
_WISH_ROOM: Final = 64
"""No more than this fits in so many tokens, in characters as wide as a Chinese one."""
_OPENING: Final = 3
"""The part of what is read, one in so many, that is for the beginning of what does not fit: a wish
mostly comes last.
"""

_NARROW_IN_WIDE: Final = 3
"""Latin letters that cost as much as one Chinese character, as in ``fitted``."""

# No word is made of these; the models have learnt from texts without them.
_BROKEN: Final = lazily(r"[\ud800-\udfff\x00-\x1f\x7f]+")
_LAST_NARROW: Final = "\u02ff"
# A word that was cut says something else; one that is longer than all the room stays as it is.
_CUT_WORD: Final = lazily(r"[a-z0-9']{2}", re.IGNORECASE)
_ITS_START: Final = lazily(r"(?<=[^a-z0-9'])[a-z0-9']+$", re.IGNORECASE)
_ITS_END: Final = lazily(r"^[a-z0-9']+(?=[^a-z0-9'])", re.IGNORECASE)


class WishEmbedder(Protocol):
    """Turns messages into vectors, each within the same time. Slow; any thread may ask."""

    def load(self) -> None:
        """Make ready what the first question would have to wait for. Again does nothing."""
        ...

    def embed_wish(self, text: str) -> Vector:
        """Return the vector of a message, of shape (1536,). Never raises for a text."""
        ...


class E5WishEmbedder(E5Embedder):
    """Embeds messages besides questions and passages, since a model is too large to load twice."""

    def embed_wish(self, text: str) -> Vector:
        """Return the vector of what a message wishes; of a long one, of its beginning and end."""
        with self._lock:
            model = self._loaded()
            return model.wish(gist(text, model.tokens_of_query))


def gist(text: str, tokens: Callable[[str], int], most: int = WISH_TOKENS) -> str:
    """Return a text, or where it does not fit its beginning and end, readable like ``fitted``.

    Args:
        text: as it is said.
        tokens: counts the tokens of a text.
        most: how many tokens fit.
    """
    readable = _BROKEN.sub(" ", text)
    room = min(_WISH_ROOM, _width(readable))
    read = _ends(readable, room)
    while (count := tokens(read)) > most and room > 1:
        # The tokens grow with the room, but not evenly.
        room = min(room * most // count, room - 1)
        read = _ends(readable, room)
    return read


def _ends(readable: str, room: int) -> str:
    """Return a text that fits, or whole words of its beginning and end."""
    whole = fitted(readable, room)
    if len(whole) == len(readable):
        return whole
    opening = fitted(readable, room // _OPENING)
    if _CUT_WORD.match(readable, max(len(opening) - 1, 0)):
        opening = _ITS_START.sub("", opening)
    closing = fitted(readable[::-1], room - room // _OPENING)[::-1]
    if _CUT_WORD.match(readable, len(readable) - len(closing) - 1):
        closing = _ITS_END.sub("", closing)
    return f"{opening.rstrip()} {closing.lstrip()}"


def _width(readable: str) -> int:
    """Return how much room a text takes, in characters as wide as a Chinese one."""
    beginning = readable[: _WISH_ROOM * _NARROW_IN_WIDE]
    thirds = sum(1 if one <= _LAST_NARROW else _NARROW_IN_WIDE for one in beginning)
    return -(-thirds // _NARROW_IN_WIDE)
