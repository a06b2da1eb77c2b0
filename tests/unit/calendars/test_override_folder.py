from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from privacydesk.calendars import (
    CalendarInvalidError,
    Calendars,
    Origin,
    OverrideDay,
    Overrides,
    load_overrides,
    read_overrides,
    store_overrides,
)


def import_overrides(
    path: Path, data_dir: Path, *, replace: bool = False, **expected: Any
) -> Overrides:
    """Store a file, as the command does in a folder without a database."""
    return store_overrides(read_overrides(path, **expected), data_dir, replace=replace)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.yaml"
    path.write_text(
        "calendar: CN\nsettled_years: [2027]\ndays:\n  - {date: 2027-01-01, day: off}\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def csv(folder: Path, text: str) -> Path:
    path = folder / "more.csv"
    path.write_text(f"date,day,reason\n{text}\n", encoding="utf-8")
    return path


def test_an_imported_schedule_is_in_force(new: Path, data_dir: Path) -> None:
    imported = import_overrides(new, data_dir)
    assert load_overrides(data_dir) == {"CN": imported}
    assert Calendars(load_overrides(data_dir)).get("CN").origin(2027) is Origin.OVERRIDE
    assert (data_dir / "calendars" / "CN.yaml").stat().st_mode & 0o777 == 0o644


def test_nothing_is_loaded_where_nothing_was_imported(data_dir: Path) -> None:
    assert load_overrides(data_dir) == {}


def test_a_second_import_keeps_the_days_it_is_silent_on(new: Path, data_dir: Path) -> None:
    import_overrides(new, data_dir)
    more = csv(data_dir.parent, "2028-01-03,off,x\n2027-01-01,working,a correction\n2028,settled,")
    imported = import_overrides(more, data_dir, calendar="CN")
    assert dict(imported.days) == {
        date(2027, 1, 1): OverrideDay(True, "a correction"),
        date(2028, 1, 3): OverrideDay(False, "x"),
    }
    assert imported.settled_years == {2027, 2028}


def test_replacing_forgets_what_was_imported_before(new: Path, data_dir: Path) -> None:
    import_overrides(new, data_dir)
    more = csv(data_dir.parent, "2028-01-03,off,x")
    imported = import_overrides(more, data_dir, calendar="CN", replace=True)
    assert list(imported.days) == [date(2028, 1, 3)]
    assert not imported.settled_years
    assert load_overrides(data_dir) == {"CN": imported}


def test_calendars_are_kept_apart(new: Path, data_dir: Path) -> None:
    import_overrides(new, data_dir)
    import_overrides(csv(data_dir.parent, "2026-08-06,off,storm"), data_dir, calendar="HK")
    assert set(load_overrides(data_dir)) == {"CN", "HK"}


def test_years_can_be_settled_by_the_one_who_imports(data_dir: Path, tmp_path: Path) -> None:
    path = csv(tmp_path, "2027-01-01,off,x")
    assert import_overrides(path, data_dir, calendar="SG", settled_years=[2027]).settled_years
    with pytest.raises(CalendarInvalidError, match="1027"):
        import_overrides(path, data_dir, calendar="SG", settled_years=[1027])


def test_a_wrong_file_changes_nothing(new: Path, data_dir: Path) -> None:
    import_overrides(new, data_dir)
    before = (data_dir / "calendars" / "CN.yaml").read_bytes()
    with pytest.raises(CalendarInvalidError):
        import_overrides(csv(data_dir.parent, "soon,off,x"), data_dir, calendar="CN")
    assert (data_dir / "calendars" / "CN.yaml").read_bytes() == before


def test_a_failing_disk_leaves_the_old_file_and_no_scraps(
    new: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_overrides(new, data_dir)
    before = (data_dir / "calendars" / "CN.yaml").read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        import_overrides(csv(data_dir.parent, "2028-01-03,off,x"), data_dir, calendar="CN")
    assert [path.name for path in (data_dir / "calendars").iterdir()] == ["CN.yaml"]
    assert (data_dir / "calendars" / "CN.yaml").read_bytes() == before


def test_a_file_damaged_by_hand_is_named_and_can_be_replaced(new: Path, data_dir: Path) -> None:
    import_overrides(new, data_dir)
    damaged = data_dir / "calendars" / "CN.yaml"
    damaged.write_text("days: [", encoding="utf-8")
    with pytest.raises(CalendarInvalidError, match=r"CN\.yaml, line 1"):
        load_overrides(data_dir)
    with pytest.raises(CalendarInvalidError, match=r"CN\.yaml"):
        import_overrides(new, data_dir)
    import_overrides(new, data_dir, replace=True)
    assert load_overrides(data_dir)
