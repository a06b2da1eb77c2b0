"""A frame while it is being run: thawed for a turn, changed in place, frozen at its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from privacydesk.dialog.slots import FILES
from privacydesk.domain.conversation import Frame, PendingCall
from privacydesk.domain.ids import EvidenceId


class Running(Struct):
    """A frame while it is being run."""

    flow: str
    state: str
    started_at: datetime
    serial: int
    slots: dict[str, Any] = field(default_factory=dict)
    waiting: PendingCall | None = None
    misses: int = 0
    trail: list[str] = field(default_factory=list)
    called: bool = False
    confirmed_at: datetime | None = None
    agreed: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: Frame) -> Running:
        """Thaw a frame."""
        return cls(
            flow=frame.flow,
            state=frame.step,
            started_at=frame.started_at,
            serial=frame.serial,
            slots=dict(frame.slots),
            waiting=frame.waiting,
            misses=frame.misses,
            trail=list(frame.trail),
            called=frame.called,
            confirmed_at=frame.confirmed_at,
            agreed=frame.agreed,
        )

    def freeze(self) -> Frame:
        """Return the frame as it is kept."""
        return Frame(
            flow=self.flow,
            step=self.state,
            started_at=self.started_at,
            serial=self.serial,
            slots=self.slots,
            waiting=self.waiting,
            misses=self.misses,
            trail=tuple(self.trail),
            called=self.called,
            confirmed_at=self.confirmed_at,
            agreed=self.agreed,
        )


def evidence_in(frames: Iterable[Running | Frame]) -> tuple[EvidenceId, ...]:
    """Return the files uploaded to frames, once each: called flows return theirs."""
    found = dict.fromkeys(one["id"] for frame in frames for one in frame.slots.get(FILES) or ())
    return tuple(EvidenceId(bytes.fromhex(one)) for one in found)
