"""Check that all processes on one database use the same profile.

Each process reads the profile from its own file. If they differ between processes, the same request
gets different deadlines and citations. So the database stores a digest of it, and a mismatch is
refused at the start and reported while running.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import SettingsError
from privacydesk.ports import Fingerprints

_log = structlog.get_logger(__name__)

PROFILE: Final = "profile"
"""The name of the recorded digest, and of the part in ``db adopt``."""


class Configuration:
    """Compares the profile of this process with the one that the database has recorded.

    Args:
        book: store of the recorded digests.
        own: the digest of this process's profile.
        clock: source of the current time.
        by: name of this process, shown in the messages of other processes.
        is_alone: whether no other process can serve the database. Then a different profile is
            recorded instead of refused.
    """

    def __init__(
        self, book: Fingerprints, own: bytes, clock: Clock, by: str, *, is_alone: bool
    ) -> None:
        self._book = book
        self._own = own
        self._clock = clock
        self._by = by
        self._is_alone = is_alone
        self._differs = False

    async def check(self) -> None:
        """Compare when a serving process starts; record the profile if none was recorded before.

        Raises:
            SettingsError: it differs from what other processes use; the message says how to fix it.
        """
        recorded = await self._book.all()
        differing = differing_profile(recorded, self._own)
        if differing is not None:
            if not self._is_alone:
                raise SettingsError(_mismatch_message(differing))
            _log.info("configuration_changed", part=PROFILE)
        if differing is not None or PROFILE not in recorded:
            now = self._clock.now()
            await self._book.record([Fingerprint(PROFILE, self._own, now, self._by)])

    async def compare(self) -> None:
        """Compare for a command that runs beside serving processes; record nothing.

        Raises:
            SettingsError: as ``check``.
        """
        if self._is_alone:
            return
        differing = differing_profile(await self._book.all(), self._own)
        if differing is not None:
            raise SettingsError(_mismatch_message(differing))

    async def poll(self) -> None:
        """Log once that another process has adopted another profile, and once that they agree."""
        differing = differing_profile(await self._book.all(), self._own)
        if differing is not None and not self._differs:
            _log.error(
                "configuration_differs",
                part=PROFILE,
                recorded_by=differing.by,
                recorded_at=differing.at.isoformat(),
                hint="restart with the file that PRIVACYDESK_PROFILE names there",
            )
        if differing is None and self._differs:
            _log.info("configuration_agrees", part=PROFILE)
        self._differs = differing is not None


def differing_profile(recorded: Mapping[str, Fingerprint], own: bytes) -> Fingerprint | None:
    """Return what was recorded of the profile if that differs from this process's own."""
    fingerprint = recorded.get(PROFILE)
    return fingerprint if fingerprint is not None and fingerprint.digest != own else None


def difference_message(recorded: Fingerprint) -> str:
    """Return a message that says which process recorded another profile, and when."""
    return f"profile differs from what {recorded.by} recorded at {recorded.at:%Y-%m-%d %H:%M} UTC"


def _mismatch_message(recorded: Fingerprint) -> str:
    return (
        "processes on one database must go by the same configuration, else they count other dates:"
        f" {difference_message(recorded)}. Copy the file that PRIVACYDESK_PROFILE names from"
        " there; or, if what lies here is right, run `privacydesk db adopt profile` and bring it to"
        " the others"
    )
