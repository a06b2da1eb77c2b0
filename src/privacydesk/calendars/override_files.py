"""Parser for override files in YAML, JSON or CSV; ``docs/calendars.md`` describes the format.

YAML and JSON are parsed to nodes instead of Python values, so that error messages have line
numbers, and ``off`` stays a word (YAML 1.1 reads it as false).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Final

import yaml

from privacydesk.calendars.overrides import OverrideDay, Overrides
from privacydesk.calendars.schedules import CODES, FIRST_YEAR, LAST_YEAR, check_code
from privacydesk.errors import DeskError, ErrorCode

MAX_BYTES: Final = 1_000_000
MAX_REASON: Final = 200
"""The maximum length of an entry's reason, in characters."""
MAX_RANGE: Final = 60
"""The maximum number of days in the range of an entry; longer ones are mistyped years."""

_DAY_TYPES: Final[Mapping[str, bool]] = MappingProxyType({"off": False, "working": True})
_CSV_SETTLED: Final = "settled"
_CSV_HEADER: Final = ("date", "day", "reason")
_SUFFIXES: Final = (".yaml", ".yml", ".json", ".csv")
_DATE_REMEDY: Final = "write it as YYYY-MM-DD"
_YEAR_REMEDY: Final = f"name a year from {FIRST_YEAR} to {LAST_YEAR}"


class CalendarInvalidError(DeskError):
    """An override file is invalid; nothing was changed.

    The message names the file, the line if there is one, the fault and the remedy.
    """

    code = ErrorCode.CALENDAR_INVALID

    def __init__(self, file: str, line: int | None, fault: str, remedy: str) -> None:
        where = file if line is None else f"{file}, line {line}"
        super().__init__(
            f"{where}: {fault}; {remedy}", file=file, line=line, fault=fault, remedy=remedy
        )


def read_overrides(
    path: Path, *, calendar: str | None = None, settled_years: Iterable[int] = ()
) -> Overrides:
    """Read and validate an override file; see ``parse_overrides``."""
    if calendar is not None:
        check_code(calendar)
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "it can't be opened"
        raise CalendarInvalidError(
            file, None, f"it can't be read ({reason})", "check the path and its permissions"
        ) from None
    return parse_overrides(content, file, calendar=calendar, settled_years=settled_years)


def parse_overrides(
    content: bytes,
    file: str,
    *,
    calendar: str | None = None,
    settled_years: Iterable[int] = (),
) -> Overrides:
    """Validate the content of an override file.

    Args:
        content: at most ``MAX_BYTES``, in UTF-8.
        file: the name of the file, with the suffix ``.yaml``, ``.yml``, ``.json`` or ``.csv``.
        calendar: code of the expected calendar. A file for another calendar is refused. Required
            for files that name no calendar, such as CSV files.
        settled_years: years to declare final, besides those in the file.

    Raises:
        CalendarInvalidError: the file is invalid, or a year can't be settled.
        UnknownCalendarError: there is no calendar with this code.
    """
    if calendar is not None:
        check_code(calendar)
    suffix = PurePath(file).suffix.lower()
    if suffix not in _SUFFIXES:
        raise CalendarInvalidError(
            file, None, "the kind of file is unknown", f"let its name end in {_or(_SUFFIXES)}"
        )
    text = _decode(content, file)
    if suffix == ".csv":
        overrides = _from_csv(text, file, calendar)
    else:
        # JSON may be indented with tabs, which YAML forbids. In JSON strings, tabs are escaped.
        overrides = _from_yaml(
            text.replace("\t", " ") if suffix == ".json" else text, file, calendar
        )
    years = frozenset(settled_years)
    for year in years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CalendarInvalidError(file, None, f"year {year} can't be settled", _YEAR_REMEDY)
    return overrides.merged(Overrides(overrides.calendar, {}, years))


