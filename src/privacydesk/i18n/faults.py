"""Faults found in message catalogs, and the error that reports them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from privacydesk.errors import DeskError, ErrorCode


@dataclass(frozen=True, slots=True, order=True)
class LocaleFault:
    """A fault in a catalog file.

    Attributes:
        file: locale and file name, such as ``zh_Hans/unbinding.po``; only the locale if a key is
            missing from all of its files.
        line: the line number, from 1; 0 if the fault belongs to no line.
        key: the message's key; empty if the fault concerns the whole file.
        what: the fault, as a clause.
        remedy: what to do, as a sentence without a full stop.
    """

    file: str
    line: int
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{self.what}. Remedy: {self.remedy}."


class LocaleInvalidError(DeskError):
    """A catalog is invalid. The message has one line per fault; ``faults`` has the values."""

    code = ErrorCode.SETTINGS

    def __init__(self, faults: Iterable[LocaleFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)), count=len(self.faults))
