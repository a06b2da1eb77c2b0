from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.calendars import (
    CODES,
    CalendarInvalidError,
    OverrideDay,
    Overrides,
    UnknownCalendarError,
    read_overrides,
)
from privacydesk.calendars.override_files import MAX_BYTES
from privacydesk.errors import ErrorCode

GOOD = """\
calendar: CN
settled_years: [2027]
days:
  - {date: 2027-01-01, day: off, reason: New Year}
  - date: 2027-02-05
    until: 2027-02-07
    day: off
    reason: 春节
  - {date: 2027-02-14, day: working}
"""
SAME = Overrides(
    "CN",
    {
        date(2027, 1, 1): OverrideDay(False, "New Year"),
        date(2027, 2, 5): OverrideDay(False, "春节"),
        date(2027, 2, 6): OverrideDay(False, "春节"),
        date(2027, 2, 7): OverrideDay(False, "春节"),
        date(2027, 2, 14): OverrideDay(True),
    },
    frozenset({2027}),
)


def written(folder: Path, text: str | bytes, name: str = "new.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def fault(path: Path, calendar: str | None = None) -> CalendarInvalidError:
    with pytest.raises(CalendarInvalidError) as caught:
        read_overrides(path, calendar=calendar)
    assert caught.value.code is ErrorCode.CALENDAR_INVALID
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


def test_a_yaml_file_is_read_with_ranges_and_settled_years(tmp_path: Path) -> None:
    assert read_overrides(written(tmp_path, GOOD)) == SAME
    assert SAME.years() == (2027,)


def test_a_json_file_says_the_same_even_indented_with_tabs(tmp_path: Path) -> None:
    content = {
        "calendar": "CN",
        "settled_years": [2027],
        "days": [
            {"date": "2027-01-01", "day": "off", "reason": "New Year"},
            {"date": "2027-02-05", "until": "2027-02-07", "day": "off", "reason": "春节"},
            {"date": "2027-02-14", "day": "working"},
        ],
    }
    path = written(tmp_path, json.dumps(content, indent="\t"), "new.json")
    assert read_overrides(path, calendar="CN") == SAME


def test_a_csv_file_from_a_spreadsheet_says_the_same(tmp_path: Path) -> None:
    text = (
        "\ufeffdate,day,reason\r\n2027-01-01,off,New Year\r\n2027-02-05,off,春节\r\n"
        '2027-02-06,off,"春节"\r\n2027-02-07,Off,春节\r\n\r\n,,\r\n2027-02-14,working\r\n'
        "2027,settled,\r\n"
    )
    assert read_overrides(written(tmp_path, text, "new.csv"), calendar="CN") == SAME


def test_a_file_may_leave_the_calendar_to_the_option_and_may_only_settle(tmp_path: Path) -> None:
    path = written(tmp_path, "settled_years:\n  - 2027\ndays:\n")
    assert read_overrides(path, calendar="HK") == Overrides("HK", {}, frozenset({2027}))


def test_spaces_and_line_breaks_of_a_reason_are_joined(tmp_path: Path) -> None:
    text = 'days: [{date: 2027-01-01, day: off, reason: "  a\\n   b "}]'
    found = read_overrides(written(tmp_path, text), calendar="CN")
    assert found.days[date(2027, 1, 1)].reason == "a b"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("days: [{date: 2027-13-01, day: off}]", 1, "isn't a date"),
        ("days: [{date: 20270101, day: off}]", 1, "YYYY-MM-DD"),
        ("days: [{date: 2027-W01-1, day: off}]", 1, "YYYY-MM-DD"),
        ("days: [{date: 1999-01-01, day: off}]", 1, "2001 to 2099"),
        ("days:\n- {date: 2027-01-01, day: maybe}", 2, "off or working"),
        ("days:\n- {date: 2027-01-01, day: true}", 2, "off or working"),
        ("days:\n- {date: 2027-01-01}", 2, "no day"),
        ("days:\n- {day: off}", 2, "no date"),
        ("days:\n- 2027-01-01", 2, "mapping"),
        ("days: {2027-01-01: off}", 1, "isn't a list"),
        ("days: soon", 1, "isn't a list"),
        ("days:\n- {date: [2027-01-01], day: off}", 2, "plain value"),
        ("days:\n- {date: 2027-01-01, day: off, why: x}", 2, "isn't known here"),
        ("days:\n- {date: 2027-01-01, day: off, day: off}", 2, "there twice"),
        ("days:\n- {date: 2027-01-01, day: off}\n- {date: 2027-01-01, day: off}", 3, "line 2"),
        ("days:\n- {date: 2027-01-05, until: 2027-01-01, day: off}", 2, "ends before"),
        ("days:\n- {date: 2027-01-01, until: 2028-01-07, day: off}", 2, "longer than 60"),
        (f"days:\n- {{date: 2027-01-01, day: off, reason: {'x' * 201}}}", 2, "at most 200"),
        ('days:\n- {date: 2027-01-01, day: off, reason: "\\e[2J"}', 2, "can't be shown"),
        ("settled_years: [2027, 1]", 1, "2001 to 2099"),
        ("settled_years: [20270]", 1, "2001 to 2099"),
        ("settled_years: [next]", 1, "isn't a year"),
        ("settled_years: 2027", 1, "isn't a list"),
        ("calendar: US", 1, "CN, HK or SG"),
        ("calendar: HK", 1, "not for CN"),
        ("- calendar", 1, "mapping"),
        ("days: [", 1, "isn't YAML or JSON"),
        ("days: []\n---\ndays: []", 2, "isn't YAML or JSON"),
        ("days: \x00", None, "YAML forbids"),
        ("", None, "empty"),
        ("# nothing but a remark", None, "empty"),
        ("[" * 5000, None, "nested"),
        ("? {a: b}\n: c", 1, "plain value"),
    ],
)
def test_a_fault_is_named_with_its_line_and_a_remedy(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    error = fault(written(tmp_path, text), "CN")
    assert error.data["line"] == line
    assert words in error.message
    assert error.data["remedy"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "date,day,reason"),
        ("2027-01-01,off,x\n", 1, "date,day,reason"),
        ("date,day,reason\n2027-01-01\n", 2, "two or three columns"),
        ("date,day,reason\n2027-01-01,off,a,b\n", 2, "quote a reason"),
        ("date,day,reason\n2027-01-01,off,x\nsoon,off,x\n", 3, "isn't a date"),
        ("date,day,reason\nx,settled,\n", 2, "isn't a year"),
        ('date,day,reason\n2027-01-01,off,"x\n', 2, "isn't CSV"),
    ],
)
def test_a_fault_in_csv_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    error = fault(written(tmp_path, text, "new.csv"), "CN")
    assert error.data["line"] == line
    assert words in error.message