def _decode(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise CalendarInvalidError(
            file, None, f"it is larger than {MAX_BYTES} bytes", "import a year at a time"
        )
    try:
        # Spreadsheets save CSV with a byte order mark.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CalendarInvalidError(file, line, "it isn't UTF-8 text", "save it as UTF-8") from None


class _OverridesBuilder:
    """Collects the entries of a file, and rejects invalid and duplicate ones."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.days: dict[date, OverrideDay] = {}
        self.settled: set[int] = set()
        self._lines: dict[date, int] = {}

    def error(self, line: int | None, fault: str, remedy: str) -> CalendarInvalidError:
        return CalendarInvalidError(self.file, line, fault, remedy)

    def add(self, line: int, *, first: str, last: str | None, day_type: str, reason: str) -> None:
        start = self.parse_date(line, first)
        end = start if last is None else self.parse_date(line, last)
        if day_type.strip().lower() not in _DAY_TYPES:
            raise self.error(
                line, f"{_quote(day_type)} says nothing of a day", "write off or working"
            )
        working = _DAY_TYPES[day_type.strip().lower()]
        if end < start:
            raise self.error(line, "the range ends before it begins", "swap date and until")
        if (end - start).days >= MAX_RANGE:
            raise self.error(
                line, f"the range is longer than {MAX_RANGE} days", "check the year, or split it"
            )
        reason = " ".join(reason.split())
        if len(reason) > MAX_REASON:
            raise self.error(line, "the reason is too long", f"use at most {MAX_REASON} characters")
        if not reason.isprintable():
            raise self.error(
                line, "the reason holds characters that can't be shown", "write plain text"
            )
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            if day in self._lines:
                raise self.error(
                    line, f"{day} was already named in line {self._lines[day]}", "keep one of them"
                )
            self._lines[day] = line
            self.days[day] = OverrideDay(working, reason)

    def add_settled_year(self, line: int, text: str) -> None:
        text = text.strip()
        if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
            raise self.error(line, f"{_quote(text)} isn't a year that can be settled", _YEAR_REMEDY)
        self.settled.add(int(text))

    def parse_date(self, line: int, text: str) -> date:
        text = text.strip()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise self.error(line, f"{_quote(text)} isn't a date", _DATE_REMEDY) from None
        # Other formats of ISO 8601 are refused, since 20270101 may be a typing error.
        if day.isoformat() != text:
            raise self.error(line, f"{_quote(text)} isn't a date", _DATE_REMEDY)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self.error(line, f"{day} is out of range", _YEAR_REMEDY)
        return day

    def build(self, calendar: str) -> Overrides:
        return Overrides(calendar, self.days, frozenset(self.settled))


def _from_csv(text: str, file: str, calendar: str | None) -> Overrides:
    builder = _OverridesBuilder(file)
    if calendar is None:
        raise builder.error(
            None, "a CSV file doesn't say which calendar it is for", "name one with --calendar"
        )
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(cell.strip().lower() for cell in next(rows, []))
        if header != _CSV_HEADER:
            raise builder.error(
                1, "the columns aren't known", f"let the first line be {','.join(_CSV_HEADER)}"
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) not in {2, 3}:
                raise builder.error(
                    rows.line_num,
                    "the line needs two or three columns",
                    "quote a reason with commas",
                )
            first, day_type, reason = (*row, "")[:3]
            if day_type.strip().lower() == _CSV_SETTLED:
                builder.add_settled_year(rows.line_num, first)
            else:
                builder.add(rows.line_num, first=first, last=None, day_type=day_type, reason=reason)
    except csv.Error as error:
        raise builder.error(
            rows.line_num, f"it isn't CSV ({error})", "close every quotation mark"
        ) from None
    return builder.build(calendar)


def _from_yaml(text: str, file: str, calendar: str | None) -> Overrides:
    builder = _OverridesBuilder(file)
    root = _compose(builder, text)
    fields = _mapping_fields(builder, root, "the file", ("calendar", "settled_years", "days"))
    code = _read_calendar(builder, fields.get("calendar"), calendar)
    for item in _list_items(builder, fields.get("settled_years"), "settled_years"):
        builder.add_settled_year(_line(item), _scalar(builder, item, "a settled year"))
    for item in _list_items(builder, fields.get("days"), "days"):
        _read_entry(builder, item)
    return builder.build(code)


def _compose(builder: _OverridesBuilder, text: str) -> yaml.Node:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        problem = error.problem or "it can't be parsed"
        raise builder.error(
            line, f"it isn't YAML or JSON ({problem})", "correct it there"
        ) from None
    except yaml.YAMLError:
        raise builder.error(
            None, "it holds characters that YAML forbids", "write plain text"
        ) from None
    except RecursionError:
        raise builder.error(None, "it is nested too deeply", "list days without nesting") from None
    if root is None:
        raise builder.error(None, "it is empty", "list days, or years that are settled")
    return root


def _read_calendar(builder: _OverridesBuilder, node: yaml.Node | None, expected: str | None) -> str:
    if node is None:
        if expected is None:
            raise builder.error(None, "it doesn't say which calendar it is for", "add calendar: CN")
        return expected
    code = _scalar(builder, node, "calendar")
    if code not in CODES:
        raise builder.error(_line(node), f"{_quote(code)} is no calendar", f"write {_or(CODES)}")
    if expected is not None and code != expected:
        raise builder.error(
            _line(node), f"it is for {code}, not for {expected}", "import it for its own"
        )
    return code


def _read_entry(builder: _OverridesBuilder, item: yaml.Node) -> None:
    fields = _mapping_fields(builder, item, "an entry of days", ("date", "until", "day", "reason"))
    for required in ("date", "day"):
        if required not in fields:
            raise builder.error(
                _line(item), f"the entry has no {required}", "write date, day and reason"
            )
    text = {key: _scalar(builder, node, key) for key, node in fields.items()}
    builder.add(
        _line(item),
        first=text["date"],
        last=text.get("until"),
        day_type=text["day"],
        reason=text.get("reason", ""),
    )


def _mapping_fields(
    builder: _OverridesBuilder, node: yaml.Node, name: str, keys: tuple[str, ...]
) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise builder.error(_line(node), f"{name} isn't a mapping", f"use the keys {_or(keys)}")
    fields: dict[str, yaml.Node] = {}
    for key_node, value in node.value:
        key = _scalar(builder, key_node, "a key")
        if key not in keys:
            raise builder.error(
                _line(key_node), f"{_quote(key)} isn't known here", f"use the keys {_or(keys)}"
            )
        if key in fields:
            raise builder.error(_line(key_node), f"{key} is there twice", "keep one of them")
        fields[key] = value
    return fields


def _list_items(builder: _OverridesBuilder, node: yaml.Node | None, name: str) -> list[yaml.Node]:
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise builder.error(_line(node), f"{name} isn't a list", "start each item with a dash")
    items: list[yaml.Node] = node.value
    return items


def _scalar(builder: _OverridesBuilder, node: yaml.Node, name: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise builder.error(_line(node), f"{name} isn't a plain value", "write a single value")
    value: str = node.value
    return value


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _quote(text: str) -> str:
    # Escaped and truncated, so that an error message is always one line.
    max_length = 40
    return ascii(text if len(text) <= max_length else text[:max_length] + "...")


def _or(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} or {last}"
