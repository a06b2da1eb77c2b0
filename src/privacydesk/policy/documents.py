"""Splits a file into documents, and finds their title lines and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from privacydesk.policy.lines import Line
from privacydesk.policy.marks import plain_title, read_mark
from privacydesk.policy.tree import PolicyDate

_TITLE_LENGTH = 80
_TITLE_WORDS = (
    "政策|声明|聲明|协议|協議|条款|條款|规则|規則|指引|须知|須知"
    r"|\bpolicy\b|\bstatement\b|\bnotice\b|\bterms\b|\bagreement\b"
)
_HAS_TITLE_WORD = re.compile(_TITLE_WORDS, re.IGNORECASE)
_ENDS_WITH_TITLE_WORD = re.compile(rf"(?:{_TITLE_WORDS})[》）)]?$", re.IGNORECASE)
_SENTENCE = re.compile(r"[。；;！!？?，]|[：:.]$")
_DATE_LABEL = (
    r"[^0-9:：]{0,20}"
    r"(?:日期|时间|時間|发布|發布|更新|生效|修订|修訂|date|updated|effective|published|revised)"
    r"[^0-9:：]{0,12}"
)
_DAY = (
    r"(?P<y>[12][0-9]{3})\s*[年./-]\s*(?P<m>[0-9]{1,2})\s*[月./-]\s*(?P<d>[0-9]{1,2})\s*日?"
    r"|(?P<d2>[0-9]{1,2})\s+(?P<month2>[A-Za-z]{3,9})\.?,?\s+(?P<y2>[12][0-9]{3})"
    r"|(?P<month3>[A-Za-z]{3,9})\.?\s+(?P<d3>[0-9]{1,2}),?\s+(?P<y3>[12][0-9]{3})"
)
_DATE_LINE = re.compile(
    rf"^(?P<label>{_DATE_LABEL}?)\s*[:：]?\s*(?P<day>{_DAY})[。.]?$", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_LINE_LENGTH = 100
_HEAD_LENGTH = 12
_MAX_TITLE_LINES = 3
_GAP_LINES = 4


@dataclass(frozen=True, slots=True)
class DocumentLines:
    """The lines of one document.

    Attributes:
        lines: all lines that aren't blank.
        title_lines: how many lines at the beginning are titles.
        dates: the positions of date lines in ``lines``.
    """

    lines: tuple[Line, ...]
    title_lines: int
    dates: tuple[int, ...]

    @property
    def title(self) -> str:
        """The title: the first title line with a word such as "policy", or else the first one."""
        titles = [plain_title(line.bare) for line in self.lines[: self.title_lines]]
        with_title_word = [title for title in titles if _HAS_TITLE_WORD.search(title)]
        return (with_title_word or titles or [""])[0]


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """The key of documents whose title matches a pattern (searched, ignoring case)."""

    key: str
    pattern: str


DEFAULT_DOCUMENT_KEYS = (
    # Before `privacy`, since a children's statement has that word in its title too.
    DocumentKey("children", "儿童|兒童|未成年|child|minors"),
    DocumentKey("privacy", "隐私|隱私|个人信息|個人信息|privacy"),
)
"""Patterns of common titles in Chinese and English. A profile may replace them."""


def document_key(title: str, order: int, taken: set[str], keys: Sequence[DocumentKey]) -> str:
    """Return the key for a title; `doc1`, `doc2` … by order if no pattern matches."""
    for candidate in keys:
        if candidate.key not in taken and re.search(candidate.pattern, title, re.IGNORECASE):
            return candidate.key
    return f"doc{order}"


def read_date(line: Line) -> PolicyDate | None:
    """Parse a line with the date of publication, change or effect, and nothing else."""
    if len(line.bare) > _DATE_LINE_LENGTH or (match := _DATE_LINE.match(line.bare)) is None:
        return None
    year = match["y"] or match["y2"] or match["y3"]
    number = match["d"] or match["d2"] or match["d3"]
    name = (match["month2"] or match["month3"] or "")[:3].lower()
    month = int(match["m"]) if match["m"] else _MONTHS.index(name) + 1 if name in _MONTHS else 0
    try:
        day = date(int(year), month, int(number))
    except ValueError:
        day = None
    return PolicyDate(match["label"].strip(), match["day"].strip(), day)


def split_documents(lines: Sequence[Line]) -> tuple[DocumentLines, ...]:
    """Split a file at the titles of its documents.

    A line that looks like a title starts a document if dates follow it, if it is a top-level
    Markdown heading, or if several blank lines precede it. Otherwise it may be a cross-heading.
    """
    by_level = _top_headings_are_titles(lines)
    starts = [0] if lines else []
    for index in range(1, len(lines)):
        if (
            _may_be_title(lines[index])
            and (
                (by_level and lines[index].level == 1)
                or _dates_follow(lines, index)
                or (
                    lines[index].blanks_before >= _GAP_LINES
                    and _ENDS_WITH_TITLE_WORD.search(lines[index].bare)
                )
            )
            and not _only_titles(lines[starts[-1] : index])
        ):
            starts.append(index)
    ends = [*starts[1:], len(lines)]
    return tuple(_read_document_lines(lines[a:b]) for a, b in zip(starts, ends, strict=True))


def _may_be_title(line: Line) -> bool:
    return (
        len(line.bare) <= _TITLE_LENGTH
        and _SENTENCE.search(line.bare) is None
        and _HAS_TITLE_WORD.search(line.bare) is not None
        and read_mark(line) is None
    )


def _top_headings_are_titles(lines: Sequence[Line]) -> bool:
    # Sections may be top-level headings, too, such as one on "changes to this policy".
    top = [line for line in lines if line.level == 1]
    return all(_ENDS_WITH_TITLE_WORD.search(line.bare) for line in top)


def _dates_follow(lines: Sequence[Line], index: int) -> bool:
    for line in lines[index + 1 : index + 1 + _MAX_TITLE_LINES]:
        if read_date(line) is not None:
            return True
        if not _may_be_title(line):
            return False
    return False


def _only_titles(lines: Sequence[Line]) -> bool:
    return all(_is_short(line) for line in lines) and len(lines) <= _MAX_TITLE_LINES


def _is_short(line: Line) -> bool:
    return (
        len(line.bare) <= _TITLE_LENGTH
        and _SENTENCE.search(line.bare) is None
        and read_mark(line) is None
        and read_date(line) is None
        and line.has_words
    )


def _read_document_lines(lines: Sequence[Line]) -> DocumentLines:
    titles = 0
    while titles < min(_MAX_TITLE_LINES, len(lines)) and _may_be_title(lines[titles]):
        titles += 1
    if titles == 0 and len(lines) > 1 and _is_short(lines[0]):
        # The name of the product may be above the title, or the title may have other words.
        titles = 1
        while titles < min(_MAX_TITLE_LINES, len(lines)) and _may_be_title(lines[titles]):
            titles += 1
    dates: list[int] = []
    for index, line in enumerate(lines[titles : titles + _HEAD_LENGTH], start=titles):
        if line.level or read_mark(line) is not None:
            break
        if read_date(line) is not None:
            dates.append(index)
    return DocumentLines(tuple(lines), titles, tuple(dates))
