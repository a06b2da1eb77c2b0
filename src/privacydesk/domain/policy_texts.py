"""Texts of the policy, or of its translations, that administrators have imported."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class PolicyText(Struct, frozen=True):
    """An imported text, by its name and digest; which one is in force is a saved setting.

    Attributes:
        name: the operator's name for the policy.
        digest: SHA-256 of the source, in hexadecimal.
        tree: its structure, as ``policy.codec`` writes it.
        source: the text, unchanged.
        by: who imported it.
        passages: how many texts are embedded for the search; 0 for a translation.
        embedded: how many of them are.
    """

    name: str
    digest: str
    tree: bytes
    source: str
    added_at: datetime
    by: str
    passages: int
    embedded: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether questions can be answered from it at once."""
        return self.embedded >= self.passages
