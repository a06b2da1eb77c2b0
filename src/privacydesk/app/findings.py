"""Findings: the results of checks, each in one sentence for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    """The check passed."""
    WARNING = "warning"
    """The desk works without it, and people would be better served with it."""
    FAULT = "fault"
    """The desk does not start or does not work, or data is at risk."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        check: what was checked, such as ``database``.
        level: how serious it is.
        message: the result in one sentence; unless it is fine, with what to do.
        event: the log event of a warning that ``serve`` gives, too; else empty.
    """

    check: str
    level: Level
    message: str
    event: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether it is a fault."""
        return self.level is Level.FAULT
