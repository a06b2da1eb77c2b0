"""Check that all processes on one database use the same profile and policy.

Each process reads these from its own files. If they differ between processes, the same request
gets different deadlines and policy citations. So the database stores a digest of each part, and a
mismatch is refused at the start and reported while running.
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


class ConfigurationPart(StrEnum):
    """A part of the configuration that has to be the same in all processes."""

    PROFILE = "profile"
    POLICY = "policy"


_SOURCES = {
    ConfigurationPart.PROFILE: "the file that PRIVACYDESK_PROFILE names",
    ConfigurationPart.POLICY: "the folder `policy` of PRIVACYDESK_DATA_DIR",
}

Digests = Mapping[ConfigurationPart, bytes]


class Configuration:
    """Compares the configuration of this process with what the database has recorded.

    Args:
        book: store of the recorded digests.
        own: returns the digests of this process's current configuration.
        clock: source of the current time.
        by: name of this process, shown in the messages of other processes.
        is_alone: whether no other process can serve the database. Then a different configuration
            is recorded instead of refused.
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
        self._suspected: frozenset[ConfigurationPart] = frozenset()
        self._differing: frozenset[ConfigurationPart] = frozenset()

    async def check(self) -> None:
        """Compare when a serving process starts; record parts that were not recorded before.

        Raises:
            SettingsError: a part differs from what other processes use; the message says how to
                fix it.
        """
        recorded = await self._book.all()
        differing = differing_parts(recorded, self._last)
        if differing and not self._is_alone:
            raise SettingsError(_mismatch_message(differing, recorded))
        await self._record(
            self._last, {*differing, *(p for p in ConfigurationPart if p not in recorded)}
        )
        for part in differing:
            _log.info("configuration_changed", part=part.value)

    async def compare(self) -> None:
        """Compare for a command that runs beside serving processes; record nothing.

        Raises:
            SettingsError: as ``check``.
        """
        if self._is_alone:
            return
        recorded = await self._book.all()
        if differing := differing_parts(recorded, self._last):
            raise SettingsError(_mismatch_message(differing, recorded))

    async def poll(self) -> None:
        """Record parts imported here since the last poll; log parts that differ elsewhere.

        A difference is logged only if it persists at the next poll, since processes that share a
        folder read it within seconds of each other. Both its start and its end are logged once.
        """
        own = self._own()
        await self._record(
            own, {part for part in ConfigurationPart if own[part] != self._last[part]}
        )
        # Set after recording, so that the next poll repeats it if it failed.
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

    async def _record(self, own: Digests, parts: set[ConfigurationPart]) -> None:
        if not parts:
            return
        now = self._clock.now()
        await self._book.record(Fingerprint(part.value, own[part], now, self._by) for part in parts)


def differing_parts(
    recorded: Mapping[str, Fingerprint], own: Digests
) -> tuple[ConfigurationPart, ...]:
    """Return the parts whose recorded digest differs from this process's own."""
    return tuple(p for p in ConfigurationPart if p in recorded and recorded[p].digest != own[p])


def difference_message(part: ConfigurationPart, recorded: Fingerprint) -> str:
    """Return a message that says which process recorded a part differently, and when."""
    return (
        f"{part.value} differs from what {recorded.by} recorded at {recorded.at:%Y-%m-%d %H:%M} UTC"
    )


def _mismatch_message(
    parts: tuple[ConfigurationPart, ...], recorded: Mapping[str, Fingerprint]
) -> str:
    differences = "; ".join(difference_message(part, recorded[part]) for part in parts)
    sources = " and ".join(_SOURCES[part] for part in parts)
    names = " ".join(part.value for part in parts)
    return (
        "processes on one database must go by the same configuration, else they count other dates:"
        f" {differences}. Copy {sources} from there; or, if what lies here is right, run"
        f" `privacydesk db adopt {names}` and bring it to the others"
    )
