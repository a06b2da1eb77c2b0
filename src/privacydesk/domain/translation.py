"""The interface of the service that translates what users wrote, for staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Translator(Protocol):
    """Translates texts; chosen and run by the operator, since the texts leave the desk."""

    async def translate(self, texts: Sequence[str], tag: str, *, key: str) -> tuple[str, ...]:
        """Return the texts in another language, in the same order.

        Args:
            texts: in whatever languages people wrote them.
            tag: the language to translate to, such as ``zh-Hans``.
            key: identifies the call, for the service's own log.

        Raises:
            UnavailableError: the service gave no usable answer.
        """
        ...
