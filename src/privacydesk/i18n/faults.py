"""Faults of catalogs, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from privacydesk.errors import DeskError, ErrorCode


@dataclass(frozen=True, slots=True, order=True)
class LocaleFault:
    """One fault of one catalog file.

    Attributes:
        file: locale and file name, such as ``zh_Hans/unbinding.po``; a locale alone when
            something is missing from all of its files.
        line: 1 for the first line; 0 when the fault belongs to no line.
        key: the message's key; empty when the file as a whole is meant.
        what: what is wrong.
        remedy: what to do, as a sentence without its full stop.
    """

    file: str
    line: int
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the fault as one line for people."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{self.what}. Remedy: {self.remedy}."


class LocaleInvalidError(DeskError):
    """A catalog can't be used. The message has one line a fault; ``faults`` has them as values."""

    code = ErrorCode.SETTINGS

    def __init__(self, faults: Iterable[LocaleFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)), count=len(self.faults))
