"""Settings in the database: each process goes by the newest version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import pytest
from structlog.testing import capture_logs
from tests.common.setting_stores import MemorySettings

from privacydesk.calendars import Calendars, OverrideDay, Overrides
from privacydesk.clock import MovableClock
from privacydesk.domain.saved_settings import HOURS, SavedSetting, calendar_setting
from privacydesk.domain.shifts import Shift
from privacydesk.errors import InvalidRequestError, NotFoundError, StaleError
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.saved_settings import SavedSettings
from privacydesk.services.setting_formats import dump_overrides, load_overrides, load_shifts

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
STORM = Overrides("CN", {date(2026, 6, 3): OverrideDay(False, "台风")}, frozenset())
FOUNDING = Overrides("CN", {date(2026, 8, 12): OverrideDay(False, "")}, frozenset({2027}))
PROFILE = Shift(time(9), time(18))
EVENING = Shift(time(18), time(22), every_day=True, weekdays=frozenset({6, 7}))


class Process:
    """A process on a database."""

    def __init__(self, store: MemorySettings) -> None:
        self.deadlines = Deadlines(Calendars(), DeadlineRules())
        self.hours = OpeningHours((PROFILE,), self.deadlines)
        self.dialog: Sequence[Shift] = ()
        self.saved = SavedSettings(
            store,
            MovableClock(NOW, frozen=True),
            deadlines=self.deadlines,
            hours=self.hours,
            set_shifts=self.hear,
        )

    def hear(self, shifts: Sequence[Shift]) -> None:
        self.dialog = shifts

    @property
    def days(self) -> set[date]:
        return set(self.deadlines.calendars.get("CN").overrides.days)


async def test_another_process_goes_by_what_one_has_saved() -> None:
    store = MemorySettings()
    one, other = Process(store), Process(store)
    await one.saved.save_hours([EVENING], by="xiao-chen", seen=0)
    await one.saved.import_overrides(STORM, by="command")
    assert one.hours.shifts == (EVENING,)
    assert (other.hours.shifts, other.days) == ((PROFILE,), set())
    await other.saved.refresh()
    assert other.hours.shifts == tuple(other.dialog) == (EVENING,)
    assert other.days == one.days == {date(2026, 6, 3)}
    calendars = other.deadlines.calendars
    await other.saved.refresh()
    assert other.deadlines.calendars is calendars


async def test_hours_can_be_those_of_the_profile_again() -> None:
    process = Process(MemorySettings())
    await process.saved.save_hours([], by="xiao-chen", seen=0)
    assert list(process.hours.shifts) == []
    await process.saved.save_hours(None, by="xiao-chen", seen=1, comment="  back \n again ")
    assert list(process.hours.shifts) == [PROFILE]
    newest, first = await process.saved.history(HOURS)
    assert (newest.version, newest.comment, first.by) == (2, "back again", "xiao-chen")


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        (Shift(time(18), time(9)), "hours_order"),
        (Shift(time(9), time(9)), "hours_order"),
        (Shift(weekdays=frozenset()), "hours_days"),
    ],
)
async def test_hours_that_mean_nothing_are_refused(shift: Shift, reason: str) -> None:
    process = Process(MemorySettings())
    with pytest.raises(InvalidRequestError) as refused:
        await process.saved.save_hours([shift], by="xiao-chen", seen=0)
    assert refused.value.data["reason"] == reason


async def test_a_change_based_on_an_older_version_is_refused() -> None:
    process = Process(MemorySettings())
    await process.saved.save_overrides(STORM, by="xiao-chen", seen=0)
    with pytest.raises(StaleError):
        await process.saved.save_overrides(FOUNDING, by="other", seen=0)
    assert process.days == set(STORM.days)


async def test_an_import_keeps_earlier_days_unless_it_replaces_them() -> None:
    store = MemorySettings()
    process = Process(store)
    await process.saved.import_overrides(STORM, by="command")
    both = await process.saved.import_overrides(FOUNDING, by="command")
    assert set(both.days) == process.days == {*STORM.days, *FOUNDING.days}
    await process.saved.import_overrides(FOUNDING, by="command")
    assert len(store.versions) == 2, "the same file again changes nothing"
    await process.saved.import_overrides(FOUNDING, by="command", replace=True)
    assert process.days == set(FOUNDING.days)
    assert [entry.detail["version"] for entry in store.told] == [1, 2, 3]


async def test_there_is_no_version_that_was_never_saved() -> None:
    with pytest.raises(NotFoundError):
        await Process(MemorySettings()).saved.version(HOURS, 1)


async def test_files_are_taken_over_once() -> None:
    store = MemorySettings()
    process = Process(store)
    await process.saved.take_over({"CN": STORM})
    assert process.days == set(STORM.days)
    await process.saved.import_overrides(FOUNDING, by="xiao-chen", replace=True)
    with capture_logs() as logged:
        await process.saved.take_over({"CN": STORM})
        assert logged == [], "it was in force once, so nothing of it is lost"
        await process.saved.take_over({"CN": Overrides("CN", {}, frozenset({2028}))})
    assert [entry["event"] for entry in logged] == ["calendar_file_ignored"]
    assert process.days == set(FOUNDING.days)


async def test_what_this_release_can_not_read_changes_nothing() -> None:
    store = MemorySettings()
    process = Process(store)
    await process.saved.save_overrides(STORM, by="xiao-chen", seen=0)
    name = calendar_setting("CN")
    store.versions.append(SavedSetting(name, 2, '{"days": {"soon": 1}}', NOW, "newer"))
    with capture_logs() as logged:
        await process.saved.refresh()
        await process.saved.refresh()
    assert [entry["event"] for entry in logged] == ["setting_not_taken"]
    assert process.days == set(STORM.days)


@pytest.mark.parametrize("overrides", [STORM, FOUNDING, Overrides("CN")])
def test_overrides_are_read_as_they_were_stored(overrides: Overrides) -> None:
    assert load_overrides("CN", dump_overrides(overrides)) == overrides


@pytest.mark.parametrize(
    "body",
    [
        "[",
        '{"settled_years": [1027]}',
        '{"days": {"1027-01-01": [true, ""]}}',
        f'{{"days": {{"2027-01-01": [true, "{"x" * 201}"]}}}}',
    ],
)
def test_overrides_that_no_file_could_hold_are_refused(body: str) -> None:
    with pytest.raises(InvalidRequestError):
        load_overrides("CN", body)


def test_hours_in_another_format_are_refused() -> None:
    with pytest.raises(InvalidRequestError):
        load_shifts('[{"opens": "soon"}]')