def test_a_file_that_names_no_calendar_needs_the_option(tmp_path: Path) -> None:
    assert "calendar: CN" in fault(written(tmp_path, "settled_years: [2027]")).message
    path = written(tmp_path, "date,day,reason\n", "new.csv")
    assert "--calendar" in fault(path).message


def test_a_file_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert ".yaml, .yml, .json or .csv" in fault(written(tmp_path, GOOD, "new.txt")).message


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in fault(tmp_path / "missing.yaml").message
    (tmp_path / "folder.yaml").mkdir()
    assert "can't be read" in fault(tmp_path / "folder.yaml").message


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    error = fault(written(tmp_path, b"calendar: CN\n# \xb4\xba\xbd\xda\n"), "CN")
    assert error.data["line"] == 2
    assert "UTF-8" in error.message


def test_a_file_too_large_to_be_a_schedule_is_refused(tmp_path: Path) -> None:
    assert "larger" in fault(written(tmp_path, b"#" * (MAX_BYTES + 1))).message


def test_aliases_are_no_bomb(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)
    ]
    assert "isn't known here" in fault(written(tmp_path, "\n".join(lines)), "CN").message


def test_an_unknown_calendar_is_refused_before_the_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UnknownCalendarError):
        read_overrides(tmp_path / "missing.yaml", calendar="US")


REASONS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co", "Zs"]), max_size=40
)


@given(
    st.sampled_from(CODES),
    st.dictionaries(
        st.dates(date(2001, 1, 1), date(2099, 12, 31)),
        st.builds(OverrideDay, st.booleans(), REASONS),
        max_size=20,
    ),
    st.frozensets(st.integers(2001, 2099), max_size=5),
)
def test_what_is_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    code: str,
    days: dict[date, OverrideDay],
    settled: frozenset[int],
) -> None:
    overrides = Overrides(code, days, settled)
    path = written(tmp_path_factory.getbasetemp(), overrides.to_yaml(), "round.yaml")
    assert read_overrides(path) == overrides


def test_overrides_do_not_change_with_the_mapping_they_were_made_from() -> None:
    days = {date(2027, 1, 1): OverrideDay(False)}
    overrides = Overrides("CN", days)
    days.clear()
    assert list(overrides.days) == [date(2027, 1, 1)]
