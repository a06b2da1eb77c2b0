from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from privacydesk.cli.calendar import calendar_app

RUNNER = CliRunner(env={"PRIVACYDESK_DATA_DIR": None})


def written(folder: Path, text: str, name: str = "new.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_year_is_shown_as_json() -> None:
    result = RUNNER.invoke(calendar_app, ["show", "--year", "2026", "--json"])
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert (shown["calendar"], shown["year"]) == ("CN", 2026)
    assert (shown["settled"], shown["origin"]) == (True, "published")
    assert shown["off"][0] == {"date": "2026-01-01", "reason": "holiday", "name": "New Year's Day"}
    assert [day["date"] for day in shown["working"]][:2] == ["2026-01-04", "2026-02-14"]


def test_a_year_is_shown_for_people() -> None:
    result = RUNNER.invoke(calendar_app, ["show", "--calendar", "hk", "--year", "2026"])
    assert "  2026-07-01  Wed  holiday: Hong Kong" in result.stdout
    assert "Weekend days worked:\n  none" in result.stdout
    assert result.stdout.endswith("HK 2026 is settled (named).\n")


def test_an_unpublished_year_is_shown_as_such() -> None:
    result = RUNNER.invoke(calendar_app, ["show", "--year", "2098"])
    assert "not settled; deadlines in it are provisional (guessed)" in result.stdout


def test_this_year_is_the_default() -> None:
    assert RUNNER.invoke(calendar_app, ["show", "--json"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--year", "1999"], "--year"),
        (["--year", "2100"], "--year"),
        (["--calendar", "US"], "--calendar"),
    ],
)
def test_a_year_or_calendar_that_does_not_ship_is_refused(
    arguments: list[str], option: str
) -> None:
    result = RUNNER.invoke(calendar_app, ["show", *arguments])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{option}: ")


def test_an_import_is_in_force_and_summed_up(tmp_path: Path) -> None:
    file = written(
        tmp_path, "calendar: CN\nsettled_years: [2098]\ndays: [{date: 2098-01-02, day: off}]\n"
    )
    env = {"PRIVACYDESK_DATA_DIR": str(tmp_path / "data")}
    result = RUNNER.invoke(calendar_app, ["import", file], env=env)
    assert result.exit_code == 0, result.stderr
    assert "Calendar CN: days overridden: 1." in result.stdout
    assert "CN 2098 is settled (override)." in result.stdout
    shown = RUNNER.invoke(calendar_app, ["show", "--year", "2098", "--json"], env=env)
    assert json.loads(shown.stdout)["origin"] == "override"


def test_an_import_that_forgets_days_is_told_to_look_again(tmp_path: Path) -> None:
    file = written(tmp_path, "settled_years: [2098]\n")
    result = RUNNER.invoke(
        calendar_app, ["import", file, "--calendar", "cn", "--data-dir", str(tmp_path)]
    )
    assert result.exit_code == 0
    assert "Look again" in result.stdout


def test_a_year_can_be_settled_from_the_command_line(tmp_path: Path) -> None:
    file = written(tmp_path, "date,day,reason\n", "none.csv")
    arguments = ["import", file, "--calendar", "SG", "--settle", "2027", "--settle", "2028"]
    result = RUNNER.invoke(calendar_app, [*arguments, "--data-dir", str(tmp_path)])
    assert "SG 2027 is settled" in result.stdout
    assert "SG 2028 is settled" in result.stdout


def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, "calendar: CN\ndays:\n  - {date: soon, day: off}\n")
    result = RUNNER.invoke(calendar_app, ["import", file, "--data-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "new.yaml, line 3" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_import_needs_a_calendar_that_ships_and_a_data_dir(tmp_path: Path) -> None:
    file = written(tmp_path, "settled_years: [2027]\n")
    nowhere = RUNNER.invoke(calendar_app, ["import", file, "--calendar", "CN"])
    assert (nowhere.exit_code, nowhere.stderr[:10]) == (2, "--data-dir")
    unknown = RUNNER.invoke(
        calendar_app, ["import", file, "--calendar", "US", "--data-dir", str(tmp_path)]
    )
    assert (unknown.exit_code, unknown.stderr[:10]) == (2, "--calendar")


def test_a_data_dir_that_cannot_be_written_is_told_apart_from_bad_input(tmp_path: Path) -> None:
    file = written(tmp_path, "settled_years: [2027]\n")
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder should be", encoding="utf-8")
    result = RUNNER.invoke(
        calendar_app, ["import", file, "--calendar", "CN", "--data-dir", str(taken)]
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("--data-dir: can't be written")


def test_the_schedules_in_the_documentation_import_without_a_hint(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs/calendars.md").read_text("utf-8")
    for ending in ("yaml", "csv"):
        found = re.search(rf"```{ending}\n(.*?)```", text, re.DOTALL)
        assert found is not None
        file = tmp_path / f"2027.{ending}"
        file.write_text(found[1], "utf-8")
        result = RUNNER.invoke(
            calendar_app,
            ["import", str(file), "--calendar", "CN", "--data-dir", str(tmp_path / ending)],
        )
        assert result.exit_code == 0, result.output
        assert "CN 2027 is settled (override)." in result.output
        assert "Look again" not in result.output


def test_days_are_written_so_that_nobody_takes_them_for_others() -> None:
    result = RUNNER.invoke(calendar_app, ["show", "--year", "2026"])
    assert "substituted from 2026-10-10" in result.output
    assert not re.search(r"\d\d/\d\d/\d{4}", result.output)
