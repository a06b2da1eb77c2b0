"""Settings that are kept in the database: saving them, and going by the newest ones.

Every process looks for new versions every few seconds, so all of them count the same dates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from privacydesk.calendars import Overrides
from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.saved_settings import (
    BY_FILE,
    CALENDAR_PREFIX,
    HOURS,
    MAX_COMMENT,
    PROFILE,
    SavedSetting,
    calendar_setting,
    policy_setting,
)
from privacydesk.domain.shifts import Shift
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError, StaleError
from privacydesk.ports import SavedSettingStore
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.setting_formats import (
    dump_overrides,
    dump_shifts,
    load_overrides,
    load_shifts,
)

_log = structlog.get_logger(__name__)

_MAX_HISTORY: Final = 50
"""How many versions are listed."""
_ATTEMPTS: Final = 5
"""How often a change by command is repeated when somebody else changes the same setting."""


class SavedSettings:
    """Saves settings, and applies the newest version of each.

    Args:
        store: stores the versions.
        clock: source of the current time.
        deadlines: its calendars are replaced when overrides change.
        hours: its shifts are replaced when office hours change.
        set_shifts: told the office hours, too.

    Attributes:
        on_profile: called with the newest operator profile when there is another version of it.
    """

    def __init__(
        self,
        store: SavedSettingStore,
        clock: Clock,
        *,
        deadlines: Deadlines,
        hours: OpeningHours,
        set_shifts: Callable[[Sequence[Shift]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._deadlines = deadlines
        self._hours = hours
        self._set_shifts = set_shifts
        self.profile_shifts = hours.shifts
        self.on_profile: Callable[[SavedSetting], None] = _ignore
        self._applied: dict[str, SavedSetting] = {}

    async def refresh(self) -> None:
        """Apply the settings that have a newer version than the one in force here."""
        for setting in (await self._store.current()).values():
            if self._applied.get(setting.name) == setting:
                continue
            self._applied[setting.name] = setting
            try:
                self._apply(setting)
            except DeskError as error:
                _log.error(
                    "setting_not_taken",
                    name=setting.name,
                    version=setting.version,
                    why=error.message,
                    hint="the desk goes on with the version before",
                )
            else:
                _log.info("setting_taken", name=setting.name, version=setting.version)

    def _apply(self, setting: SavedSetting) -> None:
        if setting.name == HOURS:
            shifts = load_shifts(setting.body) if setting.body else self.profile_shifts
            self._hours.shifts = shifts
            self._set_shifts(shifts)
        elif setting.name.startswith(CALENDAR_PREFIX):
            code = setting.name.removeprefix(CALENDAR_PREFIX)
            overrides = load_overrides(code, setting.body)
            self._deadlines.calendars = self._deadlines.calendars.replaced(overrides)
        elif setting.name == PROFILE:
            self.on_profile(setting)

    def in_force(self, prefix: str) -> tuple[SavedSetting, ...]:
        """Return the settings with names of a prefix, as of the last refresh."""
        return tuple(one for name, one in self._applied.items() if name.startswith(prefix))

    async def current(self, name: str) -> SavedSetting | None:
        """Return the newest version of a setting; None if it was never saved."""
        return (await self._store.current()).get(name)

    async def history(self, name: str) -> tuple[SavedSetting, ...]:
        """Return the newest versions of a setting, the newest first."""
        return await self._store.history(name, _MAX_HISTORY)

    async def version(self, name: str, version: int) -> SavedSetting:
        """Return a version of a setting.

        Raises:
            NotFoundError: there is none.
        """
        found = await self._store.version(name, version)
        if found is None:
            raise NotFoundError(f"{name} has no version {version}")
        return found

    async def save_hours(
        self,
        shifts: Sequence[Shift] | None,
        *,
        by: str,
        seen: int,
        comment: str = "",
        restored: int = 0,
    ) -> None:
        """Save office hours; None for those of the operator profile.

        Args:
            shifts: the shifts; none if staff answer at no fixed hours.
            by: the name of the administrator.
            seen: the version that is replaced; 0 if there is none.
            comment: why.
            restored: the version that they repeat; 0 for none.

        Raises:
            InvalidRequestError: a shift ends before it begins, or is on no day.
            StaleError: somebody else has changed them.
        """
        check_shifts(shifts or ())
        body = "" if shifts is None else dump_shifts(shifts)
        await self._save(HOURS, body, by=by, seen=seen, comment=comment, restored=restored)

    async def save_overrides(
        self, overrides: Overrides, *, by: str, seen: int, comment: str = "", restored: int = 0
    ) -> None:
        """Save all overrides of a calendar.

        Args:
            overrides: the overrides, which replace the earlier ones.
            by: the name of the administrator.
            seen: the version that is replaced; 0 if there is none.
            comment: why.
            restored: the version that they repeat; 0 for none.

        Raises:
            StaleError: somebody else has changed them.
        """
        await self._save(
            calendar_setting(overrides.calendar),
            dump_overrides(overrides),
            by=by,
            seen=seen,
            comment=comment,
            restored=restored,
        )

    async def save_policy(
        self, name: str, digest: str, *, by: str, seen: int, comment: str = "", restored: int = 0
    ) -> None:
        """Put an imported text of the policy in force.

        Args:
            name: the name of the policy, or of its translation.
            digest: the digest of the text.
            by: the name of the administrator.
            seen: the version that is replaced; 0 if there is none.
            comment: why.
            restored: the version that it repeats; 0 for none.

        Raises:
            StaleError: somebody else has changed it.
        """
        await self._save(
            policy_setting(name), digest, by=by, seen=seen, comment=comment, restored=restored
        )

    async def save_profile(
        self,
        body: str,
        *,
        by: str,
        seen: int,
        comment: str = "",
        restored: int = 0,
        api_request: StoredResponse | None = None,
    ) -> None:
        """Save an operator profile, which all serving processes take over.

        Args:
            body: the profile as stored.
            by: who changes it.
            seen: the version that is replaced; 0 if there is none.
            comment: why.
            restored: the version that it repeats; 0 for none.
            api_request: the API request that this carries out; the version is stored as its result.

        Raises:
            StaleError: somebody else has changed it, or the API request was carried out before.
        """
        await self._save(
            PROFILE,
            body,
            by=by,
            seen=seen,
            comment=comment,
            restored=restored,
            api_request=api_request,
        )

    async def import_overrides(
        self, overrides: Overrides, *, by: str, replace: bool = False, comment: str = ""
    ) -> Overrides:
        """Merge overrides over those of their calendar, and return all that are in force then.

        Args:
            overrides: the overrides.
            by: who imports them.
            replace: whether to discard the earlier ones.
            comment: why.

        Raises:
            StaleError: others change the calendar all the time.
        """
        for attempt in range(_ATTEMPTS):
            current = await self.current(calendar_setting(overrides.calendar))
            seen, body = (current.version, current.body) if current is not None else (0, "")
            before = load_overrides(overrides.calendar, body)
            after = overrides if replace else before.merged(overrides)
            if after == before:
                return after
            try:
                await self.save_overrides(after, by=by, seen=seen, comment=comment)
            except StaleError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return after
        raise AssertionError("the last attempt returns or raises")

    async def take_over(self, stored: Mapping[str, Overrides]) -> None:
        """Save overrides of a data folder for calendars that have none in the database yet.

        Folders were their place in earlier releases. Those that the database doesn't have, and
        can't take over any more, are logged.
        """
        for code, overrides in stored.items():
            name = calendar_setting(code)
            if (current := await self.current(name)) is None:
                try:
                    await self.save_overrides(overrides, by=BY_FILE, seen=0)
                except StaleError:  # another process was quicker
                    current = await self.current(name)
            if current is not None:
                await self._log_if_unknown(name, overrides)

    async def _log_if_unknown(self, name: str, overrides: Overrides) -> None:
        body = dump_overrides(overrides)
        if not any(version.body == body for version in await self.history(name)):
            _log.warning(
                "calendar_file_ignored",
                calendar=overrides.calendar,
                hint="the calendar is kept in the database now: compare `privacydesk calendar show`"
                " with the file, import what is missing, and remove the file",
            )

    async def _save(
        self,
        name: str,
        body: str,
        *,
        by: str,
        seen: int,
        comment: str = "",
        restored: int = 0,
        api_request: StoredResponse | None = None,
    ) -> None:
        now = self._clock.now()
        comment = " ".join(comment.split())[:MAX_COMMENT]
        setting = SavedSetting(name, seen + 1, body, now, by, comment, restored)
        detail: dict[str, str | int] = {"setting": name, "version": setting.version}
        if restored:
            detail["restored"] = restored
        result = str(setting.version).encode()
        await self._store.add(
            setting,
            AuditEntry(now, by, "setting_saved", detail=detail),
            api_result=None if api_request is None else replace(api_request, body=result),
        )
        await self.refresh()


def _ignore(_: SavedSetting) -> None:
    """Do nothing: commands go on with the profile that they began with."""


def check_shifts(shifts: Sequence[Shift]) -> None:
    """Check office hours.

    Raises:
        InvalidRequestError: a shift ends before it begins, or is on no day.
    """
    for shift in shifts:
        if shift.opens >= shift.closes:
            raise InvalidRequestError("it ends before it begins", reason="hours_order")
        if not shift.days:
            raise InvalidRequestError("it is on no day", reason="hours_days")
