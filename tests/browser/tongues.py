"""The languages in which visitors write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language of the desk.

    Attributes:
        tag: as pages name it, such as ``zh-Hans``.
    """

    tag: str

    @property
    def locale(self) -> str:
        """The catalogs' name of it."""
        return self.tag.replace("-", "_")

    def of(self, simplified: str, traditional: str, english: str) -> str:
        """Return what somebody types who writes this language."""
        return {"zh-Hans": simplified, "zh-Hant": traditional, "en": english}[self.tag]
