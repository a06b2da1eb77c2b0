"""An in-memory twin of the translation service, for tests and the demo."""

from __future__ import annotations

from collections.abc import Sequence

from privacydesk.errors import UnavailableError


class MemoryTranslator:
    """Implements ``Translator`` in memory: it names the language before each text.

    Attributes:
        asked: the texts of each call, in order.
        down: while true, calls fail as if the service could not be reached.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.down = False

    async def translate(self, texts: Sequence[str], tag: str, *, key: str) -> tuple[str, ...]:
        """Return the texts, each marked; see :class:`privacydesk.domain.translation.Translator`."""
        del key
        if self.down:
            raise UnavailableError("the translation can't be reached", reason="unreachable")
        self.asked.append(tuple(texts))
        return tuple(f"[{tag}] {text}" for text in texts)
