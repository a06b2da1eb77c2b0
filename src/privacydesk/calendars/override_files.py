"""Reading an override file: YAML, JSON or CSV; ``docs/calendars.md`` describes it for operators.

YAML and JSON are read as nodes rather than as Python values, for two reasons: faults are named with
their line, and ``off`` stays a word (YAML 1.1 reads it as false).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from privacydesk.calendars.overrides import OverrideDay, Overrides
from privacydesk.calendars.schedules import CODES, FIRST_YEAR, LAST_YEAR, check_code
from privacydesk.errors import DeskError, ErrorCode

MAX_BYTES: Final = 1_000_000
MAX_REASON: Final = 200
"""The longest reason of an entry, in characters."""
MAX_RANGE: Final = 60
"""The longest range of days in one entry; a longer one is a mistyped year."""

_WORDS: Final[Mapping[str, bool]] = MappingProxyType({"off": False, "working": True})
_CSV_SETTLED: Final = "settled"
_CSV_HEADER: Final = ("date", "day", "reason")
_SUFFIXES: Final = (".yaml", ".yml", ".json", ".csv")
_DATES: Final = "write it as YYYY-MM-DD"
_YEARS: Final = f"name a year from {FIRST_YEAR} to {LAST_YEAR}"


class CalendarInvalidError(DeskError):
    """An override file that can't be used.

    The message names the file, the line where there is one, what is wrong and what to write
    instead; nothing was changed.
    """

    code = ErrorCode.CALENDAR_INVALID

    def __init__(self, file: str, line: int | None, fault: str, remedy: str) -> None:
        where = file if line is None else f"{file}, line {line}"
        super().__init__(
            f"{where}: {fault}; {remedy}", file=file, line=line, fault=fault, remedy=remedy
        )


def read_overrides(path: Path, *, calendar: str | None = None) -> Overrides:
    """Read and check an override file.

    Args:
        path: a file ending in ``.yaml``, ``.yml``, ``.json`` or ``.csv``.
        calendar: the expected calendar; a file that names another is refused, and one that names
            none (a CSV file can't) needs it.

    Raises:
        CalendarInvalidError: the file can't be read, or a line of it is wrong.
        UnknownCalendarError: ``calendar`` doesn't ship.
    """
    if calendar is not None:
        check_code(calendar)
    file = str(path)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise CalendarInvalidError(
            file, None, "the kind of file is unknown", f"let its name end in {_or(_SUFFIXES)}"
        )
    text = _read_text(path)
    if suffix == ".csv":
        return _from_csv(text, file, calendar)
    # JSON may be indented with tabs, which YAML forbids; inside its strings they are escaped.
    return _from_nodes(text.replace("\t", " ") if suffix == ".json" else text, file, calendar)


def _read_text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or "it can't be opened"
        raise CalendarInvalidError(
            file, None, f"it can't be read ({why})", "check the path and its permissions"
        ) from None
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


class _Collected:
    """Entries as they are read; contradictions and repetitions are refused."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.days: dict[date, OverrideDay] = {}
        self.settled: set[int] = set()
        self._lines: dict[date, int] = {}

    def fault(self, line: int | None, fault: str, remedy: str) -> CalendarInvalidError:
        return CalendarInvalidError(self.file, line, fault, remedy)

    def add(self, line: int, *, first: str, last: str | None, word: str, reason: str) -> None:
        start = self.date(line, first)
        end = start if last is None else self.date(line, last)
        if word.strip().lower() not in _WORDS:
            raise self.fault(line, f"{_shown(word)} says nothing of a day", "write off or working")
        working = _WORDS[word.strip().lower()]
        if end < start:
            raise self.fault(line, "the range ends before it begins", "swap date and until")
        if (end - start).days >= MAX_RANGE:
            raise self.fault(
                line, f"the range is longer than {MAX_RANGE} days", "check the year, or split it"
            )
        reason = " ".join(reason.split())
        if len(reason) > MAX_REASON:
            raise self.fault(line, "the reason is too long", f"use at most {MAX_REASON} characters")
        if not reason.isprintable():
            raise self.fault(
                line, "the reason holds characters that can't be shown", "write plain text"
            )
        for number in range((end - start).days + 1):
            day = start + timedelta(days=number)
            if day in self._lines:
                raise self.fault(
                    line, f"{day} was already named in line {self._lines[day]}", "keep one of them"
                )
            self._lines[day] = line
            self.days[day] = OverrideDay(working, reason)

    def settle(self, line: int, text: str) -> None:
        text = text.strip()
        if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
            raise self.fault(line, f"{_shown(text)} isn't a year that can be settled", _YEARS)
        self.settled.add(int(text))

    def date(self, line: int, text: str) -> date:
        text = text.strip()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise self.fault(line, f"{_shown(text)} isn't a date", _DATES) from None
        # Other spellings of ISO 8601 are refused: 20270101 may as well be a typing error.
        if day.isoformat() != text:
            raise self.fault(line, f"{_shown(text)} isn't a date", _DATES)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self.fault(line, f"{day} is out of range", _YEARS)
        return day

    def overrides(self, calendar: str) -> Overrides:
        return Overrides(calendar, self.days, frozenset(self.settled))


def _from_csv(text: str, file: str, calendar: str | None) -> Overrides:
    found = _Collected(file)
    if calendar is None:
        raise found.fault(
            None, "a CSV file doesn't say which calendar it is for", "name one with --calendar"
        )
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(cell.strip().lower() for cell in next(rows, []))
        if header != _CSV_HEADER:
            raise found.fault(
                1, "the columns aren't known", f"let the first line be {','.join(_CSV_HEADER)}"
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) not in {2, 3}:
                raise found.fault(
                    rows.line_num,
                    "the line needs two or three columns",
                    "quote a reason with commas",
                )
            first, word, reason = (*row, "")[:3]
            if word.strip().lower() == _CSV_SETTLED:
                found.settle(rows.line_num, first)
            else:
                found.add(rows.line_num, first=first, last=None, word=word, reason=reason)
    except csv.Error as error:
        raise found.fault(
            rows.line_num, f"it isn't CSV ({error})", "close every quotation mark"
        ) from None
    return found.overrides(calendar)


def _from_nodes(text: str, file: str, calendar: str | None) -> Overrides:
    found = _Collected(file)
    root = _compose(found, text)
    fields = _fields(found, root, "the file", ("calendar", "settled_years", "days"))
    code = _read_calendar(found, fields.get("calendar"), calendar)
    for item in _items(found, fields.get("settled_years"), "settled_years"):
        found.settle(_line(item), _scalar(found, item, "a settled year"))
    for item in _items(found, fields.get("days"), "days"):
        _read_entry(found, item)
    return found.overrides(code)


def _compose(found: _Collected, text: str) -> yaml.Node:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        what = error.problem or "it can't be parsed"
        raise found.fault(line, f"it isn't YAML or JSON ({what})", "correct it there") from None
    except yaml.YAMLError:
        raise found.fault(
            None, "it holds characters that YAML forbids", "write plain text"
        ) from None
    except RecursionError:
        raise found.fault(None, "it is nested too deeply", "list days without nesting") from None
    if root is None:
        raise found.fault(None, "it is empty", "list days, or years that are settled")
    return root


def _read_calendar(found: _Collected, node: yaml.Node | None, wanted: str | None) -> str:
    if node is None:
        if wanted is None:
            raise found.fault(None, "it doesn't say which calendar it is for", "add calendar: CN")
        return wanted
    code = _scalar(found, node, "calendar")
    if code not in CODES:
        raise found.fault(_line(node), f"{_shown(code)} is no calendar", f"write {_or(CODES)}")
    if wanted is not None and code != wanted:
        raise found.fault(
            _line(node), f"it is for {code}, not for {wanted}", "import it for its own"
        )
    return code


def _read_entry(found: _Collected, item: yaml.Node) -> None:
    fields = _fields(found, item, "an entry of days", ("date", "until", "day", "reason"))
    for needed in ("date", "day"):
        if needed not in fields:
            raise found.fault(
                _line(item), f"the entry has no {needed}", "write date, day and reason"
            )
    text = {key: _scalar(found, node, key) for key, node in fields.items()}
    found.add(
        _line(item),
        first=text["date"],
        last=text.get("until"),
        word=text["day"],
        reason=text.get("reason", ""),
    )


def _fields(
    found: _Collected, node: yaml.Node, what: str, known: tuple[str, ...]
) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise found.fault(_line(node), f"{what} isn't a mapping", f"use the keys {_or(known)}")
    fields: dict[str, yaml.Node] = {}
    for key_node, value in node.value:
        key = _scalar(found, key_node, "a key")
        if key not in known:
            raise found.fault(
                _line(key_node), f"{_shown(key)} isn't known here", f"use the keys {_or(known)}"
            )
        if key in fields:
            raise found.fault(_line(key_node), f"{key} is there twice", "keep one of them")
        fields[key] = value
    return fields


def _items(found: _Collected, node: yaml.Node | None, what: str) -> list[yaml.Node]:
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise found.fault(_line(node), f"{what} isn't a list", "start each item with a dash")
    items: list[yaml.Node] = node.value
    return items


def _scalar(found: _Collected, node: yaml.Node, what: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise found.fault(_line(node), f"{what} isn't a plain value", "write a single value")
    value: str = node.value
    return value


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _shown(text: str) -> str:
    # A fault is one line on a terminal, whatever the file holds.
    longest = 40
    return ascii(text if len(text) <= longest else text[:longest] + "...")


def _or(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} or {last}"
