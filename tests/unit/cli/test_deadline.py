from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from privacydesk.cli.deadline import deadline

APP = typer.Typer()
APP.command("deadline")(deadline)
RUNNER = CliRunner(env={"PRIVACYDESK_DATA_DIR": None})

NEXT_YEAR = """\
calendar: CN
settled_years: [2027]
days:
  - {date: 2027-01-01, day: off, reason: New Year}
  - {date: 2027-01-04, day: off, reason: moved}
  - {date: 2027-01-09, day: working, reason: moved}
"""


def run(*arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    result = RUNNER.invoke(APP, [*arguments, "--json"], env=env)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(*arguments: str, env: dict[str, str] | None = None) -> str:
    result = RUNNER.invoke(APP, arguments, env=env)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_json_has_the_shape_that_programs_rely_on() -> None:
    found = run("--verified-at", "2026-10-09T10:00:00+08:00", "--working-days", "2")
    assert found == {
        "due_at": "2026-10-13T00:00:00+08:00",
        "due_date": "2026-10-12",
        "provisional": False,
        "days": [
            {"date": "2026-10-09", "working": True, "count": 0, "reason": "start"},
            {"date": "2026-10-10", "working": True, "count": 1, "reason": "makeup"},
            {"date": "2026-10-11", "working": False, "count": None, "reason": "weekend"},
            {"date": "2026-10-12", "working": True, "count": 2, "reason": "working"},
        ],
    }


def test_seven_working_days_in_shanghai_are_the_default() -> None:
    assert run("--verified-at", "2026-09-30T10:00:00")["due_date"] == "2026-10-15"


def test_a_start_on_a_day_off_is_day_zero_and_keeps_its_reason() -> None:
    first = run("--verified-at", "2026-10-01")["days"][0]
    assert first == {"date": "2026-10-01", "working": False, "count": 0, "reason": "holiday"}


@pytest.mark.parametrize(
    ("text", "day_zero"),
    [
        ("2026-06-01", "2026-06-01"),
        ("2026-06-01T23:59:59.999999", "2026-06-01"),
        ("2026-06-01 23:59", "2026-06-01"),
        ("2026-06-01T15:59:59Z", "2026-06-01"),
        ("2026-06-01T16:00:00Z", "2026-06-02"),
        ("2026-06-01t16:00:00z", "2026-06-02"),
        ("2026-06-01T16:00:00+00:00", "2026-06-02"),
        ("2026-06-01T12:00:00-04:00", "2026-06-02"),
        ("20260601T160000Z", "2026-06-02"),
        (" 2026-06-01T16:00:00Z ", "2026-06-02"),
    ],
)
def test_instants_with_offset_z_or_none_are_read(text: str, day_zero: str) -> None:
    assert run("--verified-at", text)["days"][0]["date"] == day_zero


def test_a_naive_instant_is_read_in_the_zone_given() -> None:
    found = run("--verified-at", "2026-03-06T23:30:00", "--zone", "America/New_York")
    assert found["days"][0]["date"] == "2026-03-06"
    assert found["due_at"].endswith("-04:00")  # summer time began meanwhile


@pytest.mark.parametrize(("calendar", "due"), [("HK", "2026-10-08"), ("sg", "2026-10-07")])
def test_another_calendar_counts_its_own_days(calendar: str, due: str) -> None:
    found = run("--verified-at", "2026-09-28T10:00:00", "--calendar", calendar)
    assert found["due_date"] == due


def test_a_count_into_an_unpublished_year_is_provisional() -> None:
    assert run("--verified-at", "2098-12-28")["provisional"] is True


def test_an_override_file_settles_a_year_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "2027.yaml"
    path.write_text(NEXT_YEAR, encoding="utf-8")
    found = run("--verified-at", "2026-12-29T10:00", "--overrides", str(path))
    assert (found["due_date"], found["provisional"]) == ("2027-01-09", False)
    reasons = {day["date"]: day["reason"] for day in found["days"]}
    assert reasons["2027-01-04"] == "override_off"
    assert reasons["2027-01-09"] == "override_working"


def test_imported_overrides_are_found_and_a_file_lies_on_top_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "calendars"
    folder.mkdir(parents=True)
    (folder / "CN.yaml").write_text(NEXT_YEAR, encoding="utf-8")
    env = {"PRIVACYDESK_DATA_DIR": str(tmp_path / "data")}
    start = ("--verified-at", "2026-12-29T10:00")
    assert run(*start, env=env)["due_date"] == "2027-01-09"
    top = tmp_path / "top.csv"
    top.write_text("date,day,reason\n2027-01-09,off,no\n", encoding="utf-8")
    found = run(*start, "--overrides", str(top), env=env)
    assert (found["due_date"], found["provisional"]) == ("2027-01-11", False)


def test_a_data_dir_that_is_not_there_yet_overrides_nothing(tmp_path: Path) -> None:
    env = {"PRIVACYDESK_DATA_DIR": str(tmp_path / "missing")}
    assert run("--verified-at", "2026-06-01", env=env)["due_date"] == "2026-06-10"


def test_people_get_a_table_with_names_and_the_date() -> None:
    result = RUNNER.invoke(APP, ["--verified-at", "2026-09-30T10:00"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1] == "2026-09-30  Wed      0  start"
    assert lines[2] == "2026-10-01  Thu         holiday: National Day"
    assert lines[-1] == "Due 2026-10-15 at 24:00, Asia/Shanghai: 2026-10-16T00:00:00+08:00"


def test_the_table_says_that_a_date_is_provisional() -> None:
    result = RUNNER.invoke(APP, ["--verified-at", "2098-12-28"])
    assert "provisional" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--verified-at", "yesterday"), "--verified-at"),
        (("--verified-at", ""), "--verified-at"),
        (("--verified-at", "2026-02-30"), "--verified-at"),
        (("--verified-at", "2026-06-01T25:00"), "--verified-at"),
        (("--verified-at", "1999-06-01"), "--verified-at"),
        (("--verified-at", "2000-12-31T12:00"), "--verified-at"),
        (("--verified-at", "2099-12-31"), "--verified-at"),
        (("--verified-at", "0001-01-01T00:00:00+14:00"), "--verified-at"),
        (("--verified-at", "9999-12-31T23:59:59-14:00"), "--verified-at"),
        (("--verified-at", "2026-06-01", "--calendar", "US"), "--calendar"),
        (("--verified-at", "2026-06-01", "--calendar", ""), "--calendar"),
        (("--verified-at", "2026-06-01", "--zone", "Nowhere/Here"), "--zone"),
        (("--verified-at", "2026-06-01", "--zone", ""), "--zone"),
        (("--verified-at", "2026-06-01", "--zone", "Asia"), "--zone"),
        (("--verified-at", "2026-06-01", "--zone", "/etc/passwd"), "--zone"),
        (("--verified-at", "2026-06-01", "--zone", "Asia/Shang\x00hai"), "--zone"),
        (("--verified-at", "2026-06-01", "--working-days", "0"), "--working-days"),
        (("--verified-at", "2026-06-01", "--working-days", "-7"), "--working-days"),
        (("--verified-at", "2026-06-01", "--working-days", "3661"), "--working-days"),
        (("--verified-at", "2026-06-01", "--working-days", "7.5"), "--working-days"),
        (("--verified-at", "2026-06-01", "--working-days", "seven"), "--working-days"),
        (("--verified-at", "2026-06-01", "--working-days", "9" * 5000), "--working-days"),
        (("--verified-at", "2026-06-01", "--overrides", "missing.yaml"), "--overrides"),
    ],
)
def test_bad_input_ends_with_one_line_that_names_the_option(
    arguments: tuple[str, ...], option: str
) -> None:
    assert refused(*arguments).startswith(f"{option}: ")


def test_a_damaged_import_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "CN.yaml").write_text("days: [", encoding="utf-8")
    line = refused("--verified-at", "2026-06-01", "--data-dir", str(tmp_path))
    assert line.startswith("--data-dir: ")
    assert "CN.yaml, line 1" in line
