"""Packs of evidence: their kinds, and the formats of their files."""

from __future__ import annotations

from enum import StrEnum


class PackKind(StrEnum):
    """What a pack is about."""

    MINORS = "minors"
    """Requests of a year that concern minors, and the access to their files."""
    PERIOD = "period"
    """The report of a period."""
    SELF_CHECK = "self_check"
    """The evidence for a self-check of the desk."""
    CASE = "case"
    """One ticket."""
    CASE_WITH_WORDS = "case_with_words"
    """One ticket, with what was written about it."""


class PackFormat(StrEnum):
    """A format of files; also the suffix of their names."""

    PDF = "pdf"
    CSV = "csv"
