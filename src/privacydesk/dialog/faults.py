"""Faults of flows, as values: file, line, step, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from privacydesk.errors import DeskError, ErrorCode


@dataclass(frozen=True, slots=True, order=True)
class DialogFault:
    """One fault of one flow.

    Attributes:
        file: the flow's file as it was given to the reader.
        line: 1 for the first line; 0 when the fault belongs to no line.
        step: the step's id; empty when the fault belongs to the flow as a whole.
        what: what is wrong.
        remedy: what to write instead, as a sentence without its full stop.
    """

    file: str
    line: int
    step: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the one line that is shown for it."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        step = f"step {self.step}: " if self.step else ""
        return f"{place}{step}{self.what}. Remedy: {self.remedy}."


class DialogInvalidError(DeskError):
    """Flows can't be used. The message has one line per fault; ``faults`` has them as values."""

    code = ErrorCode.DIALOG_INVALID

    def __init__(self, faults: Iterable[DialogFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)), count=len(self.faults))
