"""Whether processes on one database use the same profile, policy and calendars.

Each process reads these from its own files. Two that differ count other dates and cite another
policy for the same request. So the database keeps a digest of each; a mismatch is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import SettingsError
from privacydesk.ports import Fingerprints

_log = structlog.get_logger(__name__)


class Part(StrEnum):
    """A part of the configuration that answers to people depend on."""

    PROFILE = "profile"
    POLICY = "policy"
    CALENDARS = "calendars"


_SOURCES = {
    Part.PROFILE: "the file that PRIVACYDESK_PROFILE names",
    Part.POLICY: "the folder `policy` of PRIVACYDESK_DATA_DIR",
    Part.CALENDARS: "the folder `calendars` of PRIVACYDESK_DATA_DIR",
}

Digests = Mapping[Part, bytes]


class Configuration:
    """Compares the configuration of this process with what the database last recorded.

    Args:
        book: where digests are kept.
        own: returns digests of this process's current configuration.
        clock: the present.
        by: the name of this process, as shown to others.
        is_alone: whether no other process can serve the database: then this configuration wins.
    """

    def __init__(
        self,
        book: Fingerprints,
        own: Callable[[], Digests],
        clock: Clock,
        by: str,
        *,
        is_alone: bool,
    ) -> None:
        self._book = book
        self._own = own
        self._clock = clock
        self._by = by
        self._is_alone = is_alone
        self._last = own()
        self._suspected: frozenset[Part] = frozenset()
        self._differing: frozenset[Part] = frozenset()

    async def check(self) -> None:
        """Compare for a serving process; record what the database has not seen yet.

        Raises:
            SettingsError: a part differs from what other processes use; the message says how
                to settle it.
        """
        recorded = await self._book.all()
        differing = differing_parts(recorded, self._last)
        if differing and not self._is_alone:
            raise SettingsError(_refusal(differing, recorded))
        await self._record(self._last, {*differing, *(p for p in Part if p not in recorded)})
        for part in differing:
            _log.info("configuration_changed", part=part.value)

    async def compare(self) -> None:
        """Compare for a command beside serving processes; record nothing.

        Raises:
            SettingsError: as ``check``.
        """
        if self._is_alone:
            return
        recorded = await self._book.all()
        if differing := differing_parts(recorded, self._last):
            raise SettingsError(_refusal(differing, recorded))

    async def look(self) -> None:
        """Record what was imported here since the last look; log where another process differs.

        A difference is logged once, if it persists at the next look: a folder that several
        share is read by each within seconds. Its end is logged once, too.
        """
        own = self._own()
        await self._record(own, {part for part in Part if own[part] != self._last[part]})
        # Only now: if recording failed, the next look repeats it.
        self._last = own
        recorded = await self._book.all()
        differing = frozenset(differing_parts(recorded, own))
        for part in sorted((differing & self._suspected) - self._differing):
            _log.error(
                "configuration_differs",
                part=part.value,
                recorded_by=recorded[part].by,
                recorded_at=recorded[part].at.isoformat(),
                hint=f"copy {_SOURCES[part]} from there, or import the newer one here too",
            )
        for part in sorted(self._differing - differing):
            _log.info("configuration_agrees", part=part.value)
        self._differing = differing & (self._suspected | self._differing)
        self._suspected = differing

    async def _record(self, own: Digests, parts: set[Part]) -> None:
        if not parts:
            return
        now = self._clock.now()
        await self._book.record(Fingerprint(part.value, own[part], now, self._by) for part in parts)


def differing_parts(recorded: Mapping[str, Fingerprint], own: Digests) -> tuple[Part, ...]:
    """Return the parts that were recorded with another digest."""
    return tuple(p for p in Part if p in recorded and recorded[p].digest != own[p])


def difference(part: Part, recorded: Fingerprint) -> str:
    """Return a message that a part differs from what was recorded."""
    return (
        f"{part.value} differs from what {recorded.by} recorded at {recorded.at:%Y-%m-%d %H:%M} UTC"
    )


def _refusal(parts: tuple[Part, ...], recorded: Mapping[str, Fingerprint]) -> str:
    told = "; ".join(difference(part, recorded[part]) for part in parts)
    copied = " and ".join(_SOURCES[part] for part in parts)
    named = " ".join(part.value for part in parts)
    return (
        "processes on one database must go by the same configuration, else they count other dates:"
        f" {told}. Copy {copied} from there; or, if what lies here is right, run"
        f" `privacydesk db adopt {named}` and bring it to the others"
    )
