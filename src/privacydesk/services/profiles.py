"""The versions of the operator profile: reading, comparing, and putting one in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.operator_profile import ProfileChange, ProfileFault, ProfileGap
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.saved_settings import PROFILE, SavedSetting
from privacydesk.errors import InvalidRequestError, NotFoundError, StaleError
from privacydesk.services.profile_changes import changes_between
from privacydesk.services.saved_settings import SavedSettings


class ProfileContent(Struct, frozen=True):
    """A valid profile.

    Attributes:
        body: the profile as stored.
        values: all its keys with their values, also those that have their default.
        gaps: what it lacks.
    """

    body: str
    values: Mapping[str, Any]
    gaps: tuple[ProfileGap, ...]


class ProfileReader(Protocol):
    """Reads profiles; what is none of this release raises ``InvalidProfileError``."""

    def parse(self, text: str) -> ProfileContent:
        """Return a profile in YAML."""
        ...

    def validate(self, values: Mapping[str, Any]) -> ProfileContent:
        """Return a profile given by its keys."""
        ...

    def load(self, body: str) -> ProfileContent:
        """Return a stored profile."""
        ...

    def yaml(self, body: str) -> str:
        """Return a stored profile in YAML, without keys that have their default."""
        ...


class InvalidProfileError(InvalidRequestError):
    """A profile is refused.

    Args:
        message: the error message.
        faults: what it is refused for.
        within: the part of a request that the profile is.
    """

    def __init__(self, message: str, faults: Sequence[ProfileFault], *, within: str = "") -> None:
        places = [".".join(part for part in (within, fault.key) if part) for fault in faults]
        told = [
            {"where": place, "what": RequestFault.NOT_VALID, "message": fault.what}
            for place, fault in zip(places, faults, strict=True)
        ]
        super().__init__(message, reason="profile_invalid", faults=told)
        self.faults = tuple(faults)


class Profiles:
    """The versions of the profile, and changing it.

    Args:
        saved: saves the versions.
        reader: reads profiles.
        gaps: what the profile lacks that this process goes by.
    """

    def __init__(
        self, saved: SavedSettings, reader: ProfileReader, gaps: Sequence[ProfileGap]
    ) -> None:
        self._saved = saved
        self.read = reader
        self.gaps = gaps

    async def current(self) -> SavedSetting:
        """Return the version in force.

        Raises:
            NotFoundError: there is none yet.
        """
        found = await self._saved.current(PROFILE)
        if found is None:
            raise NotFoundError(
                "there is no profile in the database yet: import one, or start `serve`"
            )
        return found

    async def history(self) -> tuple[SavedSetting, ...]:
        """Return the newest versions, the newest first."""
        return await self._saved.history(PROFILE)

    async def version(self, version: int) -> SavedSetting:
        """Return a version.

        Raises:
            NotFoundError: there is none.
        """
        return await self._saved.version(PROFILE, version)

    async def changes(self, content: ProfileContent) -> list[ProfileChange]:
        """Return what a profile would change of the one in force.

        Raises:
            InvalidProfileError: the one in force is not one of this release.
        """
        current = await self.current()
        return changes_between(self.read.load(current.body).values, content.values)

    async def put_in_force(
        self,
        content: ProfileContent,
        *,
        by: str,
        seen: int | None = None,
        comment: str = "",
        restored: int = 0,
        api_request: StoredResponse | None = None,
    ) -> tuple[int, bool]:
        """Save a profile unless it is in force; return its version, and whether that is new.

        Args:
            content: the profile.
            by: who changes it.
            seen: the version that it replaces; None for whichever is in force.
            comment: why.
            restored: the version that it repeats; 0 for none.
            api_request: the API request that this carries out; its result, the version, is stored
                with it.

        Raises:
            StaleError: another version is in force than ``seen``, or the API request was carried
                out before.
        """
        current = await self._saved.current(PROFILE)
        newest = 0 if current is None else current.version
        if seen is not None and seen != newest:
            raise StaleError("it was changed meanwhile", reason="setting_changed")
        if current is not None and self._is_same(current, content):
            return newest, False
        await self._saved.save_profile(
            content.body,
            by=by,
            seen=newest,
            comment=comment,
            restored=restored,
            api_request=api_request,
        )
        return newest + 1, True

    def _is_same(self, current: SavedSetting, content: ProfileContent) -> bool:
        try:
            return self.read.load(current.body).values == content.values
        except InvalidProfileError:  # of a release that knew other keys
            return False
